//! An open socket is not believed: probes, and the second socket.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

mod support;

use signalpost_core::protocol::{ClientMessage, Query, ServerMessage};
use signalpost_core::{CallId, ClientState, Command, Input, PageEvent, SocketEvent, SocketId};
use support::{World, config, room};

/// It goes on with another socket.
const REPLACED: u16 = 4100;

/// Registered, and woken up: the probe is sent.
fn probing() -> World {
    let mut world = World::registered();
    world.page(PageEvent::Visible);
    assert_eq!(world.take_sent(), [ClientMessage::Heartbeat]);
    world
}

/// Registered, and a second socket is being opened.
fn suspecting() -> World {
    let mut world = probing();
    world.advance(500);
    assert_eq!(world.opened(), [1, 2]);
    world
}

#[test]
fn a_probe_without_an_answer_opens_a_second_socket_and_replaces_the_first_within_2_s() {
    let mut world = probing();
    world.advance(499);
    assert_eq!(world.opened(), [1]);
    world.advance(1);
    assert_eq!(world.opened(), [1, 2], "the suspicion");
    assert!(world.closed_sockets.is_empty(), "the first may still answer");
    world.advance(1_499);
    assert!(world.states().is_empty());
    world.advance(1);
    assert_eq!(world.states(), [(ClientState::Reconnecting, "link-lost")]);
    assert_eq!(world.closed_sockets, [(1, 4001)]);
    assert_eq!(world.opened(), [1, 2], "the second is the attempt now");
    world.accept_link();
    assert_eq!(world.client.state(), ClientState::Connected);
}

#[test]
fn the_first_socket_that_speaks_stays() {
    let mut world = suspecting();
    world.speak_on(1);
    assert_eq!(world.closed_sockets, [(2, REPLACED)]);
    world.input(Input::Socket { socket: SocketId(2), event: SocketEvent::Opened });
    assert_eq!(world.take_sent(), [], "late events of a dropped socket are ignored");
    world.command(Command::FindPeers { call: CallId(9), query: Query::default() });
    assert!(matches!(world.take_sent().as_slice(), [ClientMessage::Discover(_)]));
    assert!(world.states().is_empty());
}

#[test]
fn the_second_socket_takes_over_when_it_opens_first() {
    let mut world = suspecting();
    world.command(Command::FindPeers { call: CallId(9), query: Query::default() });
    world.take_sent();
    world.socket_event(SocketEvent::Opened);
    assert_eq!(
        world.closed_sockets,
        [(1, REPLACED)],
        "the session is claimed there, and the first is forgotten"
    );
    assert!(matches!(world.take_sent().first(), Some(ClientMessage::Hello(_))));
    for event in [SocketEvent::Closed { code: 4500 }, SocketEvent::Opened, SocketEvent::Malformed] {
        let outputs = world.outputs;
        world.socket_event_on(1, event);
        assert_eq!(world.outputs, outputs, "late events of a replaced socket are ignored");
    }
    world.receive(ServerMessage::Welcome { version: 1, region: None, session: None });
    let told: Vec<_> = world.states();
    assert_eq!(told, [], "the application was connected all the time");
    world.receive(ServerMessage::HeartbeatAck);
    world.advance(7_999);
    assert_eq!(world.opened(), [1, 2]);
}

#[test]
fn what_a_socket_does_that_was_lost_before_is_no_news_of_the_second() {
    for event in [SocketEvent::Opened, SocketEvent::Closed { code: 1006 }] {
        let mut world = World::registered();
        world.lose_link();
        world.page(PageEvent::Online);
        world.accept_link();
        world.page(PageEvent::Visible);
        world.advance(500);
        assert_eq!(world.opened(), [1, 2, 3]);
        let outputs = world.outputs;
        world.socket_event_on(1, event);
        assert_eq!(world.outputs, outputs);
        world.socket_event(SocketEvent::Opened);
        assert_eq!(world.closed_sockets, [(2, REPLACED)]);
    }
}

#[test]
fn a_link_that_is_lost_under_suspicion_is_no_longer_suspected() {
    for seed in 0..20 {
        let mut world = World::with(config(), seed);
        world.register();
        world.command(Command::FindPeers { call: CallId(9), query: Query::default() });
        world.advance(1_600);
        world.lose_link();
        world.advance(500);
        assert_eq!(world.opened(), [1, 2], "one attempt");
    }
}

#[test]
fn a_second_socket_that_fails_changes_nothing_for_the_first() {
    let mut world = suspecting();
    world.lose_link();
    assert!(world.states().is_empty());
    world.speak_on(1);
    world.advance(6_000);
    assert_eq!(world.client.state(), ClientState::Connected);
    let mut world = suspecting();
    world.lose_link();
    world.advance(1_500);
    assert_eq!(world.states(), [(ClientState::Reconnecting, "link-lost")]);
    assert_eq!(world.opened(), [1, 2, 3], "and another attempt begins at once");
}

#[test]
fn a_first_socket_that_ends_leaves_the_attempt_to_the_second() {
    let mut world = suspecting();
    world.socket_event_on(1, SocketEvent::Closed { code: 1006 });
    assert_eq!(world.states(), [(ClientState::Reconnecting, "link-lost")]);
    assert_eq!(world.opened(), [1, 2]);
    world.accept_link();
    assert_eq!(world.client.state(), ClientState::Connected);
}

#[test]
fn a_terminal_close_of_the_first_ends_the_second_too() {
    let mut world = suspecting();
    world.socket_event_on(1, SocketEvent::Closed { code: 4500 });
    assert_eq!(world.states(), [(ClientState::Idle, "superseded")]);
    assert_eq!(world.closed_sockets.len(), 1);
    assert!(world.live_sockets.is_empty());
}

#[test]
fn a_question_by_itself_is_a_suspicion_too() {
    let mut world = World::registered();
    world.command(Command::FindPeers { call: CallId(9), query: Query::default() });
    world.advance(1_999);
    assert_eq!(world.opened(), [1]);
    world.advance(1);
    assert_eq!(world.opened(), [1, 2], "1.5 s to the question, and half a second");
    let mut world = World::registered();
    world.receive(ServerMessage::HeartbeatAck);
    world.advance(8_499);
    assert_eq!(world.opened(), [1]);
    world.advance(1);
    assert_eq!(world.opened(), [1, 2], "an idle link");
}

#[test]
fn a_refused_takeover_is_tried_again() {
    let mut world = suspecting();
    world.socket_event(SocketEvent::Opened);
    let hello = world.last_frame();
    world.receive_error("peer-id-taken", Some(hello), None);
    assert_eq!(world.states(), [(ClientState::Reconnecting, "peer-id-taken")]);
    assert_eq!(world.closed_sockets, [(1, REPLACED), (2, REPLACED)]);
    world.advance(500);
    world.accept_link();
    assert_eq!(world.client.state(), ClientState::Connected);
}

#[test]
fn offline_ends_a_second_socket_too() {
    let mut world = suspecting();
    world.page(PageEvent::Offline);
    assert!(world.live_sockets.is_empty());
    assert_eq!(world.states(), [(ClientState::Reconnecting, "offline")]);
}

#[test]
fn close_is_final_with_two_sockets_and_under_every_event() {
    let mut world = suspecting();
    world.command(Command::Close);
    assert_eq!(world.take_sent(), [ClientMessage::Bye]);
    assert!(world.live_sockets.is_empty());
    let outputs = world.outputs;
    for event in [
        PageEvent::Online,
        PageEvent::Visible,
        PageEvent::Woke,
        PageEvent::Offline,
        PageEvent::Hidden,
        PageEvent::Frozen,
        PageEvent::Leaving,
        PageEvent::MayLeave,
    ] {
        world.page(event);
    }
    for socket in [1, 2] {
        for event in [SocketEvent::Opened, SocketEvent::Malformed, SocketEvent::Closed { code: 1006 }] {
            world.socket_event_on(socket, event);
        }
    }
    world.advance(100_000);
    assert_eq!(world.outputs, outputs);
    assert_eq!(world.client.poll_timeout(), None);
}

#[test]
fn rooms_and_questions_survive_the_replacement() {
    let mut world = World::registered();
    world.command(Command::Join { call: CallId(5), room: room("a") });
    world.page(PageEvent::Visible);
    world.advance(500);
    world.socket_event(SocketEvent::Opened);
    world.receive(ServerMessage::Welcome { version: 1, region: None, session: None });
    let joins = |message: &ClientMessage| matches!(message, ClientMessage::Join(_));
    assert!(world.take_sent().iter().any(joins), "asked again where the server has no sessions");
    assert_eq!(world.outcome(5), None);
}

//! Connecting, registering, losing the link and getting it back.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

mod support;

use signalpost_core::protocol::{ClientMessage, Query, ServerMessage};
use signalpost_core::{
    CallId, ClientState, Command, PageEvent, ReconnectOptions, Reply, SocketEvent, TimerName,
};
use support::{CONNECT, World, config, room};

fn connect(world: &mut World, call: u32, timeout_ms: u32) {
    world.command(Command::Connect { call: CallId(call), timeout_ms });
}

/// The times from one opening of a socket to the next, while none ever answers.
fn attempts(world: &World) -> Vec<u64> {
    world.sockets.windows(2).map(|pair| pair[1].1 - pair[0].1).collect()
}

#[test]
fn connecting_registers_and_settles_every_call() {
    let mut world = World::new();
    assert_eq!(world.client.state(), ClientState::Idle);
    connect(&mut world, 1, 5_000);
    connect(&mut world, 2, 5_000);
    assert_eq!(world.sockets.len(), 1);
    world.socket_event(SocketEvent::Opened);
    assert!(matches!(world.take_sent().as_slice(), [ClientMessage::Hello(hello)] if hello.peer.id == "mia"));
    assert_eq!(world.outcome(1), None);
    world.receive(ServerMessage::Welcome { version: 1, region: None, session: None });
    assert_eq!(world.outcome(1), Some(Ok(Reply::Done)));
    assert_eq!(world.outcome(2), Some(Ok(Reply::Done)));
    connect(&mut world, 3, 5_000);
    assert_eq!(world.outcome(3), Some(Ok(Reply::Done)), "connected already");
    assert_eq!(world.states(), [(ClientState::Connecting, ""), (ClientState::Connected, "")]);
}

#[test]
fn what_is_asked_before_the_welcome_follows_hello_at_once() {
    let mut world = World::new();
    world.command(Command::Join { call: CallId(5), room: room("a") });
    connect(&mut world, 1, 5_000);
    world.socket_event(SocketEvent::Opened);
    assert!(matches!(world.take_sent().as_slice(), [ClientMessage::Hello(_), ClientMessage::Join(_)]));
}

#[test]
fn a_call_that_runs_out_ends_the_attempt_when_nobody_else_waits() {
    let mut world = World::new();
    connect(&mut world, 1, 1_000);
    connect(&mut world, 2, 3_000);
    world.advance(1_000);
    assert_eq!(world.outcome(1), Some(Err("timeout")));
    assert_eq!(world.outcome(2), None, "the other still has time");
    world.advance(2_000);
    assert_eq!(world.outcome(2), Some(Err("timeout")));
    assert_eq!(world.client.state(), ClientState::Idle);
    assert_eq!(world.closed_sockets.len(), 1);
    assert_eq!(world.client.poll_timeout(), None);
    connect(&mut world, 3, 1_000);
    assert_eq!(world.sockets.len(), 2, "and it can be tried anew");
}

#[test]
fn an_aborted_call_ends_the_attempt_when_nobody_else_waits() {
    let mut world = World::new();
    connect(&mut world, 1, 9_000);
    connect(&mut world, 2, 9_000);
    world.command(Command::Cancel { call: CallId(1) });
    assert!(world.closed_sockets.is_empty());
    world.command(Command::Cancel { call: CallId(2) });
    assert_eq!(world.closed_sockets, [(1, 1000)]);
    assert_eq!(world.client.poll_timeout(), None);
    assert!(world.settled.is_empty());
}

#[test]
fn a_refused_hello_ends_the_attempt_with_the_servers_code() {
    for code in ["peer-id-taken", "upgrade-required", "invalid-message", "too-sunny"] {
        let mut world = World::new();
        connect(&mut world, 1, 60_000);
        world.socket_event(SocketEvent::Opened);
        let hello = world.last_frame();
        world.receive_error(code, Some(hello), None);
        assert_eq!(world.outcome(1), Some(Err(code)));
        assert_eq!(world.client.state(), ClientState::Idle);
        assert_eq!(world.client.poll_timeout(), None, "no further attempt by itself");
    }
}

#[test]
fn the_own_former_socket_may_hold_the_id_for_a_while() {
    let mut world = World::registered();
    world.lose_link();
    world.advance(500);
    world.socket_event(SocketEvent::Opened);
    let hello = world.last_frame();
    world.receive_error("peer-id-taken", Some(hello), None);
    assert_eq!(world.client.state(), ClientState::Reconnecting);
    assert!(matches!(world.client.poll_timeout(), Some((_, TimerName::Reconnect))));
}

#[test]
fn a_terminal_close_is_believed() {
    for (code, reason) in [(4500, "superseded"), (4501, "upgrade-required")] {
        let mut world = World::registered();
        world.command(Command::FindPeers { call: CallId(9), query: Query::default() });
        world.socket_event(SocketEvent::Closed { code });
        assert_eq!(world.states(), [(ClientState::Idle, reason)]);
        assert_eq!(world.outcome(9), Some(Err(reason)));
        world.page(PageEvent::Online);
        assert_eq!(world.client.poll_timeout(), None);
        assert_eq!(world.sockets.len(), 1);
    }
    for code in [1000, 1001, 1006, 1009, 1012, 4000, 4001, 4002, 4004, 4499, 5000] {
        let mut world = World::registered();
        world.socket_event(SocketEvent::Closed { code });
        assert_eq!(world.client.state(), ClientState::Reconnecting, "{code}");
    }
}

#[test]
fn a_lost_link_is_made_anew_within_half_a_second() {
    let mut waits = Vec::new();
    for seed in 0..200 {
        let mut world = World::with(config(), seed);
        world.register();
        world.advance(6_000);
        world.lose_link();
        let lost = world.now;
        world.advance(500);
        waits.push(world.sockets[1].1 - lost);
        world.accept_link();
        assert_eq!(world.client.state(), ClientState::Connected);
    }
    assert!(waits.iter().min() < Some(&50) && waits.iter().max() > Some(&450), "jitter fills the range");
}

#[test]
fn a_wake_up_does_not_wait() {
    for event in [PageEvent::Online, PageEvent::Visible] {
        let mut world = World::registered();
        world.page(PageEvent::Offline);
        for _ in 0..8 {
            world.lose_link();
            world.advance_to(world.client.poll_timeout().unwrap().0);
        }
        world.lose_link();
        let opened = world.sockets.len();
        world.page(event);
        assert_eq!(world.sockets.len(), opened + 1);
        world.page(event);
        assert_eq!(world.sockets.len(), opened + 1, "once");
    }
    let mut world = World::registered();
    world.lose_link();
    world.page(PageEvent::Hidden);
    assert_eq!(world.sockets.len(), 1, "no wake-up");
}

#[test]
fn an_attempt_may_take_5_then_10_then_20_seconds_and_the_next_follows_at_once() {
    let mut world = World::new();
    connect(&mut world, 1, 300_000);
    world.advance(90_000);
    assert_eq!(attempts(&world), [5_000, 10_000, 20_000, 20_000, 20_000]);
    let mut world = World::registered();
    world.lose_link();
    world.advance(50_000);
    assert_eq!(attempts(&world)[1..], [5_000, 10_000, 20_000], "after a lost link too");
    assert_eq!(world.closed_sockets.len(), 3, "each that took too long is closed");
}

#[test]
fn failures_are_forgotten_after_5_s_of_a_good_link_only() {
    // An attempt after the first may wait up to a second; the seed makes the wait known to be long.
    let longest = |good_ms: u64| {
        let waits = (0..300).map(|seed| {
            let mut world = World::with(config(), seed);
            world.register();
            world.advance(6_000);
            world.lose_link();
            world.advance(500);
            world.accept_link();
            // Nobody wakes the client while the link is good: a hidden page's timers are late.
            world.now += good_ms;
            world.lose_link();
            world.client.poll_timeout().unwrap().0 - world.now
        });
        waits.max().unwrap()
    };
    assert!(longest(4_999) > 900);
    assert!(longest(5_000) <= 500);
}

#[test]
fn attempts_are_limited_where_the_application_says_so() {
    let reconnect = ReconnectOptions { max_attempts: 2, ..ReconnectOptions::default() };
    let mut world = World::with(signalpost_core::Config { reconnect, ..config() }, 7);
    connect(&mut world, 1, 300_000);
    for _ in 0..3 {
        assert_eq!(world.outcome(1), None);
        world.lose_link();
        world.advance(4_000);
    }
    assert_eq!(world.sockets.len(), 3);
    assert_eq!(world.outcome(1), Some(Err("server-unreachable")));
    assert_eq!(world.client.state(), ClientState::Idle);
}

#[test]
fn a_heartbeat_is_answered_and_asks_for_no_answer() {
    let mut world = World::registered();
    world.receive(ServerMessage::Heartbeat);
    assert_eq!(world.take_sent(), [ClientMessage::HeartbeatAck]);
    world.advance(7_999);
    assert_eq!(world.take_sent(), [], "the server has the duty to ask");
    world.advance(1);
    assert_eq!(world.take_sent(), [ClientMessage::Heartbeat], "its question is late");
    assert_eq!(world.client.state(), ClientState::Connected);
}

#[test]
fn a_silent_idle_link_is_asked_after_8_s_and_dead_3_s_later() {
    let mut world = World::registered();
    world.receive(ServerMessage::Heartbeat);
    world.forget();
    world.advance(10_999);
    assert!(world.states().is_empty());
    world.advance(1);
    assert_eq!(world.states(), [(ClientState::Reconnecting, "link-lost")]);
    assert_eq!(world.closed_sockets, [(1, 4001)]);
}

#[test]
fn a_link_that_does_not_answer_a_send_is_dead_after_3_s() {
    let mut world = World::registered();
    world.command(Command::FindPeers { call: CallId(9), query: Query::default() });
    world.forget();
    world.advance(1_500);
    assert_eq!(world.take_sent(), [ClientMessage::Heartbeat], "asked once");
    world.advance(1_499);
    assert_eq!(world.client.state(), ClientState::Connected);
    world.advance(1);
    assert_eq!(world.client.state(), ClientState::Reconnecting);
    assert_eq!(world.outcome(9), None, "the question is asked again");
}

#[test]
fn an_ack_keeps_the_link() {
    let mut world = World::registered();
    world.command(Command::FindPeers { call: CallId(9), query: Query::default() });
    world.advance(1_500);
    world.receive(ServerMessage::HeartbeatAck);
    world.advance(3_000);
    assert_eq!(world.client.state(), ClientState::Connected);
}

#[test]
fn events_of_a_replaced_socket_are_ignored() {
    let mut world = World::registered();
    world.lose_link();
    world.advance(500);
    world.accept_link();
    world.forget();
    let outputs = world.outputs;
    let frame = ServerMessage::Heartbeat.into_envelope(1);
    for event in [
        SocketEvent::Opened,
        SocketEvent::Closed { code: 4500 },
        SocketEvent::Frame(Box::new(frame)),
        SocketEvent::Malformed,
    ] {
        world.input(signalpost_core::Input::Socket { socket: signalpost_core::SocketId(1), event });
    }
    assert_eq!(world.outputs, outputs);
    assert_eq!(world.client.state(), ClientState::Connected);
}

#[test]
fn a_bad_frame_is_an_error_event_and_an_unknown_type_nothing() {
    let mut world = World::registered();
    world.socket_event(SocketEvent::Malformed);
    world.receive_text(r#"{"type":"peer-joined","payload":{"room":"a"}}"#);
    world.receive_text(r#"{"type":"offer","from":"ada","payload":{"connection":1,"number":1,"sdp":"x"}}"#);
    assert_eq!(world.errors(), ["invalid-json", "invalid-message", "invalid-description"]);
    world.forget();
    world.receive_text(r#"{"type":"dance","payload":{"room":7e3}}"#.replace("7e3", "\"a\"").as_str());
    assert!(world.events.is_empty());
    world.receive_error("too-sunny", None, None);
    assert_eq!(world.errors(), ["too-sunny"], "a code of a newer server is told as it is");
    assert_eq!(world.client.state(), ClientState::Connected);
}

#[test]
fn close_says_bye_and_refuses_everything_afterwards() {
    let mut world = World::registered();
    world.command(Command::FindPeers { call: CallId(9), query: Query::default() });
    world.take_sent();
    world.command(Command::Close);
    assert_eq!(world.take_sent(), [ClientMessage::Bye]);
    assert_eq!(world.closed_sockets, [(1, 1000)]);
    assert_eq!(world.outcome(9), Some(Err("closed")));
    assert_eq!(world.states(), [(ClientState::Closed, "closed")]);
    connect(&mut world, CONNECT + 1, 1_000);
    assert_eq!(world.outcome(CONNECT + 1), Some(Err("closed")));
    let outputs = world.outputs;
    world.command(Command::Close);
    world.page(PageEvent::Online);
    world.lose_link();
    world.advance(100_000);
    assert_eq!(world.outputs, outputs);
}

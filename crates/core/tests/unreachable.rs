//! Why a server is not reached, as `connect()` tells it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

mod support;

use signalpost_core::protocol::Query;
use signalpost_core::{CallId, ClientState, Command, SocketEvent};
use support::{CONNECT, World};

fn connecting(timeout_ms: u32) -> World {
    let mut world = World::new();
    world.command(Command::Connect { call: CallId(CONNECT), timeout_ms });
    world
}

/// Code, details, and whether the same call may succeed later.
fn failure(world: &World, call: u32) -> (&str, &str, bool) {
    let (_, result) = world.settled.iter().find(|(settled, _)| *settled == call).unwrap();
    let failure = result.as_ref().unwrap_err();
    (&failure.code, &failure.message, failure.retryable)
}

fn unavailable(world: &mut World) {
    world.socket_event(SocketEvent::Unavailable { message: "SecurityError: no".into() });
}

#[test]
fn what_can_never_work_fails_at_once_with_its_cause() {
    let mut world = connecting(20_000);
    unavailable(&mut world);
    assert_eq!(failure(&world, CONNECT), ("socket-unavailable", "SecurityError: no", false));
    assert_eq!(world.client.state(), ClientState::Idle);
    assert_eq!(world.client.poll_timeout(), None, "no further attempt by itself");
    assert!(world.errors().is_empty());
    world.command(Command::Connect { call: CallId(2), timeout_ms: 20_000 });
    assert_eq!(world.opened(), [1, 2], "and it can be tried anew");
}

#[test]
fn what_worked_once_is_tried_again() {
    let mut world = World::registered();
    world.lose_link();
    world.advance(500);
    unavailable(&mut world);
    assert_eq!(world.client.state(), ClientState::Reconnecting);
    world.advance(4_000);
    world.accept_link();
    assert_eq!(world.client.state(), ClientState::Connected);
}

#[test]
fn a_second_socket_that_cannot_be_made_is_not_missed() {
    let mut world = World::registered();
    world.command(Command::FindPeers { call: CallId(9), query: Query::default() });
    world.advance(2_000);
    assert_eq!(world.opened(), [1, 2]);
    unavailable(&mut world);
    world.speak_on(1);
    assert_eq!(world.client.state(), ClientState::Connected);
}

#[test]
fn a_server_that_is_not_there_is_unreachable_however_long_it_took() {
    let mut world = connecting(20_000);
    for _ in 0..4 {
        world.lose_link();
        world.advance(3_500);
    }
    world.lose_link();
    world.advance(20_000);
    let told = ("server-unreachable", "the socket closed with 1006 before it opened", true);
    assert_eq!(failure(&world, CONNECT), told);
    assert_eq!(world.states().last(), Some(&(ClientState::Idle, "server-unreachable")));
}

#[test]
fn what_a_browser_tells_is_told() {
    let opened = SocketEvent::Opened;
    let closed = |code| SocketEvent::Closed { code };
    for (events, told) in [
        (vec![closed(1015)], "the socket closed with 1015 before it opened"),
        (vec![opened.clone(), closed(1008)], "the socket closed with 1008 before the server said welcome"),
        (vec![opened], "the server does not answer"),
    ] {
        let mut world = connecting(6_000);
        for event in events {
            world.socket_event(event);
        }
        for _ in 0..12 {
            world.advance(500);
        }
        assert_eq!(failure(&world, CONNECT), ("server-unreachable", told, true));
    }
}

#[test]
fn only_a_call_with_no_known_cause_is_out_of_time() {
    let mut world = connecting(3_000);
    world.advance(3_000);
    assert_eq!(failure(&world, CONNECT), ("timeout", "", true));
}

#[test]
fn a_request_that_ran_out_of_time_says_why_there_was_no_link() {
    let mut world = World::registered();
    world.command(Command::FindPeers { call: CallId(9), query: Query::default() });
    for _ in 0..8 {
        world.lose_link();
        world.advance(4_000);
    }
    assert_eq!(failure(&world, 9), ("timeout", "server-unreachable", true));
}

#[test]
fn a_close_code_that_nobody_knows_is_not_taken_for_another() {
    let mut world = World::registered();
    world.socket_event(SocketEvent::Closed { code: 4777 });
    assert_eq!(world.states(), [(ClientState::Idle, "server-unreachable")]);
    world.command(Command::FindPeers { call: CallId(9), query: Query::default() });
    assert_eq!(world.opened(), [1], "no further attempt by itself");
}

//! A page that may be about to be left, and the links that browsers and gateways close meanwhile.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

mod support;

use signalpost_core::protocol::{ClientMessage, ErrorCode, ServerMessage};
use signalpost_core::{ClientState, Command, PageEvent, SocketEvent};
use support::{World, config};

#[test]
fn a_page_that_may_be_left_says_so_in_a_session() {
    let mut world = World::in_session();
    world.page(PageEvent::MayLeave);
    assert_eq!(world.take_sent(), [ClientMessage::Leaving]);
    assert_eq!(world.numbers.last().unwrap().0, None, "it has no place in the order");
    world.advance(3_000);
    assert_eq!(world.take_sent(), [], "no answer is waited for");
    assert_eq!(world.client.state(), ClientState::Connected);
}

#[test]
fn without_a_session_nothing_is_said() {
    for mut world in [World::registered(), World::new()] {
        world.page(PageEvent::MayLeave);
        assert_eq!(world.take_sent(), []);
    }
}

#[test]
fn a_page_that_stays_comes_back_at_once_and_resumes() {
    for code in [1001, 1006] {
        let mut world = World::in_session();
        world.page(PageEvent::MayLeave);
        world.advance(7_000);
        world.socket_event(SocketEvent::Closed { code });
        assert_eq!(world.states(), [(ClientState::Reconnecting, "link-lost")]);
        world.advance(0);
        assert_eq!(world.opened(), [1, 2], "the server waits for 1.5 s only");
        world.welcome(true, 0);
        assert_eq!(world.client.state(), ClientState::Connected);
        assert_eq!(
            world.take_sent().last(),
            Some(&ClientMessage::Leaving),
            "it may still go, from this socket"
        );
        world.receive(ServerMessage::Heartbeat);
        world.advance(3_000);
        // The next loss is one like any other.
        world.socket_event(SocketEvent::Closed { code });
        world.advance(0);
        assert_eq!(world.opened(), [1, 2]);
    }
}

#[test]
fn a_gateway_that_goes_away_is_no_page_that_is_left() {
    let mut waits = Vec::new();
    for seed in 0..100 {
        let mut world = World::with(config(), seed);
        world.register();
        world.advance(6_000);
        world.socket_event(SocketEvent::Closed { code: 1001 });
        let lost = world.now;
        world.advance(500);
        waits.push(world.sockets[1].1 - lost);
    }
    assert!(waits.iter().max() > Some(&400), "a thousand clients do not come back in one moment");
}

#[test]
fn an_older_server_that_does_not_know_the_word_is_no_error() {
    let mut world = World::in_session();
    world.page(PageEvent::MayLeave);
    let frame = world.last_frame();
    world.receive_error(ErrorCode::UnknownType.as_str(), Some(frame), None);
    assert!(world.errors().is_empty());
    world.command(Command::Close);
}

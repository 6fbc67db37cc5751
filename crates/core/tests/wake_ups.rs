//! What the page and the network do: wake-ups, questions to an open socket, attempts beside one that hangs, freezing.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

mod support;

use signalpost_core::protocol::{ClientMessage, ServerMessage};
use signalpost_core::{CallId, ClientState, Command, Config, Input, PageEvent, SocketEvent, TimerName};
use support::{CONNECT, World, config};

const WAKE_UPS: [PageEvent; 3] = [PageEvent::Online, PageEvent::Visible, PageEvent::Woke];
/// It goes on with another socket.
const REPLACED: u16 = 4100;

/// A frozen page: time passes, and nobody wakes the client; then one timer does.
fn one_late_timer(world: &mut World, ms: u64) {
    world.now += ms;
    world.input(Input::Timeout);
}

#[test]
fn an_open_socket_is_asked_on_every_wake_up_once() {
    for event in WAKE_UPS {
        let mut world = World::registered();
        world.page(event);
        assert_eq!(world.take_sent(), [ClientMessage::Heartbeat], "{event:?}");
        world.page(PageEvent::Visible);
        world.page(event);
        assert_eq!(world.take_sent(), [], "a question waits for its answer");
        world.receive(ServerMessage::HeartbeatAck);
        world.advance(6_000);
        assert_eq!(world.opened(), [1], "it lives");
        assert!(world.states().is_empty());
        world.page(event);
        assert_eq!(world.take_sent(), [ClientMessage::Heartbeat], "the next wake-up asks again");
    }
    for event in [PageEvent::Hidden, PageEvent::Frozen] {
        let mut world = World::registered();
        world.page(event);
        assert_eq!(world.take_sent(), [], "{event:?} is no wake-up");
    }
}

#[test]
fn a_good_link_that_is_replaced_leaves_no_failures_behind() {
    let waits = (0..100).map(|seed| {
        let mut world = World::with(config(), seed);
        world.register();
        for _ in 0..3 {
            world.lose_link();
            world.page(PageEvent::Online);
        }
        world.accept_link();
        // Nobody wakes the client while the link is good.
        one_late_timer(&mut world, 60_000);
        world.accept_link();
        world.lose_link();
        world.client.poll_timeout().unwrap().0 - world.now
    });
    assert!(waits.max().unwrap() <= 500);
}

#[test]
fn a_socket_that_was_dead_when_the_page_woke_is_replaced_at_once() {
    let wait = |answers: bool, seed: u64| {
        let mut world = World::with(config(), seed);
        world.register();
        world.page(PageEvent::Visible);
        if answers {
            world.receive(ServerMessage::HeartbeatAck);
        }
        world.lose_link();
        let wait = world.client.poll_timeout().unwrap().0 - world.now;
        world.advance(wait);
        world.lose_link();
        (wait, world.client.poll_timeout().unwrap().0 - world.now)
    };
    assert!((0..20).all(|seed| wait(false, seed).0 == 0), "the browser tells it only now");
    assert!((0..20).any(|seed| wait(false, seed).1 > 0), "once");
    assert!((0..20).any(|seed| wait(true, seed).0 > 0), "it lived");
}

#[test]
fn one_late_timer_is_enough() {
    // The rest is driven by the events of the sockets: no further timer comes.
    for (hidden, ms) in [(false, 60_000), (true, 60_000), (true, 8_000)] {
        let mut world = World::registered();
        world.receive(ServerMessage::HeartbeatAck);
        if hidden {
            world.page(PageEvent::Hidden);
        }
        world.take_sent();
        one_late_timer(&mut world, ms);
        let due = world.client.poll_timeout().unwrap().0;
        if due <= world.now {
            // What is due at once does not wait for a timer of the browser.
            world.input(Input::Timeout);
        }
        assert_eq!(world.take_sent(), [ClientMessage::Heartbeat]);
        assert_eq!(world.opened(), [1, 2], "{hidden} {ms}");
        world.socket_event(SocketEvent::Opened);
        assert!(matches!(world.take_sent().as_slice(), [ClientMessage::Hello(_)]));
        assert_eq!(world.closed_sockets, [(1, REPLACED)]);
    }
    let mut world = World::registered();
    world.receive(ServerMessage::HeartbeatAck);
    one_late_timer(&mut world, 8_000);
    assert_eq!(world.opened(), [1], "who is woken in time has time");
}

#[test]
fn a_wake_up_of_a_hidden_page_does_not_wait_for_a_timer() {
    let mut world = World::registered();
    world.page(PageEvent::Hidden);
    world.page(PageEvent::Online);
    assert_eq!(world.client.poll_timeout().map(|(at, _)| at), Some(world.now));
    world.input(Input::Timeout);
    assert_eq!(world.opened(), [1, 2]);
    world.speak_on(1);
    assert_eq!(world.closed_sockets, [(2, REPLACED)]);
}

#[test]
fn a_wake_up_does_not_wait_for_an_attempt_that_hangs() {
    for event in [PageEvent::Online, PageEvent::Visible] {
        let mut world = World::registered();
        world.lose_link();
        world.page(event);
        assert_eq!(world.opened(), [1, 2]);
        world.page(event);
        world.advance(499);
        world.page(event);
        assert_eq!(world.opened(), [1, 2], "it has only begun");
        world.advance(1);
        world.page(event);
        assert_eq!(world.opened(), [1, 2, 3], "beside the one that hangs");
        world.page(event);
        world.advance(1_000);
        world.page(event);
        assert_eq!(world.opened(), [1, 2, 3], "two at most");
        // Either may win.
        let mut other = World::registered();
        other.lose_link();
        other.page(event);
        other.advance(500);
        other.page(event);
        other.socket_event_on(2, SocketEvent::Opened);
        assert_eq!(other.closed_sockets, [(3, REPLACED)]);
        world.socket_event_on(3, SocketEvent::Opened);
        assert_eq!(world.closed_sockets, [(2, REPLACED)]);
        world.receive(ServerMessage::Welcome { version: 1, region: None, session: None });
        assert_eq!(world.client.state(), ClientState::Connected);
    }
}

#[test]
fn when_one_of_two_attempts_fails_the_other_goes_on() {
    for fails in [2, 3] {
        let mut world = World::registered();
        world.lose_link();
        world.page(PageEvent::Online);
        world.advance(500);
        world.page(PageEvent::Online);
        world.socket_event_on(fails, SocketEvent::Closed { code: 1006 });
        assert_eq!(world.live_sockets.len(), 1);
        world.socket_event_on(5 - fails, SocketEvent::Opened);
        assert!(matches!(world.take_sent().as_slice(), [ClientMessage::Hello(_)]));
    }
}

#[test]
fn two_attempts_that_hang_end_at_their_caps() {
    let mut world = World::registered();
    world.lose_link();
    world.page(PageEvent::Online);
    world.advance(500);
    world.page(PageEvent::Online);
    let began = world.now;
    world.advance(5_000);
    assert_eq!(world.closed_sockets, [(2, REPLACED), (3, REPLACED)]);
    assert_eq!(world.sockets.last(), Some(&(4, began + 5_000)), "and the next follows at once");
}

#[test]
fn a_machine_that_slept_does_not_wait_for_what_was_begun_before() {
    let mut world = World::registered();
    world.lose_link();
    world.page(PageEvent::Online);
    world.page(PageEvent::Woke);
    assert_eq!(world.opened(), [1, 2, 3]);
    world.accept_link();
    assert_eq!(world.closed_sockets, [(2, REPLACED)]);
    assert_eq!(world.client.state(), ClientState::Connected);
}

#[test]
fn a_wake_up_while_registering_asks_and_replaces() {
    for event in WAKE_UPS {
        let mut world = World::registered();
        world.lose_link();
        world.page(PageEvent::Online);
        world.socket_event(SocketEvent::Opened);
        world.take_sent();
        world.page(event);
        assert_eq!(world.take_sent(), [ClientMessage::Heartbeat]);
        world.advance(500);
        assert_eq!(world.opened(), [1, 2, 3]);
        world.socket_event(SocketEvent::Opened);
        assert_eq!(world.closed_sockets, [(2, REPLACED)]);
        assert!(matches!(world.take_sent().as_slice(), [ClientMessage::Hello(_)]));
        world.receive(ServerMessage::Welcome { version: 1, region: None, session: None });
        assert_eq!(world.client.state(), ClientState::Connected);
    }
}

#[test]
fn a_welcome_that_never_comes_is_a_lost_link_after_3_s() {
    let mut world = World::registered();
    world.lose_link();
    world.page(PageEvent::Online);
    world.socket_event(SocketEvent::Opened);
    world.advance(2_999);
    assert_eq!(world.opened(), [1, 2], "a server that is slow to welcome gets no second hello");
    world.advance(1);
    assert_eq!(world.closed_sockets, [(2, 4001)]);
    assert!(matches!(world.client.poll_timeout(), Some((_, TimerName::Reconnect))));
}

#[test]
fn offline_is_a_lost_link_and_online_does_not_wait() {
    let mut world = World::registered();
    world.page(PageEvent::Offline);
    assert_eq!(world.states(), [(ClientState::Reconnecting, "offline")]);
    assert_eq!(world.closed_sockets, [(1, REPLACED)]);
    assert!(matches!(world.client.poll_timeout(), Some((_, TimerName::Reconnect))), "offline may be a lie");
    world.page(PageEvent::Online);
    assert_eq!(world.opened(), [1, 2]);
    world.page(PageEvent::Offline);
    world.page(PageEvent::Online);
    assert_eq!(world.opened(), [1, 2], "an attempt that has only begun is left alone");
    world.accept_link();
    assert_eq!(world.states(), [(ClientState::Reconnecting, "offline"), (ClientState::Connected, "")]);
}

#[test]
fn an_offline_page_waits_longer_than_the_cap_of_a_visible_one() {
    let longest = |event: Option<PageEvent>| {
        let mut waits = Vec::new();
        for seed in 0..40 {
            let mut world = World::with(config(), seed);
            world.register();
            event.into_iter().for_each(|event| world.page(event));
            for _ in 0..9 {
                world.advance_to(world.client.poll_timeout().unwrap().0);
                if world.live_sockets.is_empty() {
                    continue;
                }
                world.lose_link();
                waits.push(world.client.poll_timeout().unwrap().0 - world.now);
            }
        }
        waits.into_iter().max().unwrap()
    };
    assert!(longest(Some(PageEvent::Offline)) > 3_500);
    assert!(longest(None) <= 3_500);
}

fn released() -> World {
    let mut world = World::with(Config { release_when_frozen: true, ..config() }, 7);
    world.register();
    world.advance(5_000);
    world.forget();
    world
}

#[test]
fn a_frozen_page_keeps_its_socket_unless_it_is_told_to_release_it() {
    let mut world = World::registered();
    world.page(PageEvent::Frozen);
    assert!(world.closed_sockets.is_empty() && world.states().is_empty());
    world.now += 3_600_000;
    world.page(PageEvent::Visible);
    assert_eq!(world.take_sent(), [ClientMessage::Heartbeat]);

    for back in [PageEvent::Visible, PageEvent::Woke] {
        let mut world = released();
        world.page(PageEvent::Frozen);
        assert_eq!(world.closed_sockets, [(1, 4101)]);
        assert_eq!(world.states(), [(ClientState::Reconnecting, "suspended")]);
        assert_eq!(world.take_sent(), [], "no bye");
        world.page(PageEvent::Frozen);
        world.page(PageEvent::Hidden);
        world.page(PageEvent::Offline);
        world.page(PageEvent::Online);
        world.advance(86_400_000);
        assert_eq!(world.opened(), [1], "nothing is tried");
        world.page(back);
        assert_eq!(world.opened(), [1, 2]);
        world.accept_link();
        assert_eq!(world.client.state(), ClientState::Connected);
    }
}

#[test]
fn a_page_may_freeze_at_any_time() {
    // While nothing was asked for, while connecting, registering, waiting, suspecting.
    let mut idle = World::with(Config { release_when_frozen: true, ..config() }, 7);
    idle.page(PageEvent::Frozen);
    assert_eq!(idle.outputs, 0);
    for stage in 0..4 {
        let mut world = released();
        match stage {
            0 => world.lose_link(),
            1 => world.page(PageEvent::Visible),
            _ => {
                world.lose_link();
                world.page(PageEvent::Visible);
            }
        }
        if stage == 1 {
            world.advance(500);
        }
        if stage == 3 {
            world.socket_event(SocketEvent::Opened);
        }
        world.page(PageEvent::Frozen);
        assert!(world.live_sockets.is_empty(), "{stage}");
        let before = world.sockets.len();
        world.advance(100_000);
        assert_eq!(world.sockets.len(), before, "{stage}");
        world.page(PageEvent::Visible);
        world.accept_link();
        assert_eq!(world.client.state(), ClientState::Connected, "{stage}");
    }
    let mut world = World::with(Config { release_when_frozen: true, ..config() }, 7);
    world.command(Command::Connect { call: CallId(CONNECT), timeout_ms: 60_000 });
    world.page(PageEvent::Frozen);
    assert_eq!(world.client.state(), ClientState::Connecting);
    world.command(Command::Connect { call: CallId(CONNECT + 1), timeout_ms: 60_000 });
    assert_eq!(world.opened(), [1], "a call does not thaw the page");
    world.advance(60_000);
    assert_eq!(world.outcome(CONNECT), Some(Err("timeout")));
    assert_eq!(world.outcome(CONNECT + 1), Some(Err("timeout")));
    assert_eq!(world.client.state(), ClientState::Idle);
}

#[test]
fn a_page_that_leaves_says_bye() {
    let mut world = World::registered();
    world.page(PageEvent::Leaving);
    assert_eq!(world.take_sent(), [ClientMessage::Bye]);
    // Should it stay, it comes back by itself.
    world.lose_link();
    world.advance(500);
    world.accept_link();
    assert_eq!(world.client.state(), ClientState::Connected);
}

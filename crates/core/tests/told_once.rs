//! What a promise says about a peer, its state and its events: one truth, told once.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

mod support;

use signalpost_core::protocol::{ErrorCode, Signal};
use signalpost_core::{
    CallId, Command, ConnectionEvent, ConnectionId, ConnectionState, Event, Output, Reply, SignalingState,
};
use support::{World, answer, id, route};

/// `connect("zoe")` as call 5, answered by zoe's connection 77.
fn answered() -> (World, u32) {
    let mut world = World::registered();
    world.command(Command::ConnectPeer { call: CallId(5), peer: id("zoe"), timeout_ms: 60_000 });
    let mine = world.connections.last().unwrap().0;
    world.offer_made("mine");
    world.hear("zoe", answer(77, mine, 1, "theirs"));
    world.done(Ok(None), SignalingState::Stable);
    (world, mine)
}

fn states(world: &World) -> Vec<ConnectionState> {
    let state = |event: &Event| match event {
        Event::PeerState { state, .. } => Some(*state),
        _ => None,
    };
    world.events.iter().filter_map(state).collect()
}

#[test]
fn a_peer_is_connected_when_its_call_is() {
    for before in [&[][..], &[ConnectionState::Connecting]] {
        let (mut world, _) = answered();
        for state in before {
            world.state(*state);
        }
        world.forget();
        world.client.handle_input(
            world.now,
            signalpost_core::Input::Connection {
                connection: ConnectionId(world.connections.last().unwrap().0),
                event: ConnectionEvent::Opened,
            },
        );
        let mut told = Vec::new();
        while let Some(output) = world.client.poll_output() {
            match output {
                Output::Settle { call: CallId(5), result: Ok(Reply::Done) } => told.push("resolved"),
                Output::Event(Event::PeerState { state: ConnectionState::Connected, .. }) => {
                    told.push("connected");
                }
                Output::Event(Event::PeerOpen { .. }) => told.push("open"),
                _ => {}
            }
        }
        assert_eq!(told, ["connected", "resolved", "open"]);
    }
}

#[test]
fn what_the_browser_says_of_it_later_is_old_news() {
    let (mut world, _) = answered();
    world.connection_event(ConnectionEvent::Opened);
    world.state(ConnectionState::Connecting);
    // Meanwhile it is connected, and no new path is looked for.
    world.command(Command::ConnectPeer { call: CallId(6), peer: id("zoe"), timeout_ms: 60_000 });
    assert_eq!((world.outcome(6), world.restarts), (Some(Ok(Reply::Done)), 0));
    world.state(ConnectionState::Connected);
    assert_eq!(states(&world), [ConnectionState::Connecting, ConnectionState::Connected]);
    // From then on what comes between a loss and its repair is not told.
    world.state(ConnectionState::Disconnected);
    world.state(ConnectionState::Connecting);
    world.state(ConnectionState::Failed);
    world.state(ConnectionState::Connected);
    assert_eq!(states(&world)[2..], [ConnectionState::Disconnected, ConnectionState::Connected]);
}

#[test]
fn a_path_that_is_lost_before_the_browser_said_connected_is_told() {
    let (mut world, _) = answered();
    world.connection_event(ConnectionEvent::Opened);
    world.state(ConnectionState::Disconnected);
    let told = [ConnectionState::Connecting, ConnectionState::Connected, ConnectionState::Disconnected];
    assert_eq!(states(&world), told);
}

/// What ends a connection of this number, and the code that tells it.
type End = (fn(&mut World, u32), &'static str);

/// Ways in which a connection that was never connected ends.
const ENDS: [End; 5] = [
    (|world, mine| world.hear("zoe", Signal::Close { route: route(77, Some(mine)) }), "connection-gone"),
    (|world, _| world.state(ConnectionState::Failed), "connection-failed"),
    (|world, _| world.connection_event(ConnectionEvent::ChannelClosed), "connection-gone"),
    (
        |world, _| world.connection_event(ConnectionEvent::Unavailable { message: "no".into() }),
        "connection-unavailable",
    ),
    (
        |world, mine| {
            let (route, code) = (route(77, Some(mine)), ErrorCode::ConnectionGone);
            world.hear("zoe", Signal::Reject { route, number: 1, code });
        },
        "connection-gone",
    ),
];

#[test]
fn a_call_that_is_refused_is_told_by_its_promise_alone() {
    for (end, code) in ENDS {
        let (mut world, mine) = answered();
        end(&mut world, mine);
        assert_eq!(world.outcome(5), Some(Err(code)));
        assert!(world.errors().is_empty(), "{code}: {:?}", world.errors());
        assert_eq!(states(&world), [ConnectionState::Closed]);
    }
}

#[test]
fn a_refusal_of_what_a_former_connection_sent_is_not_told() {
    let mut world = World::registered();
    world.command(Command::ConnectPeer { call: CallId(5), peer: id("nobody"), timeout_ms: 60_000 });
    world.offer_made("mine");
    world.receive_error("peer-not-found", None, Some("nobody"));
    assert_eq!(world.outcome(5), Some(Err("peer-not-found")));
    // The refusal of its candidates comes when the application has opened the next one.
    world.command(Command::OpenPeer { peer: id("nobody") });
    world.receive_error("peer-not-found", None, Some("nobody"));
    assert_eq!(world.errors(), [""; 0]);
    assert_eq!(states(&world), [ConnectionState::Closed]);
    assert!(world.client.connection(&id("nobody")).is_some());
}

#[test]
fn what_nobody_waits_for_is_an_event() {
    for (end, code) in ENDS {
        let (mut world, mine) = answered();
        world.command(Command::Cancel { call: CallId(5) });
        end(&mut world, mine);
        assert_eq!((world.outcome(5), world.errors()), (None, vec![code.into()]));
    }
}

#[test]
fn a_refused_description_is_told_once_as_well() {
    for waits in [true, false] {
        let (mut world, mine) = answered();
        if !waits {
            world.command(Command::Cancel { call: CallId(5) });
        }
        world.command(Command::RestartIce { peer: id("zoe") });
        world.connection_event(ConnectionEvent::NegotiationNeeded);
        world.done(Err("OperationError: no".into()), SignalingState::Stable);
        let told = (world.outcome(5).is_some(), world.errors().len());
        assert_eq!(told, if waits { (true, 0) } else { (false, 1) }, "{mine}");
    }
}

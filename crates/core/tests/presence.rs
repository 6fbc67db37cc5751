//! Who is away: the server says so, and the connection to the peer has its word too.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

mod support;

use signalpost_core::protocol::{Envelope, PeerInfo, ServerMessage};
use signalpost_core::{CallId, Command, ConnectionEvent, ConnectionState, Event};
use support::{World, id, info, offer, room};

/// How long a probe may take.
const PROBE_MS: u16 = 900;

/// What the server says, unnumbered: who is away does not depend on numbers.
fn receive(world: &mut World, message: ServerMessage) {
    let envelope: Envelope = message.into_envelope(world.now);
    world.receive_text(&serde_json::to_string(&envelope).unwrap());
}

/// In room `r` with ada, and with bea, who is connected to us.
fn inside() -> World {
    let mut world = World::registered();
    world.command(Command::Join { call: CallId(1), room: room("r") });
    let reference = Some(world.last_frame());
    let peers: Vec<PeerInfo> = vec![info("ada", 1), info("bea", 1)];
    receive(&mut world, ServerMessage::Joined { room: room("r"), peers, cursor: None, reference });
    world.hear("bea", offer(9, None, 1, "theirs"));
    world.answer_made("mine");
    world.state(ConnectionState::Connected);
    world.forget();
    world
}

fn away(world: &mut World, peer: &str) {
    receive(world, ServerMessage::PeerAway { room: room("r"), peer: id(peer), reason: "lost".into() });
}

fn back(world: &mut World, peer: &str) {
    receive(world, ServerMessage::PeerBack { room: room("r"), peer: info(peer, 1) });
}

/// Answers the one probe that is out.
fn probed(world: &mut World, is_live: bool) {
    measured(world, is_live, None);
}

/// Answers the one probe that is out, and says what the round trip is.
fn measured(world: &mut World, is_live: bool, round_trip_ms: Option<u32>) {
    assert_eq!(probes(world), 1);
    world.connection_event(ConnectionEvent::Probed { is_live, round_trip_ms });
}

/// How many probes were asked for; each of the one connection, and with the time that it may take.
fn probes(world: &mut World) -> usize {
    let probes = std::mem::take(&mut world.paths.probes);
    let connection = world.connections[0].0;
    assert!(probes.iter().all(|probe| *probe == (connection, PROBE_MS)), "{probes:?}");
    probes.len()
}

fn news(world: &mut World) -> Vec<String> {
    let word = |event| match event {
        Event::PeerAway { peer, reason, .. } => Some(format!("{peer} away {reason}")),
        Event::PeerBack { peer, .. } => Some(format!("{peer} back")),
        _ => None,
    };
    std::mem::take(&mut world.events).into_iter().filter_map(word).collect()
}

#[test]
fn a_peer_whose_connection_lives_is_not_away_and_it_is_looked_at_until_the_server_says_that_it_is_back() {
    let mut world = inside();
    away(&mut world, "bea");
    for _ in 0..200 {
        probed(&mut world, true);
    }
    assert_eq!(news(&mut world), [""; 0]);
    back(&mut world, "bea");
    probed(&mut world, true);
    assert_eq!((probes(&mut world), news(&mut world)), (0, vec![]), "nobody doubts any more");
}

#[test]
fn a_connection_on_which_nothing_arrives_is_no_presence_although_the_browser_calls_it_connected() {
    let mut world = inside();
    away(&mut world, "bea");
    assert_eq!(news(&mut world), [""; 0], "a live connection is given the time to show it");
    probed(&mut world, false);
    assert_eq!(news(&mut world), ["bea away lost"]);
    probed(&mut world, false);
    assert_eq!(news(&mut world), [""; 0], "once");
    probed(&mut world, true);
    assert_eq!(news(&mut world), ["bea back"], "the probe was late or lost");
    probed(&mut world, true);
    probed(&mut world, false);
    assert_eq!(news(&mut world), ["bea away lost"], "it ended later than the link");
}

#[test]
fn what_is_not_connected_is_not_probed() {
    let mut world = inside();
    away(&mut world, "ada");
    assert_eq!((probes(&mut world), news(&mut world)), (0, vec!["ada away lost".into()]), "no connection");
    away(&mut world, "bea");
    assert_eq!(probes(&mut world), 1);
    world.state(ConnectionState::Disconnected);
    assert_eq!(news(&mut world), ["bea away lost"], "the browser says it first");
    world.connection_event(ConnectionEvent::Probed { is_live: false, round_trip_ms: None });
    assert_eq!(probes(&mut world), 0);
    world.state(ConnectionState::Connected);
    assert_eq!(probes(&mut world), 1, "there is doubt again");
    world.connection_event(ConnectionEvent::Probed { is_live: true, round_trip_ms: None });
    assert_eq!(news(&mut world), ["bea back"]);
}

#[test]
fn one_probe_is_out_at_a_time_in_however_many_rooms_the_peer_is() {
    let mut world = inside();
    away(&mut world, "bea");
    away(&mut world, "bea");
    world.state(ConnectionState::Connected);
    world.advance(5_000);
    assert_eq!(probes(&mut world), 1);
}

#[test]
fn a_silence_that_the_round_trip_explains_is_none() {
    for (round_trip_ms, silent_probes) in
        [(0, 1), (350, 1), (400, 2), (1_500, 4), (5_000, 12), (u32::MAX, 17)]
    {
        let mut world = inside();
        away(&mut world, "bea");
        let said = format!("round trip {round_trip_ms}");
        // What arrives ends the silence, and it begins anew.
        for is_live in [false, true] {
            for _ in 1..silent_probes {
                measured(&mut world, false, Some(round_trip_ms));
            }
            assert_eq!(news(&mut world), [""; 0], "{said}");
            measured(&mut world, is_live, Some(round_trip_ms));
            assert_eq!(news(&mut world), if is_live { vec![] } else { vec!["bea away lost"] }, "{said}");
            measured(&mut world, true, Some(round_trip_ms));
            assert_eq!(news(&mut world), if is_live { vec![] } else { vec!["bea back"] }, "{said}");
        }
    }
}

#[test]
fn a_round_trip_that_the_browser_does_not_say_any_more_is_the_last_one() {
    let mut world = inside();
    away(&mut world, "bea");
    measured(&mut world, true, Some(1_500));
    for _ in 1..4 {
        probed(&mut world, false);
    }
    assert_eq!(news(&mut world), [""; 0]);
    probed(&mut world, false);
    assert_eq!(news(&mut world), ["bea away lost"]);
}

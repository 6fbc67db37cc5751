//! Answers to a `join()` that are about a stay in a room which is over, or come when nobody waits for them any more.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

mod support;

use signalpost_core::protocol::{PeerInfo, Query, ServerMessage};
use signalpost_core::{CallId, Command, Event, Reply};
use support::{World, id, info, room};

fn join(world: &mut World, call: u32) -> u32 {
    world.command(Command::Join { call: CallId(call), room: room("a") });
    world.last_frame()
}

fn leave(world: &mut World, call: u32) -> u32 {
    world.command(Command::Leave { call: CallId(call), room: room("a") });
    world.last_frame()
}

fn joined(world: &mut World, frame: u32, peers: Vec<PeerInfo>) {
    world.receive(ServerMessage::Joined { room: room("a"), peers, cursor: None, reference: Some(frame) });
}

fn came(world: &mut World, peer: PeerInfo) {
    world.receive(ServerMessage::PeerJoined { room: room("a"), peer });
}

fn peers(names: &[&str]) -> Option<Result<Reply, &'static str>> {
    Some(Ok(Reply::Peers { peers: names.iter().map(|name| info(name, 1)).collect(), cursor: None }))
}

/// Who came and went, as `+ada` and `-ada`.
fn moves(world: &mut World) -> Vec<String> {
    let word = |event| match event {
        Event::PeerJoined { peer, .. } => Some(format!("+{}", peer.id)),
        Event::PeerLeft { peer, .. } => Some(format!("-{peer}")),
        _ => None,
    };
    std::mem::take(&mut world.events).into_iter().filter_map(word).collect()
}

#[test]
fn the_list_of_a_stay_that_was_left_is_not_that_of_the_next() {
    let mut world = World::registered();
    let first = join(&mut world, 5);
    let left = leave(&mut world, 6);
    let second = join(&mut world, 7);
    joined(&mut world, first, vec![info("ada", 1)]);
    assert_eq!(world.outcome(5), peers(&["ada"]));
    came(&mut world, info("bob", 1));
    assert_eq!(moves(&mut world), [""; 0], "nobody is in the room");
    world.receive(ServerMessage::Left { room: room("a"), reference: Some(left) });
    joined(&mut world, second, vec![info("bob", 1)]);
    assert_eq!(world.outcome(7), peers(&["bob"]));
    came(&mut world, info("eve", 1));
    assert_eq!(moves(&mut world), ["+eve"]);
}

#[test]
fn the_refusal_of_a_stay_that_was_left_does_not_end_the_next() {
    let mut world = World::registered();
    let first = join(&mut world, 5);
    let left = leave(&mut world, 6);
    let second = join(&mut world, 7);
    world.receive_error("rate-limited", Some(first), None);
    assert_eq!(world.outcome(5), Some(Err("rate-limited")));
    world.receive_error("room-not-joined", Some(left), None);
    joined(&mut world, second, vec![info("ada", 1)]);
    assert_eq!(world.outcome(7), peers(&["ada"]));
    came(&mut world, info("bob", 1));
    assert_eq!(moves(&mut world), ["+bob"]);
}

#[test]
fn a_refused_join_does_not_end_what_the_next_one_begins() {
    let mut world = World::registered();
    let first = join(&mut world, 5);
    let second = join(&mut world, 6);
    world.receive_error("rate-limited", Some(first), None);
    joined(&mut world, second, vec![info("ada", 1)]);
    assert_eq!(world.outcome(6), peers(&["ada"]));
    came(&mut world, info("bob", 1));
    assert_eq!(moves(&mut world), ["+bob"]);
}

#[test]
fn the_late_answer_to_a_join_says_nothing_of_who_is_away() {
    let mut world = World::registered();
    let frame = join(&mut world, 5);
    joined(&mut world, frame, vec![info("ada", 1), info("bob", 1)]);
    world.receive(ServerMessage::PeerAway { room: room("a"), peer: id("bob"), reason: "lost".into() });
    let again = join(&mut world, 6);
    for _ in 0..15 {
        world.receive(ServerMessage::HeartbeatAck);
        world.advance(1_000);
    }
    assert_eq!(world.outcome(6), Some(Err("timeout")));
    joined(&mut world, again, vec![info("ada", 1)]);
    assert_eq!(moves(&mut world), [""; 0], "who is away is in no list");
}

#[test]
fn a_question_that_is_refused_changes_nothing_about_the_room() {
    let mut world = World::registered();
    let first = join(&mut world, 5);
    for call in 100..100 + 255 {
        world.command(Command::FindPeers { call: CallId(call), query: Query::default() });
    }
    leave(&mut world, 6);
    join(&mut world, 7);
    leave(&mut world, 8);
    for call in [6, 7, 8] {
        assert_eq!(world.outcome(call), Some(Err("outbox-full")));
    }
    joined(&mut world, first, vec![info("ada", 1)]);
    assert_eq!(world.outcome(5), peers(&["ada"]));
    came(&mut world, info("bob", 1));
    assert_eq!(moves(&mut world), ["+bob"]);
}

//! Rooms and discovery: lists, pages, events, and what a lost link does to them.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

mod support;

use signalpost_core::protocol::{ClientMessage, PeerInfo, Query, ServerMessage};
use signalpost_core::{CallId, Command, Event, Reply, SocketEvent};
use support::{World, id, info, room};

fn join(world: &mut World, call: u32) -> u32 {
    world.command(Command::Join { call: CallId(call), room: room("a") });
    world.last_frame()
}

fn joined(world: &mut World, frame: u32, peers: Vec<PeerInfo>, cursor: Option<&str>) {
    let (cursor, reference) = (cursor.map(Into::into), Some(frame));
    world.receive(ServerMessage::Joined { room: room("a"), peers, cursor, reference });
}

fn page(world: &mut World, frame: u32, peers: Vec<PeerInfo>, cursor: Option<&str>) {
    world.receive(ServerMessage::Peers { peers, cursor: cursor.map(Into::into), reference: Some(frame) });
}

fn came(world: &mut World, peer: PeerInfo) {
    world.receive(ServerMessage::PeerJoined { room: room("a"), peer });
}

fn went(world: &mut World, peer: &str, reason: &str) {
    world.receive(ServerMessage::PeerLeft { room: room("a"), peer: id(peer), reason: reason.into() });
}

fn peers(names: &[&str]) -> Option<Result<Reply, &'static str>> {
    Some(Ok(Reply::Peers { peers: names.iter().map(|name| info(name, 1)).collect(), cursor: None }))
}

/// Who came and went, as `+ada` and `-ada lost`.
fn moves(world: &mut World) -> Vec<String> {
    let word = |event| match event {
        Event::PeerJoined { peer, .. } => Some(format!("+{}", peer.id)),
        Event::PeerLeft { peer, reason, .. } => Some(format!("-{peer} {reason}")),
        _ => None,
    };
    std::mem::take(&mut world.events).into_iter().filter_map(word).collect()
}

/// In room `a` with ada and bob.
fn inside() -> World {
    let mut world = World::registered();
    let frame = join(&mut world, 5);
    joined(&mut world, frame, vec![info("ada", 1), info("bob", 1)], None);
    assert_eq!(world.outcome(5), peers(&["ada", "bob"]));
    world.forget();
    world
}

/// Loses the link and gets it back; returns the number of the frame that joins again.
fn relink(world: &mut World) -> u32 {
    world.lose_link();
    world.advance(500);
    world.sent.clear();
    world.accept_link();
    let again = world.sent.iter().filter(|(_, message)| *message == ClientMessage::Join(room("a")));
    assert_eq!(again.count(), 1, "asked once: {:?}", world.sent);
    world.last_frame()
}

#[test]
fn a_join_answers_with_those_inside_and_changes_are_events() {
    let mut world = inside();
    came(&mut world, info("eve", 1));
    came(&mut world, info("eve", 1));
    went(&mut world, "ada", "closed");
    went(&mut world, "ada", "closed");
    went(&mut world, "nobody", "left");
    assert_eq!(moves(&mut world), ["+eve", "-ada closed"], "each exactly once");
}

#[test]
fn what_changes_while_the_pages_come_is_in_the_answer_and_no_event() {
    let mut world = World::registered();
    let frame = join(&mut world, 5);
    joined(&mut world, frame, vec![info("ada", 1), info("bob", 1)], Some("bob"));
    let next = world.last_frame();
    assert!(matches!(&world.sent.last().unwrap().1, ClientMessage::Discover(query)
        if query.room == Some(room("a")) && query.cursor.as_deref() == Some("bob")));
    came(&mut world, info("abe", 1));
    went(&mut world, "ada", "left");
    assert_eq!(world.outcome(5), None);
    page(&mut world, next, vec![info("eve", 1)], Some("eve"));
    let last = world.last_frame();
    page(&mut world, last, vec![info("zoe", 1)], None);
    assert_eq!(world.outcome(5), peers(&["abe", "bob", "eve", "zoe"]));
    assert_eq!(moves(&mut world), [""; 0]);
    came(&mut world, info("new", 1));
    assert_eq!(moves(&mut world), ["+new"]);
}

#[test]
fn a_list_without_an_end_is_given_up_in_the_time_of_one_answer() {
    let mut world = World::registered();
    let frame = join(&mut world, 5);
    joined(&mut world, frame, vec![info("ada", 1)], Some("ada"));
    for at in 0..200 {
        world.advance(100);
        if world.outcome(5).is_some() {
            break;
        }
        let last = world.last_frame();
        page(&mut world, last, vec![info(&format!("p{at}"), 1)], Some("ada"));
    }
    assert_eq!(world.outcome(5), Some(Err("timeout")));
    assert!(world.sent.iter().any(|(_, message)| *message == ClientMessage::Leave(room("a"))));
}

#[test]
fn nothing_is_asked_about_a_room_that_nobody_wants() {
    let mut world = World::registered();
    joined(&mut world, 77, vec![info("ada", 1)], Some("ada"));
    assert_eq!(world.take_sent(), []);
}

#[test]
fn after_a_reconnect_the_difference_is_told_once() {
    let mut world = inside();
    let frame = relink(&mut world);
    joined(&mut world, frame, vec![info("bob", 1)], Some("bob"));
    assert_eq!(moves(&mut world), [""; 0], "the list is not complete");
    let next = world.last_frame();
    page(&mut world, next, vec![info("eve", 1)], None);
    assert_eq!(moves(&mut world), ["+eve", "-ada lost"]);
    went(&mut world, "ada", "lost");
    assert_eq!(moves(&mut world), [""; 0]);
}

#[test]
fn a_link_lost_between_two_pages_begins_the_list_again() {
    let mut world = World::registered();
    let frame = join(&mut world, 5);
    joined(&mut world, frame, vec![info("ada", 1)], Some("ada"));
    let frame = relink(&mut world);
    joined(&mut world, frame, vec![info("bob", 1)], None);
    assert_eq!(world.outcome(5), peers(&["bob"]));
    assert_eq!(moves(&mut world), [""; 0]);
}

#[test]
fn a_member_that_started_anew_is_told() {
    let mut world = inside();
    came(&mut world, info("ada", 2));
    assert_eq!(moves(&mut world), ["-ada lost", "+ada"], "each stay has one end");
}

#[test]
fn a_room_that_was_left_is_not_entered_again() {
    let mut world = inside();
    world.command(Command::Leave { call: CallId(6), room: room("a") });
    let frame = world.last_frame();
    came(&mut world, info("eve", 1));
    assert_eq!(moves(&mut world), [""; 0]);
    world.receive(ServerMessage::Left { room: room("a"), reference: Some(frame) });
    assert_eq!(world.outcome(6), Some(Ok(Reply::Done)));
    world.lose_link();
    world.advance(500);
    world.sent.clear();
    world.accept_link();
    assert!(matches!(world.take_sent().as_slice(), [ClientMessage::Hello(_)]));
}

#[test]
fn a_leave_whose_answer_was_lost_succeeds_although_the_server_has_forgotten() {
    let mut world = inside();
    world.command(Command::Leave { call: CallId(6), room: room("a") });
    world.lose_link();
    world.advance(500);
    world.accept_link();
    let frame = world.last_frame();
    world.receive_error("room-not-joined", Some(frame), None);
    assert_eq!(world.outcome(6), Some(Ok(Reply::Done)));
    world.command(Command::Leave { call: CallId(7), room: room("b") });
    let frame = world.last_frame();
    world.receive_error("room-not-joined", Some(frame), None);
    assert_eq!(world.outcome(7), Some(Err("room-not-joined")), "one never joined is a mistake");
}

#[test]
fn a_join_that_is_refused_or_late_is_not_tried_again_behind_the_applications_back() {
    let mut world = World::registered();
    let frame = join(&mut world, 5);
    world.receive_error("too-many-rooms", Some(frame), None);
    assert_eq!(world.outcome(5), Some(Err("too-many-rooms")));
    join(&mut world, 6);
    for _ in 0..3 {
        world.receive(ServerMessage::HeartbeatAck);
        world.advance(1_400);
    }
    world.receive(ServerMessage::Heartbeat);
    world.advance(10_799);
    assert_eq!(world.outcome(6), None);
    world.advance(1);
    assert_eq!(world.outcome(6), Some(Err("timeout")), "15 s");
    world.lose_link();
    world.advance(500);
    world.sent.clear();
    world.accept_link();
    assert!(matches!(world.take_sent().as_slice(), [ClientMessage::Hello(_)]));
}

#[test]
fn the_late_answer_to_a_join_that_was_rejected_lets_nobody_in() {
    for is_answered in [false, true] {
        let mut world = World::registered();
        let first = join(&mut world, 5);
        world.advance(1_000);
        let second = join(&mut world, 6);
        for _ in 0..14 {
            world.receive(ServerMessage::HeartbeatAck);
            world.advance(1_000);
        }
        assert_eq!(world.outcome(5), Some(Err("timeout")));
        joined(&mut world, first, vec![info("ada", 1)], None);
        came(&mut world, info("bob", 1));
        assert_eq!(world.outcome(6), None);
        if is_answered {
            joined(&mut world, second, vec![info("ada", 1), info("bob", 1)], None);
            assert_eq!(world.outcome(6), peers(&["ada", "bob"]));
        } else {
            world.advance(1_000);
            assert_eq!(world.outcome(6), Some(Err("timeout")));
            assert!(world.sent.iter().any(|(_, message)| *message == ClientMessage::Leave(room("a"))));
        }
        assert_eq!(moves(&mut world), [""; 0]);
        went(&mut world, "ada", "closed");
        let expected: &[&str] = if is_answered { &["-ada closed"] } else { &[] };
        assert_eq!(moves(&mut world), expected);
    }
}

#[test]
fn a_room_that_cannot_be_entered_again_is_told() {
    let mut world = inside();
    let frame = relink(&mut world);
    world.receive_error("too-many-rooms", Some(frame), None);
    assert_eq!(world.errors(), ["too-many-rooms"]);
}

#[test]
fn found_peers_come_as_pages() {
    let mut world = World::registered();
    let query = Query { limit: Some(2), ..Query::default() };
    world.command(Command::FindPeers { call: CallId(5), query: query.clone() });
    let frame = world.last_frame();
    assert_eq!(world.take_sent(), [ClientMessage::Discover(query)]);
    page(&mut world, frame, vec![info("ada", 1)], Some("ada"));
    let expected = Reply::Peers { peers: vec![info("ada", 1)], cursor: Some("ada".into()) };
    assert_eq!(world.outcome(5), Some(Ok(expected)));
    page(&mut world, frame, vec![info("bob", 1)], None);
    assert_eq!(world.settled.len(), 1, "an answer to nothing");
}

#[test]
fn a_question_survives_a_lost_link_and_keeps_its_deadline() {
    let mut world = World::registered();
    world.command(Command::FindPeers { call: CallId(5), query: Query::default() });
    let old = world.last_frame();
    world.lose_link();
    world.advance(500);
    world.sent.clear();
    world.accept_link();
    let frame = world.last_frame();
    assert_ne!(old, frame);
    page(&mut world, old, vec![], None);
    assert_eq!(world.outcome(5), None, "the old link's number means nothing");
    page(&mut world, frame, vec![], None);
    assert!(world.outcome(5).is_some());
    world.lose_link();
    world.command(Command::FindPeers { call: CallId(6), query: Query::default() });
    world.advance(15_000);
    assert_eq!(world.outcome(6), Some(Err("timeout")));
}

#[test]
fn an_aborted_question_is_not_settled_and_not_repeated() {
    let mut world = World::registered();
    world.command(Command::FindPeers { call: CallId(5), query: Query::default() });
    world.command(Command::Cancel { call: CallId(5) });
    world.lose_link();
    world.advance(500);
    world.sent.clear();
    world.accept_link();
    assert!(matches!(world.take_sent().as_slice(), [ClientMessage::Hello(_)]));
    world.advance(20_000);
    assert!(world.settled.iter().all(|(call, _)| *call != 5));
}

#[test]
fn questions_without_an_answer_are_bounded() {
    let mut world = World::registered();
    for call in 100..100 + 256 {
        world.command(Command::FindPeers { call: CallId(call), query: Query::default() });
    }
    assert!(world.settled.is_empty());
    world.command(Command::Join { call: CallId(5), room: room("a") });
    assert_eq!(world.outcome(5), Some(Err("outbox-full")));
}

#[test]
fn a_join_that_is_aborted_is_taken_back_at_the_server() {
    let mut world = World::registered();
    let frame = join(&mut world, 1);
    world.take_sent();
    world.command(Command::Cancel { call: CallId(1) });
    assert_eq!(world.take_sent(), [ClientMessage::Leave(room("a"))]);
    joined(&mut world, frame, vec![info("ada", 1)], None);
    came(&mut world, info("bob", 1));
    assert_eq!(moves(&mut world), [""; 0], "nobody is told of a room that was given up");
    world.lose_link();
    world.advance(500);
    assert!(!world.take_sent().contains(&ClientMessage::Join(room("a"))));
}

#[test]
fn a_second_join_that_is_aborted_leaves_the_first_in_force() {
    let mut world = World::registered();
    let frame = join(&mut world, 1);
    joined(&mut world, frame, vec![], None);
    join(&mut world, 2);
    world.take_sent();
    world.command(Command::Cancel { call: CallId(2) });
    assert_eq!(world.take_sent(), []);
    came(&mut world, info("bob", 1));
    assert_eq!(moves(&mut world), ["+bob"]);
}

#[test]
fn what_came_behind_a_hello_that_did_not_arrive_as_it_was_sent_is_not_refused() {
    let mut world = World::new();
    world.command(Command::Connect { call: CallId(support::CONNECT), timeout_ms: 60_000 });
    world.command(Command::Join { call: CallId(5), room: room("a") });
    world.socket_event(SocketEvent::Opened);
    let frame = world.last_frame();
    world.receive_error("invalid-json", None, None);
    world.receive_error("not-registered", Some(frame), None);
    assert_eq!(world.outcome(5), None);
    assert_eq!(world.errors(), ["invalid-json", "not-registered"]);
    world.lose_link();
    world.advance(1_000);
    world.sent.clear();
    world.accept_link();
    assert!(matches!(&world.take_sent()[..], [ClientMessage::Hello(_), ClientMessage::Join(_)]));
    joined(&mut world, frame, vec![info("ada", 1)], None);
    assert_eq!(world.outcome(5), peers(&["ada"]));
    // Once registered, it is an answer like any other.
    world.command(Command::Join { call: CallId(6), room: room("b") });
    world.receive_error("not-registered", Some(world.last_frame()), None);
    assert_eq!(world.outcome(6), Some(Err("not-registered")));
}

#[test]
fn a_room_without_an_end_is_told_of_up_to_a_bound() {
    let mut world = World::registered();
    let frame = join(&mut world, 5);
    let all: Vec<PeerInfo> = (0..10_001).map(|number| info(&format!("{number:05}"), 1)).collect();
    joined(&mut world, frame, all.clone(), None);
    assert_eq!(world.errors(), ["invalid-message"]);
    let told = Reply::Peers { peers: all[..10_000].to_vec(), cursor: None };
    assert_eq!(world.outcome(5), Some(Ok(told)));
    world.forget();
    came(&mut world, info("zoe", 1));
    assert_eq!((world.errors(), moves(&mut world)), (vec!["invalid-message".into()], vec![]));
    // Those that are known change as ever, and who goes makes room.
    world.forget();
    came(&mut world, info("00000", 2));
    went(&mut world, "00001", "left");
    came(&mut world, info("zoe", 1));
    assert_eq!(moves(&mut world), ["-00000 lost", "+00000", "-00001 left", "+zoe"]);
    assert!(world.errors().is_empty());
}

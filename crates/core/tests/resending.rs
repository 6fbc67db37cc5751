//! What is sent again when the link, the other side's link or the other side itself was away.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

mod support;

use signalpost_core::protocol::{ServerMessage, Signal};
use signalpost_core::{CallId, Command, ConnectionEvent, ConnectionState, Input, Reply, SignalingState};
use support::{World, answer, candidate, id, info, offer, room};

fn listed(world: &mut World, name: &str, session: u32) {
    world.receive(ServerMessage::PeerJoined { room: room("a"), peer: info(name, session) });
}

/// An offer and a candidate are out; returns the own connection id.
fn calling(world: &mut World, peer: &str) -> u32 {
    world.command(Command::ConnectPeer { call: CallId(5), peer: id(peer), timeout_ms: 600_000 });
    world.offer_made("mine");
    world.connection_event(ConnectionEvent::Candidate(candidate("mine", 1, "host")));
    world.advance(0);
    assert_eq!(kinds(world), ["offer", "candidates"]);
    world.connections.last().unwrap().0
}

fn kinds(world: &mut World) -> Vec<&'static str> {
    let kind = |signal| match signal {
        Signal::Offer(_) => "offer",
        Signal::Answer(_) => "answer",
        Signal::Candidates(_) => "candidates",
        Signal::Invite { .. } => "invite",
        Signal::Reject { .. } => "reject",
        Signal::Close { .. } => "close",
        Signal::Own(_) | Signal::Message { .. } => "application",
    };
    world.take_signals().into_iter().map(kind).collect()
}

fn alive(world: &mut World, ms: u64) {
    world.receive(ServerMessage::Heartbeat);
    world.advance(ms);
}

#[test]
fn a_peer_that_nobody_has_seen_is_not_found_at_once() {
    let mut world = World::registered();
    let mine = calling(&mut world, "zoe");
    world.receive_error("peer-not-found", None, Some("zoe"));
    assert_eq!(world.outcome(5), Some(Err("peer-not-found")));
    assert_eq!(world.closed_connections, [mine]);
    world.receive_error("peer-not-found", None, Some("zoe"));
    world.receive_error("peer-not-found", None, Some("nobody"));
    assert!(world.errors().is_empty(), "the promise says it, and the refusals of what followed are no news");
}

#[test]
fn a_peer_that_was_listed_is_tried_again_with_growing_waits_until_the_pairs_time_is_over() {
    let mut world = World::registered();
    listed(&mut world, "zoe", 1);
    let mut tries = Vec::new();
    let start = world.now;
    calling(&mut world, "zoe");
    world.receive_error("peer-not-found", None, Some("zoe"));
    while world.outcome(5).is_none() {
        alive(&mut world, 100);
        let sent = kinds(&mut world);
        if sent.contains(&"offer") {
            assert_eq!(sent, ["offer", "candidates"]);
            tries.push((world.now - start) / 100 * 100);
            world.receive_error("peer-not-found", None, Some("zoe"));
        }
        assert!(world.now < start + 60_000, "it goes on for ever: {tries:?}");
    }
    assert_eq!(world.now - start, 12_000);
    assert_eq!(tries, [500, 1_500, 3_500, 7_500]);
    assert_eq!(world.outcome(5), Some(Err("peer-not-found")), "the reason that counts");
}

#[test]
fn a_peer_whose_link_is_new_gets_at_once_what_it_missed() {
    let mut world = World::registered();
    listed(&mut world, "zoe", 1);
    calling(&mut world, "zoe");
    world.receive_error("peer-not-found", None, Some("zoe"));
    alive(&mut world, 100);
    listed(&mut world, "zoe", 1);
    assert_eq!(kinds(&mut world), ["offer", "candidates"]);
    listed(&mut world, "zoe", 1);
    alive(&mut world, 399);
}

#[test]
fn a_peer_that_speaks_gets_the_offer_that_it_missed() {
    // zoe is polite and waits for our offer once she has heard of it; she never has.
    let mut world = World::registered();
    listed(&mut world, "zoe", 1);
    calling(&mut world, "zoe");
    world.receive_error("peer-not-found", None, Some("zoe"));
    world.hear("zoe", offer(77, None, 1, "theirs"));
    assert!(world.operations.is_empty(), "ignored: ours proceeds");
    world.advance(0);
    assert_eq!(kinds(&mut world), ["offer", "candidates"], "so it must arrive");
}

#[test]
fn a_new_link_carries_the_offer_and_its_candidates_again_and_the_pair_gets_new_time() {
    let mut world = World::registered();
    calling(&mut world, "zoe");
    world.lose_link();
    world.advance(11_000);
    world.sent.clear();
    world.accept_link();
    assert_eq!(kinds(&mut world), ["offer", "candidates"]);
    alive(&mut world, 7_000);
    alive(&mut world, 4_999);
    assert_eq!(world.outcome(5), None);
    alive(&mut world, 1);
    assert_eq!(world.outcome(5), Some(Err("connection-failed")));
}

#[test]
fn a_new_link_carries_the_answer_again() {
    let mut world = World::registered();
    world.hear("ada", offer(9, None, 1, "theirs"));
    world.answer_made("mine");
    world.take_sent();
    world.lose_link();
    world.advance(500);
    world.accept_link();
    assert_eq!(kinds(&mut world), ["answer"]);
    world.state(ConnectionState::Connected);
    assert!(world.closed_connections.is_empty());
}

#[test]
fn an_offer_that_comes_again_gets_the_answer_and_the_candidates_again() {
    let mut world = World::registered();
    world.hear("ada", offer(9, None, 1, "theirs"));
    world.answer_made("mine");
    world.connection_event(ConnectionEvent::Candidate(candidate("mine", 1, "host")));
    world.advance(0);
    assert_eq!(kinds(&mut world), ["answer", "candidates"]);
    let mine = world.connections[0].0;
    world.hear("ada", offer(9, None, 1, "theirs"));
    assert_eq!(kinds(&mut world), ["answer", "candidates"], "both were lost on its link");
    world.hear("ada", offer(9, Some(mine), 1, "theirs"));
    assert_eq!(kinds(&mut world), ["answer", "candidates"]);
}

#[test]
fn what_is_decided_while_the_link_is_down_is_sent_when_it_is_back() {
    let mut world = World::registered();
    world.lose_link();
    world.command(Command::ConnectPeer { call: CallId(5), peer: id("zoe"), timeout_ms: 60_000 });
    world.offer_made("mine");
    assert_eq!(kinds(&mut world), [""; 0]);
    world.advance(500);
    world.accept_link();
    assert_eq!(kinds(&mut world), ["offer"]);
}

#[test]
fn a_connected_pair_does_not_notice_a_lost_link() {
    let mut world = World::registered();
    let mine = calling(&mut world, "zoe");
    world.hear("zoe", answer(77, mine, 1, "theirs"));
    world.done(Ok(None), SignalingState::Stable);
    world.state(ConnectionState::Connected);
    world.connection_event(ConnectionEvent::Opened);
    assert_eq!(world.outcome(5), Some(Ok(Reply::Done)));
    world.forget();
    world.socket_event(signalpost_core::SocketEvent::Closed { code: 4000 });
    world.advance(60_000);
    world.accept_link();
    assert_eq!(kinds(&mut world), [""; 0], "there is nothing that could have been lost");
    assert!(world.closed_connections.is_empty() && world.errors().is_empty());
}

#[test]
fn a_new_session_number_replaces_the_connection_to_its_former_self() {
    let mut world = World::registered();
    listed(&mut world, "zoe", 1);
    let mine = calling(&mut world, "zoe");
    listed(&mut world, "zoe", 1);
    assert!(world.closed_connections.is_empty());
    listed(&mut world, "zoe", 2);
    assert_eq!(world.closed_connections, [mine]);
    assert_eq!(world.outcome(5), Some(Err("connection-gone")));
    let event = ConnectionEvent::Opened;
    world.input(Input::Connection { connection: signalpost_core::ConnectionId(mine), event });
}

#[test]
fn a_peer_that_called_anew_before_a_list_told_its_new_number_is_kept() {
    let mut world = World::registered();
    listed(&mut world, "zoe", 1);
    let mine = calling(&mut world, "zoe");
    world.hear("zoe", answer(77, mine, 1, "theirs"));
    world.done(Ok(None), SignalingState::Stable);
    world.hear("zoe", offer(78, None, 1, "anew"));
    assert_eq!(world.closed_connections, [mine]);
    listed(&mut world, "zoe", 2);
    assert_eq!(world.closed_connections, [mine], "the new one lives");
    listed(&mut world, "zoe", 3);
    assert_eq!(world.closed_connections.len(), 2);
}

#[test]
fn a_peer_that_speaks_twice_at_once_gets_what_it_missed_too() {
    let mut world = World::registered();
    listed(&mut world, "zoe", 1);
    let mine = calling(&mut world, "zoe");
    world.receive_error("peer-not-found", None, Some("zoe"));
    world.hear("zoe", answer(77, mine, 9, "of an offer before"));
    world.hear("zoe", offer(77, Some(mine), 1, "theirs"));
    world.advance(0);
    assert_eq!(kinds(&mut world), ["offer", "candidates"]);
}

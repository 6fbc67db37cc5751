//! What was made and could not be sent is not noted as sent: it is sent again, or taken back.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

mod support;

use signalpost_core::protocol::{ServerMessage, Signal};
use signalpost_core::{CallId, Command, ConnectionEvent, ConnectionState, Operation, SignalingState};
use support::{World, answer, candidate, id, info, offer, room};

fn kinds(world: &mut World) -> Vec<String> {
    let kind = |signal| match signal {
        Signal::Offer(_) => "offer".into(),
        Signal::Answer(_) => "answer".into(),
        Signal::Candidates(_) => "candidates".into(),
        Signal::Invite { .. } => "invite".into(),
        Signal::Reject { number, .. } => format!("reject {number}"),
        other => format!("{other:?}"),
    };
    world.take_signals().into_iter().map(kind).collect()
}

fn known() -> World {
    let mut world = World::registered();
    world.receive(ServerMessage::PeerJoined { room: room("a"), peer: info("ada", 1) });
    world.receive(ServerMessage::PeerJoined { room: room("a"), peer: info("zoe", 1) });
    world
}

#[test]
fn candidates_of_a_pair_that_is_not_connected_are_sent_again() {
    let mut world = known();
    world.command(Command::ConnectPeer { call: CallId(5), peer: id("zoe"), timeout_ms: 60_000 });
    world.offer_made("mine");
    let mine = world.connections.last().unwrap().0;
    world.hear("zoe", answer(9, mine, 1, "theirs"));
    world.done(Ok(None), SignalingState::Stable);
    world.connection_event(ConnectionEvent::Candidate(candidate("mine", 1, "host")));
    world.advance(0);
    assert_eq!(kinds(&mut world), ["offer", "candidates"]);
    world.receive_error("peer-busy", None, Some("zoe"));
    world.advance(600);
    assert_eq!(kinds(&mut world), ["candidates"]);
    world.state(ConnectionState::Connected);
    world.connection_event(ConnectionEvent::Opened);
    world.receive_error("peer-busy", None, Some("zoe"));
    world.advance(9_000);
    assert_eq!(kinds(&mut world), [""; 0], "nobody needs them any more");
}

#[test]
fn a_reject_that_could_not_be_sent_is_sent_again() {
    let mut world = known();
    world.hear("ada", offer(9, None, 1, "theirs"));
    world.done(Err("the browser says no".into()), SignalingState::Stable);
    assert_eq!(kinds(&mut world), ["reject 1"]);
    world.receive_error("peer-busy", None, Some("ada"));
    world.advance(600);
    assert_eq!(kinds(&mut world), ["reject 1"]);
    world.hear("ada", offer(9, None, 2, "theirs"));
    world.advance(9_000);
    assert_eq!(kinds(&mut world), [""; 0], "the other side has it");
}

#[test]
fn an_offer_that_the_server_refuses_is_rolled_back_and_told() {
    for code in ["message-too-large", "invalid-description"] {
        let mut world = known();
        world.command(Command::ConnectPeer { call: CallId(5), peer: id("zoe"), timeout_ms: 60_000 });
        world.offer_made("mine");
        world.receive_error(code, None, Some("zoe"));
        assert_eq!(world.outcome(5), Some(Err(code)));
        assert_eq!(world.operations.last().unwrap().2, Operation::RollbackLocal);
        world.done(Ok(None), SignalingState::Stable);
        world.hear("zoe", offer(9, None, 1, "theirs"));
        world.answer_made("mine");
        assert_eq!(kinds(&mut world), ["offer", "answer"], "not stuck");
    }
}

//! One remote peer from the first call to the end.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

mod support;

use signalpost_core::protocol::message::CandidateBatch;
use signalpost_core::protocol::{ErrorCode, Signal};
use signalpost_core::{
    CallId, Command, ConnectionEvent, ConnectionState, Description, Event, Operation, Reply, SdpType,
    SignalingState, TimerName,
};
use support::{World, answer, candidate, candidates, id, offer, route, sdp};

/// `connect("zoe")` as call 5, with the offer sent; zoe is the polite one. Returns the own connection id.
fn calling(world: &mut World) -> u32 {
    world.command(Command::ConnectPeer { call: CallId(5), peer: id("zoe"), timeout_ms: 60_000 });
    let connection = world.connections.last().unwrap().0;
    world.offer_made("mine");
    assert_eq!(world.take_signals(), [offer(connection, None, 1, "mine")]);
    connection
}

fn open(world: &mut World) {
    world.state(ConnectionState::Connecting);
    world.state(ConnectionState::Connected);
    world.connection_event(ConnectionEvent::Opened);
}

/// Connected to zoe, whose connection is 77.
fn connected() -> (World, u32) {
    let mut world = World::registered();
    let mine = calling(&mut world);
    world.hear("zoe", answer(77, mine, 1, "theirs"));
    world.done(Ok(None), SignalingState::Stable);
    open(&mut world);
    assert_eq!(world.outcome(5), Some(Ok(Reply::Done)));
    world.forget();
    (world, mine)
}

fn states(world: &World) -> Vec<(ConnectionState, &str)> {
    fn state(event: &Event) -> Option<(ConnectionState, &str)> {
        match event {
            Event::PeerState { state, reason, .. } => Some((*state, reason.as_str())),
            _ => None,
        }
    }
    world.events.iter().filter_map(state).collect()
}

#[test]
fn a_call_settles_when_data_can_flow() {
    let mut world = World::registered();
    let mine = calling(&mut world);
    world.hear("zoe", answer(77, mine, 1, "theirs"));
    assert!(
        matches!(&world.operations[0].2, Operation::SetRemoteDescription(set) if set.sdp == sdp("theirs"))
    );
    world.done(Ok(None), SignalingState::Stable);
    world.state(ConnectionState::Connected);
    assert_eq!(world.outcome(5), None, "a path is not a channel");
    world.connection_event(ConnectionEvent::Opened);
    assert_eq!(world.outcome(5), Some(Ok(Reply::Done)));
    world.command(Command::ConnectPeer { call: CallId(6), peer: id("zoe"), timeout_ms: 1 });
    assert_eq!(world.outcome(6), Some(Ok(Reply::Done)), "open already");
    assert_eq!(world.connections.len(), 1);
    let timeline = world.client.timeline(&id("zoe")).unwrap();
    assert!(timeline.offer_ms.is_some() && timeline.answer_ms.is_some() && timeline.pair_ms.is_some());
}

#[test]
fn data_that_flows_before_the_browser_says_connected_has_a_pair() {
    let mut world = World::registered();
    let mine = calling(&mut world);
    world.hear("zoe", answer(77, mine, 1, "theirs"));
    world.done(Ok(None), SignalingState::Stable);
    world.advance(30);
    world.connection_event(ConnectionEvent::Opened);
    world.advance(10);
    world.state(ConnectionState::Connected);
    let timeline = world.client.timeline(&id("zoe")).unwrap();
    assert_eq!((timeline.pair_ms, timeline.open_ms), (Some(30), Some(30)));
}

#[test]
fn being_called_is_told_and_answered() {
    let mut world = World::registered();
    world.hear("ada", offer(9, None, 1, "theirs"));
    assert!(world.events.contains(&Event::Peer { peer: id("ada") }));
    world.answer_made("mine");
    let mine = world.connections[0].0;
    assert_eq!(world.take_signals(), [answer(mine, 9, 1, "mine")]);
}

#[test]
fn candidates_found_before_the_description_is_sent_follow_it() {
    let mut world = World::registered();
    world.command(Command::ConnectPeer { call: CallId(5), peer: id("zoe"), timeout_ms: 60_000 });
    world.connection_event(ConnectionEvent::NegotiationNeeded);
    world.connection_event(ConnectionEvent::Candidate(candidate("mine", 1, "host")));
    world.advance(10);
    assert_eq!(world.take_signals(), []);
    world.offer_made("mine");
    assert!(matches!(world.take_signals().as_slice(), [Signal::Offer(_)]));
    assert!(matches!(world.client.poll_timeout(), Some((at, TimerName::CandidateBatch)) if at == world.now));
    world.advance(0);
    assert!(
        matches!(world.take_signals().as_slice(), [Signal::Candidates(batch)] if batch.candidates.len() == 1)
    );
}

#[test]
fn a_call_runs_out_of_its_own_time() {
    let mut world = World::registered();
    world.command(Command::ConnectPeer { call: CallId(5), peer: id("zoe"), timeout_ms: 700 });
    world.advance(699);
    assert_eq!(world.outcome(5), None);
    world.advance(1);
    assert_eq!(world.outcome(5), Some(Err("timeout")));
}

#[test]
fn a_pair_that_never_connects_ends_after_12_s_on_both_sides() {
    let mut world = World::registered();
    let mine = calling(&mut world);
    // A neighbour keeps the link alive.
    for _ in 0..11 {
        world.receive_text(r#"{"type":"heartbeat"}"#);
        world.advance(1_000);
    }
    world.forget();
    world.receive_text(r#"{"type":"heartbeat"}"#);
    world.advance(999);
    assert_eq!(world.outcome(5), None);
    world.advance(1);
    assert_eq!(world.outcome(5), Some(Err("connection-failed")));
    assert_eq!(world.closed_connections, [mine]);
    assert!(world.errors().is_empty(), "the promise says it");
    assert!(
        matches!(world.take_signals().as_slice(), [Signal::Close { route: told }] if told.connection == mine)
    );
    assert_eq!(world.client.connection(&id("zoe")), None);
}

#[test]
fn the_one_who_is_called_has_the_same_timer() {
    let mut world = World::registered();
    world.hear("ada", offer(9, None, 1, "theirs"));
    world.answer_made("mine");
    for _ in 0..12 {
        world.receive_text(r#"{"type":"heartbeat"}"#);
        world.advance(1_000);
    }
    assert_eq!(world.closed_connections.len(), 1);
}

#[test]
fn a_connected_pair_has_no_such_timer() {
    let (mut world, _) = connected();
    world.state(ConnectionState::Disconnected);
    for _ in 0..30 {
        world.receive_text(r#"{"type":"heartbeat"}"#);
        world.advance(1_000);
    }
    assert!(world.closed_connections.is_empty());
    assert_eq!(states(&world), [(ConnectionState::Disconnected, "path-lost")]);
    world.state(ConnectionState::Connected);
}

#[test]
fn a_pair_without_data_ends_like_one_without_a_path() {
    let mut world = World::registered();
    calling(&mut world);
    world.state(ConnectionState::Connected);
    for _ in 0..12 {
        world.receive_text(r#"{"type":"heartbeat"}"#);
        world.advance(1_000);
    }
    assert_eq!(world.outcome(5), Some(Err("connection-failed")));
    assert_eq!(world.closed_connections.len(), 1);
}

#[test]
fn failed_before_it_ever_connected_is_the_end_and_later_it_is_not() {
    let mut world = World::registered();
    calling(&mut world);
    world.state(ConnectionState::Failed);
    assert_eq!(world.outcome(5), Some(Err("connection-failed")));
    let (mut world, _) = connected();
    world.state(ConnectionState::Failed);
    assert!(world.closed_connections.is_empty());
}

#[test]
fn a_connection_that_cannot_be_made_is_a_typed_failure() {
    let mut world = World::registered();
    world.command(Command::ConnectPeer { call: CallId(5), peer: id("zoe"), timeout_ms: 60_000 });
    world.connection_event(ConnectionEvent::Unavailable { message: "too many".into() });
    assert_eq!(world.outcome(5), Some(Err("connection-unavailable")));
    world.command(Command::ConnectPeer { call: CallId(6), peer: id("zoe"), timeout_ms: 60_000 });
    assert_eq!(world.connections.len(), 2, "the next call tries anew");
}

#[test]
fn a_peer_that_offered_is_told_that_no_connection_can_be_made() {
    let mut world = World::registered();
    world.hear("zoe", offer(77, None, 1, "theirs"));
    let mine = world.connections[0].0;
    world.connection_event(ConnectionEvent::Unavailable { message: "there is none here".into() });
    assert_eq!(world.take_signals(), [Signal::Close { route: route(mine, Some(77)) }]);
    assert_eq!(states(&world), [(ConnectionState::Closed, "connection-unavailable")]);
}

#[test]
fn nobody_connects_to_oneself() {
    let mut world = World::registered();
    world.command(Command::ConnectPeer { call: CallId(5), peer: id("mia"), timeout_ms: 60_000 });
    assert_eq!(world.outcome(5), Some(Err("invalid-argument")));
    world.command(Command::OpenPeer { peer: id("mia") });
    assert!(world.connections.is_empty());
}

#[test]
fn hanging_up_is_told_and_hearing_it_is_the_end() {
    let (mut world, mine) = connected();
    world.command(Command::ClosePeer { peer: id("zoe") });
    assert_eq!(world.take_signals(), [Signal::Close { route: route(mine, Some(77)) }]);
    assert_eq!(states(&world), [(ConnectionState::Closed, "closed")]);
    assert!(world.errors().is_empty());
    let (mut world, mine) = connected();
    world.hear("zoe", Signal::Close { route: route(77, Some(mine)) });
    assert_eq!(states(&world), [(ConnectionState::Closed, "connection-gone")]);
    assert_eq!(world.take_signals(), [], "the other side knows");
}

#[test]
fn a_close_of_a_connection_never_heard_of_is_not_about_ours() {
    let mut world = World::registered();
    let mine = calling(&mut world);
    world.hear("zoe", Signal::Close { route: route(66, None) });
    assert!(world.closed_connections.is_empty());
    world.hear("zoe", answer(77, mine, 1, "theirs"));
    assert_eq!(world.operations.len(), 1, "the answer is taken");
}

#[test]
fn late_events_of_a_closed_connection_are_ignored() {
    let (mut world, mine) = connected();
    world.command(Command::ClosePeer { peer: id("zoe") });
    let outputs = world.outputs;
    for event in [
        ConnectionEvent::NegotiationNeeded,
        ConnectionEvent::Candidate(candidate("mine", 1, "host")),
        ConnectionEvent::EndOfCandidates,
        ConnectionEvent::StateChanged(ConnectionState::Failed),
        ConnectionEvent::Opened,
        ConnectionEvent::Unavailable { message: String::new() },
    ] {
        world.input(signalpost_core::Input::Connection {
            connection: signalpost_core::ConnectionId(mine),
            event,
        });
    }
    world.hear("zoe", answer(77, mine, 1, "theirs"));
    let signals = world.take_signals();
    assert!(matches!(signals.last(), Some(Signal::Reject { code: ErrorCode::ConnectionGone, .. })));
    assert_eq!(world.outputs, outputs + 1, "nothing but the answer's refusal");
}

#[test]
fn a_new_connection_id_is_a_peer_that_started_anew() {
    let (mut world, mine) = connected();
    world.hear("zoe", offer(78, None, 1, "anew"));
    assert_eq!(world.closed_connections, [mine]);
    assert_eq!(world.connections.len(), 2);
    assert_eq!(states(&world), [(ConnectionState::Closed, "connection-gone")]);
    world.answer_made("mine2");
    assert_eq!(world.take_signals(), [answer(world.connections[1].0, 78, 1, "mine2")]);
    world.hear("zoe", candidates(77, Some(mine), "theirs"));
    world.hear("zoe", candidates(77, None, "theirs"));
    assert!(world.operations.is_empty(), "its old connection's candidates mean nothing");
}

#[test]
fn an_offer_for_a_connection_that_is_gone_is_rejected_and_so_is_an_answer() {
    let mut world = World::registered();
    world.hear("ada", offer(9, Some(4), 3, "theirs"));
    let gone = |number| Signal::Reject { route: route(0, Some(9)), number, code: ErrorCode::ConnectionGone };
    assert_eq!(world.take_signals(), [gone(3)]);
    world.hear("ada", answer(9, 4, 5, "theirs"));
    assert_eq!(world.take_signals(), [gone(5)]);
    world.hear("ada", candidates(9, Some(4), "theirs"));
    world.hear("ada", Signal::Close { route: route(9, Some(4)) });
    world.hear("ada", gone(3));
    world.hear("ada", candidates(9, None, "theirs"));
    assert_eq!(world.take_signals(), [], "one answer is enough, and none to a reject");
    assert!(world.connections.is_empty());
}

#[test]
fn a_connection_that_the_other_side_has_not_got_is_closed() {
    let mut world = World::registered();
    let mine = calling(&mut world);
    let code = ErrorCode::ConnectionGone;
    world.hear("zoe", Signal::Reject { route: route(0, Some(mine)), number: 2, code });
    assert_eq!(states(&world), [(ConnectionState::Closed, "connection-gone")]);
}

#[test]
fn a_refused_offer_fails_the_call_and_leaves_no_offer_out() {
    let mut world = World::registered();
    let mine = calling(&mut world);
    let code = ErrorCode::DescriptionRejected;
    world.hear("zoe", Signal::Reject { route: route(77, Some(mine)), number: 1, code });
    assert_eq!(world.outcome(5), Some(Err("description-rejected")));
    assert!(matches!(world.operations[0].2, Operation::RollbackLocal));
}

#[test]
fn a_candidate_that_the_browser_refuses_is_an_event_unless_its_offer_was_ignored() {
    let (mut world, mine) = connected();
    world.hear("zoe", candidates(77, Some(mine), "theirs"));
    world.done(Err("no".into()), SignalingState::Stable);
    assert_eq!(world.errors(), ["invalid-candidate"]);
    world.forget();
    world.connection_event(ConnectionEvent::NegotiationNeeded);
    world.offer_made("mine");
    world.hear("zoe", offer(77, Some(mine), 1, "theirs"));
    let (route, candidates) = (route(77, Some(mine)), vec![candidate("theirs", 2, "host")]);
    world.hear("zoe", Signal::Candidates(CandidateBatch { route, candidates, end: None }));
    world.done(Err("no".into()), SignalingState::HaveLocalOffer);
    assert!(world.errors().is_empty(), "mia is impolite towards zoe and ignored the offer");
}

#[test]
fn restarting_asks_the_browser_and_then_offers() {
    let (mut world, mine) = connected();
    world.command(Command::RestartIce { peer: id("zoe") });
    assert_eq!(world.restarts, 1);
    world.connection_event(ConnectionEvent::NegotiationNeeded);
    world.offer_made("again");
    assert_eq!(world.take_signals(), [offer(mine, Some(77), 2, "again")]);
    world.command(Command::RestartIce { peer: id("nobody") });
    assert_eq!(world.restarts, 1);
}

#[test]
fn an_aborted_call_is_not_settled_and_the_connection_goes_on() {
    let mut world = World::registered();
    calling(&mut world);
    world.command(Command::Cancel { call: CallId(5) });
    open(&mut world);
    assert_eq!(world.outcome(5), None);
    assert!(world.closed_connections.is_empty());
}

#[test]
fn a_description_of_the_wrong_type_is_a_typed_error() {
    let mut world = World::registered();
    world.command(Command::ConnectPeer { call: CallId(5), peer: id("zoe"), timeout_ms: 60_000 });
    world.connection_event(ConnectionEvent::NegotiationNeeded);
    let odd = Description { kind: SdpType::Answer, sdp: sdp("odd") };
    world.done(Ok(Some(odd)), SignalingState::Stable);
    assert_eq!(world.outcome(5), Some(Err("internal")));
}

#[test]
fn the_end_of_a_data_channel_that_never_opened_is_the_end_and_the_other_side_is_told() {
    let mut world = World::registered();
    let mine = calling(&mut world);
    world.connection_event(ConnectionEvent::ChannelClosed);
    assert_eq!(states(&world), [(ConnectionState::Closed, "connection-gone")]);
    assert!(matches!(world.take_signals().as_slice(), [Signal::Close { route }] if route.connection == mine));
}

//! A candidate or a peer that cannot be read does not take the others with it, and is reported to its sender or the application.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

mod support;

use signalpost_core::protocol::message::CandidateBatch;
use signalpost_core::protocol::{IceCandidateInit, OwnSignal, PeerInfo, ServerMessage, Signal};
use signalpost_core::{CallId, Command, ConnectionEvent, Operation, Reply, SignalingState};
use support::{World, answer, candidate, id, route};

/// A candidate of this line, of the fragment that the other side has.
fn line(text: &str) -> IceCandidateInit {
    IceCandidateInit { candidate: text.into(), ..candidate("theirs", 1, "host") }
}

/// Connecting to zoe, whose answer is set. Returns the own connection id.
fn answered(world: &mut World) -> u32 {
    world.command(Command::ConnectPeer { call: CallId(5), peer: id("zoe"), timeout_ms: 60_000 });
    let mine = world.connections.last().unwrap().0;
    world.offer_made("mine");
    world.hear("zoe", answer(77, mine, 1, "theirs"));
    world.done(Ok(None), SignalingState::Stable);
    world.take_sent();
    world.forget();
    mine
}

#[test]
fn the_candidates_beside_an_odd_one_are_added_and_it_is_told() {
    let mut world = World::registered();
    let mine = answered(&mut world);
    let candidates =
        vec![candidate("theirs", 1, "host"), line("candidate:nonsense"), candidate("theirs", 2, "srflx")];
    let (route, end) = (route(77, Some(mine)), None);
    world.hear("zoe", Signal::Candidates(CandidateBatch { route, candidates, end }));
    let added = world.operations.iter().filter(|it| matches!(it.2, Operation::AddIceCandidate(_)));
    assert_eq!(added.count(), 2);
    assert_eq!(world.errors(), ["invalid-candidate"]);
}

#[test]
fn what_browsers_take_beyond_the_grammar_is_added_and_sent() {
    let mut world = World::registered();
    let mine = answered(&mut world);
    let odd = "candidate:a-b 1 udp 1 fe80::1%eth0 9 typ host generation ";
    let (route, end) = (route(77, Some(mine)), None);
    world.hear("zoe", Signal::Candidates(CandidateBatch { route, candidates: vec![line(odd)], end }));
    assert!(matches!(&world.operations[0].2, Operation::AddIceCandidate(init) if init.candidate == odd));
    let own = IceCandidateInit { username_fragment: Some("mine".into()), ..line(odd) };
    world.connection_event(ConnectionEvent::Candidate(own));
    world.advance(0);
    let sent = world.take_signals();
    assert!(
        matches!(sent.as_slice(), [Signal::Candidates(batch)] if batch.candidates[0].candidate == odd),
        "{sent:?}"
    );
    assert!(world.errors().is_empty());
}

#[test]
fn a_candidate_of_the_own_browser_that_nobody_can_read_is_told_and_fails_nothing() {
    let mut world = World::registered();
    answered(&mut world);
    world.connection_event(ConnectionEvent::Candidate(line("what is this?")));
    world.advance(200);
    assert!(world.take_signals().is_empty());
    assert_eq!(world.errors(), ["invalid-candidate"]);
    assert_eq!(world.outcome(5), None, "the call goes on");
}

#[test]
fn the_peers_beside_an_odd_one_are_listed_and_it_is_told() {
    let mut world = World::registered();
    world.command(Command::FindPeers { call: CallId(9), query: Default::default() });
    let reference = Some(world.last_frame());
    let peer = |id: &str| PeerInfo { id: id.into(), ..PeerInfo::default() };
    let odd = PeerInfo { capabilities: vec![String::new()], ..peer("bob") };
    let peers = vec![peer("ada"), odd, peer("eve")];
    world.receive(ServerMessage::Peers { peers, cursor: None, reference });
    let Some(Ok(Reply::Peers { peers, .. })) = world.outcome(9) else { panic!("it is not settled") };
    assert_eq!(peers.iter().map(|peer| &*peer.id).collect::<Vec<_>>(), ["ada", "eve"]);
    assert_eq!(world.errors(), ["invalid-message"]);
}

#[test]
fn an_own_candidate_that_names_no_media_section_is_refused() {
    let mut world = World::registered();
    let nowhere = IceCandidateInit { sdp_mid: None, ..candidate("f", 1, "host") };
    let by_index = IceCandidateInit { sdp_m_line_index: Some(0), ..nowhere.clone() };
    for (call, init, outcome) in [(6, nowhere, Some(Err("invalid-candidate"))), (7, by_index, None)] {
        let signal = OwnSignal::Candidates { candidates: vec![init], end: false };
        world.command(Command::OwnSignal { call: CallId(call), to: id("ada"), signal });
        assert_eq!(world.outcome(call), outcome);
    }
}

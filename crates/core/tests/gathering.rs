//! In gathering mode `complete`, the core sends a description with its candidates. Mia is impolite towards zoe and
//! polite towards ada.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

mod support;

use signalpost_core::protocol::{ErrorCode, ServerMessage, Signal};
use signalpost_core::{
    CallId, Command, ConnectionEvent, ConnectionState, Description, Event, Operation, SdpType,
    SignalingState, TimerName,
};
use support::{World, answer, candidate, config, id, info, offer, room, route, sdp};

const WAIT: u64 = 1_000;

fn world() -> World {
    let mut config = config();
    config.candidates.gathering_ms = Some(WAIT as u32);
    let mut world = World::with(config, 7);
    world.register();
    world.advance(5_000);
    world.forget();
    world
}

fn connect(world: &mut World, peer: &str) -> u32 {
    world.command(Command::ConnectPeer { call: CallId(5), peer: id(peer), timeout_ms: 600_000 });
    world.connections.last().unwrap().0
}

fn needed(world: &mut World) {
    world.connection_event(ConnectionEvent::NegotiationNeeded);
}

fn found(world: &mut World, fragment: &str, port: u16) {
    world.connection_event(ConnectionEvent::Candidate(candidate(fragment, port, "host")));
}

fn line(fragment: &str, port: u16) -> String {
    format!("a={}\r\n", candidate(fragment, port, "host").candidate)
}

/// The browser is asked for the local description, which holds candidates of these ports by now.
fn read(world: &mut World, kind: SdpType, fragment: &str, ports: &[u16]) {
    assert_eq!(world.operations.last().unwrap().2, Operation::ReadLocalDescription);
    let lines: String = ports.iter().map(|port| line(fragment, *port)).collect();
    let state = if kind == SdpType::Offer { SignalingState::HaveLocalOffer } else { SignalingState::Stable };
    world.done(Ok(Some(Description { kind, sdp: sdp(fragment) + &lines })), state);
}

fn sent(world: &mut World) -> Vec<String> {
    let word = |signal| match signal {
        Signal::Offer(it) => format!("offer {}", &it.sdp[17..]),
        Signal::Answer(it) => format!("answer {}", &it.sdp[17..]),
        Signal::Candidates(it) => format!("{} candidates, end {:?}", it.candidates.len(), it.end),
        Signal::Invite { end, .. } => format!("invite {end:?}"),
        Signal::Reject { number, code, .. } => format!("reject {number} {}", code.as_str()),
        other => format!("{other:?}"),
    };
    world.take_signals().into_iter().map(word).collect()
}

const END: &str = "a=end-of-candidates\r\n";
const NOTHING: [&str; 0] = [];

#[test]
fn an_offer_waits_for_the_end_of_candidates_and_nothing_follows_it() {
    let mut world = world();
    connect(&mut world, "zoe");
    world.offer_made("mine");
    found(&mut world, "mine", 1);
    found(&mut world, "mine", 2);
    world.advance(WAIT - 1);
    assert_eq!(sent(&mut world), NOTHING);
    assert_eq!(world.client.poll_timeout().unwrap().1, TimerName::Gathering);
    world.connection_event(ConnectionEvent::EndOfCandidates);
    assert_eq!(sent(&mut world), NOTHING, "the description is read first");
    read(&mut world, SdpType::Offer, "mine", &[1, 2]);
    assert_eq!(sent(&mut world), [format!("offer mine\r\n{}{}{END}", line("mine", 1), line("mine", 2))]);
    world.connection_event(ConnectionEvent::EndOfCandidates);
    world.advance(3_000);
    assert_eq!(sent(&mut world), NOTHING);
}

#[test]
fn an_answer_waits_too_and_what_was_gathered_by_then_does_not_wait() {
    let mut world = world();
    world.hear("zoe", offer(9, None, 1, "theirs"));
    world.done(Ok(None), SignalingState::HaveRemoteOffer);
    found(&mut world, "mine", 1);
    world.connection_event(ConnectionEvent::EndOfCandidates);
    let made = Description { kind: SdpType::Answer, sdp: sdp("mine") };
    world.done(Ok(Some(made)), SignalingState::Stable);
    read(&mut world, SdpType::Answer, "mine", &[1]);
    assert_eq!(sent(&mut world), [format!("answer mine\r\n{}{END}", line("mine", 1))]);
    assert_ne!(world.client.poll_timeout().unwrap().1, TimerName::Gathering);
}

#[test]
fn what_comes_after_the_time_is_trickled() {
    let mut world = world();
    connect(&mut world, "zoe");
    world.offer_made("mine");
    found(&mut world, "mine", 1);
    world.advance(WAIT);
    read(&mut world, SdpType::Offer, "mine", &[1]);
    assert_eq!(sent(&mut world), [format!("offer mine\r\n{}", line("mine", 1))]);
    found(&mut world, "mine", 2);
    world.advance(0);
    assert_eq!(sent(&mut world), ["1 candidates, end None"]);
    world.connection_event(ConnectionEvent::EndOfCandidates);
    world.advance(100);
    assert_eq!(sent(&mut world), ["0 candidates, end Some(\"mine\")"]);
}

#[test]
fn a_candidate_that_the_description_missed_by_a_moment_follows_it() {
    let mut world = world();
    connect(&mut world, "zoe");
    world.offer_made("mine");
    found(&mut world, "mine", 1);
    world.advance(WAIT);
    found(&mut world, "mine", 2);
    read(&mut world, SdpType::Offer, "mine", &[1]);
    world.advance(0);
    assert_eq!(sent(&mut world)[1..], ["1 candidates, end None"]);
}

#[test]
fn without_any_candidate_the_end_is_told() {
    let mut world = world();
    connect(&mut world, "zoe");
    world.offer_made("mine");
    world.connection_event(ConnectionEvent::EndOfCandidates);
    read(&mut world, SdpType::Offer, "mine", &[]);
    world.advance(100);
    assert_eq!(sent(&mut world), ["offer mine\r\n", "0 candidates, end Some(\"mine\")"]);
}

/// Connected to zoe, whose connection is 77, by an offer and an answer with candidates.
fn connected(peer: &str) -> (World, u32) {
    let mut world = world();
    let mine = connect(&mut world, peer);
    needed(&mut world);
    if peer == "zoe" {
        let made = Description { kind: SdpType::Offer, sdp: sdp("mine") };
        world.done(Ok(Some(made)), SignalingState::HaveLocalOffer);
        found(&mut world, "mine", 1);
        world.connection_event(ConnectionEvent::EndOfCandidates);
        read(&mut world, SdpType::Offer, "mine", &[1]);
        world.hear(peer, answer(77, mine, 1, "theirs"));
        world.done(Ok(None), SignalingState::Stable);
    } else {
        let made = Description { kind: SdpType::Offer, sdp: sdp("dropped") };
        world.done(Ok(Some(made)), SignalingState::Stable);
        world.hear(peer, offer(77, Some(mine), 1, "theirs"));
        world.done(Ok(None), SignalingState::HaveRemoteOffer);
        let made = Description { kind: SdpType::Answer, sdp: sdp("mine") };
        world.done(Ok(Some(made)), SignalingState::Stable);
        found(&mut world, "mine", 1);
        world.connection_event(ConnectionEvent::EndOfCandidates);
        read(&mut world, SdpType::Answer, "mine", &[1]);
    }
    world.state(ConnectionState::Connected);
    world.connection_event(ConnectionEvent::Opened);
    world.advance(200);
    world.forget();
    (world, mine)
}

#[test]
fn a_later_offer_gathers_nothing_and_goes_at_once() {
    let (mut world, _) = connected("zoe");
    world.offer_made("mine");
    assert_eq!(sent(&mut world), ["offer mine\r\n"]);
    let (mut world, _) = connected("ada");
    world.offer_made("mine");
    assert_eq!(sent(&mut world), ["offer mine\r\n"], "the polite side makes its later offers itself");
}

#[test]
fn a_restart_waits_for_its_own_end_of_candidates() {
    let (mut world, _) = connected("zoe");
    world.command(Command::RestartIce { peer: id("zoe") });
    needed(&mut world);
    world.connection_event(ConnectionEvent::EndOfCandidates);
    world.offer_made("again");
    world.connection_event(ConnectionEvent::EndOfCandidates);
    assert!(world.operations.is_empty(), "that was the end of the generation before");
    found(&mut world, "again", 3);
    world.connection_event(ConnectionEvent::EndOfCandidates);
    read(&mut world, SdpType::Offer, "again", &[3]);
    assert_eq!(sent(&mut world), [format!("offer again\r\n{}{END}", line("again", 3))]);
}

#[test]
fn a_restart_whose_time_is_up_tells_its_end_later() {
    let (mut world, _) = connected("zoe");
    world.command(Command::RestartIce { peer: id("zoe") });
    needed(&mut world);
    world.offer_made("again");
    found(&mut world, "again", 3);
    world.advance(WAIT);
    read(&mut world, SdpType::Offer, "again", &[3]);
    world.forget();
    world.connection_event(ConnectionEvent::EndOfCandidates);
    world.advance(100);
    assert_eq!(sent(&mut world), ["0 candidates, end Some(\"again\")"]);
}

#[test]
fn the_polite_side_invites_and_repeats_it_where_it_was_lost() {
    let mut world = world();
    let mine = connect(&mut world, "ada");
    world.offer_made("dropped");
    let invite =
        |target| Signal::Invite { route: route(mine, target), session: None, mapping: None, end: None };
    assert_eq!(world.take_signals(), [invite(None)]);
    world.lose_link();
    world.advance(600);
    world.accept_link();
    assert_eq!(world.take_signals(), [invite(None)], "the session is new");
    world.receive_error("peer-busy", None, Some("ada"));
    world.advance(500);
    assert_eq!(world.take_signals(), [invite(None)]);
    world.hear("ada", offer(9, Some(mine), 1, "theirs"));
    assert_eq!(world.operations.len(), 1);
    world.done(Ok(None), SignalingState::HaveRemoteOffer);
    world.done(Ok(Some(Description { kind: SdpType::Answer, sdp: sdp("mine") })), SignalingState::Stable);
    found(&mut world, "mine", 1);
    world.connection_event(ConnectionEvent::EndOfCandidates);
    read(&mut world, SdpType::Answer, "mine", &[1]);
    world.state(ConnectionState::Connected);
    world.connection_event(ConnectionEvent::Opened);
    world.forget();
    world.receive(ServerMessage::Heartbeat);
    world.advance(14_000);
    assert_eq!(sent(&mut world), NOTHING);
}

#[test]
fn an_offer_that_comes_while_the_polite_side_makes_up_its_mind_saves_the_invite() {
    let mut world = world();
    let mine = connect(&mut world, "ada");
    needed(&mut world);
    world.hear("ada", offer(9, None, 1, "theirs"));
    world.offer_made("dropped");
    assert!(matches!(world.operations.last().unwrap().2, Operation::SetRemoteDescription(_)));
    assert_eq!(sent(&mut world), NOTHING);
    assert_eq!(world.connections.last().unwrap().0, mine);
}

#[test]
fn a_restart_by_the_polite_side_names_the_generation_that_shall_end() {
    let (mut world, mine) = connected("ada");
    world.command(Command::RestartIce { peer: id("ada") });
    world.offer_made("dropped");
    let end = Some("mine".into());
    assert_eq!(
        world.take_signals(),
        [Signal::Invite { route: route(mine, Some(77)), session: None, mapping: None, end }]
    );
    needed(&mut world);
    world.offer_made("dropped");
    assert_eq!(sent(&mut world), NOTHING, "once is enough, unless it is lost");
    world.hear("ada", offer(77, Some(mine), 2, "theirs"));
    world.done(Ok(None), SignalingState::HaveRemoteOffer);
    world.done(Ok(Some(Description { kind: SdpType::Answer, sdp: sdp("mine") })), SignalingState::Stable);
    world.forget();
    world.receive(ServerMessage::Heartbeat);
    world.advance(2_900);
    assert_eq!(sent(&mut world), NOTHING, "that offer restarted nothing, and the other side has the invite");
    world.lose_link();
    world.advance(500);
    world.accept_link();
    let again = ["answer mine\r\n", "invite Some(\"mine\")"];
    assert_eq!(sent(&mut world), again, "unless its session is a new one");
}

fn invite(connection: u32, target: Option<u32>, end: Option<&str>) -> Signal {
    Signal::Invite {
        route: route(connection, target),
        session: None,
        mapping: None,
        end: end.map(Into::into),
    }
}

#[test]
fn who_is_invited_connects_and_offers() {
    let mut world = World::registered();
    world.hear("zoe", invite(77, None, None));
    assert!(world.events.contains(&Event::Peer { peer: id("zoe") }));
    let mine = world.connections[0].0;
    world.offer_made("mine");
    assert_eq!(world.take_signals(), [offer(mine, Some(77), 1, "mine")]);
    // It has a pair's time, like one that was offered to.
    for _ in 0..12 {
        world.receive(ServerMessage::Heartbeat);
        assert!(world.closed_connections.is_empty());
        world.advance(1_000);
    }
    assert_eq!(world.closed_connections, [mine]);
}

#[test]
fn an_invite_that_meets_the_offer_is_nothing_and_the_second_asks_for_it_again() {
    let mut world = World::registered();
    let mine = connect(&mut world, "zoe");
    world.offer_made("mine");
    assert_eq!(world.take_signals(), [offer(mine, None, 1, "mine")]);
    world.hear("zoe", invite(77, None, None));
    assert!(world.operations.is_empty() && world.take_signals().is_empty());
    world.hear("zoe", invite(77, None, None));
    assert_eq!(world.take_signals(), [offer(mine, Some(77), 1, "mine")]);
    world.hear("zoe", answer(77, mine, 1, "theirs"));
    world.done(Ok(None), SignalingState::Stable);
    world.hear("zoe", invite(77, Some(mine), None));
    assert!(world.operations.is_empty() && sent(&mut world).is_empty(), "all is done");
    assert_eq!(world.restarts, 0);
}

#[test]
fn an_invite_restarts_a_generation_once() {
    let (mut world, mine) = connected("zoe");
    world.hear("zoe", invite(77, Some(mine), Some("older")));
    assert_eq!(world.restarts, 0, "that generation has ended already");
    for _ in 0..3 {
        world.hear("zoe", invite(77, Some(mine), Some("theirs")));
        assert_eq!(world.restarts, 1);
    }
}

#[test]
fn an_invite_obeys_the_rules_of_routes() {
    let (mut world, mine) = connected("zoe");
    world.hear("zoe", invite(77, Some(mine + 1), Some("theirs")));
    assert_eq!(
        world.take_signals(),
        [Signal::Reject { route: route(mine, Some(77)), number: 0, code: ErrorCode::ConnectionGone }]
    );
    world.hear("zoe", invite(78, Some(mine), Some("theirs")));
    assert_eq!((world.restarts, world.connections.len()), (0, 1));
    world.hear("zoe", invite(78, None, None));
    assert_eq!(world.closed_connections, [mine], "zoe started anew");
    assert_eq!(world.connections.len(), 2);
}

#[test]
fn who_invites_one_that_is_gone_is_told_and_begins_anew() {
    let (mut world, mine) = connected("ada");
    world.command(Command::RestartIce { peer: id("ada") });
    world.offer_made("dropped");
    let gone = Signal::Reject { route: route(0, Some(mine)), number: 0, code: ErrorCode::ConnectionGone };
    world.hear("ada", gone);
    let again = world.connections.last().unwrap().0;
    assert_ne!(again, mine);
    assert_eq!((world.closed_connections.len(), world.paths.replaced.as_slice()), (0, [mine].as_slice()));
}

#[test]
fn a_pair_that_gathers_has_more_time() {
    let mut world = world();
    world.receive(ServerMessage::PeerJoined { room: room("a"), peer: info("zoe", 1) });
    let mine = connect(&mut world, "zoe");
    world.offer_made("mine");
    world.receive(ServerMessage::Heartbeat);
    world.advance(7_000);
    world.receive(ServerMessage::Heartbeat);
    world.advance(5_000 + 2 * WAIT - 1);
    assert_eq!(world.closed_connections, [0; 0]);
    world.advance(1);
    assert_eq!(world.closed_connections, [mine]);
}

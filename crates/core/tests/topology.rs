//! The client finds out how its network maps addresses, and says so.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod support;

use signalpost_core::protocol::{
    ClientMessage, IceCandidateInit, Mapping, PeerInfo, RoomName, ServerMessage, Signal, message::Welcome,
};
use signalpost_core::{CallId, Command, ConnectionEvent, ConnectionId, Event, Input, Outcome, PageEvent};
use signalpost_core::{Description, SdpType, SignalingState, SocketEvent};
use support::{World, id, offer, sdp};

const SERVERS: [&str; 3] = ["stun:203.0.113.10", "stun:203.0.113.11", "turn:203.0.113.10?transport=tcp"];
const HOST: &str = "candidate:1 1 udp 2113937151 6f1b1f5e-0000-4000-8000-000000000000.local 50000 typ host";
const RELAY_OVER_TCP: &str = "candidate:7 1 udp 16785151 203.0.113.10 50001 typ relay raddr 0.0.0.0 rport 0";

fn mapped(address: &str, port: u16) -> String {
    format!("candidate:3 1 udp 1677729535 {address} {port} typ srflx raddr 0.0.0.0 rport 0")
}

fn with_servers(urls: &[&str]) -> World {
    let mut world = World::new();
    let urls = urls.iter().map(|url| (*url).into()).collect();
    world.command(Command::IceServers { urls });
    world
}

/// A registered client that looks at its network.
fn looking() -> World {
    let mut world = with_servers(&SERVERS);
    world.register();
    assert_eq!(world.paths.gatherings.len(), 1);
    world
}

fn finds(world: &mut World, connection: u32, lines: &[&str]) {
    for line in lines {
        let init = IceCandidateInit {
            candidate: (*line).into(),
            sdp_mid: Some("0".into()),
            username_fragment: Some("mine".into()),
            ..IceCandidateInit::default()
        };
        reports(world, connection, ConnectionEvent::Candidate(init));
    }
}

fn reports(world: &mut World, connection: u32, event: ConnectionEvent) {
    world.input(Input::Connection { connection: ConnectionId(connection), event });
}

/// What the server was told last, by any message.
fn told(world: &World) -> Option<Option<String>> {
    world.sent.iter().rev().find_map(|(_, message)| match message {
        ClientMessage::Describe(mapping) => Some(mapping.as_ref().map(ToString::to_string)),
        ClientMessage::Hello(hello) => Some(hello.peer.mapping.clone()),
        _ => None,
    })
}

fn verdicts(world: &World) -> Vec<Option<Mapping>> {
    let verdict = |event: &Event| match event {
        Event::Network { verdict } => Some(verdict.as_ref().map(|verdict| verdict.mapping)),
        _ => None,
    };
    world.events.iter().filter_map(verdict).collect()
}

#[test]
fn the_registration_does_not_wait_and_the_server_hears_of_the_verdict() {
    let mut world = with_servers(&SERVERS);
    world.command(Command::Connect { call: CallId(1), timeout_ms: 60_000 });
    assert!(world.paths.gatherings.is_empty(), "registering comes first");
    world.accept_link();
    let probe = world.paths.gatherings[0];
    assert_eq!(told(&world), Some(None));
    finds(&mut world, probe, &[HOST, &mapped("198.51.100.7", 40000)]);
    assert_eq!(verdicts(&world), []);
    reports(&mut world, probe, ConnectionEvent::EndOfCandidates);
    assert_eq!(verdicts(&world), [Some(Mapping::EndpointIndependent)]);
    assert_eq!(told(&world), Some(Some("endpoint-independent".into())));
    assert_eq!(world.closed_connections, [probe], "it is not needed any more");
    world.advance(60_000);
    assert_eq!((world.paths.gatherings.len(), verdicts(&world).len()), (1, 1), "the verdict stays");
}

#[test]
fn without_servers_nothing_is_gathered() {
    for urls in [&[][..], &["", "stun:", "junk"]] {
        let mut world = with_servers(urls);
        world.register();
        world.input(Input::Page(PageEvent::Online));
        assert!(world.paths.gatherings.is_empty());
        assert_eq!(verdicts(&world), []);
    }
    let mut later = World::registered();
    later.command(Command::IceServers { urls: vec!["stun:203.0.113.10".into()] });
    assert_eq!(later.paths.gatherings.len(), 1, "servers that come later are asked then");
}

#[test]
fn a_server_that_is_silent_holds_nothing_up_for_ever() {
    let mut world = looking();
    let probe = world.paths.gatherings[0];
    finds(&mut world, probe, &[HOST, &mapped("198.51.100.7", 40000)]);
    world.advance(899);
    assert_eq!(verdicts(&world), []);
    world.advance(1);
    assert_eq!(verdicts(&world), [Some(Mapping::Unknown)], "it is never called open");
    assert!(world.closed_connections.is_empty(), "it may still answer");
    world.advance(12_000);
    assert_eq!(world.closed_connections, [probe]);
    assert_eq!(verdicts(&world), [Some(Mapping::Unknown)]);
}

#[test]
fn a_connection_that_cannot_be_made_ends_the_look() {
    let mut world = looking();
    let probe = world.paths.gatherings[0];
    reports(&mut world, probe, ConnectionEvent::Unavailable { message: "too many".into() });
    assert_eq!(world.closed_connections, [probe]);
    assert_eq!((verdicts(&world), world.errors()), (vec![], vec![]));
}

#[test]
fn udp_that_is_blocked_is_known_within_a_second() {
    let mut world = looking();
    let probe = world.paths.gatherings[0];
    finds(&mut world, probe, &[HOST, RELAY_OVER_TCP]);
    world.advance(900);
    assert_eq!(verdicts(&world), [Some(Mapping::UdpBlocked)]);
    finds(&mut world, probe, &[&mapped("198.51.100.7", 40000)]);
    assert_eq!(verdicts(&world).last(), Some(&Some(Mapping::Unknown)), "it came late");
}

#[test]
fn a_network_change_voids_the_verdict() {
    let mut world = looking();
    let probe = world.paths.gatherings[0];
    finds(&mut world, probe, &[HOST, &mapped("198.51.100.7", 40000), &mapped("198.51.100.7", 40001)]);
    assert_eq!(told(&world), Some(Some("dependent".into())));
    world.input(Input::Page(PageEvent::Online));
    assert_eq!((verdicts(&world).last(), told(&world)), (Some(&None), Some(None)));
    assert_eq!(world.paths.gatherings.len(), 2, "it looks again");
    let again = world.paths.gatherings[1];
    finds(&mut world, probe, &[&mapped("198.51.100.7", 40002)]);
    assert_eq!(verdicts(&world).last(), Some(&None), "the first connection is over");
    finds(&mut world, again, &[HOST, &mapped("192.0.2.9", 1)]);
    reports(&mut world, again, ConnectionEvent::EndOfCandidates);
    assert_eq!(told(&world), Some(Some("endpoint-independent".into())));
}

#[test]
fn the_connections_to_peers_are_evidence_too() {
    let mut world = looking();
    let probe = world.paths.gatherings[0];
    finds(&mut world, probe, &[HOST, &mapped("198.51.100.7", 40000)]);
    reports(&mut world, probe, ConnectionEvent::EndOfCandidates);
    world.command(Command::OpenPeer { peer: id("zoe") });
    let (zoe, _) = world.connections[0].clone();
    finds(&mut world, zoe, &[HOST, &mapped("198.51.100.7", 5), &mapped("198.51.100.7", 6)]);
    assert_eq!(verdicts(&world).last(), Some(&Some(Mapping::Dependent)));
    finds(&mut world, zoe, &[&mapped("198.51.100.7", 7)]);
    assert_eq!(verdicts(&world).len(), 2, "that is known");
    world.command(Command::OpenPeer { peer: id("abe") });
    let (abe, _) = world.connections[1].clone();
    finds(&mut world, abe, &[HOST, &mapped("192.0.2.9", 5)]);
    assert_eq!(verdicts(&world).last(), Some(&None), "another public address is another network");
    assert_eq!(world.paths.gatherings.len(), 2, "which is looked at");
}

#[test]
fn what_the_server_was_told_last_is_what_is_so() {
    let mut world = with_servers(&SERVERS);
    world.command(Command::Connect { call: CallId(1), timeout_ms: 60_000 });
    world.socket_event(SocketEvent::Opened);
    let welcome = |resumed| ServerMessage::Welcome {
        version: 2,
        region: None,
        session: Some(Welcome {
            key: "0123456789abcdef".into(),
            resumed,
            reason: None,
            received: signalpost_core::protocol::Position(0),
        }),
    };
    world.receive(welcome(false));
    let probe = world.paths.gatherings[0];
    finds(&mut world, probe, &[HOST, &mapped("198.51.100.7", 40000)]);
    reports(&mut world, probe, ConnectionEvent::EndOfCandidates);
    assert_eq!(told(&world), Some(Some("endpoint-independent".into())));
    // The link is lost before the server has it, and the network is another one meanwhile.
    world.socket_event(SocketEvent::Closed { code: 1006 });
    world.command(Command::OpenPeer { peer: id("zoe") });
    let (zoe, _) = world.connections[0].clone();
    finds(&mut world, zoe, &[HOST, &mapped("198.51.100.7", 5), &mapped("198.51.100.7", 6)]);
    world.forget();
    world.advance(600);
    world.socket_event(SocketEvent::Opened);
    world.receive(welcome(true));
    let said: Vec<_> = world
        .sent
        .iter()
        .filter_map(|(_, message)| match message {
            ClientMessage::Hello(hello) => Some(("hello", hello.peer.mapping.clone())),
            ClientMessage::Describe(mapping) => Some(("describe", mapping.as_ref().map(ToString::to_string))),
            _ => None,
        })
        .collect();
    let (open, closed) = (Some("endpoint-independent".into()), Some(String::from("dependent")));
    assert_eq!(said, [("hello", closed.clone()), ("describe", open), ("describe", closed)]);
}

/// A world whose own network is dependent, and that has no TURN server.
fn dependent() -> World {
    let mut world = with_servers(&SERVERS[..2]);
    world.register();
    let probe = world.paths.gatherings[0];
    finds(&mut world, probe, &[HOST, &mapped("198.51.100.7", 40000), &mapped("198.51.100.7", 40001)]);
    assert_eq!(verdicts(&world), [Some(Mapping::Dependent)]);
    world.forget();
    world
}

fn described(name: &str, mapping: &str) -> PeerInfo {
    PeerInfo { id: name.into(), incarnation: 5, mapping: Some(mapping.into()), ..PeerInfo::default() }
}

fn lists(world: &mut World, peer: PeerInfo) {
    let room = RoomName::parse("r").unwrap();
    world.receive(ServerMessage::PeerJoined { room, peer });
}

#[test]
fn the_first_offer_tells_and_knows_both_networks() {
    let mut world = dependent();
    lists(&mut world, described("zoe", "endpoint-independent"));
    world.command(Command::ConnectPeer { call: CallId(1), peer: id("zoe"), timeout_ms: 15_000 });
    let outlook = world.client.outlook(&id("zoe")).unwrap();
    assert_eq!((outlook.direct_percent(), outlook.relay_leads(), outlook.has_turn), (50, false, false));
    let (zoe, _) = world.connections[0].clone();
    reports(&mut world, zoe, ConnectionEvent::NegotiationNeeded);
    let (_, operation, _) = world.operations[0].clone();
    let made = Description { kind: SdpType::Offer, sdp: sdp("mine") };
    let outcome = Outcome { result: Ok(Some(made)), signaling_state: SignalingState::HaveLocalOffer };
    let operation = signalpost_core::OperationId(operation);
    reports(&mut world, zoe, ConnectionEvent::Done { operation, outcome });
    let mapping = world.sent.iter().find_map(|(_, message)| match message {
        ClientMessage::Relay { signal: Signal::Offer(description), .. } => description.mapping.clone(),
        _ => None,
    });
    assert_eq!(mapping, Some(Mapping::Dependent.into()));
}

#[test]
fn a_pair_that_needs_a_relay_and_has_none_is_warned_of_once_and_at_once() {
    let mut world = dependent();
    lists(&mut world, described("zoe", "dependent"));
    world.command(Command::OpenPeer { peer: id("zoe") });
    assert_eq!(world.errors(), [""; 0], "nobody wants to connect yet");
    world.command(Command::ConnectPeer { call: CallId(1), peer: id("zoe"), timeout_ms: 15_000 });
    assert_eq!(world.errors(), ["turn-missing"]);
    let warning = world.events.iter().find_map(|event| match event {
        Event::Error { peer, failure } => Some((peer.clone(), failure.message.clone())),
        _ => None,
    });
    let (peer, message) = warning.unwrap();
    assert_eq!(peer, Some(id("zoe")));
    assert!(
        message.contains("own network: dependent, the peer's: dependent; no TURN server is set"),
        "{message}"
    );
    lists(&mut world, described("zoe", "udp-blocked"));
    world.command(Command::ConnectPeer { call: CallId(2), peer: id("zoe"), timeout_ms: 15_000 });
    assert_eq!(world.errors(), ["turn-missing"], "once is enough");
    for _ in 0..12 {
        world.receive_text(r#"{"type":"heartbeat"}"#);
        world.advance(1_000);
    }
    let failed = world.settled.iter().find(|(call, _)| *call == 1).unwrap().1.clone().unwrap_err();
    assert_eq!(failed.code, "connection-failed");
    assert!(failed.message.contains("the peer's: udp-blocked; no TURN server is set"), "{}", failed.message);
}

#[test]
fn the_other_side_may_tell_of_its_network_by_its_offer() {
    for (mapping, expected) in [(Some("dependent"), 1), (Some("endpoint-independent"), 0), (None, 0)] {
        let mut world = dependent();
        let Signal::Offer(mut description) = offer(9, None, 1, "wxyz") else { panic!() };
        description.mapping = mapping.map(Into::into);
        world.receive(ServerMessage::Relay { from: id("zoe"), signal: Signal::Offer(description) });
        assert_eq!(world.errors().len(), expected, "{mapping:?}");
    }
    let mut with_turn = looking();
    let probe = with_turn.paths.gatherings[0];
    finds(&mut with_turn, probe, &[HOST, &mapped("198.51.100.7", 1), &mapped("198.51.100.7", 2)]);
    lists(&mut with_turn, described("zoe", "dependent"));
    with_turn.command(Command::ConnectPeer { call: CallId(1), peer: id("zoe"), timeout_ms: 15_000 });
    assert!(with_turn.errors().is_empty());
    assert!(with_turn.client.outlook(&id("zoe")).unwrap().relay_leads());
}

#[test]
fn a_peer_that_gives_up_near_the_end_has_found_no_path() {
    for (seconds, expected) in [(9, "connection-gone"), (10, "connection-failed")] {
        let mut world = dependent();
        let Signal::Offer(description) = offer(9, None, 1, "wxyz") else { panic!() };
        world.receive(ServerMessage::Relay { from: id("zoe"), signal: Signal::Offer(description) });
        world.command(Command::ConnectPeer { call: CallId(1), peer: id("zoe"), timeout_ms: 15_000 });
        for _ in 0..seconds {
            world.receive_text(r#"{"type":"heartbeat"}"#);
            world.advance(1_000);
        }
        let own = world.connections.iter().find(|(_, peer)| *peer == id("zoe")).unwrap().0;
        let close = Signal::Close { route: support::route(9, Some(own)) };
        world.receive(ServerMessage::Relay { from: id("zoe"), signal: close });
        let failed = world.settled.iter().find(|(call, _)| *call == 1).unwrap().1.clone().unwrap_err();
        assert_eq!(failed.code, expected);
    }
}

#[test]
fn a_closed_client_judges_no_network() {
    let mut world = looking();
    world.command(Command::Close);
    let outputs = world.outputs;
    finds(&mut world, 77, &[HOST, &mapped("198.51.100.7", 1), &mapped("198.51.100.7", 2)]);
    assert_eq!(world.outputs, outputs);
}

#[test]
fn other_servers_replace_the_connection_to_nobody() {
    let mut world = looking();
    for urls in [vec![], SERVERS.map(Into::into).to_vec()] {
        world.command(Command::IceServers { urls });
    }
    assert_eq!(world.paths.gatherings.len(), 2);
    assert_eq!(world.closed_connections, world.paths.gatherings[..1]);
}

//! Every rule of a verdict, with the candidates that browsers really gave behind real NATs.

use super::*;
use Mapping::{Dependent, EndpointIndependent, UdpBlocked, Unknown};

const TWO: [&str; 2] = ["stun:203.0.113.10:3478", "stun:203.0.113.11:3478"];

fn servers(urls: &[&str]) -> Servers {
    Servers::of(&urls.iter().map(|url| (*url).into()).collect::<Vec<String>>())
}

fn found(gathering: &mut Gathering, lines: &[&str]) {
    for line in lines {
        let init = IceCandidateInit {
            candidate: (*line).into(),
            sdp_mid: Some("0".into()),
            username_fragment: Some("abcd".into()),
            ..IceCandidateInit::default()
        };
        gathering.handle_candidate(&init);
    }
}

fn gathered(lines: &[&str]) -> Gathering {
    let mut gathering = Gathering::default();
    found(&mut gathering, lines);
    gathering
}

fn complete(lines: &[&str]) -> Gathering {
    let mut gathering = gathered(lines);
    gathering.handle_end();
    gathering
}

const HIDDEN: &str = "candidate:1 1 udp 2113937151 6f1b1f5e-0000-4000-8000-000000000000.local 50000 typ host";
const HIDDEN_6: &str =
    "candidate:2 1 udp 2113939711 6f1b1f5e-0000-4000-8000-000000000001.local 50001 typ host";
const MAPPED: &str = "candidate:3 1 udp 1677729535 198.51.100.7 40000 typ srflx raddr 0.0.0.0 rport 0";
const OTHER_PORT: &str = "candidate:3 1 udp 1677729535 198.51.100.7 40001 typ srflx raddr 0.0.0.0 rport 0";
const OTHER_FOUNDATION: &str =
    "candidate:4 1 udp 1677729535 198.51.100.7 40001 typ srflx raddr 0.0.0.0 rport 0";
const MAPPED_6: &str = "candidate:5 1 udp 1677732095 2001:db8::7 40000 typ srflx raddr :: rport 0";
const UDP_RELAY_LINE: &str = "candidate:6 1 udp 33562367 203.0.113.10 50000 typ relay raddr 0.0.0.0 rport 0";
const TCP_RELAY_LINE: &str = "candidate:7 1 udp 16785151 203.0.113.10 50001 typ relay raddr 0.0.0.0 rport 0";

#[test]
fn one_address_for_two_servers_that_answered_is_independent() {
    assert_eq!(complete(&[HIDDEN, MAPPED]).verdict(&servers(&TWO), false), EndpointIndependent);
    assert_eq!(complete(&[HIDDEN, MAPPED, MAPPED]).verdict(&servers(&TWO), false), EndpointIndependent);
    let over_6 = ["stun:[2001:db8::10]", "stun:[2001:db8::11]"];
    assert_eq!(complete(&[HIDDEN, MAPPED_6]).verdict(&servers(&over_6), false), EndpointIndependent);
}

#[test]
fn it_is_never_open_without_proof() {
    assert_eq!(
        gathered(&[HIDDEN, MAPPED]).verdict(&servers(&TWO), true),
        Unknown,
        "the second may still answer"
    );
    assert_eq!(complete(&[HIDDEN, MAPPED]).verdict(&servers(&TWO[..1]), true), Unknown, "one server");
    let same = ["stun:203.0.113.10:1", "stun:203.0.113.10:2"];
    assert_eq!(complete(&[HIDDEN, MAPPED]).verdict(&servers(&same), true), Unknown, "one address");
    let mut dead = complete(&[HIDDEN, MAPPED]);
    dead.handle_error(TWO[1].into(), 701);
    assert_eq!(dead.verdict(&servers(&TWO), true), Unknown, "one is dead");
    let mut no_relay = complete(&[HIDDEN, MAPPED]);
    no_relay.handle_error("turn:203.0.113.10?transport=tcp".into(), 701);
    assert_eq!(no_relay.verdict(&servers(&TWO), true), EndpointIndependent, "both STUN servers answered");
    assert_eq!(complete(&[HIDDEN]).verdict(&servers(&TWO), true), Unknown, "nobody answered");
    assert_eq!(complete(&[]).verdict(&servers(&TWO), true), Unknown);
    assert_eq!(
        complete(&[HIDDEN, MAPPED_6]).verdict(&servers(&TWO), true),
        Unknown,
        "the servers are of another family"
    );
    assert_eq!(
        complete(&[HIDDEN, HIDDEN_6, MAPPED, OTHER_FOUNDATION]).verdict(&servers(&TWO), true),
        Unknown
    );
}

#[test]
fn two_addresses_of_one_port_are_dependent() {
    let firefox = gathered(&[HIDDEN, MAPPED, OTHER_FOUNDATION]);
    assert_eq!(
        firefox.verdict(&servers(&TWO), false),
        Dependent,
        "more than hosts, before the end of gathering"
    );
    let chromium = gathered(&[HIDDEN, HIDDEN_6, MAPPED, OTHER_PORT]);
    assert_eq!(chromium.verdict(&servers(&TWO), false), Dependent, "one foundation, so one port of the host");
    let one_server_and_turn = gathered(&[HIDDEN, MAPPED, OTHER_PORT]);
    assert_eq!(
        one_server_and_turn.verdict(&servers(&TWO[..1]), false),
        Dependent,
        "two ports are proof enough"
    );
}

#[test]
fn what_is_of_another_port_of_the_host_proves_nothing() {
    assert_eq!(
        gathered(&[HIDDEN, HIDDEN_6, MAPPED, OTHER_FOUNDATION]).verdict(&servers(&TWO), true),
        Unknown
    );
    let tcp_host = "candidate:8 1 tcp 1518149375 192.168.1.2 9 typ host tcptype active";
    assert_eq!(gathered(&[tcp_host, MAPPED, OTHER_FOUNDATION]).verdict(&servers(&TWO), true), Unknown);
    let visible_6 = "candidate:2 1 udp 2113939711 2001:db8::2 50001 typ host";
    let both = gathered(&[HIDDEN, visible_6, MAPPED, OTHER_FOUNDATION]);
    assert_eq!(both.verdict(&servers(&TWO), true), Dependent, "an IPv6 host has no IPv4 mapping");
    let rtcp = "candidate:3 2 udp 1677729534 198.51.100.7 40002 typ srflx raddr 0.0.0.0 rport 0";
    assert_eq!(complete(&[HIDDEN, MAPPED, rtcp]).verdict(&servers(&TWO), true), EndpointIndependent);
    let mut sections = complete(&[HIDDEN, MAPPED]);
    let candidate = OTHER_PORT.into();
    let second = IceCandidateInit {
        candidate,
        sdp_mid: Some("1".into()),
        username_fragment: Some("abcd".into()),
        ..IceCandidateInit::default()
    };
    sections.handle_candidate(&second);
    assert_eq!(
        sections.verdict(&servers(&TWO), true),
        EndpointIndependent,
        "another media section has another port"
    );
}

#[test]
fn several_hosts_are_plain_where_one_server_saw_all() {
    let hosts = [HIDDEN, HIDDEN_6];
    for (urls, expected) in
        [([TWO[0], TWO[0]], EndpointIndependent), ([TWO[0], TWO[1]], Unknown), (["", ""], Unknown)]
    {
        let mut gathering = gathered(&hosts);
        for (url, line) in urls.iter().zip([MAPPED, OTHER_FOUNDATION]) {
            gathering.handle_url((*url).into());
            found(&mut gathering, &[line]);
        }
        gathering.handle_end();
        assert_eq!(gathering.verdict(&servers(&TWO), true), expected, "{urls:?}");
    }
}

#[test]
fn udp_is_blocked_where_tcp_works_or_every_server_is_silent() {
    let set = [TWO[0], TWO[1], "turn:203.0.113.10?transport=udp", "turn:203.0.113.10?transport=tcp"];
    let over_tcp = gathered(&[HIDDEN, TCP_RELAY_LINE]);
    assert_eq!(over_tcp.verdict(&servers(&set), false), Unknown, "it may still answer");
    assert_eq!(over_tcp.verdict(&servers(&set), true), UdpBlocked);
    let one = ["stun:203.0.113.10", "turn:203.0.113.10?transport=tcp"];
    assert_eq!(over_tcp.verdict(&servers(&one), true), Unknown, "one server may be dead");
    assert_eq!(gathered(&[HIDDEN, TCP_RELAY_LINE, UDP_RELAY_LINE]).verdict(&servers(&set), true), Unknown);
    assert_eq!(gathered(&[HIDDEN, TCP_RELAY_LINE, MAPPED]).verdict(&servers(&set), true), Unknown);
    let mut silent = complete(&[HIDDEN]);
    silent.handle_error(TWO[0].into(), 701);
    silent.handle_error(TWO[0].into(), 701);
    assert_eq!(silent.verdict(&servers(&TWO), true), Unknown, "one is reported, twice");
    silent.handle_error("turn:203.0.113.10".into(), 401);
    assert_eq!(silent.verdict(&servers(&TWO), true), Unknown, "a refusal is an answer");
    silent.handle_error(TWO[1].into(), 701);
    assert_eq!(silent.verdict(&servers(&TWO), true), UdpBlocked);
    assert_eq!(gathered(&[HIDDEN]).verdict(&servers(&TWO), true), Unknown, "silence alone");
}

#[test]
fn a_new_generation_begins_anew() {
    let mut gathering = complete(&[HIDDEN, MAPPED]);
    gathering.handle_error(TWO[1].into(), 701);
    let candidate = OTHER_PORT.into();
    let next = IceCandidateInit {
        candidate,
        sdp_mid: Some("0".into()),
        username_fragment: Some("efgh".into()),
        ..IceCandidateInit::default()
    };
    gathering.handle_candidate(&next);
    let evidence = gathering.evidence(&servers(&TWO));
    assert_eq!((evidence.server_reflexive, evidence.hosts, evidence.is_complete), (1, 0, false));
    assert!(evidence.errors.is_empty());
}

#[test]
fn the_evidence_tells_what_was_seen() {
    let mut gathering = complete(&[HIDDEN, MAPPED, OTHER_PORT, UDP_RELAY_LINE, TCP_RELAY_LINE, "junk"]);
    gathering.handle_error("turn:203.0.113.10".into(), 401);
    let errors = vec![(String::from("turn:203.0.113.10"), 401)];
    let evidence =
        Evidence { stun_addresses: 2, server_reflexive: 2, hosts: 1, relayed: 2, errors, is_complete: true };
    assert_eq!(gathering.evidence(&servers(&TWO)), evidence);
}

#[test]
fn a_flood_is_bounded() {
    let mut gathering = Gathering::default();
    for port in 1..2000 {
        let mapped = format!("candidate:{port} 1 udp 1 198.51.100.7 {port} typ srflx raddr 0.0.0.0 rport 0");
        let host = format!("candidate:1 1 udp 1 192.168.1.2 {port} typ host");
        found(&mut gathering, &[&mapped, &host]);
        gathering.handle_error(format!("stun:{port}"), 701);
    }
    let evidence = gathering.evidence(&servers(&TWO));
    assert_eq!(
        (evidence.server_reflexive, evidence.hosts, evidence.errors.len()),
        (MAX as u32, MAX as u32, MAX)
    );
}

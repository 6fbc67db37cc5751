//! Which candidates get the places of a generation, in which order, and what a census tells of them.

use super::*;
use crate::census::{ErrorCount, Kinds, Side};
use crate::config::IceServers;

fn with_servers(has_stun: bool, has_turn: bool) -> CandidateOptions {
    CandidateOptions { servers: IceServers { has_stun, has_turn }, ..CandidateOptions::default() }
}

fn ports(due: Due) -> Vec<u16> {
    due.candidates.iter().map(|init| Candidate::parse(&init.candidate).unwrap().port).collect()
}

#[test]
fn places_are_kept_only_for_what_a_server_can_find() {
    for (stun, turn, hosts) in [(false, false, 10), (true, false, 8), (true, true, 5)] {
        let mut batch = batch_with(with_servers(stun, turn));
        (0..20).for_each(|port| batch.push(Time(0), host(port)));
        let due = batch.poll(Time(0)).unwrap();
        assert_eq!(due.candidates.len(), hosts, "STUN {stun}, TURN {turn}");
    }
}

#[test]
fn a_pair_without_a_path_gives_places_away_after_a_second_but_for_one_of_each_kind() {
    let mut batch = batch();
    (0..9).for_each(|port| batch.push(Time(3), host(port)));
    assert_eq!(ports(batch.poll(Time(3)).unwrap()), [0, 1, 2, 3, 4]);
    assert_eq!(batch.poll_timeout(), Some(Time(1_000)));
    assert_eq!(batch.poll(Time(999)), None);
    assert_eq!(ports(batch.poll(Time(1_000)).unwrap()), [5, 6, 7]);
    for (kind, port) in [("srflx", 20), ("srflx", 21), ("relay", 30), ("relay", 31)] {
        batch.push(Time(1_500), of(kind, port));
    }
    assert_eq!(ports(batch.poll(Time(1_500)).unwrap()), [20, 30], "ten are the limit");
    assert_eq!(batch.poll_timeout(), None);
}

#[test]
fn a_pair_that_is_connected_keeps_its_places() {
    let mut batch = batch();
    (0..9).for_each(|port| batch.push(Time(0), host(port)));
    batch.poll(Time(0)).unwrap();
    batch.handle_connected();
    assert_eq!(batch.poll_timeout(), None);
}

#[test]
fn of_hosts_without_places_one_end_takes_the_first_and_the_other_the_last_and_they_exchange_roles() {
    for (takes_last, first, second) in
        [(false, [0, 1, 2, 3, 4], [5, 6, 7]), (true, [3, 4, 5, 6, 7], [2, 1, 0])]
    {
        let mut batch = OutgoingCandidates::new(CandidateOptions::default(), takes_last);
        batch.handle_description(Time(0), SDP);
        (0..8).for_each(|port| batch.push(Time(1), host(port)));
        assert_eq!(ports(batch.poll(Time(1)).unwrap()), first);
        assert_eq!(ports(batch.poll(Time(1_000)).unwrap()), second);
        batch.handle_description(Time(2_000), NEXT);
        let fresh = |port| IceCandidateInit { username_fragment: Some("gen2".into()), ..host(port) };
        (0..8).for_each(|port| batch.push(Time(2_000), fresh(port)));
        let again = ports(batch.poll(Time(2_000)).unwrap());
        assert_eq!(again, if takes_last { [0, 1, 2, 3, 4] } else { [3, 4, 5, 6, 7] }, "the next generation");
    }
}

#[test]
fn hosts_are_not_exchanged_for_what_is_worth_less() {
    let mut batch = OutgoingCandidates::new(CandidateOptions::default(), true);
    batch.handle_description(Time(0), SDP);
    (0..5).for_each(|port| batch.push(Time(0), host(port)));
    batch.push(Time(0), line("udp 1 192.168.0.1 9 typ host"));
    (0..3).for_each(|port| batch.push(Time(0), of("srflx", 20 + port)));
    assert_eq!(ports(batch.poll(Time(0)).unwrap()), [20, 21, 0, 1, 2, 3, 4]);
}

#[test]
fn what_is_worth_least_is_put_aside_last() {
    let mut batch = batch();
    (0..5).for_each(|port| batch.push(Time(0), host(port)));
    (0..30).for_each(|port| batch.push(Time(0), tcp(port)));
    (5..9).for_each(|port| batch.push(Time(0), host(port)));
    batch.poll(Time(0)).unwrap();
    batch.handle_end(Time(0));
    assert_eq!(ports(drain(&mut batch).remove(0).1), [5, 6, 7, 8, 0], "TCP hosts do not push UDP hosts out");
}

#[test]
fn private_hosts_go_behind_relays_once_both_reflexive_addresses_are_known_to_differ() {
    let private = line("udp 1 192.168.1.2 1 typ host");
    let all = [of("relay", 3), private, of("srflx", 2)];
    for (theirs, order) in [("192.0.2.77", [2, 3, 1]), ("192.0.2.1", [2, 1, 3])] {
        let mut batch = batch();
        batch.handle_remote(&format!("candidate:1 1 udp 1 {theirs} 1 typ srflx"));
        // The own reflexive address is found in the batch before.
        batch.push(Time(0), of("srflx", 9));
        batch.poll(Time(0)).unwrap();
        all.iter().for_each(|init| batch.push(Time(1), init.clone()));
        assert_eq!(ports(batch.poll(Time(1)).unwrap()), order, "theirs is {theirs}");
    }
}

#[test]
fn relays_lead_a_batch_when_no_direct_path_is_expected() {
    let mut batch = batch();
    batch.lead_with_relays(true);
    for init in [host(1), of("srflx", 2), of("relay", 3)] {
        batch.push(Time(0), init);
    }
    assert_eq!(ports(batch.poll(Time(0)).unwrap()), [3, 2, 1]);
}

#[test]
fn a_census_tells_what_was_found_sent_and_dropped() {
    let mut batch = OutgoingCandidates::new(CandidateOptions::default(), false);
    batch.handle_server_error(701, "stun:192.0.2.9");
    batch.hold(Some(host(1)));
    let held = host(1).candidate.replace("candidate:", "a=candidate:");
    batch.handle_description(Time(0), &format!("{SDP}{held}\r\n"));
    batch.push(Time(0), of("srflx", 2));
    batch.poll(Time(0)).unwrap();
    batch.push(Time(0), of("relay", 3));
    batch.push(Time(0), tcp(4));
    batch.push(Time(0), IceCandidateInit { username_fragment: Some("dead".into()), ..host(5) });
    let mut census = Census::default();
    batch.count(&mut census);
    assert_eq!(census.own.found, Kinds { host: 2, srflx: 1, relay: 1 });
    assert_eq!(census.own.used, Kinds { host: 1, srflx: 1, relay: 0 });
    assert_eq!(census.own.dropped, 1);
    assert_eq!(census.errors, [ErrorCount { code: 701, servers: 1 }]);
    batch.handle_description(Time(1), NEXT);
    batch.count(&mut census);
    assert_eq!((census.own, census.errors.len()), (Side::default(), 0), "another generation");
}

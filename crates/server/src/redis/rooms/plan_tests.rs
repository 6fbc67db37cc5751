//! The next notices for a member, and how many at once.

use super::entry::{Change, Entry, Event};
use super::plan::{Changes, Plan, Reader, plan};
use crate::engine::{AwayReason, LeaveReason, Mail};
use crate::redis::seats::Seat;
use signalpost_protocol::{PeerId, PeerInfo, RoomName};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const LOST: Change = Change::Away(AwayReason::Lost);

fn entry(name: &str, events: &[(u64, Change)]) -> Entry {
    let events: Vec<Event> =
        events.iter().map(|(version, change)| Event { version: *version, change: *change }).collect();
    Entry {
        peer: PeerId::parse(name).unwrap(),
        session: 1,
        stay: events[0].version,
        is_shortened: false,
        events,
        info: Arc::new(PeerInfo { id: name.into(), ..PeerInfo::default() }),
    }
}

fn changes(entries: Vec<Entry>) -> Changes {
    let version = entries.iter().flat_map(|it| &it.events).map(|it| it.version).max().unwrap_or(0);
    Changes { version, members: entries.len(), entries, ..Changes::default() }
}

fn next(changes: &Changes, seat: &Seat, limit: usize) -> Plan {
    let (room, peer) = (RoomName::parse("r").unwrap(), PeerId::parse("me").unwrap());
    let elsewhere = BTreeSet::new();
    plan(Reader { room: &room, peer: &peer, seat, sessions: true, elsewhere: &elsewhere }, changes, limit)
}

/// Whether each peer is away, as a client that got all of this mail sees it.
fn seen(mails: &[Mail]) -> BTreeMap<String, bool> {
    let mut seen = BTreeMap::new();
    for mail in mails {
        match mail {
            Mail::PeerJoined { peer, .. } | Mail::PeerBack { peer, .. } => {
                seen.insert(peer.id.clone(), false)
            }
            Mail::PeerAway { peer, .. } => seen.insert(peer.as_str().into(), true),
            Mail::PeerLeft { peer, .. } => seen.remove(peer.as_str()),
            other => panic!("{other:?}"),
        };
    }
    seen
}

#[test]
fn a_member_that_knows_everything_is_told_nothing_and_never_of_itself() {
    let all = changes(vec![entry("me", &[(3, Change::Joined), (6, LOST)])]);
    assert_eq!(next(&all, &Seat::listed_at(6, 6), 10), Plan::Nothing);
    let Plan::Tell { notices, seat, is_all } = next(&all, &Seat::listed_at(4, 3), 10) else { panic!() };
    assert_eq!((notices.len(), seat.cursor, is_all), (0, 6, true));
}

#[test]
fn what_is_too_old_or_never_listed_is_listed_again() {
    let all = Changes { floor: 4, reach: 3, ..changes(vec![entry("ada", &[(6, Change::Joined)])]) };
    for (cursor, lists) in [(0, true), (2, true), (3, true), (4, false), (6, false)] {
        assert_eq!(next(&all, &Seat::listed_at(cursor, 1), 10) == Plan::List, lists, "{cursor}");
    }
    let all = Changes { floor: 0, ..all };
    assert_ne!(next(&all, &Seat::listed_at(3, 1), 10), Plan::List);
    assert_eq!(next(&all, &Seat::listed_at(2, 1), 10), Plan::List);
}

#[test]
fn a_crowd_is_told_in_parts_that_fit_and_lead_to_the_same_end() {
    let mut entries = Vec::new();
    for n in 0..40 {
        let mut events = vec![(10 + n, Change::Joined)];
        if n % 2 == 0 {
            events.push((100 + n, LOST));
        }
        if n % 4 == 0 {
            events.push((200 + n, Change::Back));
        }
        if n % 5 == 0 {
            events.push((300 + n, Change::Left(LeaveReason::Left)));
        }
        entries.push(entry(&format!("p{n:02}"), &events));
    }
    let all = changes(entries);
    let start = Seat::listed_at(5, 5);
    let Plan::Tell { notices: expected, is_all: true, .. } = next(&all, &start, 1_000) else { panic!() };
    for limit in [1, 2, 3, 8, 30] {
        let (mut seat, mut told, mut steps) = (start.clone(), Vec::new(), 0);
        loop {
            let Plan::Tell { notices, seat: later, is_all } = next(&all, &seat, limit) else { panic!() };
            assert!(notices.len() <= limit.max(2), "{} of {limit}", notices.len());
            assert!(later.cursor > seat.cursor, "no end");
            told.extend(notices);
            seat = later;
            steps += 1;
            if is_all {
                break;
            }
        }
        assert_eq!(seat.cursor, all.version);
        assert_eq!(seen(&told), seen(&expected), "{limit}");
        assert!(steps > 1 && steps <= 200 / limit + 2, "{steps} steps of {limit}");
    }
}

#[test]
fn a_peer_that_was_told_of_ahead_is_not_told_twice() {
    let ada = PeerId::parse("ada").unwrap();
    let all = changes(vec![entry("ada", &[(6, Change::Joined)]), entry("bob", &[(7, Change::Joined)])]);
    let seat = Seat::listed_at(5, 5).told_of(&ada, 6);
    let Plan::Tell { notices, seat, .. } = next(&all, &seat, 10) else { panic!() };
    assert_eq!(seen(&notices).into_keys().collect::<Vec<_>>(), ["bob"]);
    assert!(seat.ahead.is_empty());
}

/// Where the changes at the cursor are forgotten, one change can take two notices: the limit is kept all the same.
#[test]
fn shortened_entries_are_told_within_the_limit() {
    let shortened = |name: &str, version: u64| {
        let entry = entry(name, &[(version, LOST)]);
        Entry { stay: 2, is_shortened: true, ..entry }
    };
    let all = changes((0..20).map(|n| shortened(&format!("p{n:02}"), 10 + n)).collect());
    let Plan::Tell { notices, is_all, .. } = next(&all, &Seat::listed_at(5, 5), 8) else { panic!() };
    assert_eq!((notices.len(), is_all), (8, false));
}

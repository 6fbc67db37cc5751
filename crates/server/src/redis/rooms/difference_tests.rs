//! The difference, against a model that tells a member every change at once.

use super::difference::{ListAgain, Notice, difference};
use super::entry::{Change, Entry, Event};
use crate::engine::{AwayReason, LeaveReason};
use crate::redis::seats::Known;
use proptest::prelude::*;
use signalpost_protocol::PeerId;
use std::sync::Arc;

/// One peer of a room, and everything that it ever did.
fn entry(events: &[(u64, Change)]) -> Entry {
    let events: Vec<Event> =
        events.iter().map(|(version, change)| Event { version: *version, change: *change }).collect();
    let joined = events.iter().rev().find(|event| event.change == Change::Joined);
    Entry {
        peer: PeerId::parse("ada").unwrap(),
        session: 1,
        stay: joined.map_or(0, |event| event.version),
        is_shortened: false,
        events,
        info: Arc::default(),
    }
}

/// The entry with no more than its last `keep` changes.
fn shortened(mut entry: Entry, keep: usize) -> Entry {
    let gone = entry.events.len().saturating_sub(keep);
    entry.is_shortened = gone > 0;
    entry.events.drain(..gone);
    entry
}

/// What a client makes of the notices about one peer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Picture {
    /// Whether the peer is known, and is away.
    away: Option<bool>,
    /// The ends that the client heard of.
    ends: u32,
    last_end: Option<LeaveReason>,
}

impl Picture {
    /// Takes a notice, and checks the order rules of the contract.
    fn note(&mut self, notice: Notice, sessions: bool) {
        match notice {
            Notice::Joined => {
                assert_eq!(self.away, None, "it joined twice");
                self.away = Some(false);
            }
            Notice::Back => {
                assert!(sessions, "version 1 knows of no absences");
                self.away = Some(false);
            }
            Notice::Away(_) => {
                assert!(sessions, "version 1 knows of no absences");
                assert_eq!(self.away, Some(false), "nothing else comes while it is away");
                self.away = Some(true);
            }
            Notice::Left(reason) => {
                assert!(self.away.is_some(), "an end of a stay that was never named");
                self.away = None;
                self.ends += 1;
                self.last_end = Some(reason);
            }
        }
    }
}

/// Tells a member that was given the list at `listed` each change up to `until`, at once. Returns the pictures at `cursor` and at
/// `until`.
fn naive(all: &Entry, listed: u64, cursor: u64, until: u64, sessions: bool) -> (Picture, Picture) {
    let mut picture = Picture::default();
    let mut at_cursor = picture;
    let mut in_list = false;
    for version in 0..=until {
        if let Some(event) = all.events.iter().find(|event| event.version == version) {
            if version <= listed {
                in_list = matches!(event.change, Change::Joined | Change::Back | Change::Renewed);
            } else {
                tell(&mut picture, event.change, sessions);
            }
        }
        if version == listed && in_list {
            picture.away = Some(false);
        }
        if version == cursor {
            at_cursor = picture;
        }
    }
    (at_cursor, picture)
}

fn tell(picture: &mut Picture, change: Change, sessions: bool) {
    match change {
        Change::Joined => picture.note(Notice::Joined, sessions),
        Change::Away(reason) if sessions => picture.note(Notice::Away(reason), sessions),
        Change::Away(_) => picture.note(Notice::Left(LeaveReason::Lost), sessions),
        Change::Back | Change::Renewed if sessions => picture.note(Notice::Back, sessions),
        Change::Back | Change::Renewed => picture.note(Notice::Joined, sessions),
        Change::Left(reason) if picture.away.is_some() => picture.note(Notice::Left(reason), sessions),
        Change::Left(_) => {}
    }
}

/// Which stays are heard of at a version, by what they began with.
fn heard_stay(all: &Entry, version: u64) -> Option<u64> {
    let mut stay = None;
    for event in all.events.iter().take_while(|event| event.version <= version) {
        match event.change {
            Change::Joined => stay = Some(event.version),
            Change::Left(_) => stay = None,
            _ => {}
        }
    }
    stay
}

/// A history of one peer: at which versions it did something, and what.
fn history() -> impl Strategy<Value = Vec<(u64, Change)>> {
    prop::collection::vec((1u64..4, 0u8..6), 0..24).prop_map(|steps| {
        let (mut version, mut away, mut present) = (0, false, false);
        let mut events = Vec::new();
        for (skip, choice) in steps {
            version += skip;
            let change = match (present || away, away, choice) {
                (false, _, _) => Change::Joined,
                (true, _, 0) => Change::Left(LeaveReason::Left),
                (true, _, 1) => Change::Left(LeaveReason::Lost),
                (true, true, 2..=4) => Change::Back,
                (true, true, _) => Change::Renewed,
                (true, false, 2..=4) => Change::Away(AwayReason::Lost),
                (true, false, _) => Change::Away(AwayReason::Suspended),
            };
            present = matches!(change, Change::Joined | Change::Back | Change::Renewed);
            away = matches!(change, Change::Away(_));
            events.push((version, change));
        }
        events
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    /// For every history and every pair of cursors, the notices take a member from one picture to the other.
    #[test]
    fn what_is_told_leads_from_one_picture_to_the_next(
        events in history(),
        keep in 0usize..40,
        versions in (0u64..60, 0u64..60, 0u64..60),
        sessions: bool,
    ) {
        let mut versions = [versions.0, versions.1, versions.2];
        versions.sort_unstable();
        let [listed, cursor, until] = versions;
        let all = entry(&events);
        let (mut picture, expected) = naive(&all, listed, cursor, until, sessions);
        let before = picture;
        let kept = shortened(all.clone(), keep.max(1));
        let known = Known { listed, cursor };
        let first = kept.events.first().map_or(0, |event| event.version);
        let is_forgotten = kept.is_shortened && until < first;
        match difference(&kept, known, until, sessions) {
            // There are no notices, and the next step asks in the same way.
            Ok(told) if is_forgotten => prop_assert!(told.is_empty()),
            Ok(told) => {
                let ended = heard_stay(&all, cursor) != heard_stay(&all, until);
                for notice in &told {
                    picture.note(*notice, sessions);
                }
                prop_assert_eq!(picture.away, expected.away, "{:?}", told);
                if sessions {
                    // One end for each stay heard of, with its reason, and none for a stay that began and ended meanwhile.
                    let due = u32::from(before.away.is_some() && ended);
                    prop_assert_eq!(picture.ends - before.ends, due, "{:?}", told);
                }
                prop_assert!(told.len() <= 3);
            }
            Err(ListAgain) => {
                prop_assert!(kept.is_shortened && cursor < first, "the entry reaches back");
            }
        }
    }

    /// A member that gets its notices in steps, of an entry that forgets, has the right picture in the end, or lists the room.
    #[test]
    fn steps_over_what_is_forgotten_lead_to_the_end(
        events in history(),
        keep in 1usize..12,
        versions in prop::array::uniform4(0u64..60),
    ) {
        let mut versions = versions;
        versions.sort_unstable();
        let [listed, cursor, halfway, until] = versions;
        let all = entry(&events);
        let (mut picture, expected) = naive(&all, listed, cursor, until, true);
        let kept = shortened(all, keep);
        for (cursor, until) in [(cursor, halfway), (halfway, until)] {
            let Ok(told) = difference(&kept, Known { listed, cursor }, until, true) else { return Ok(()) };
            told.into_iter().for_each(|notice| picture.note(notice, true));
        }
        let first = kept.events.first().map_or(0, |event| event.version);
        if !kept.is_shortened || until >= first {
            prop_assert_eq!(picture.away, expected.away);
        }
    }

    /// A member that gets its notices in two steps has the same picture in the end as one that gets them at once.
    #[test]
    fn two_steps_lead_where_one_leads(events in history(), versions in prop::array::uniform4(0u64..60)) {
        let mut versions = versions;
        versions.sort_unstable();
        let [listed, cursor, halfway, until] = versions;
        let all = entry(&events);
        let (mut once, _) = naive(&all, listed, cursor, until, true);
        let mut twice = once;
        for notice in difference(&all, Known { listed, cursor }, until, true).unwrap() {
            once.note(notice, true);
        }
        for (cursor, until) in [(cursor, halfway), (halfway, until)] {
            for notice in difference(&all, Known { listed, cursor }, until, true).unwrap() {
                twice.note(notice, true);
            }
        }
        prop_assert_eq!(once.away, twice.away);
    }
}

const LOST: Change = Change::Away(AwayReason::Lost);
const LEFT: Change = Change::Left(LeaveReason::Left);
const CLOSED: Change = Change::Left(LeaveReason::Closed);

fn told(events: &[(u64, Change)], listed: u64, cursor: u64) -> Result<Vec<Notice>, ListAgain> {
    difference(&entry(events), Known { listed, cursor }, 100, true)
}

#[test]
fn what_came_and_went_meanwhile_is_not_mentioned() {
    assert_eq!(told(&[(5, Change::Joined), (6, LEFT)], 1, 4), Ok(vec![]));
    assert_eq!(told(&[(2, Change::Joined), (5, LOST), (6, Change::Back)], 3, 4), Ok(vec![]));
}

#[test]
fn who_left_and_came_again_is_told_as_an_end_and_a_beginning() {
    let events = [(2, Change::Joined), (5, CLOSED), (6, Change::Joined), (7, LEFT), (8, Change::Joined)];
    let left = Notice::Left(LeaveReason::Closed);
    assert_eq!(told(&events, 3, 4), Ok(vec![left, Notice::Joined]));
    assert_eq!(told(&events, 3, 5), Ok(vec![Notice::Joined]));
    assert_eq!(told(&events, 3, 6), Ok(vec![Notice::Left(LeaveReason::Left), Notice::Joined]));
}

#[test]
fn who_was_away_when_the_list_was_made_is_named_by_its_return_only() {
    let away = [(2, Change::Joined), (3, LOST)];
    assert_eq!(told(&[&away[..], &[(6, LEFT)]].concat(), 4, 4), Ok(vec![]));
    assert_eq!(told(&[&away[..], &[(6, Change::Back)]].concat(), 4, 4), Ok(vec![Notice::Back]));
    // A member that knew it before its absence hears of its end.
    let left = Notice::Left(LeaveReason::Left);
    assert_eq!(told(&[&away[..], &[(6, LEFT)]].concat(), 2, 4), Ok(vec![left]));
}

#[test]
fn who_is_back_with_another_description_is_told_again() {
    let events = [(2, Change::Joined), (5, LOST), (6, Change::Renewed)];
    assert_eq!(told(&events, 3, 4), Ok(vec![Notice::Back]));
    assert_eq!(told(&events, 3, 6), Ok(vec![]));
}

#[test]
fn a_member_of_version_1_hears_of_an_absence_as_an_end() {
    let tell = |events: &[(u64, Change)], cursor| {
        difference(&entry(events), Known { listed: 3, cursor }, 100, false)
    };
    let all = [(2, Change::Joined), (5, LOST), (6, Change::Renewed), (7, LOST), (8, CLOSED)];
    assert_eq!(tell(&all[..2], 4), Ok(vec![Notice::Left(LeaveReason::Lost)]));
    assert_eq!(tell(&all[..3], 5), Ok(vec![Notice::Joined]));
    assert_eq!(tell(&all, 7), Ok(vec![]));
    assert_eq!(tell(&all, 6), Ok(vec![Notice::Left(LeaveReason::Closed)]));
}

#[test]
fn a_shortened_entry_costs_a_list_only_where_the_stay_is_another() {
    let mut events = vec![(2, Change::Joined)];
    events.extend((0..20).flat_map(|n| [(10 + 2 * n, LOST), (11 + 2 * n, Change::Back)]));
    let known = Known { listed: 3, cursor: 4 };
    let entry = shortened(entry(&events), 8);
    assert_eq!(difference(&entry, known, 100, true), Ok(vec![Notice::Back]));
    assert_eq!(difference(&entry, known, 100, false), Err(ListAgain));
    let before = Known { listed: 1, cursor: 1 };
    assert_eq!(difference(&entry, before, 100, true), Err(ListAgain));
}

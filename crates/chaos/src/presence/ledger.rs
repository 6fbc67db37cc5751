//! Who came and went in a room, and what those who stayed saw of it.
//!
//! Each guest has an id of its own, enters once and goes once. An observer stays all the time and must see each guest come and go
//! once. The server may leave out a guest who came and went before it could tell the observer (`docs/protocol.md`, "What the server
//! tells a member"): while the observer is away, and in rooms of more than 64; and nothing else.

use super::sight::{Guest, Observer, Sight};
use super::verdict::{Verdict, Wrong};
use signalpost_native::LeaveReason;
use std::collections::BTreeMap;

/// A guest to one observer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Present,
    Away,
    Gone,
}

/// Who came and went, and what was seen of it.
#[derive(Debug, Default)]
pub struct Ledger {
    /// How each guest went; `None` while it is there.
    guests: BTreeMap<Guest, Option<LeaveReason>>,
    seen: BTreeMap<(Observer, Guest), Seen>,
    /// Guests who said goodbye and were reported as lost.
    unheard: Vec<(Observer, Guest)>,
    verdict: Verdict,
}

impl Ledger {
    /// Says that a guest is in the room.
    pub fn entered(&mut self, guest: Guest) {
        self.verdict.stays += 1;
        self.guests.insert(guest, None);
    }

    /// Says that a guest is about to go.
    pub fn going(&mut self, guest: Guest, reason: LeaveReason) {
        self.guests.insert(guest, Some(reason));
    }

    /// Says what an observer saw of a guest.
    pub fn saw(&mut self, observer: Observer, guest: Guest, sight: &Sight) {
        let before = self.seen.get(&(observer, guest)).copied();
        let (after, is_right) = match sight {
            Sight::Joined => (Seen::Present, before.is_none()),
            Sight::Away => (Seen::Away, before == Some(Seen::Present)),
            Sight::Back => (Seen::Present, before == Some(Seen::Away)),
            Sight::Left(_) => (Seen::Gone, matches!(before, Some(Seen::Present | Seen::Away))),
        };
        self.seen.insert((observer, guest), after);
        match sight {
            Sight::Joined => self.verdict.joins_seen += 1,
            Sight::Left(_) => self.verdict.leaves_seen += 1,
            Sight::Away | Sight::Back => {}
        }
        if !is_right {
            self.verdict.note(Wrong::Twice, observer, guest, format!("{sight:?} after {before:?}"));
        } else if let Sight::Left(reason) = sight {
            self.check_leave(observer, guest, reason);
        }
    }

    /// Says that the session of an observer was lost, and why.
    pub fn session_lost(&mut self, observer: Observer, reason: Option<String>) {
        self.verdict.note(Wrong::SessionLost, observer, 0, reason.unwrap_or_default());
    }

    /// Says that an observer saw a guest in a room that the guest never entered.
    pub fn saw_elsewhere(&mut self, observer: Observer, guest: Guest, room: &str) {
        self.verdict.note(Wrong::Room, observer, guest, room.into());
    }

    /// How many of the guests who are gone were seen to come and not seen to go by an observer.
    pub fn under_way(&self) -> usize {
        let is_gone = |guest: &Guest| matches!(self.guests.get(guest), Some(Some(_)));
        self.seen.iter().filter(|((_, guest), seen)| **seen != Seen::Gone && is_gone(guest)).count()
    }

    /// Ends the run. `listed`: the guests that a list of the room still names. `calm`: the observers who were never away, who must
    /// have seen every guest.
    pub fn finish(mut self, listed: &[Guest], calm: &[Observer]) -> Verdict {
        for ((observer, guest), seen) in &self.seen {
            if *seen != Seen::Gone {
                self.verdict.note(Wrong::NotGone, *observer, *guest, format!("{seen:?}"));
            }
        }
        // A goodbye needs a server that hears it, and nothing happened to the servers where an observer was always there.
        for (observer, guest) in self.unheard.iter().filter(|_| !calm.is_empty()) {
            self.verdict.note(Wrong::Reason, *observer, *guest, "lost, not closed".into());
        }
        for guest in listed {
            self.verdict.note(Wrong::Listed, 0, *guest, String::new());
        }
        for (guest, observer) in
            self.guests.keys().flat_map(|guest| calm.iter().map(move |calm| (guest, calm)))
        {
            if !self.seen.contains_key(&(*observer, *guest)) {
                self.verdict.note(Wrong::Missed, *observer, *guest, String::new());
            }
        }
        self.verdict
    }

    fn check_leave(&mut self, observer: Observer, guest: Guest, reason: &str) {
        match self.guests.get(&guest) {
            Some(Some(expected)) if expected.as_str() == reason => {}
            Some(Some(LeaveReason::Closed)) if reason == LeaveReason::Lost.as_str() => {
                self.unheard.push((observer, guest));
            }
            Some(Some(expected)) => {
                let told = format!("{reason}, not {}", expected.as_str());
                self.verdict.note(Wrong::Reason, observer, guest, told);
            }
            _ => self.verdict.note(Wrong::Early, observer, guest, reason.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A guest who came and went, of whom observer 0 saw these.
    fn wrongs(sights: &[Sight], listed: &[Guest], calm: &[Observer]) -> Vec<Wrong> {
        let mut ledger = Ledger::default();
        ledger.entered(1);
        ledger.going(1, LeaveReason::Closed);
        sights.iter().for_each(|sight| ledger.saw(0, 1, sight));
        ledger.finish(listed, calm).wrongs.keys().copied().collect()
    }

    fn left() -> Sight {
        Sight::Left("closed".into())
    }

    #[test]
    fn coming_and_going_once_is_right() {
        assert_eq!(wrongs(&[Sight::Joined, left()], &[], &[0]), []);
        assert_eq!(wrongs(&[Sight::Joined, Sight::Away, Sight::Back, Sight::Away, left()], &[], &[0]), []);
    }

    #[test]
    fn what_comes_twice_or_out_of_order_is_found() {
        for sights in [
            &[Sight::Joined, left(), left()][..],
            &[Sight::Joined, Sight::Joined, left()],
            &[left()],
            &[Sight::Joined, Sight::Back, left()],
            &[Sight::Joined, Sight::Away, Sight::Away, left()],
        ] {
            assert_eq!(wrongs(sights, &[], &[]), [Wrong::Twice], "{sights:?}");
        }
        assert_eq!(wrongs(&[Sight::Joined, left(), Sight::Joined], &[], &[]), [Wrong::Twice, Wrong::NotGone]);
    }

    #[test]
    fn a_guest_who_is_gone_and_still_there_is_found() {
        assert_eq!(wrongs(&[Sight::Joined], &[], &[]), [Wrong::NotGone]);
        assert_eq!(wrongs(&[Sight::Joined, left()], &[1], &[]), [Wrong::Listed]);
    }

    #[test]
    fn a_guest_who_is_left_out_is_found_by_those_who_were_there() {
        assert_eq!(wrongs(&[], &[], &[]), []);
        assert_eq!(wrongs(&[], &[], &[0]), [Wrong::Missed]);
    }

    #[test]
    fn a_wrong_reason_and_a_leave_of_one_who_is_there_are_found() {
        let lost = [Sight::Joined, Sight::Left("lost".into())];
        assert_eq!(wrongs(&[Sight::Joined, Sight::Left("left".into())], &[], &[]), [Wrong::Reason]);
        assert_eq!((wrongs(&lost, &[], &[0]), wrongs(&lost, &[], &[])), (vec![Wrong::Reason], vec![]));
        let mut ledger = Ledger::default();
        ledger.entered(1);
        ledger.saw(0, 1, &Sight::Joined);
        assert_eq!(ledger.under_way(), 0);
        ledger.saw(0, 1, &left());
        assert_eq!(ledger.finish(&[], &[]).wrongs.into_keys().collect::<Vec<_>>(), [Wrong::Early]);
    }

    #[test]
    fn guests_whose_going_is_not_seen_yet_are_under_way() {
        let mut ledger = Ledger::default();
        ledger.entered(1);
        ledger.saw(0, 1, &Sight::Joined);
        ledger.going(1, LeaveReason::Left);
        assert_eq!(ledger.under_way(), 1);
        ledger.saw(0, 1, &Sight::Left("left".into()));
        assert_eq!(ledger.under_way(), 0);
    }
}

//! Who came and went in a room, and what those who stayed saw of it.
//!
//! Each guest has an id of its own, enters once and goes once. An observer stays all the time and must see each guest come and go
//! once. The server may leave out a guest who came and went before it could tell the observer (`docs/protocol.md`, "What the server
//! tells a member"): while the observer is away or acknowledges too little. An observer that gets newer news of the room while the
//! guest is there could be told; then the guest must not be left out.

use super::news::{At, Newspaper};
use super::sight::{Guest, Observer, Sight};
use super::verdict::{Verdict, Wrong};
use signalpost_native::LeaveReason;
use std::collections::{BTreeMap, BTreeSet};

/// A guest to one observer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Present,
    Away,
    Gone,
}

/// One guest.
#[derive(Clone, Copy, Debug)]
struct Stay {
    /// When the guest asked to enter.
    began: At,
    /// When it was in the room, if it is.
    entered: Option<At>,
    /// When it began to go, and how.
    going: Option<(At, LeaveReason)>,
}

/// Who came and went, and what was seen of it.
#[derive(Debug)]
pub struct Ledger {
    observers: Observer,
    rooms: Guest,
    guests: BTreeMap<Guest, Stay>,
    seen: BTreeMap<(Observer, Guest), Seen>,
    news: BTreeMap<(Observer, Guest), Newspaper>,
    /// Guests who are gone and were seen to come and not seen to go, by each observer.
    under_way: usize,
    /// Observers who began another session: they learn who has gone from a list, which tells no reason.
    renewed: BTreeSet<Observer>,
    /// Guests who said goodbye and were reported as lost.
    unheard: Vec<(Observer, Guest)>,
    verdict: Verdict,
}

impl Ledger {
    /// A ledger for so many observers; the guests are spread over so many rooms in turn.
    pub fn new(observers: Observer, rooms: Guest) -> Self {
        Self {
            observers,
            rooms,
            guests: BTreeMap::new(),
            seen: BTreeMap::new(),
            news: BTreeMap::new(),
            under_way: 0,
            renewed: BTreeSet::new(),
            unheard: Vec::new(),
            verdict: Verdict::default(),
        }
    }

    /// Says that a guest is about to enter the room.
    pub fn entering(&mut self, at: At, guest: Guest) {
        self.verdict.stays += 1;
        self.guests.insert(guest, Stay { began: at, entered: None, going: None });
    }

    /// Says that a guest is in the room.
    pub fn entered(&mut self, at: At, guest: Guest) {
        if let Some(stay) = self.guests.get_mut(&guest) {
            stay.entered = Some(at);
        }
    }

    /// Says that a guest is about to go.
    pub fn going(&mut self, at: At, guest: Guest, reason: LeaveReason) {
        let Some(stay) = self.guests.get_mut(&guest) else { return };
        stay.going = Some((at, reason));
        let entered = stay.entered;
        for observer in 0..self.observers {
            match (self.seen.get(&(observer, guest)), entered) {
                (Some(_), _) => self.under_way += 1,
                (None, Some(entered)) => {
                    let news = self.news.get(&(observer, self.room(guest)));
                    if news.is_some_and(|news| news.was_told(entered)) {
                        self.verdict.note(Wrong::Missed, observer, guest, format!("{} µs", at - entered));
                    }
                }
                (None, None) => {}
            }
        }
    }

    /// Says what an observer saw of a guest.
    pub fn saw(&mut self, at: At, observer: Observer, guest: Guest, sight: &Sight) {
        let stay = self.guests.get(&guest).copied();
        let going = stay.and_then(|stay| stay.going);
        let before = self.seen.get(&(observer, guest)).copied();
        let (after, is_right) = match sight {
            Sight::Joined => (Seen::Present, before.is_none()),
            Sight::Away => (Seen::Away, before == Some(Seen::Present)),
            Sight::Back => (Seen::Present, before == Some(Seen::Away)),
            Sight::Left(_) => (Seen::Gone, matches!(before, Some(Seen::Present | Seen::Away))),
        };
        self.seen.insert((observer, guest), after);
        if going.is_some() {
            let counts = |seen: Option<Seen>| usize::from(seen.is_some_and(|seen| seen != Seen::Gone));
            self.under_way = (self.under_way + counts(Some(after))).saturating_sub(counts(before));
        }
        let began = match sight {
            Sight::Joined => stay.map(|stay| stay.began),
            Sight::Away | Sight::Left(_) => going.map(|(at, _)| at),
            Sight::Back => None,
        };
        if let Some(began) = began {
            self.news.entry((observer, self.room(guest))).or_default().add(began, at);
        }
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
        self.renewed.insert(observer);
        self.verdict.note(Wrong::SessionLost, observer, 0, reason.unwrap_or_default());
    }

    /// Says that the client of an observer gave up, and why.
    pub fn gave_up(&mut self, observer: Observer, reason: String) {
        self.verdict.note(Wrong::GaveUp, observer, 0, reason);
    }

    /// Says that an observer saw a guest in a room that the guest never entered.
    pub fn saw_elsewhere(&mut self, observer: Observer, guest: Guest, room: &str) {
        self.verdict.note(Wrong::Room, observer, guest, room.into());
    }

    /// How many of the guests who are gone were seen to come and not seen to go by an observer.
    pub fn under_way(&self) -> usize {
        self.under_way
    }

    /// Ends the run. `listed`: the guests that a list of the room still names. `is_calm`: nothing happened to the servers.
    pub fn finish(mut self, listed: &[Guest], is_calm: bool) -> Verdict {
        for ((observer, guest), seen) in &self.seen {
            if *seen != Seen::Gone {
                self.verdict.note(Wrong::NotGone, *observer, *guest, format!("{seen:?}"));
            }
        }
        // A goodbye needs a server that hears it.
        for (observer, guest) in self.unheard.iter().filter(|_| is_calm) {
            self.verdict.note(Wrong::Reason, *observer, *guest, "lost, not closed".into());
        }
        for guest in listed {
            self.verdict.note(Wrong::Listed, 0, *guest, String::new());
        }
        self.verdict.left_out = (0..self.observers)
            .map(|observer| {
                let is_unseen = |guest: &&Guest| !self.seen.contains_key(&(observer, **guest));
                self.guests.keys().filter(is_unseen).count()
            })
            .collect();
        self.verdict
    }

    fn room(&self, guest: Guest) -> Guest {
        guest.checked_rem(self.rooms).unwrap_or(0)
    }

    fn check_leave(&mut self, observer: Observer, guest: Guest, reason: &str) {
        let going = self.guests.get(&guest).and_then(|stay| stay.going);
        let is_lost = reason == LeaveReason::Lost.as_str();
        match going.map(|(_, expected)| expected) {
            Some(expected) if expected.as_str() == reason => {}
            Some(_) if is_lost && self.renewed.contains(&observer) => {}
            Some(LeaveReason::Closed) if is_lost => self.unheard.push((observer, guest)),
            Some(expected) => {
                let told = format!("{reason}, not {}", expected.as_str());
                self.verdict.note(Wrong::Reason, observer, guest, told);
            }
            None => self.verdict.note(Wrong::Early, observer, guest, reason.into()),
        }
    }
}

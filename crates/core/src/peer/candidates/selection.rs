//! Which candidates of a generation are sent, where there are more than places.
//!
//! Places are kept ([`super::places`]) for srflx and relay, which are found last and decide most; TCP host candidates get
//! what is left over at the end. A page may have more interfaces than there are places for hosts, and one of the two ends has
//! to name the network that both are in. So one end sends the hosts that it found first and the other those that it found
//! last, and they exchange these roles with each generation. While there is no path, the others follow as soon as places are
//! given away.

use super::order::{Order, is_last, is_udp_host};
use super::places::Places;
use crate::census::Kinds;
use crate::config::CandidateOptions;
use crate::time::Time;
use alloc::vec::Vec;
use signalpost_protocol::{Candidate, CandidateType, IceCandidateInit};

/// Candidates put aside until places are free.
const MAX_ASIDE: usize = 20;

/// The candidates of one generation.
#[derive(Debug)]
pub struct Selection {
    /// Everything sent, for duplicates and for sending again.
    sent: Vec<IceCandidateInit>,
    /// They have a place, and wait for their batch.
    pub waiting: Vec<IceCandidateInit>,
    /// They have no place.
    aside: Vec<IceCandidateInit>,
    /// The places.
    pub places: Places,
    /// The hosts that were found last get the places, and not the first.
    pub takes_last: bool,
    /// How many were left out for good.
    pub dropped: u16,
}

impl Selection {
    /// Nothing is found of a generation that begins now.
    pub fn new(options: &CandidateOptions, takes_last: bool, begun: Time) -> Self {
        let places = Places::new(options, begun);
        Self { sent: Vec::new(), waiting: Vec::new(), aside: Vec::new(), places, takes_last, dropped: 0 }
    }

    /// Whether it tells nothing new.
    pub fn knows(&self, candidate: &Candidate<'_>) -> bool {
        for list in [&self.sent, &self.waiting, &self.aside] {
            for init in list {
                if Candidate::parse(&init.candidate).is_some_and(|known| known.is_same_path(candidate)) {
                    return true;
                }
            }
        }
        false
    }

    /// Takes a candidate up that the browser found. Returns whether it waits to be sent.
    pub fn add(&mut self, init: IceCandidateInit, kind: CandidateType, order: Order) -> bool {
        if is_last(&init) {
            self.put_aside(init, order);
            return false;
        }
        let is_placed = self.places.has_place(kind, self.gone(), self.found());
        if is_placed {
            self.waiting.push(init);
        } else {
            self.places.handle_shortage();
            let init = self.exchange(init, order);
            self.put_aside(init, order);
        }
        is_placed
    }

    /// Gives this host the place of the first that waits, where the last get the places. Returns what has none.
    fn exchange(&mut self, init: IceCandidateInit, order: Order) -> IceCandidateInit {
        let rank = order.rank(&init);
        let at = self.waiting.iter().position(|held| order.rank(held) == rank);
        match at.filter(|_| self.takes_last && is_udp_host(&init)) {
            Some(at) => {
                let out = self.waiting.remove(at);
                self.waiting.push(init);
                out
            }
            None => init,
        }
    }

    fn put_aside(&mut self, init: IceCandidateInit, order: Order) {
        if self.takes_last {
            let rank = order.rank(&init);
            let at = self.aside.iter().position(|held| order.rank(held) >= rank).unwrap_or(self.aside.len());
            self.aside.insert(at, init);
        } else {
            insert(&mut self.aside, init, order);
        }
        if self.aside.len() > MAX_ASIDE {
            self.aside.truncate(MAX_ASIDE);
            self.dropped = self.dropped.saturating_add(1);
        }
    }

    /// Gives the places that have become free to those that were put aside.
    pub fn fill(&mut self) {
        let found = self.found();
        for init in core::mem::take(&mut self.aside) {
            let kind = Candidate::parse(&init.candidate).map_or(CandidateType::Host, |known| known.kind);
            let may = !is_last(&init) || self.places.is_ended();
            if may && self.places.has_place(kind, self.gone(), found) {
                self.waiting.push(init);
            } else {
                self.aside.push(init);
            }
        }
    }

    /// Takes what waits, in order.
    pub fn take(&mut self, order: Order) -> Vec<IceCandidateInit> {
        let mut taken = Vec::new();
        for init in core::mem::take(&mut self.waiting) {
            insert(&mut taken, init, order);
        }
        self.sent.extend(taken.iter().cloned());
        taken
    }

    /// Everything that was sent waits again.
    pub fn again(&mut self) {
        self.waiting.append(&mut self.sent);
    }

    /// How many were sent.
    pub fn sent(&self) -> Kinds {
        Kinds::of(&self.sent)
    }

    /// How many have a place.
    fn gone(&self) -> Kinds {
        self.sent().plus(Kinds::of(&self.waiting))
    }

    /// How many there are.
    pub fn found(&self) -> Kinds {
        self.gone().plus(Kinds::of(&self.aside))
    }
}

/// Keeps a short list in the order of a batch; equals stay in the order of their coming.
pub fn insert(list: &mut Vec<IceCandidateInit>, init: IceCandidateInit, order: Order) {
    let rank_of_new = order.rank(&init);
    let at = list.iter().position(|held| order.rank(held) > rank_of_new).unwrap_or(list.len());
    list.insert(at, init);
}

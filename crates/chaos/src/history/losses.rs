//! The sessions that were lost, and the outages of the store that may cost sessions.

use super::way::{At, Peer};
use clap::ValueEnum;
use std::collections::BTreeMap;
use std::fmt;

/// How long after an outage a client may hear that it has cost its session, in microseconds: its socket may be frozen for a minute, is
/// then found dead within 15 s, and the attempts to come back may meet further faults.
const NOTICE: At = 120_000_000;

/// What the store has lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Outage {
    /// Everything.
    Wiped,
    /// The newest data: a replica that did not have it yet has become the primary.
    #[value(name = "tail")]
    LostTail,
}

impl fmt::Display for Outage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Wiped => "Redis without its data",
            Self::LostTail => "Redis without its newest data",
        })
    }
}

/// An outage, and when it began and ended.
#[derive(Clone, Copy, Debug)]
struct Spell {
    what: Outage,
    began: At,
    ended: At,
}

/// Which sessions were lost when, and why.
#[derive(Clone, Debug, Default)]
pub struct Losses {
    of: BTreeMap<Peer, Vec<At>>,
    spells: Vec<Spell>,
}

impl Losses {
    /// A client heard that its session is lost.
    pub fn note(&mut self, at: At, peer: Peer) {
        self.of.entry(peer).or_default().push(at);
    }

    /// The store loses data from now on, or, with `None`, runs again.
    pub fn outage(&mut self, at: At, what: Option<Outage>) {
        match (what, self.spells.last_mut()) {
            (Some(what), _) => self.spells.push(Spell { what, began: at, ended: At::MAX }),
            (None, Some(spell)) => spell.ended = at,
            (None, None) => {}
        }
    }

    /// Every loss, with the outage that explains it.
    pub fn all(&self) -> impl Iterator<Item = (Peer, At, Option<Outage>)> {
        let each = self.of.iter().flat_map(|(peer, all)| all.iter().map(|at| (*peer, *at)));
        each.map(|(peer, at)| (peer, at, self.reason(at)))
    }

    /// Whether a client heard in this time that its session is lost.
    pub fn was_lost(&self, peer: Peer, from: At, until: At) -> bool {
        self.first(peer, from, until).is_some()
    }

    /// The outage that explains the first loss of a client's session in this time.
    pub fn reason_between(&self, peer: Peer, from: At, until: At) -> Option<Outage> {
        self.first(peer, from, until).and_then(|at| self.reason(at))
    }

    /// Whether the newest data was lost after this moment, and with it the session of a client, before the other moment.
    pub fn lost_tail(&self, peer: Peer, from: At, until: At) -> bool {
        let tails = self.spells.iter().filter(|spell| spell.what == Outage::LostTail && from <= spell.ended);
        let heard = tails.map(|spell| (spell.began.max(from), spell.ended.saturating_add(NOTICE).min(until)));
        heard.into_iter().any(|(from, until)| self.was_lost(peer, from, until))
    }

    fn first(&self, peer: Peer, from: At, until: At) -> Option<At> {
        self.of.get(&peer)?.iter().find(|at| (from..=until).contains(at)).copied()
    }

    /// The latest outage that may have cost a session whose loss was heard at this moment.
    fn reason(&self, at: At) -> Option<Outage> {
        let explains = |spell: &&Spell| spell.began <= at && at <= spell.ended.saturating_add(NOTICE);
        self.spells.iter().rev().find(explains).map(|spell| spell.what)
    }
}

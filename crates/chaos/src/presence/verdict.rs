//! What came out of a presence check.

use super::sight::{Guest, Observer};
use std::collections::BTreeMap;
use std::fmt;

/// Most findings that are kept in full; all are counted.
const KEPT: usize = 25;

/// What an observer must not see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wrong {
    /// Something that it had seen, or that cannot follow what it had seen.
    Twice,
    /// A leave of a guest who was there.
    Early,
    /// A leave for another reason.
    Reason,
    /// A guest who is gone, to the end.
    NotGone,
    /// A guest who is gone, in a list of the room.
    Listed,
    /// A guest in a room that the guest never entered.
    Room,
    /// The end of its own session.
    SessionLost,
    /// The end of its client's attempts to reach a server.
    GaveUp,
    /// Nothing of a guest, although it got newer news of the room while the guest was there.
    Missed,
}

impl Wrong {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Twice => "seen twice or out of order",
            Self::Early => "seen to leave while there",
            Self::Reason => "seen to leave for another reason",
            Self::NotGone => "gone and still seen",
            Self::Listed => "gone and still listed",
            Self::Room => "seen in another room",
            Self::SessionLost => "session lost",
            Self::GaveUp => "gave up",
            Self::Missed => "left out although there was time",
        }
    }
}

/// What came out of a presence check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Guests who came and went.
    pub stays: u64,
    /// Joins that observers saw, all together.
    pub joins_seen: u64,
    /// Leaves that observers saw, all together.
    pub leaves_seen: u64,
    /// How many guests each observer was not told of, because they came and went before it could be told.
    pub left_out: Vec<usize>,
    /// How often something was wrong.
    pub wrongs: BTreeMap<Wrong, u64>,
    /// The first of these.
    pub findings: Vec<String>,
}

impl Verdict {
    /// Notes that something is wrong.
    pub(super) fn note(&mut self, wrong: Wrong, observer: Observer, guest: Guest, detail: String) {
        *self.wrongs.entry(wrong).or_default() += 1;
        if self.findings.len() < KEPT {
            self.findings.push(format!("guest {guest}, observer {observer}: {} {detail}", wrong.as_str()));
        }
    }

    /// Whether nothing was wrong.
    pub fn is_right(&self) -> bool {
        self.wrongs.is_empty()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stays, joins_seen, leaves_seen, left_out, wrongs, findings } = self;
        writeln!(
            formatter,
            "presence: {stays} joins and {stays} leaves; observers saw {joins_seen} and {leaves_seen}"
        )?;
        writeln!(
            formatter,
            "left out: {left_out:?}, by observer; the socket of the first was never touched"
        )?;
        for (wrong, times) in wrongs {
            writeln!(formatter, "WRONG:    {times} × {}", wrong.as_str())?;
        }
        findings.iter().try_for_each(|finding| writeln!(formatter, "  {finding}"))
    }
}

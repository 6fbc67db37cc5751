//! One way of messages: what was sent on it, and what was heard.

use super::way::{At, Outcome};
use std::collections::BTreeMap;

/// A message that was not heard, or whose call has not ended.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// When its call began.
    pub started: At,
    /// When a later one was heard before it.
    pub passed: Option<At>,
    /// Whether its call has ended.
    pub is_settled: bool,
    /// Whether the receiver's client has said that it has it.
    pub is_confirmed: bool,
    progress: Progress,
}

/// How far a message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// The receiver must hear it.
    Required,
    /// The receiver may hear it.
    Optional,
    /// The receiver heard it.
    Heard,
}

impl Entry {
    /// A message that must arrive, unless its call fails.
    pub fn required(started: At) -> Self {
        Self { started, passed: None, is_settled: false, is_confirmed: false, progress: Progress::Required }
    }

    /// A message that may arrive or not.
    pub fn optional(started: At) -> Self {
        Self { progress: Progress::Optional, ..Self::required(started) }
    }
}

/// What a message was to its receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The next one, or one behind others that are missing so far.
    Next,
    /// One that was missing when a later one was heard.
    Reordered,
    /// One that was heard before; it was sent at this moment, if its call has not ended.
    Doubled(Option<At>),
    /// One whose sender heard that it is not sent; it was sent at this moment.
    Refused(At),
    /// One that nobody sent.
    Unknown,
}

/// One way of messages.
#[derive(Debug, Default)]
pub struct Channel {
    open: BTreeMap<u32, Entry>,
    /// What its sender was told is not sent, and when it was sent.
    refused: BTreeMap<u32, At>,
    /// The highest number that was heard, and one.
    next: u32,
    /// The highest number that was sent, and one.
    sent: u32,
}

impl Channel {
    /// A message is sent.
    pub fn send(&mut self, number: u32, entry: Entry) {
        self.sent = self.sent.max(number.saturating_add(1));
        self.open.insert(number, entry);
    }

    /// The call of a message ended. Returns when it began and whether the message was heard; `None` where there is no such call.
    pub fn settle(&mut self, number: u32, outcome: &Outcome) -> Option<(At, bool)> {
        let entry = self.open.get_mut(&number)?;
        entry.is_settled = true;
        entry.is_confirmed = *outcome == Outcome::Confirmed;
        let (started, was_heard) = (entry.started, entry.progress == Progress::Heard);
        match outcome {
            Outcome::Refused(_) => {
                self.refused.insert(number, started);
                self.open.remove(&number);
            }
            // It may still come; nobody relies on it.
            Outcome::Unknown(_) if !was_heard => entry.progress = Progress::Optional,
            _ if was_heard => drop(self.open.remove(&number)),
            _ => {}
        }
        Some((started, was_heard))
    }

    /// The receiver hears a message.
    pub fn receive(&mut self, at: At, number: u32) -> Heard {
        let is_late = number < self.next;
        let Some(entry) = self.open.get_mut(&number) else {
            return match self.refused.get(&number) {
                Some(started) => Heard::Refused(*started),
                None if is_late => Heard::Doubled(None),
                None => Heard::Unknown,
            };
        };
        if entry.progress == Progress::Heard {
            return Heard::Doubled((!entry.is_settled).then_some(entry.started));
        }
        entry.progress = Progress::Heard;
        if entry.is_settled {
            self.open.remove(&number);
        }
        if is_late {
            return Heard::Reordered;
        }
        self.next = number.saturating_add(1);
        for passed in self.open.range_mut(..number).map(|(_, entry)| entry) {
            passed.passed.get_or_insert(at);
        }
        Heard::Next
    }

    /// The receiver may miss what is under way.
    pub fn doubt(&mut self) {
        for entry in self.open.values_mut().filter(|entry| entry.progress == Progress::Required) {
            if !entry.is_settled {
                entry.progress = Progress::Optional;
            }
        }
    }

    /// The messages that must still be heard, or have no outcome yet.
    pub fn left(&self) -> impl Iterator<Item = (u32, &Entry)> {
        let is_left = |entry: &Entry| !entry.is_settled || entry.progress == Progress::Required;
        self.open.iter().filter(move |(_, entry)| is_left(entry)).map(|(number, entry)| (*number, entry))
    }
}

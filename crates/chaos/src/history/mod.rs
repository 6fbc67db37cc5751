//! What the clients of a run said and heard, and whether the contract was kept.
//!
//! The contract (`docs/protocol.md`): between two peers each message arrives once and in order, as long as both sessions live; where
//! a session is lost its owner hears so, once. The history takes everything in the order of one clock, holds what is not settled
//! yet, and gives a [`Verdict`] in the end. It does no I/O and reads no clock.

mod channel;
mod losses;
#[cfg(test)]
mod room_tests;
mod rooms;
#[cfg(test)]
mod tests;
mod verdict;
mod way;

use channel::{Channel, Entry, Heard};
use losses::Losses;
pub use losses::Outage;
use rooms::Rooms;
use std::collections::BTreeMap;
pub use verdict::{Finding, Offence, Verdict};
pub use way::{At, Outcome, Peer, Room, Way};

/// How long the two tellings of one event may lie apart, in microseconds: a call and an event that have the same cause are
/// noted by two tasks.
const SLACK: At = 5_000_000;

/// What was said and heard so far.
#[derive(Debug, Default)]
pub struct History {
    channels: BTreeMap<Way, Channel>,
    rooms: Rooms,
    losses: Losses,
    verdict: Verdict,
    /// What is right only beside the loss of a session, which may be noted later.
    suspects: Vec<Suspect>,
}

/// A call that failed, or a message that arrived though its sender heard that it is not sent.
#[derive(Clone, Debug)]
struct Suspect {
    offence: Offence,
    way: Way,
    number: u32,
    started: At,
    settled: At,
}

impl History {
    /// Says that `from` calls `send` with a message to `to`. Numbers of one way count up from 0.
    pub fn sent(&mut self, at: At, from: Peer, to: Peer, number: u32) {
        self.verdict.sent += 1;
        self.channel(Way { from, to, room: None }).send(number, Entry::required(at));
    }

    /// Says how the call with this message ended.
    pub fn settled(&mut self, at: At, from: Peer, to: Peer, number: u32, outcome: &Outcome) {
        self.note_outcome(outcome);
        self.settle(at, Way { from, to, room: None }, number, outcome);
    }

    /// Says that `from` calls `broadcast` in a room. Numbers count up from 0 for each sender and room.
    pub fn broadcast(&mut self, at: At, from: Peer, room: Room, number: u32) {
        self.verdict.broadcasts += 1;
        for (to, is_in) in self.rooms.begin_broadcast(at, from, room, number) {
            let entry = if is_in { Entry::required(at) } else { Entry::optional(at) };
            self.channel(Way { from, to, room: Some(room) }).send(number, entry);
        }
    }

    /// Says how the call with this broadcast ended.
    pub fn broadcast_settled(&mut self, at: At, from: Peer, room: Room, number: u32, outcome: &Outcome) {
        self.note_outcome(outcome);
        let outcome = match outcome {
            // Some of the members may have it.
            Outcome::Refused(code) if code == "peer-busy" => &Outcome::Unknown(code.clone()),
            outcome => outcome,
        };
        for to in self.rooms.end_broadcast(from, room, number) {
            self.settle(at, Way { from, to, room: Some(room) }, number, outcome);
        }
    }

    /// Says that a client heard a message.
    pub fn received(&mut self, at: At, way: Way, number: u32) {
        self.verdict.received += 1;
        let offence = match self.channel(way).receive(at, number) {
            Heard::Next => return,
            Heard::Reordered => Offence::Reordered,
            Heard::Doubled(None) => Offence::Doubled,
            Heard::Unknown => Offence::Invented,
            Heard::Doubled(Some(started)) => return self.suspect(Offence::Doubled, way, number, started, at),
            Heard::Refused(started) => return self.suspect(Offence::Refuted, way, number, started, at),
        };
        self.verdict.note(Finding { offence, way, number, at });
    }

    /// Says that a client calls `join`.
    pub fn joining(&mut self, peer: Peer, room: Room) {
        for (from, number, started) in self.rooms.joining(peer, room) {
            // It may enter before the server reads what was broadcast before.
            self.channel(Way { from, to: peer, room: Some(room) }).send(number, Entry::optional(started));
        }
    }

    /// Says that a client is in a room, whose `join` it called at `began`.
    pub fn joined(&mut self, began: At, peer: Peer, room: Room) {
        // It has lost its session since, maybe with this stay.
        if !self.losses.was_lost(peer, began, At::MAX) {
            self.rooms.joined(peer, room);
        }
    }

    /// Says that a client calls `leave`.
    pub fn leaving(&mut self, peer: Peer, room: Room) {
        self.doubt(peer, room);
        self.rooms.leaving(peer, room);
    }

    /// Says that a client has left a room.
    pub fn left(&mut self, peer: Peer, room: Room) {
        self.rooms.left(peer, room);
    }

    /// Notes that a client heard that its session is lost. It is in no room for sure until it joins again.
    pub fn session_lost(&mut self, at: At, peer: Peer) {
        self.losses.note(at, peer);
        for room in self.rooms.of(peer) {
            self.doubt(peer, room);
            self.joining(peer, room);
        }
    }

    /// Notes that the store loses data from now on, or, with `None`, that it runs again.
    pub fn outage(&mut self, at: At, what: Option<Outage>) {
        self.losses.outage(at, what);
    }

    /// Says that a client went on with its session on another socket.
    pub fn resumed(&mut self) {
        self.verdict.resumed += 1;
    }

    /// Says that a call failed that sends nothing.
    pub fn call_failed(&mut self, code: &str) {
        *self.verdict.failures.entry(code.into()).or_default() += 1;
    }

    /// Notes an event that no client may hear.
    pub fn odd(&mut self, what: String) {
        self.verdict.note_odd(what);
    }

    /// What is under way and what was found so far.
    pub fn so_far(&self) -> &Verdict {
        &self.verdict
    }

    /// How many messages were not heard yet that must be, or have no outcome yet.
    pub fn under_way(&self) -> usize {
        let left =
            self.channels.iter().flat_map(|(way, channel)| channel.left().map(move |(_, it)| (way, it)));
        left.filter(|(way, entry)| lost_with(&self.losses, **way, entry).is_none()).count()
    }

    /// Ends the run: what has not arrived by now is lost.
    pub fn finish(mut self) -> Verdict {
        for (way, channel) in &self.channels {
            for (number, entry) in channel.left() {
                let finding = |offence| Finding { offence, way: *way, number, at: entry.started };
                match lost_with(&self.losses, *way, entry) {
                    Some(reason) => self.verdict.cost(reason).messages += 1,
                    None if entry.is_settled => self.verdict.note(finding(Offence::Lost)),
                    None => self.verdict.note(finding(Offence::Unsettled)),
                }
            }
        }
        for Suspect { offence, way, number, started, settled } in self.suspects {
            // The frame was in the tail, and its client sent it again; or what came of it was.
            let has_lost_tail = |peer| self.losses.lost_tail(peer, started, settled.saturating_add(SLACK));
            match offence {
                Offence::Refuted if has_lost_tail(way.to) || has_lost_tail(way.from) => {
                    self.verdict.cost(Some(Outage::LostTail)).refuted += 1;
                    continue;
                }
                // Its receiver has heard it in two sessions.
                Offence::Doubled if has_lost_tail(way.to) => {
                    self.verdict.cost(Some(Outage::LostTail)).doubled += 1;
                    continue;
                }
                _ => {}
            }
            let code = match &offence {
                Offence::Failed(code) => code.as_str(),
                _ => "",
            };
            let (peer, until) = match code {
                "link-lost" => (way.from, settled.saturating_add(SLACK)),
                // The server knows that a session is over before its owner does.
                "peer-not-found" => (way.to, At::MAX),
                "room-not-joined" => (way.from, At::MAX),
                _ => (way.from, 0),
            };
            if self.losses.was_lost(peer, started, until) {
                let reason = self.losses.reason_between(peer, started, until);
                self.verdict.cost(reason).calls += 1;
            } else {
                self.verdict.note(Finding { offence, way, number, at: started });
            }
        }
        for (peer, at, reason) in self.losses.all() {
            self.verdict.cost(reason).sessions += 1;
            if reason.is_none() {
                let seconds = at as f64 / 1e6;
                self.verdict
                    .note_odd(format!("{peer} lost its session at {seconds:.3} s, and Redis no data"));
            }
        }
        self.verdict.ways = self.channels.len();
        self.verdict
    }

    fn suspect(&mut self, offence: Offence, way: Way, number: u32, started: At, settled: At) {
        self.suspects.push(Suspect { offence, way, number, started, settled });
    }

    fn settle(&mut self, at: At, way: Way, number: u32, outcome: &Outcome) {
        let settled = self.channel(way).settle(number, outcome);
        let Some((started, was_heard)) = settled else { return };
        let mut suspect = |offence| self.suspect(offence, way, number, started, at);
        match outcome {
            Outcome::Accepted | Outcome::Confirmed => {}
            Outcome::Refused(_) if was_heard => suspect(Offence::Refuted),
            Outcome::Refused(code) | Outcome::Unknown(code) if is_flow_control(code) => {}
            Outcome::Refused(code) | Outcome::Unknown(code) => suspect(Offence::Failed(code.clone())),
        }
    }

    /// A client may not be in a room any more: nothing that is under way there must reach it.
    fn doubt(&mut self, peer: Peer, room: Room) {
        for from in self.rooms.senders(room) {
            if let Some(channel) = self.channels.get_mut(&Way { from, to: peer, room: Some(room) }) {
                channel.doubt();
            }
        }
    }

    fn note_outcome(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Accepted => self.verdict.accepted += 1,
            Outcome::Confirmed => self.verdict.confirmed += 1,
            Outcome::Refused(code) | Outcome::Unknown(code) => {
                *self.verdict.failures.entry(code.clone()).or_default() += 1;
            }
        }
    }

    fn channel(&mut self, way: Way) -> &mut Channel {
        self.channels.entry(way).or_default()
    }
}

/// Whether a message went with a session, and with which outage; `None`: it did not. What its receiver confirmed cannot have.
fn lost_with(losses: &Losses, way: Way, entry: &Entry) -> Option<Option<Outage>> {
    let (from, until) = (entry.started, entry.passed.unwrap_or(At::MAX));
    if !entry.is_settled || entry.is_confirmed {
        return None;
    }
    if losses.was_lost(way.to, from, until) {
        return Some(losses.reason_between(way.to, from, until));
    }
    // The sender's own frame was in the tail, and so what came of it.
    losses.lost_tail(way.from, from, until).then_some(Some(Outage::LostTail))
}

/// Whether a refusal only asks the sender to be slower.
fn is_flow_control(code: &str) -> bool {
    matches!(code, "rate-limited" | "outbox-full" | "peer-busy")
}

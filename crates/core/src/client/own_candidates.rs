//! Batches of candidates for connections that the application made itself. They are neither counted nor compared:
//! only the application knows which generation a candidate is of.

use super::outgoing_messages::ANSWER_MS;
use crate::calls::Calls;
use crate::config::CandidateOptions;
use crate::context::Context;
use crate::deadline::{Earliest, TimerName};
use crate::failure::Failure;
use crate::ids::CallId;
use crate::peer::candidates::order::Order;
use crate::peer::candidates::outgoing::rank_bit;
use crate::peer::candidates::selection::insert;
use crate::time::Time;
use alloc::vec::Vec;
use signalpost_protocol::{IceCandidateInit, OwnSignal, PeerId, limits};

/// Most receivers whose batches are remembered; beyond, a batch only closes earlier.
const MAX: usize = 256;

struct Batch {
    to: PeerId,
    candidates: Vec<IceCandidateInit>,
    end: bool,
    calls: Calls,
    deadline: Option<Time>,
    /// Kinds sent since the last description, one bit for each rank.
    kinds: u16,
}

/// A batch on its way.
pub struct Closed {
    pub to: PeerId,
    pub calls: Calls,
    pub signal: OwnSignal,
}

pub struct OwnCandidates {
    options: CandidateOptions,
    batches: Vec<Batch>,
}

impl OwnCandidates {
    pub fn new(options: CandidateOptions) -> Self {
        Self { options, batches: Vec::new() }
    }

    /// The application found candidates, or everything. A kind that was not sent since the last description is due at
    /// once, with the next turn, and so is the end; the rest waits for the time or the size of a batch.
    /// Returns a batch that has no more room.
    pub fn push(
        &mut self,
        now: Time,
        call: CallId,
        to: PeerId,
        found: Vec<IceCandidateInit>,
        end: bool,
    ) -> Option<Closed> {
        let at = self.batches.iter().position(|batch| batch.to == to).unwrap_or_else(|| {
            if self.batches.len() >= MAX {
                self.batches.retain(|batch| batch.deadline.is_some());
            }
            let (candidates, calls) = (Vec::new(), Calls::default());
            self.batches.push(Batch { to, candidates, end: false, calls, deadline: None, kinds: 0 });
            self.batches.len().saturating_sub(1)
        });
        let batch = self.batches.get_mut(at)?;
        let room = limits::CANDIDATES_PER_GENERATION.saturating_sub(batch.candidates.len());
        let closed = if found.len() > room { batch.close() } else { None };
        let before = batch.kinds;
        for init in found {
            batch.kinds |= rank_bit(&init);
            insert(&mut batch.candidates, init, Order::default());
        }
        batch.end |= end;
        batch.calls.push(now, call, ANSWER_MS);
        let full = batch.candidates.len() >= usize::from(self.options.batch_size);
        let wait_ms = if full || end || batch.kinds != before { 0 } else { self.options.batch_ms };
        let due = now.after_ms(wait_ms);
        batch.deadline = Some(batch.deadline.map_or(due, |deadline| deadline.min(due)));
        closed
    }

    /// A description for this peer follows: what waits goes first, and kinds count anew.
    pub fn flush(&mut self, to: &PeerId) -> Option<Closed> {
        let at = self.batches.iter().position(|batch| batch.to == *to)?;
        self.batches.swap_remove(at).close()
    }

    /// Takes the next batch whose time has come.
    pub fn poll(&mut self, now: Time) -> Option<Closed> {
        let is_due = |batch: &&mut Batch| batch.deadline.is_some_and(|deadline| now >= deadline);
        self.batches.iter_mut().find(is_due)?.close()
    }

    /// Takes the next batch that waits, whether or not its time has come.
    pub fn take_next(&mut self) -> Option<Closed> {
        self.batches.iter_mut().find(|batch| batch.deadline.is_some())?.close()
    }

    /// Gives a call another deadline, if it waits here.
    pub fn set_deadline(&mut self, call: CallId, deadline: Time) {
        for batch in &mut self.batches {
            batch.calls.set_deadline(call, deadline);
        }
    }

    /// The application no longer waits for this call; its candidates are sent with the others all the same.
    pub fn cancel(&mut self, call: CallId) {
        for batch in &mut self.batches {
            batch.calls.cancel(call);
        }
    }

    /// Rejects the calls whose time has run out; their candidates are sent with the others all the same.
    pub fn handle_timeout(&mut self, late: &Failure, context: &mut Context) {
        for batch in &mut self.batches {
            batch.calls.reject_late(late, context);
        }
    }

    /// Notes the deadline of each call, and when each batch is due.
    pub fn note_timeouts(&self, earliest: &mut Earliest) {
        for batch in &self.batches {
            batch.calls.note_timeouts(earliest);
            earliest.note(batch.deadline, TimerName::CandidateBatch);
        }
    }
}

impl Batch {
    fn close(&mut self) -> Option<Closed> {
        self.deadline.take()?;
        let signal = OwnSignal::Candidates {
            candidates: core::mem::take(&mut self.candidates),
            end: core::mem::take(&mut self.end),
        };
        Some(Closed { to: self.to.clone(), calls: core::mem::take(&mut self.calls), signal })
    }
}

//! Batches of candidates for connections that the application made itself (promises M8 and M9). They are neither counted
//! nor compared: whose generation they are of only the application knows.

use super::outgoing_messages::ANSWER_MS;
use crate::calls::Calls;
use crate::collections::queue::Queue;
use crate::config::CandidateOptions;
use crate::deadline::{Earliest, Reason};
use crate::ids::CallId;
use crate::output::{Failure, Output, TimerName};
use crate::peer::candidates::outgoing::{insert, rank};
use alloc::vec::Vec;
use signalpost_protocol::{IceCandidateInit, OwnSignal, PeerId, limits};

/// Most receivers whose batches are remembered; beyond, a batch only closes earlier.
const MOST: usize = 256;

struct Batch {
    to: PeerId,
    candidates: Vec<IceCandidateInit>,
    end: bool,
    calls: Calls,
    deadline: Option<u64>,
    /// Kinds sent since the last description, one bit for each rank.
    kinds: u32,
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
        now: u64,
        call: CallId,
        to: PeerId,
        found: Vec<IceCandidateInit>,
        end: bool,
    ) -> Option<Closed> {
        let at = self.batches.iter().position(|batch| batch.to == to).unwrap_or_else(|| {
            if self.batches.len() >= MOST {
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
            batch.kinds |= 1u32.checked_shl(u32::from(rank(&init))).unwrap_or(0);
            insert(&mut batch.candidates, init);
        }
        batch.end |= end;
        batch.calls.push(now, call, ANSWER_MS);
        let full = batch.candidates.len() >= usize::from(self.options.batch_size);
        let wait = if full || end || batch.kinds != before { 0 } else { self.options.batch_ms };
        let due = now.saturating_add(u64::from(wait));
        batch.deadline = Some(batch.deadline.map_or(due, |deadline| deadline.min(due)));
        closed
    }

    /// A description for this peer follows: what waits goes first, and kinds count anew.
    pub fn flush(&mut self, to: &PeerId) -> Option<Closed> {
        let at = self.batches.iter().position(|batch| batch.to == *to)?;
        self.batches.swap_remove(at).close()
    }

    /// The next batch whose time has come.
    pub fn poll(&mut self, now: u64) -> Option<Closed> {
        let is_due = |batch: &&mut Batch| batch.deadline.is_some_and(|deadline| now >= deadline);
        self.batches.iter_mut().find(is_due)?.close()
    }

    /// Gives a promise another deadline, if it waits here.
    pub fn set_deadline(&mut self, call: CallId, deadline: u64) {
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

    /// Rejects the promises whose time has run out; their candidates are sent with the others all the same.
    pub fn handle_timeout(&mut self, now: u64, late: &Failure, out: &mut Queue<Output>) {
        for batch in &mut self.batches {
            batch.calls.settle_late(now, late, out);
        }
    }

    pub fn note_timeouts<R: Reason>(&self, earliest: &mut Earliest<R>) {
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

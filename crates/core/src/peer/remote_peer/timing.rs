//! What a peer waits for, and how long.

use super::Peer;
use crate::deadline::{Earliest, Reason};
use crate::output::{Failure, Operation, TimerName};
use crate::peer::effects::Effects;
use crate::peer::negotiation::Step;
use alloc::vec::Vec;
use signalpost_protocol::ErrorCode;

/// How long a pair may take until data can flow for the first time, in milliseconds.
const PAIR_MS: u64 = 12_000;

impl Peer {
    /// The time named by [`Peer::note_timeouts`] may have come.
    pub fn handle_timeout(&mut self, now: u64, effects: &mut Effects) {
        if let Some(due) = self.batch.poll(now) {
            self.send_candidates(due, effects);
        }
        for init in self.names.poll(now) {
            self.operate(Operation::AddIceCandidate(init), effects);
        }
        let mut steps = Vec::new();
        self.handle_gathered(now, &mut steps);
        if self.resume_at.take_if(|at| now >= *at).is_some() {
            self.negotiation.resume(&mut steps);
        }
        if !steps.is_empty() {
            self.carry_out(now, steps, effects);
        }
        if self.resend.is_due(now) {
            self.resend.handle_sent();
            if self.is_pending() {
                self.send_again(effects);
            }
        }
        let late = Failure::new(ErrorCode::Timeout, self.resend.reason());
        self.calls.settle_late(now, &late, &mut effects.outputs);
        if self.pair_deadline.is_some_and(|deadline| now >= deadline) {
            let no_path =
                || Failure::new(ErrorCode::ConnectionFailed, "no path to the peer was found in time");
            let failure = self.resend.take_reason().unwrap_or_else(no_path);
            self.hang_up(failure, effects);
        }
    }

    /// When [`Peer::handle_timeout`] has something to do, and why.
    pub fn note_timeouts<R: Reason>(&self, earliest: &mut Earliest<R>) {
        earliest.note(self.batch.poll_timeout(), TimerName::CandidateBatch);
        earliest.note(self.gathered_at, TimerName::Gathering);
        earliest.note(self.names.poll_timeout(), TimerName::HiddenName);
        earliest.note(self.resend.poll_timeout(), TimerName::Resend);
        earliest.note(self.resume_at, TimerName::Resume);
        earliest.note(self.pair_deadline.filter(|at| *at < u64::MAX), TimerName::Pair);
        self.calls.note_timeouts(earliest);
    }

    /// Waits for the candidates of the description that is set.
    pub(super) fn gather(&mut self, now: u64, effects: &mut Effects) {
        self.gathered_at = Some(now.saturating_add(self.gathering_ms()));
        let mut steps = Vec::new();
        self.handle_gathered(now, &mut steps);
        self.carry_out(now, steps, effects);
    }

    /// They may all be there, or time may be up.
    pub(super) fn handle_gathered(&mut self, now: u64, steps: &mut Vec<Step>) {
        let is_complete = self.batch.is_complete();
        if self.gathered_at.take_if(|at| is_complete || now >= *at).is_some() {
            self.negotiation.handle_gathered(is_complete, steps);
        }
    }

    pub(super) fn expect_pair(&mut self, now: u64) {
        if self.timeline.open.is_none() && self.pair_deadline.is_none() {
            self.expect_pair_from(now);
        }
    }

    /// The pair's time begins. Both sides may wait for their candidates, one after the other.
    pub(super) fn expect_pair_from(&mut self, now: u64) {
        let gathering = self.gathering_ms().saturating_mul(2);
        let now = if self.is_linked { now } else { u64::MAX };
        self.pair_deadline = Some(now.saturating_add(PAIR_MS).saturating_add(gathering));
    }

    /// The link to the server was lost, or is back: meanwhile the pair's time does not run.
    pub fn handle_link(&mut self, now: u64, is_linked: bool) {
        self.is_linked = is_linked;
        if self.pair_deadline.is_some() {
            self.expect_pair_from(now);
        }
    }

    fn gathering_ms(&self) -> u64 {
        self.gathering_ms.unwrap_or_default().into()
    }
}

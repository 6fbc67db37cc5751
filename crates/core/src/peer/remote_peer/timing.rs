//! What a remote peer waits for, and how long.

use super::Peer;
use crate::deadline::{Earliest, TimerName};
use crate::failure::Failure;
use crate::output::Operation;
use crate::peer::effects::Effects;
use crate::peer::ladder::loss::Loss;
use crate::peer::negotiation::Step;
use crate::time::Time;
use alloc::vec::Vec;
use signalpost_protocol::ErrorCode;

impl Peer {
    /// A deadline that [`Peer::note_timeouts`] noted may have come.
    pub fn handle_timeout(&mut self, effects: &mut Effects<'_>) {
        let now = effects.now();
        if let Some(due) = self.candidates.poll(now) {
            self.send_candidates(due, effects);
        }
        for init in self.hidden_names.poll(now) {
            self.operate(Operation::AddIceCandidate(init), effects);
        }
        let mut steps = Vec::new();
        self.handle_gathered(now, &mut steps);
        if self.renegotiate_at.take_if(|at| now >= *at).is_some() {
            self.negotiation.resume(&mut steps);
        }
        if !steps.is_empty() {
            self.carry_out(steps, effects);
        }
        if self.resend.is_due(now) {
            self.resend.handle_sent();
            if self.is_pending() {
                self.send_again(effects);
            }
        }
        let late = Failure::new(ErrorCode::Timeout, self.resend.reason());
        self.calls.reject_late(&late, effects.context);
        self.handle_ladder_timeout(effects);
        if self.pair_timer.poll_timeout().is_some_and(|deadline| now >= deadline) {
            let reason = self.resend.take_reason();
            let failure = reason.unwrap_or_else(|| self.no_path("no path to the peer was found in time"));
            self.hang_up(failure, effects);
        }
    }

    /// Notes when [`Peer::handle_timeout`] has something to do.
    pub fn note_timeouts(&self, earliest: &mut Earliest) {
        earliest.note(self.candidates.poll_timeout(), TimerName::CandidateBatch);
        earliest.note(self.gathering_timer.poll_timeout(), TimerName::Gathering);
        earliest.note(self.hidden_names.poll_timeout(), TimerName::HiddenName);
        earliest.note(self.resend.poll_timeout(), TimerName::Resend);
        earliest.note(self.renegotiate_at, TimerName::Renegotiation);
        earliest.note(self.pair_timer.poll_timeout(), TimerName::Pair);
        earliest.note(self.ladder.liveness.poll_timeout(), TimerName::Liveness);
        let rung = self.ladder.loss.as_ref().and_then(Loss::poll_timeout);
        earliest.note(rung, TimerName::Ladder);
        earliest.note(self.ladder.deadline(), TimerName::Ladder);
        self.calls.note_timeouts(earliest);
    }

    /// Waits for the candidates of the description that is set.
    pub(super) fn gather(&mut self, effects: &mut Effects<'_>) {
        self.gathering_timer.start(effects.now());
        let mut steps = Vec::new();
        self.handle_gathered(effects.now(), &mut steps);
        self.carry_out(steps, effects);
    }

    /// The candidates may all be there, or time may be up.
    pub(super) fn handle_gathered(&mut self, now: Time, steps: &mut Vec<Step>) {
        let is_complete = self.candidates.is_complete();
        if self.gathering_timer.take_end(now, is_complete) {
            self.negotiation.handle_gathered(is_complete, steps);
        }
    }

    /// The pair is wanted: its time begins, unless it has, or data can flow.
    pub(super) fn expect_pair(&mut self, now: Time) {
        if self.timeline.open_ms.is_none() {
            self.pair_timer.start(now);
        }
    }

    /// The link to the server was lost, or is back.
    pub fn handle_link(&mut self, is_linked: bool, effects: &mut Effects<'_>) {
        self.pair_timer.handle_link(effects.now(), is_linked);
        self.handle_mute(effects);
    }
}

//! What a peer puts on the wire.

use super::Peer;
use crate::candidate_batch::Due;
use crate::effects::Effects;
use crate::input::SdpType;
use crate::output::Event;
use signalpost_protocol::message::{CandidateBatch as Batch, Description};
use signalpost_protocol::{Candidate, ErrorCode, IceCandidateInit, Signal, limits, session_description};

impl Peer {
    /// The browser found a candidate. One that nobody could read is not sent, and that is told.
    pub(super) fn handle_found(&mut self, now: u64, init: IceCandidateInit, effects: &mut Effects) {
        if Candidate::parse(&init.candidate).is_none() {
            let failure = ErrorCode::InvalidCandidate.into();
            effects.event(Event::Error { peer: Some(self.id.clone()), failure });
        } else if self.must_hold(Some(&init)) {
            self.batch.hold(Some(init));
        } else {
            self.batch.push(now, init);
        }
    }

    pub(super) fn send_again(&mut self, effects: &mut Effects) {
        self.resend_description(effects);
        if let Some(due) = self.batch.again() {
            self.send_candidates(due, effects);
        }
    }

    pub(super) fn resend_description(&mut self, effects: &mut Effects) {
        for (number, description) in self.negotiation.outstanding() {
            self.send_description(number, description, effects);
        }
        if self.negotiation.is_inviting() {
            self.send_invite(effects);
        }
    }

    pub(super) fn send_invite(&self, effects: &mut Effects) {
        let (session, end) = (Some(self.own_session), self.batch.generation().cloned());
        effects.send(&self.id, Signal::Invite { route: self.route(), session, end });
    }

    pub(super) fn send_description(
        &mut self,
        number: u32,
        description: crate::Description,
        effects: &mut Effects,
    ) {
        let crate::Description { kind, sdp } = description;
        if !limits::fits_description(&sdp) {
            // The server would refuse it each time that it is sent.
            self.fail(ErrorCode::MessageTooLarge.into(), effects);
            return;
        }
        let sdp = match self.negotiation.role() {
            // Firefox may answer a restart with the role that it has not got; it has no choice here.
            Some(role) if kind == SdpType::Offer => session_description::with_setup(&sdp, role),
            _ => sdp,
        };
        let description = Description { route: self.route(), session: Some(self.own_session), number, sdp };
        let signal = match kind {
            SdpType::Offer => Signal::Offer(description),
            SdpType::Answer => Signal::Answer(description),
        };
        effects.send(&self.id, signal);
    }

    pub(super) fn send_candidates(&self, due: Due, effects: &mut Effects) {
        let route = self.route();
        let signal = Signal::Candidates(Batch { route, candidates: due.candidates, end: due.end });
        effects.send(&self.id, signal);
    }
}

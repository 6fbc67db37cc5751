//! What a peer puts on the wire.

use super::Peer;
use crate::input::{ConnectionState, SdpType};
use crate::output::{Event, Failure};
use crate::peer::candidates::outgoing::Due;
use crate::peer::effects::Effects;
use crate::peer::negotiation::Remote;
use alloc::vec::Vec;
use signalpost_protocol::message::{CandidateBatch as Batch, Description};
use signalpost_protocol::{Candidate, ErrorCode, IceCandidateInit, Signal, session_description};

impl Peer {
    /// The server refused a message for this peer, or there was no room for it.
    pub fn handle_refusal(&mut self, now: u64, failure: Failure, effects: &mut Effects) {
        if !self.has_sent {
            return;
        }
        match ErrorCode::parse(&failure.code) {
            // Nobody has ever seen this peer: say so at once.
            Some(ErrorCode::PeerNotFound) if self.remote_connection.is_none() && self.session.is_none() => {
                self.close(failure, effects);
            }
            // It was here and may be on its way back: its connection may be fine all the while.
            Some(ErrorCode::PeerNotFound | ErrorCode::PeerBusy | ErrorCode::OutboxFull) => {
                if self.is_wanted() {
                    self.resend.handle_refused(now, failure);
                }
            }
            Some(code @ (ErrorCode::InvalidDescription | ErrorCode::MessageTooLarge)) => {
                let mut steps = Vec::new();
                self.negotiation.handle_remote(Remote::Undelivered { code }, &mut steps);
                self.carry_out(now, steps, effects);
            }
            _ => effects.event(Event::Error { peer: Some(self.id.clone()), failure }),
        }
    }

    /// Whether the other side has to get what was sent last: a description, an invite or a reject that it may not have, or, as long
    /// as the pair is not connected, the candidates.
    fn is_wanted(&self) -> bool {
        self.negotiation.is_inviting()
            || !self.negotiation.outstanding().is_empty()
            || self.negotiation.rejected().is_some()
            || self.state != ConnectionState::Connected
    }

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
        if let Some(number) = self.negotiation.rejected().filter(|_| self.resend.is_undelivered()) {
            self.send_reject(number, effects);
        }
    }

    pub(super) fn send_reject(&self, number: u32, effects: &mut Effects) {
        let (route, code) = (self.route(), ErrorCode::DescriptionRejected);
        effects.send(&self.id, Signal::Reject { route, number, code });
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

//! What a peer puts on the wire.

use super::Peer;
use crate::failure::Failure;
use crate::ids::OfferNumber;
use crate::input::SdpType;
use crate::output::Output;
use crate::peer::candidates::outgoing::Due;
use crate::peer::effects::Effects;
use crate::peer::negotiation::Remote;
use alloc::string::ToString;
use alloc::vec::Vec;
use signalpost_protocol::message::{CandidateBatch as Batch, Description};
use signalpost_protocol::{Candidate, ErrorCode, IceCandidateInit, Signal, session_description};

impl Peer {
    /// The server refused a message for this peer, or there was no room for it.
    pub fn handle_refusal(&mut self, failure: Failure, effects: &mut Effects<'_>) {
        if !self.ends.has_sent {
            return;
        }
        match ErrorCode::parse(&failure.code) {
            // Nobody has ever seen this peer: say so at once.
            Some(ErrorCode::PeerNotFound) if !self.ends.is_remote_known() => {
                self.close(failure, effects);
            }
            Some(ErrorCode::PeerNotFound) if self.was_ended() => self.handle_left(effects),
            // It was here and may be on its way back: its connection may be fine all the while.
            Some(ErrorCode::PeerNotFound | ErrorCode::PeerBusy | ErrorCode::OutboxFull) => {
                if self.is_wanted() {
                    self.resend.handle_refused(effects.now(), failure);
                }
            }
            Some(code @ (ErrorCode::InvalidDescription | ErrorCode::MessageTooLarge)) => {
                let mut steps = Vec::new();
                self.negotiation.handle_remote(Remote::Undelivered { code }, &mut steps);
                self.carry_out(steps, effects);
            }
            _ => self.report(failure, effects),
        }
    }

    /// Whether the other side has to get what was sent last: a description, an invite or a reject that it may not have, or, as long
    /// as the pair is not connected, the candidates.
    fn is_wanted(&self) -> bool {
        self.negotiation.is_inviting()
            || !self.negotiation.outstanding().is_empty()
            || self.negotiation.rejected().is_some()
            || !self.progress.is_connected()
    }

    /// The browser found a candidate. A candidate that no other side could read is reported, and not sent.
    pub(super) fn handle_found(&mut self, init: IceCandidateInit, effects: &mut Effects<'_>) {
        if Candidate::parse(&init.candidate).is_none() {
            self.report(ErrorCode::InvalidCandidate.into(), effects);
        } else if self.must_hold(Some(&init)) {
            self.candidates.hold(Some(init));
        } else {
            self.candidates.push(effects.now(), init);
        }
    }

    /// A STUN or TURN server refused, or did not answer: a step of the `debug` hook, and a number of the census.
    pub(super) fn handle_server_error(&mut self, code: u16, url: &str, effects: &mut Effects<'_>) {
        self.candidates.handle_server_error(code, url);
        let mut detail = code.to_string();
        detail.push_str(" from ");
        detail.push_str(url);
        let id = Some(self.ends.connection.0);
        effects.output(Output::Note { action: "candidate-error", id, detail });
    }

    pub(super) fn send_again(&mut self, effects: &mut Effects<'_>) {
        self.resend_description(effects);
        if let Some(due) = self.candidates.again() {
            self.send_candidates(due, effects);
        }
    }

    pub(super) fn resend_description(&mut self, effects: &mut Effects<'_>) {
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

    pub(super) fn send_reject(&self, number: OfferNumber, effects: &mut Effects<'_>) {
        let (route, code) = (self.ends.route(), ErrorCode::DescriptionRejected);
        effects.send(&self.id, Signal::Reject { route, number: number.0, code });
    }

    pub(super) fn send_invite(&self, effects: &mut Effects<'_>) {
        let (session, end) = (Some(self.ends.incarnation), self.candidates.generation().cloned());
        let (route, mapping) = (self.ends.route(), self.ends.outlook.own_word());
        effects.send(&self.id, Signal::Invite { route, session, mapping, end });
    }

    pub(super) fn send_description(
        &mut self,
        number: OfferNumber,
        description: crate::Description,
        effects: &mut Effects<'_>,
    ) {
        let crate::Description { kind, sdp } = description;
        let sdp = match self.negotiation.role() {
            // Firefox may answer a restart with the role that it has not got; it has no choice here.
            Some(role) if kind == SdpType::Offer => session_description::with_setup(&sdp, role),
            _ => sdp,
        };
        let description = Description {
            route: self.ends.route(),
            session: Some(self.ends.incarnation),
            mapping: self.ends.outlook.own_word(),
            number: number.0,
            sdp,
        };
        let signal = match kind {
            SdpType::Offer => Signal::Offer(description),
            SdpType::Answer => Signal::Answer(description),
        };
        effects.send(&self.id, signal);
    }

    pub(super) fn send_candidates(&self, due: Due, effects: &mut Effects<'_>) {
        let route = self.ends.route();
        let signal = Signal::Candidates(Batch { route, candidates: due.candidates, end: due.end });
        effects.send(&self.id, signal);
    }
}

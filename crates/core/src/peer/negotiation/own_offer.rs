//! Own offers: when one is made, what is looked at before it is set or sent, and how it is taken back.
//!
//! The polite side holds its offers: it makes an offer, sends it, and sets it only when the answer is there, so that nothing is
//! ever rolled back for glare. Chromium, after it has rolled its first offer back, may have lost its data channel or its
//! candidates; Firefox, after any rollback, refuses an offer that restarts ICE. One kind of offer cannot be held: see
//! [`super::bundle::Bundle::cannot_be_held`].

use super::{InFlight, Negotiation, Step};
use crate::input::{Description, SdpType, SignalingState};
use crate::output::Operation;
use alloc::vec::Vec;
use signalpost_protocol::{ErrorCode, limits};

impl Negotiation {
    pub(super) fn is_offer_due(&self) -> bool {
        // The other side knows an offer of ours that was never set: until its own offer has settled that, it would refuse
        // the next of ours.
        let is_out_of_step = self.inviting && self.unset_offers > 0;
        self.negotiation_needed
            && self.active
            && !self.refused
            && !self.paused
            && !is_out_of_step
            && self.offer.is_none()
            && self.signaling_state == SignalingState::Stable
    }

    /// Makes an offer. `createOffer()` changes nothing in the browser, so what it made is looked at first. Only the first
    /// offer of a connection is set without a look, where it need not be held: it costs no time.
    pub(super) fn make_offer(&mut self, steps: &mut Vec<Step>) {
        self.negotiation_needed = false;
        let is_first = self.offer_number == 0 && self.remote_offer_number == 0 && !self.excess.is_told();
        let is_set = core::mem::take(&mut self.sets_next_offer) || (is_first && !self.polite);
        let operation = if is_set { Operation::SetLocalDescription } else { Operation::CreateOffer };
        self.start(InFlight::MakingOffer, operation, steps);
    }

    /// Whether the description that an operation made is not set yet.
    pub(super) fn is_unset(&self, made: InFlight) -> bool {
        match made {
            InFlight::MakingOffer => self.signaling_state == SignalingState::Stable,
            InFlight::MakingAnswer { .. } => self.signaling_state == SignalingState::HaveRemoteOffer,
            _ => false,
        }
    }

    /// A description was made and is not set. `begins`: an ICE generation.
    pub(super) fn handle_unset(
        &mut self,
        made: InFlight,
        description: Description,
        begins: bool,
        steps: &mut Vec<Step>,
    ) {
        match (made, description.kind) {
            (InFlight::MakingAnswer { number }, SdpType::Answer) => {
                self.handle_unset_answer(number, &description.sdp, steps);
            }
            (InFlight::MakingOffer, SdpType::Offer) => {
                if self.polite && begins && self.gathers {
                    self.begin_gathering(made, steps);
                } else if !limits::fits_description(&description.sdp) {
                    self.handle_excess(begins, steps);
                } else if self.polite && !self.bundle.cannot_be_held(&description.sdp) {
                    self.send_offer(description, steps);
                } else {
                    self.negotiation_needed = true;
                    self.sets_next_offer = true;
                }
            }
            _ => self.handle_success(made, None, steps),
        }
    }

    /// An own offer is set.
    pub(super) fn handle_set_offer(&mut self, description: Description, steps: &mut Vec<Step>) {
        // What was needed until now is in the offer, or will be asked for again once it is stable.
        self.negotiation_needed = false;
        if limits::fits_description(&description.sdp) {
            let sdp = description.sdp.clone();
            self.send_offer(description, steps);
            steps.push(Step::Described { sdp });
        } else {
            self.excess.handle_excess();
            self.withdraw_offer(steps);
            let message = super::excess::TOO_LARGE.into();
            steps.push(Step::Fail { code: ErrorCode::MessageTooLarge, message });
        }
    }

    fn send_offer(&mut self, description: Description, steps: &mut Vec<Step>) {
        self.excess.handle_fitting();
        self.is_unoffered = false;
        self.offer_number = self.offer_number.saturating_add(1);
        self.offer = Some(description.sdp.clone());
        self.bundle.handle_offer(&description.sdp);
        steps.push(Step::SendDescription { number: self.offer_number, description });
    }

    /// The own offer is of no use: it is rolled back where it is set, and none is made again by itself.
    pub(super) fn withdraw_offer(&mut self, steps: &mut Vec<Step>) {
        self.offer = None;
        self.refused = true;
        if self.signaling_state == SignalingState::HaveLocalOffer {
            // The browser asks again once it is stable.
            self.start(InFlight::RollingBack, Operation::RollbackLocal, steps);
        } else {
            self.is_unoffered = true;
        }
    }

    /// Both sides agreed on what this answer says.
    pub(super) fn agree_on(&mut self, answer: &str) {
        self.bundle.handle_answer(answer);
        self.excess.handle_agreed();
    }

    /// Whether the last own offer costs this browser its data channel.
    pub fn is_losing_channel(&self) -> bool {
        self.bundle.is_losing()
    }
}

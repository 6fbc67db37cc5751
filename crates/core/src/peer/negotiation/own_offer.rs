//! Own offers: when one is made, what is looked at before it is set or sent, and how it is taken back.
//!
//! The polite side holds its offers: it makes an offer, sends it, and sets it only when the answer is there, so that nothing is
//! ever rolled back for glare. Chromium, after it has rolled its first offer back, may have lost its data channel or its
//! candidates; Firefox, after any rollback, refuses an offer that restarts ICE. One kind of offer cannot be held: see
//! [`super::state::bundle::Bundle::cannot_be_held`].

use super::Negotiation;
use super::state::own_offers::OwnOffer;
use super::step::{InFlight, Step};
use crate::ids::OfferNumber;
use crate::input::{Description, SdpType, SignalingState};
use crate::output::Operation;
use alloc::{string::String, vec::Vec};
use signalpost_protocol::{ErrorCode, limits};

impl Negotiation {
    pub(super) fn is_offer_due(&self) -> bool {
        // The other side knows an offer of ours that was never set: until its own offer has settled that, it would refuse
        // the next of ours.
        let is_out_of_step = self.invites.is_inviting && self.own.unset_in_a_row > 0;
        self.wish.is_due()
            && !is_out_of_step
            && matches!(self.own.current, OwnOffer::None)
            && self.signaling_state == SignalingState::Stable
    }

    /// Makes an offer. `createOffer()` changes nothing in the browser, so what it made is looked at first. Only the first
    /// offer of a connection is set without a look, where it need not be held: it costs no time.
    pub(super) fn make_offer(&mut self, steps: &mut Vec<Step>) {
        self.wish.settle();
        let is_first = self.own.number.0 == 0 && self.remote.number.0 == 0 && !self.excess.is_told();
        let is_set = core::mem::take(&mut self.own.sets_next) || (is_first && !self.polite);
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
                    self.wish.need();
                    self.own.sets_next = true;
                }
            }
            _ => self.handle_success(made, None, steps),
        }
    }

    /// An own offer is set.
    pub(super) fn handle_set_offer(&mut self, description: Description, steps: &mut Vec<Step>) {
        // What was needed until now is in the offer, or will be asked for again once it is stable.
        self.wish.settle();
        if limits::fits_description(&description.sdp) {
            let sdp = description.sdp.clone();
            self.send_offer(description, steps);
            steps.push(Step::Described { sdp });
        } else {
            self.excess.handle_excess();
            self.withdraw_offer(steps);
            let message = super::state::excess::TOO_LARGE.into();
            steps.push(Step::Fail { code: ErrorCode::MessageTooLarge, message });
        }
    }

    fn send_offer(&mut self, description: Description, steps: &mut Vec<Step>) {
        self.excess.handle_fitting();
        self.wish.handle_offered();
        self.own.number = OfferNumber(self.own.number.0.saturating_add(1));
        self.own.current = OwnOffer::Out { sdp: description.sdp.clone() };
        self.bundle.handle_offer(&description.sdp);
        steps.push(Step::SendDescription { number: self.own.number, description });
    }

    /// An answer of the other side has its turn. A late answer to a superseded or rolled back offer describes something that is
    /// gone.
    pub(super) fn take_up_answer(&mut self, number: OfferNumber, sdp: String, steps: &mut Vec<Step>) {
        if !self.own.current.is_out() {
            steps.push(Step::Ignore { why: "an answer without an offer" });
            return;
        }
        if Some(number) == self.own.answered {
            // An answer comes twice only where the session that our offer waited in was lost.
            steps.push(Step::SendAgain);
        } else if number != self.own.number {
            steps.push(Step::Ignore { why: "an answer to another offer" });
        } else if self.signaling_state == SignalingState::HaveLocalOffer {
            self.apply_answer(sdp, steps);
        } else if self.signaling_state == SignalingState::Stable
            && let Some(offer) = self.own.current.hold_answer(sdp)
        {
            steps.push(Step::Described { sdp: offer.clone() });
            let offer = Description { kind: SdpType::Offer, sdp: offer };
            self.start(InFlight::SettingOffer, Operation::SetLocalOffer(offer), steps);
        }
    }

    /// The offer that was held is set: its answer can be applied.
    pub(super) fn handle_held_offer_set(&mut self, steps: &mut Vec<Step>) {
        // What was needed until now is in the offer, or will be asked for again once it is stable.
        self.wish.settle();
        self.own.unset_in_a_row = 0;
        if let Some(answer) = self.own.current.take_answer() {
            self.apply_answer(answer, steps);
        }
    }

    fn apply_answer(&mut self, sdp: String, steps: &mut Vec<Step>) {
        self.settle_role(&sdp, "passive", "active");
        let number = self.own.number;
        self.own.answered = Some(number);
        self.apply(InFlight::ApplyingAnswer { number }, SdpType::Answer, sdp, steps);
    }

    /// The own offer is of no use: it is rolled back where it is set, and none is made again by itself.
    pub(super) fn withdraw_offer(&mut self, steps: &mut Vec<Step>) {
        self.own.current = OwnOffer::Refused;
        if self.signaling_state == SignalingState::HaveLocalOffer {
            // The browser asks again once it is stable.
            self.start(InFlight::RollingBack, Operation::RollbackLocal, steps);
        } else {
            self.wish.handle_unoffered();
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

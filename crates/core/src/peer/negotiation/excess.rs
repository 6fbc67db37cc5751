//! Descriptions that are larger than what can be sent.
//!
//! Nothing is set that cannot be sent, so only the change that does not fit fails. The browser repeats its wish for that change
//! whenever a negotiation has ended.

use super::Negotiation;
use super::state::excess::TOO_LARGE;
use super::step::{InFlight, Step};
use crate::ids::OfferNumber;
use crate::input::Description;
use crate::output::Operation;
use alloc::{string::String, vec::Vec};
use signalpost_protocol::{ErrorCode, limits};

const ANSWER_TOO_LARGE: &str = "the answer to the peer's offer is too large to be sent";

/// The answer to an offer of more bytes is looked at before it is set. An answer has the media sections of its offer; where those
/// are as short as can be, it is some 8 times as long.
const LOOK_BYTES: usize = limits::DESCRIPTION_FRAME_BYTES / 8;

impl Negotiation {
    /// The offer that was made is too large. `begins`: it would begin an ICE generation.
    pub(super) fn handle_excess(&mut self, begins: bool, steps: &mut Vec<Step>) {
        // What was asked for meanwhile is in that offer.
        self.wish.settle();
        self.wish.handle_unoffered();
        let is_restart = begins && self.bundle.is_settled();
        if is_restart && (self.polite || !self.gathers) {
            // An offer of the other side has only what both know, and restarts ICE for both.
            self.invite(steps);
        } else if self.excess.handle_excess() {
            let (code, message) = (ErrorCode::MessageTooLarge, TOO_LARGE.into());
            let concerns_calls = begins || !self.bundle.is_settled();
            steps.push(if concerns_calls {
                Step::Fail { code, message }
            } else {
                Step::Report { code, message }
            });
        }
    }

    /// How the offer that was applied is answered.
    pub(super) fn answering(&self) -> Operation {
        if self.applying.len() > LOOK_BYTES {
            Operation::CreateAnswer
        } else {
            Operation::SetLocalDescription
        }
    }

    /// An answer was made and is not set.
    pub(super) fn handle_unset_answer(&mut self, number: OfferNumber, sdp: &str, steps: &mut Vec<Step>) {
        if limits::fits_description(sdp) {
            self.start(InFlight::MakingAnswer { number }, Operation::SetLocalDescription, steps);
        } else {
            self.refuse_offer(number, steps);
            let message = ANSWER_TOO_LARGE.into();
            steps.push(Step::Report { code: ErrorCode::MessageTooLarge, message });
            self.drop_offer(steps);
        }
    }

    /// An own answer is set.
    pub(super) fn handle_set_answer(
        &mut self,
        number: OfferNumber,
        description: Description,
        steps: &mut Vec<Step>,
    ) {
        self.settle_role(&description.sdp, "active", "passive");
        self.agree_on(&description.sdp);
        let sdp: String = description.sdp.clone();
        if limits::fits_description(&sdp) {
            self.remote.answer = Some(sdp.clone());
            steps.push(Step::SendDescription { number, description });
        } else {
            // It was not looked at, so its offer was small. The other side rolls that back and learns of the media sections
            // by the next offer of ours.
            self.refuse_offer(number, steps);
            steps.push(Step::Fail { code: ErrorCode::MessageTooLarge, message: ANSWER_TOO_LARGE.into() });
        }
        steps.push(Step::Described { sdp });
    }
}

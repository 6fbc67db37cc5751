//! Descriptions that are larger than what can be sent.
//!
//! Nothing is set that cannot be sent, so only the change that does not fit fails. The browser repeats its wish for that change
//! whenever a negotiation has ended.

use super::{InFlight, Negotiation, Step};
use crate::input::Description;
use crate::output::Operation;
use alloc::{string::String, vec::Vec};
use signalpost_protocol::{ErrorCode, limits};

pub(super) const TOO_LARGE: &str =
    "the description with this change is too large to be sent: stop transceivers that are not used";
const ANSWER_TOO_LARGE: &str = "the answer to the peer's offer is too large to be sent";

/// The answer to an offer of more bytes is looked at before it is set. An answer has the media sections of its offer; where those
/// are as short as can be, it is some 8 times as long.
const LOOK_BYTES: usize = limits::DESCRIPTION_FRAME_BYTES / 8;

/// An own change that does not fit into an offer.
#[derive(Debug, Default)]
pub struct Excess {
    /// The application was told.
    is_told: bool,
    /// A negotiation has ended since, so that the browser repeats its wish.
    is_repeated: bool,
}

impl Excess {
    /// Whether the last offer that was made did not fit.
    pub fn is_told(&self) -> bool {
        self.is_told
    }

    /// The application asks for an offer, and waits for what comes of it.
    pub fn handle_asked(&mut self) {
        self.is_repeated = false;
    }

    /// An offer fits.
    pub fn handle_fitting(&mut self) {
        *self = Self::default();
    }

    /// A negotiation has ended.
    pub fn handle_agreed(&mut self) {
        self.is_repeated = self.is_told;
    }

    /// An offer does not fit. Returns whether the application has to be told.
    pub fn handle_excess(&mut self) -> bool {
        self.is_told = true;
        !core::mem::take(&mut self.is_repeated)
    }
}

impl Negotiation {
    /// The offer that was made is too large. `begins`: it would begin an ICE generation.
    pub(super) fn handle_excess(&mut self, begins: bool, steps: &mut Vec<Step>) {
        // What was asked for meanwhile is in it.
        self.negotiation_needed = false;
        self.is_unoffered = true;
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
    pub(super) fn handle_unset_answer(&mut self, number: u32, sdp: &str, steps: &mut Vec<Step>) {
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
    pub(super) fn handle_set_answer(&mut self, number: u32, description: Description, steps: &mut Vec<Step>) {
        self.settle_role(&description.sdp, "active", "passive");
        self.agree_on(&description.sdp);
        let sdp: String = description.sdp.clone();
        if limits::fits_description(&sdp) {
            self.answer = Some(sdp.clone());
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

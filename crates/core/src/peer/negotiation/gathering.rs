//! Descriptions that are sent with their candidates (promise M12).
//!
//! The polite side sets no offer before the answer is there, so an offer of its own that begins an ICE generation has
//! gathered nothing. It invites the other side to make it.

use super::{InFlight, Negotiation, Step};
use crate::input::Description;
use crate::output::Operation;
use alloc::{string::String, vec::Vec};
use signalpost_protocol::session_description;

/// The description that is being made, and its candidates.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Gathering {
    #[default]
    Idle,
    /// It is set, and waits for them.
    Waiting,
    /// It is read once more.
    Reading { is_complete: bool },
}

impl Gathering {
    /// The description was read.
    pub fn finish(self, made: &mut Option<Description>) {
        if let (Self::Reading { is_complete: true }, Some(made)) = (self, made) {
            made.sdp = session_description::with_end_of_candidates(core::mem::take(&mut made.sdp));
        }
    }
}

impl Negotiation {
    /// A description was made that begins a generation.
    pub(super) fn begin_gathering(&mut self, made: InFlight, steps: &mut Vec<Step>) {
        if self.is_unset(made) {
            if self.is_offered() {
                // Perhaps all is well with that.
                self.negotiation_needed = true;
            } else {
                // What was asked for meanwhile is the same.
                self.negotiation_needed = false;
                self.invite(steps);
            }
        } else {
            self.in_flight = Some(made);
            self.gathering = Gathering::Waiting;
            steps.push(Step::Gather);
        }
    }

    /// Asks the other side to offer, unless that was asked for.
    pub(super) fn invite(&mut self, steps: &mut Vec<Step>) {
        if !core::mem::replace(&mut self.inviting, true) {
            steps.push(Step::Invite);
        }
    }

    /// [`Step::Gather`] is done: everything was found (`is_complete`), or time is up.
    pub fn handle_gathered(&mut self, is_complete: bool, steps: &mut Vec<Step>) {
        if self.gathering == Gathering::Waiting {
            self.gathering = Gathering::Reading { is_complete };
            steps.push(Step::Operate(Operation::ReadLocalDescription));
        }
    }

    /// Whether we wait for an offer that we asked for.
    pub fn is_inviting(&self) -> bool {
        self.inviting
    }

    /// The other side asks for an offer, which may be on its way: then nothing has to be done. `end`: its generation
    /// that the offer shall end.
    pub(super) fn take_up_invite(&mut self, end: String, steps: &mut Vec<Step>) {
        if self.invited.as_deref() == Some(&*end) {
            // Who asks again has not got our offer.
            if self.offer.is_some() {
                steps.push(Step::SendAgain);
            }
            return;
        }
        self.active = true;
        self.refused = false;
        // The browser does not ask twice for what was never offered.
        self.negotiation_needed |= core::mem::take(&mut self.is_unoffered);
        if self.candidates.is_of(&end) {
            steps.push(Step::RestartIce);
        }
        self.invited = Some(end);
    }
}

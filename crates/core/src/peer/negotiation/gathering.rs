//! Descriptions that are sent with their candidates.
//!
//! The polite side sets no offer before the answer is there, so an offer of its own that begins an ICE generation has
//! gathered nothing. It invites the other side to make it.

use super::Negotiation;
use super::state::gathering::Gathering;
use super::step::{InFlight, Step};
use crate::output::Operation;
use alloc::{string::String, vec::Vec};

impl Negotiation {
    /// A description was made that begins a generation.
    pub(super) fn begin_gathering(&mut self, made: InFlight, steps: &mut Vec<Step>) {
        if self.is_unset(made) {
            if self.is_offered() {
                // Perhaps all is well with that.
                self.wish.need();
            } else {
                // What was asked for meanwhile is the same.
                self.wish.settle();
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
        if !core::mem::replace(&mut self.invites.is_inviting, true) {
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
        self.invites.is_inviting
    }

    /// The other side asks for an offer, which may be on its way: then nothing has to be done. `end`: its generation
    /// that the offer shall end.
    pub(super) fn take_up_invite(&mut self, end: String, steps: &mut Vec<Step>) {
        if self.invites.heeded.as_deref() == Some(&*end) {
            // A side that asks again has not got our offer.
            if self.own.current.is_out() {
                steps.push(Step::SendAgain);
            }
            return;
        }
        // The browser does not ask twice for what was never offered.
        self.wish.activate();
        self.own.current.forgive();
        if self.candidates.is_of(&end) {
            steps.push(Step::RestartIce);
        }
        self.invites.heeded = Some(end);
    }
}

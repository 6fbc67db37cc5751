//! The other side's offers: which are taken up, which wait, which are ignored for glare, and which come twice.

use super::Negotiation;
use super::state::own_offers::OwnOffer;
use super::step::{InFlight, Remote, Step};
use crate::ids::OfferNumber;
use crate::input::{SdpType, SignalingState};
use alloc::{string::String, vec::Vec};

impl Negotiation {
    /// Whether the next message is an offer that has to wait. Where an own offer is set, its turn is now: it is ignored, or its answer
    /// would never come.
    pub(super) fn must_wait(&self) -> bool {
        self.remote.must_wait
            && self.signaling_state == SignalingState::Stable
            && self.inbox.iter().next().is_some_and(|next| match next {
                Remote::Offer { sdp, .. } => self.candidates.are_ended_by(sdp),
                _ => false,
            })
    }

    /// An offer of the other side has its turn.
    pub(super) fn take_up_offer(&mut self, number: OfferNumber, sdp: String, steps: &mut Vec<Step>) {
        if number <= self.remote.number {
            // The same offer again: its answer was lost. An older one: superseded.
            if number == self.remote.number && self.remote.answer.is_some() {
                steps.push(Step::SendAgain);
            } else if self.remote.rejected == Some(number) {
                steps.push(Step::SendReject { number });
            }
            return;
        }
        let collision = self.own.current.is_out() || self.signaling_state != SignalingState::Stable;
        self.remote.is_ignored = collision && !self.polite;
        if self.remote.is_ignored {
            // Our own offer proceeds; the other side gives way when it arrives. A side that offers the same again
            // has not got ours.
            if number == self.remote.ignored_number && self.own.current.is_out() {
                steps.push(Step::SendAgain);
            }
            self.remote.ignored_number = number;
            return;
        }
        self.wish.handle_remote_offer();
        self.apply(InFlight::ApplyingOffer { number }, SdpType::Offer, sdp, steps);
    }

    /// The other side's offer is set, and is answered.
    pub(super) fn handle_offer_applied(&mut self, number: OfferNumber, steps: &mut Vec<Step>) {
        self.remote.number = number;
        self.remote.answer = None;
        self.remote.rejected = None;
        // What was needed is asked for again by the browser once it is stable.
        self.wish.settle();
        self.own.sets_next = false;
        self.own.current = OwnOffer::None;
        let operation = self.answering();
        self.release_candidates(steps);
        self.start(InFlight::MakingAnswer { number }, operation, steps);
    }
}

//! What the browser, the other side or the server refused.

use super::Negotiation;
use super::state::own_offers::OwnOffer;
use super::step::{InFlight, Step};
use crate::ids::OfferNumber;
use crate::input::SignalingState;
use crate::output::Operation;
use alloc::{string::String, vec::Vec};
use signalpost_protocol::ErrorCode;

/// Own offers in a row that cannot be set, after which none is made by itself: each costs a restart of ICE.
pub(super) const MAX_UNSET_OFFERS: u8 = 8;

impl Negotiation {
    pub(super) fn handle_failure(&mut self, failed: InFlight, message: String, steps: &mut Vec<Step>) {
        let code = match failed {
            InFlight::ApplyingOffer { number } => {
                if self.signaling_state == SignalingState::Stable {
                    // The implicit rollback came before the failure, or the own offer was only held: it is gone, and the
                    // browser does not ask again for one that it never set.
                    if self.own.current.forget() {
                        self.wish.handle_unoffered();
                    }
                }
                // A repeated copy would be refused again.
                self.remote.number = number;
                self.refuse_offer(number, steps);
                ErrorCode::DescriptionRejected
            }
            InFlight::ApplyingAnswer { number } => {
                self.own.current = OwnOffer::Refused;
                self.refuse_offer(number, steps);
                ErrorCode::DescriptionRejected
            }
            InFlight::MakingAnswer { number } => {
                self.refuse_offer(number, steps);
                ErrorCode::Internal
            }
            InFlight::SettingOffer => {
                if self.replace_offer(steps) {
                    return;
                }
                self.own.current = OwnOffer::Refused;
                self.wish.handle_unoffered();
                steps.push(Step::SendReject { number: self.own.number });
                ErrorCode::Internal
            }
            InFlight::MakingOffer => {
                // What was asked for meanwhile is the same, and would fail again.
                self.wish.settle();
                self.wish.handle_unoffered();
                ErrorCode::Internal
            }
            InFlight::RollingBack => ErrorCode::Internal,
        };
        steps.push(Step::Fail { code, message });
        if failed == InFlight::RollingBack {
            return;
        }
        match self.signaling_state {
            SignalingState::HaveLocalOffer if !self.own.current.is_out() => {
                self.start(InFlight::RollingBack, Operation::RollbackLocal, steps);
            }
            SignalingState::HaveRemoteOffer => self.drop_offer(steps),
            _ => {}
        }
    }

    /// The offer that was held cannot be set now that its answer is there: somebody else called `createOffer()` meanwhile, and
    /// Firefox has given the new media sections other names. The other side goes on from that offer, so no later one of ours
    /// would fit; but an offer of its own does, and takes our tracks up. It is asked for one. Returns whether it is.
    fn replace_offer(&mut self, steps: &mut Vec<Step>) -> bool {
        self.own.current = OwnOffer::None;
        self.own.unset_in_a_row = self.own.unset_in_a_row.saturating_add(1);
        let is_replaced =
            self.own.unset_in_a_row < MAX_UNSET_OFFERS && self.signaling_state == SignalingState::Stable;
        if is_replaced {
            self.invite(steps);
        }
        is_replaced
    }

    /// Tells the other side that its offer is of no use.
    pub(super) fn refuse_offer(&mut self, number: OfferNumber, steps: &mut Vec<Step>) {
        self.remote.rejected = Some(number);
        steps.push(Step::SendReject { number });
    }

    /// The other side's offer is taken back here too.
    pub(super) fn drop_offer(&mut self, steps: &mut Vec<Step>) {
        self.candidates.handle_rollback();
        self.start(InFlight::RollingBack, Operation::RollbackRemote, steps);
    }

    /// The number of what was refused last, as long as it matters.
    pub fn rejected(&self) -> Option<OfferNumber> {
        self.remote.rejected
    }

    /// The other side cannot use a description of ours.
    pub(super) fn take_up_reject(&mut self, number: OfferNumber, code: ErrorCode, steps: &mut Vec<Step>) {
        if self.own.current.is_out() && number == self.own.number {
            self.withdraw_offer(steps);
        } else if self.remote.answer.is_none() || number != self.remote.number {
            // It is about a description that is superseded.
            return;
        }
        steps.push(Step::Fail { code, message: "the peer refused the description".into() });
    }

    /// The server does not pass the description on that is outstanding, and would not the next time.
    pub(super) fn take_up_undelivered(&mut self, code: ErrorCode, steps: &mut Vec<Step>) {
        if self.own.current.is_out() {
            self.withdraw_offer(steps);
        } else if self.remote.answer.take().is_some() {
            self.refuse_offer(self.remote.number, steps);
        } else {
            return;
        }
        steps.push(Step::Fail { code, message: "the server refused the description".into() });
    }
}

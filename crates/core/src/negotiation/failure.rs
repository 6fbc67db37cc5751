//! What the browser refused.

use super::{InFlight, Negotiation, Step};
use crate::input::SignalingState;
use crate::output::Operation;
use alloc::{string::String, vec::Vec};
use signalpost_protocol::ErrorCode;

impl Negotiation {
    pub(super) fn handle_failure(&mut self, failed: InFlight, message: String, steps: &mut Vec<Step>) {
        let code = match failed {
            InFlight::ApplyingOffer { number } => {
                if self.signaling_state == SignalingState::Stable {
                    // The implicit rollback came before the failure: our own offer is gone too.
                    self.offer = None;
                }
                // A repeated copy would be refused again.
                self.remote_offer_number = number;
                steps.push(Step::SendReject { number });
                ErrorCode::DescriptionRejected
            }
            InFlight::ApplyingAnswer { number } => {
                self.offer = None;
                self.refused = true;
                steps.push(Step::SendReject { number });
                ErrorCode::DescriptionRejected
            }
            InFlight::MakingAnswer { number } => {
                steps.push(Step::SendReject { number });
                ErrorCode::Internal
            }
            InFlight::SettingOffer => {
                self.offer = None;
                self.refused = true;
                self.answer_in_waiting = None;
                steps.push(Step::SendReject { number: self.offer_number });
                ErrorCode::Internal
            }
            InFlight::MakingOffer => {
                // What was asked for meanwhile is the same, and would fail again.
                self.negotiation_needed = false;
                ErrorCode::Internal
            }
            InFlight::RollingBack => ErrorCode::Internal,
        };
        steps.push(Step::Fail { code, message });
        if failed == InFlight::RollingBack {
            return;
        }
        match self.signaling_state {
            SignalingState::HaveLocalOffer if self.offer.is_none() => {
                self.start(InFlight::RollingBack, Operation::RollbackLocal, steps);
            }
            SignalingState::HaveRemoteOffer => {
                self.start(InFlight::RollingBack, Operation::RollbackRemote, steps);
            }
            _ => {}
        }
    }
}

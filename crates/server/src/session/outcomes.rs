//! Says for the audit trail what became of each frame, once, when the result is known.

use super::frame::Subject;
use super::{Session, SessionOutput};
use crate::audit::{AuditEvent, AuditKind, AuditResult};
use crate::engine::Outcome;
use signalpost_protocol::{ErrorCode, PeerId};

impl Session {
    /// Lets the session say what became of each frame ([`SessionOutput::Audited`]). Signs of life are left out, and so are frames
    /// of a socket without a peer, except for a `hello` that asks for one.
    #[must_use]
    pub fn with_audit(mut self) -> Self {
        self.audit.is_on = true;
        self
    }

    /// Says what became of a frame. `claimed` is the peer that a `hello` asks for.
    pub(super) fn audit_outcome(&mut self, subject: &Subject, claimed: Option<&PeerId>, result: AuditResult) {
        if !self.audit.is_on || matches!(subject.kind, "heartbeat" | "heartbeat-ack" | "ack" | "leaving") {
            return;
        }
        let Some(from) = self.peer().or(claimed).cloned() else { return };
        self.outputs.push_back(SessionOutput::Audited(AuditEvent {
            kind: AuditKind::of(subject.kind),
            size: self.audit.size,
            from,
            to: subject.about.clone(),
            result,
        }));
    }

    /// Says that the session does not learn the result of the frame that the engine has.
    pub(super) fn audit_unanswered(&mut self) {
        if let Some(outstanding) = self.outstanding.take() {
            let claimed = outstanding.claim.as_ref().map(|claim| &claim.peer);
            self.audit_outcome(&outstanding.subject, claimed, AuditResult::Unknown);
        }
    }
}

/// Returns what an outcome of the engine is called in the trail.
pub(super) const fn result_of(outcome: Outcome) -> AuditResult {
    match outcome {
        Outcome::Executed => AuditResult::Executed,
        Outcome::Refused(code) => AuditResult::Refused(code),
        Outcome::Duplicate => AuditResult::Duplicate,
        Outcome::Gap => AuditResult::Refused(ErrorCode::SequenceGap),
        Outcome::Unregistered => AuditResult::Refused(ErrorCode::NotRegistered),
    }
}

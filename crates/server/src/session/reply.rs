//! Turns the engine's deliveries into frames.

use super::frame::Rejection;
use super::numbers::Numbers;
use super::{Close, HeldMail, Outstanding, Session, SessionOutput, State, outcomes};
use crate::audit::AuditResult;
use crate::engine::{AwayReason, Claimed, Departure, Mail, Outcome, explanation};
use signalpost_protocol::message::Welcome;
use signalpost_protocol::{
    CloseCode, ErrorCode, LinkMonitor, Open, Position, SESSIONS, SequenceNumber, ServerMessage,
};
use std::sync::Arc;

impl Session {
    /// Welcomes the client whose claim the engine granted. Without an outstanding claim the reply is late and ignored.
    pub(super) fn handle_claimed(&mut self, now: u64, claimed: Claimed) {
        let Some(outstanding) = self.outstanding.take() else { return };
        let Some(pending) = outstanding.claim else { return };
        self.audit_outcome(&outstanding.subject, Some(&pending.peer), AuditResult::Executed);
        let has_session = pending.version >= SESSIONS;
        let session = has_session.then(|| Welcome {
            key: pending.next.to_hex(),
            resumed: claimed.resumed,
            reason: claimed.reason.map(Open::from),
            received: claimed.received,
        });
        let (version, region) = (pending.version, self.region.clone());
        self.send(now, None, ServerMessage::Welcome { version, region, session });
        let mut monitor = LinkMonitor::new(now, true);
        monitor.handle_sent(now);
        let numbers = has_session.then(|| Numbers::new(claimed));
        let held = (has_session && claimed.reason.is_some()).then(HeldMail::new);
        let asks = held.is_some();
        let peer = pending.peer;
        self.state =
            State::Registered { peer, monitor, last_command: now, numbers, held, leaving_until: None };
        if asks {
            // The answer to it shows that the `welcome` before it arrived.
            self.send(now, None, ServerMessage::Heartbeat);
        }
    }

    pub(super) fn handle_mail(&mut self, now: u64, seq: Option<SequenceNumber>, mail: Arc<Mail>) {
        match (&mut self.state, seq) {
            (State::Registered { held: Some(held), .. }, Some(seq)) => held.push_back((seq, mail)),
            _ => self.send(now, seq, Arc::unwrap_or_clone(mail).into_message()),
        }
    }

    /// Sends the held mail, once the engine knows that the client has the `welcome`: no claim with the former key
    /// counts any more.
    fn release_held(&mut self, now: u64) {
        let State::Registered { held, numbers: Some(numbers), .. } = &mut self.state else { return };
        if numbers.is_proven()
            && let Some(held) = held.take()
        {
            for (seq, mail) in held {
                self.send(now, Some(seq), Arc::unwrap_or_clone(mail).into_message());
            }
        }
    }

    /// Takes the engine's reply to the outstanding command. Without one the reply is late and ignored.
    pub(super) fn handle_done(&mut self, now: u64, received: Position, outcome: Outcome) {
        let Some(Outstanding { subject, claim, field: known }) = self.outstanding.take() else { return };
        self.audit_outcome(&subject, claim.as_ref().map(|claim| &claim.peer), outcomes::result_of(outcome));
        if let Some(numbers) = self.numbers() {
            numbers.handle_received(now, received, outcome == Outcome::Duplicate);
        }
        if outcome != Outcome::Unregistered {
            self.release_held(now);
        }
        match outcome {
            Outcome::Executed | Outcome::Duplicate => {}
            Outcome::Refused(code) if claim.is_some() => {
                self.tell_refusal(now, subject.reject(code, field(code), explanation(code)));
                let close = match code {
                    ErrorCode::PeerIdTaken => Some(CloseCode::PeerIdTaken),
                    ErrorCode::ServerFull => Some(CloseCode::ServerFull),
                    _ => None,
                };
                if let Some(close) = close {
                    self.close(Close::Code(close), Departure::Away(AwayReason::Lost));
                }
            }
            Outcome::Refused(code) => {
                let field = known.unwrap_or(field(code));
                self.outputs.push_back(SessionOutput::Refused { code, field, kind: subject.kind });
            }
            Outcome::Gap => {
                // The sender keeps the frame and sends it again: the error refers to no frame.
                let subject = super::Subject { reference: None, about: None, ..subject };
                let rejection = subject.reject(ErrorCode::SequenceGap, "seq", "a frame before it is missing");
                self.tell_refusal(now, rejection);
                self.close(Close::Code(CloseCode::SequenceGap), Departure::Away(AwayReason::Lost));
            }
            Outcome::Unregistered => {
                self.close(Close::Code(CloseCode::HeartbeatTimeout), Departure::Away(AwayReason::Silent));
            }
        }
    }

    /// Sends an error to the client, outside of the session's numbers.
    pub(super) fn tell_refusal(&mut self, now: u64, rejection: Rejection) {
        let Rejection { code, field, text, subject } = rejection;
        let super::Subject { kind, reference, about, .. } = subject;
        self.outputs.push_back(SessionOutput::Refused { code, field, kind });
        let (code_text, message) = (code.as_str().into(), text);
        self.send(
            now,
            None,
            ServerMessage::Error { code: code_text, message, reference, about, after: None },
        );
        if code == ErrorCode::UpgradeRequired {
            self.close(Close::Code(CloseCode::UpgradeRequired), Departure::Away(AwayReason::Lost));
        }
    }
}

const fn field(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::PeerNotFound | ErrorCode::PeerBusy => "to",
        ErrorCode::TooManyRooms | ErrorCode::RoomNotJoined | ErrorCode::RateLimited => "room",
        ErrorCode::PeerIdTaken | ErrorCode::ServerFull => "peer",
        _ => "",
    }
}

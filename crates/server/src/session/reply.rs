//! What the engine's deliveries become on the wire.

use super::frame::Rejection;
use super::numbers::Numbers;
use super::{Close, Outstanding, Session, SessionOutput, State};
use crate::engine::{AwayReason, Claimed, Departure, News, Outcome, words};
use signalpost_protocol::message::Welcome;
use signalpost_protocol::{CloseCode, ErrorCode, LinkMonitor, SESSIONS, ServerMessage};
use std::sync::Arc;

impl Session {
    /// The engine granted the claim; without one the reply is late and ignored.
    pub(super) fn handle_claimed(&mut self, now: u64, claimed: Claimed) {
        let Some(outstanding) = self.outstanding.take() else { return };
        let Some(pending) = outstanding.claim else { return };
        let has_session = pending.version >= SESSIONS;
        let session = has_session.then(|| Welcome {
            key: self.token.to_hex(),
            resumed: claimed.resumed,
            reason: claimed.reason.map_or("", |reason| reason.as_str()).into(),
            received: claimed.received,
        });
        let (version, region) = (pending.version, self.region.clone());
        self.send(now, None, ServerMessage::Welcome { version, region, session });
        let mut monitor = LinkMonitor::new(now, true);
        monitor.handle_sent(now);
        let numbers = has_session.then(|| Numbers::new(claimed));
        self.state =
            State::Registered { peer: pending.peer, monitor, last_command: now, numbers, leaving_until: 0 };
    }

    pub(super) fn handle_news(&mut self, now: u64, seq: Option<u32>, news: Arc<News>) {
        self.send(now, seq, Arc::unwrap_or_clone(news).into_message());
    }

    /// The engine has done the outstanding command; without one the reply is late and ignored.
    pub(super) fn handle_done(&mut self, now: u64, received: u32, outcome: Outcome) {
        let Some(Outstanding { subject, claim, field: known }) = self.outstanding.take() else { return };
        if let Some(numbers) = self.numbers() {
            numbers.handle_received(now, received, outcome == Outcome::Duplicate);
        }
        match outcome {
            Outcome::Executed | Outcome::Duplicate => {}
            Outcome::Refused(code) if claim.is_some() => {
                self.tell_refusal(now, subject.reject(code, field(code), words(code)));
                if code == ErrorCode::PeerIdTaken {
                    self.close(Close::Code(CloseCode::PeerIdTaken), Departure::Away(AwayReason::Lost));
                }
            }
            Outcome::Refused(code) => {
                let field = known.unwrap_or(field(code));
                self.outputs.push_back(SessionOutput::Refused { code, field, kind: subject.kind });
            }
            Outcome::Gap => {
                // Its sender keeps the frame and sends it again: the error is about none.
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

    /// Tells the client, outside of the session's numbers.
    pub(super) fn tell_refusal(&mut self, now: u64, rejection: Rejection) {
        let Rejection { code, field, text, subject } = rejection;
        let super::Subject { kind, reference, about, .. } = subject;
        self.outputs.push_back(SessionOutput::Refused { code, field, kind });
        let (code_text, message) = (code.as_str().into(), text);
        self.send(now, None, ServerMessage::Error { code: code_text, message, reference, about });
        if code == ErrorCode::UpgradeRequired {
            self.close(Close::Code(CloseCode::UpgradeRequired), Departure::Away(AwayReason::Lost));
        }
    }
}

const fn field(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::PeerNotFound | ErrorCode::PeerBusy => "to",
        ErrorCode::TooManyRooms | ErrorCode::RoomNotJoined => "room",
        ErrorCode::PeerIdTaken => "peer",
        _ => "",
    }
}

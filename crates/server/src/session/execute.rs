//! Executes the frames of a client: checks them, and turns them into commands.

use super::frame::{self, Rejection, Subject};
use super::{Close, Outstanding, PendingClaim, Session, SessionOutput, State};
use crate::TokenHash;
use crate::audit::AuditResult;
use crate::engine::{Action, AwayReason, Claim, ClientFrame, Command, Departure};
use signalpost_protocol::{
    ClientMessage, CloseCode, Envelope, ErrorCode, Hello, PeerId, Position, Refusal, ServerMessage, Signal,
    VERSIONS, limits,
};

/// An end of the connection goes away, such as a page that is left or a server that goes down (RFC 6455 §7.4.1).
const GOING_AWAY: u16 = 1001;

impl Session {
    pub(super) fn handle_text(&mut self, now: u64, text: &str) {
        self.audit.handle_frame(text.len());
        if let Err(rejection) = frame::read(text).and_then(|envelope| self.handle_envelope(now, envelope)) {
            self.refuse(now, rejection);
        }
    }

    fn handle_envelope(&mut self, now: u64, envelope: Envelope) -> Result<(), Rejection> {
        let mut subject = Subject::of(&envelope);
        let kind = subject.kind;
        let is_registered = match &self.state {
            State::Closed => return Ok(()),
            State::Registered { .. } if kind == "hello" => {
                let problem = "this socket has registered its peer already";
                return Err(subject.reject(ErrorCode::AlreadyRegistered, "type", problem));
            }
            State::Registered { .. } => true,
            State::Unregistered { .. } => false,
        };
        if !is_registered && !matches!(kind, "hello" | "heartbeat" | "heartbeat-ack" | "bye") {
            return Err(subject.reject(ErrorCode::NotRegistered, "type", "the first message must be hello"));
        }
        if kind == "hello" {
            check_versions(&envelope, &subject)?;
        }
        self.check_ack(now, &mut subject);
        if let Some(numbers) = self.numbers()
            && frame::is_numbered(kind)
        {
            if numbers.is_of_the_past(subject.ack) {
                return Ok(());
            }
            if subject.seq.is_none() {
                return Err(subject.reject(ErrorCode::InvalidMessage, "seq", "seq is missing"));
            }
        }
        let own = self.peer();
        let claimed = envelope.payload.as_ref().and_then(|payload| payload.peer.as_ref());
        let own_id = own.map(PeerId::as_str).or(claimed.map(|peer| peer.id.as_str()));
        if envelope.from.as_deref().is_some_and(|from| Some(from) != own_id) {
            return Err(subject.reject(ErrorCode::ForgedSender, "from", "from is not the sender's own id"));
        }
        let odd = envelope.first_odd_entry();
        let message = match ClientMessage::from_envelope(envelope) {
            Ok(message) => message,
            Err(refusal) => return Err(subject.refuse(refusal)),
        };
        if let Some((index, Refusal { code, field, problem })) = odd {
            // The rest of the frame is executed, and has its own answer.
            let subject = Subject { reference: None, ..subject.clone() };
            let text = format!("{field}[{index}] {problem}; what is one was taken");
            self.tell_refusal(now, subject.reject(code, field, text));
        }
        let action = match message {
            ClientMessage::Hello(hello) => return self.claim(now, subject, hello),
            ClientMessage::Heartbeat => {
                self.accept(kind);
                self.send(now, None, ServerMessage::HeartbeatAck);
                self.confirm(now, subject);
                return Ok(());
            }
            ClientMessage::HeartbeatAck => {
                self.accept(kind);
                if matches!(self.state, State::Registered { held: Some(_), .. }) {
                    // It answers the heartbeat behind the `welcome`.
                    subject.ack.get_or_insert(Position::START);
                }
                self.confirm(now, subject);
                return Ok(());
            }
            ClientMessage::Ack => {
                self.accept(kind);
                self.confirm(now, subject);
                return Ok(());
            }
            ClientMessage::Bye => {
                self.accept(kind);
                self.audit_outcome(&subject, None, AuditResult::Executed);
                self.close(Close::Normal, Departure::Bye);
                return Ok(());
            }
            ClientMessage::Leaving => {
                self.accept(kind);
                if let State::Registered { leaving_until, .. } = &mut self.state {
                    *leaving_until = Some(now.saturating_add(limits::LEAVING_HINT_MS));
                }
                self.confirm(now, subject);
                return Ok(());
            }
            ClientMessage::Relay { to, .. } if Some(&to) == self.peer() => {
                return Err(subject.reject(ErrorCode::InvalidMessage, "to", "to is the sender itself"));
            }
            ClientMessage::Relay { signal: Signal::Message { receipt: true, .. }, .. }
                if subject.reference.is_none() && self.numbers().is_some() =>
            {
                return Err(subject.reject(ErrorCode::InvalidMessage, "id", "a receipt needs an id"));
            }
            ClientMessage::Relay { to, signal } => Action::Send { to, signal },
            ClientMessage::Broadcast { room, data } => Action::Broadcast { room, data },
            ClientMessage::Describe(mapping) => Action::Describe(mapping),
            ClientMessage::Join(room) => Action::Join(room),
            ClientMessage::Leave(room) => Action::Leave(room),
            ClientMessage::Discover(query) => {
                if query.cursor.as_deref().is_some_and(|cursor| !is_cursor(cursor, query.nearest)) {
                    let problem = "cursor is not one of this server";
                    return Err(subject.reject(ErrorCode::InvalidMessage, "cursor", problem));
                }
                Action::Discover(query)
            }
        };
        self.accept(kind);
        self.request(now, subject, None, action);
        Ok(())
    }

    fn claim(&mut self, now: u64, subject: Subject, hello: Hello) -> Result<(), Rejection> {
        let peer = match PeerId::parse(&hello.peer.id) {
            Ok(peer) => peer,
            Err(why) => {
                let problem = format!("peer.id {}", why.as_str());
                return Err(subject.reject(ErrorCode::InvalidMessage, "peer", problem));
            }
        };
        self.accept(subject.kind);
        let version = hello.versions.1.min(VERSIONS.1);
        let next = self.token.clone().following(&hello.key);
        let claim = Claim {
            version,
            peer: hello.peer,
            key: TokenHash::of(&hello.key),
            next: next.hash(),
            root: next.root(),
            received: hello.received,
            attempt: hello.attempt,
        };
        self.execute(now, subject, Command::Claim(Box::new(claim)));
        if let Some(outstanding) = &mut self.outstanding {
            outstanding.claim = Some(PendingClaim { peer, version, next });
        }
        Ok(())
    }

    /// Refuses an acknowledgement of frames that the client cannot have received, and goes on without it.
    fn check_ack(&mut self, now: u64, subject: &mut Subject) {
        let Some(numbers) = self.numbers() else { return };
        if subject.ack.is_some_and(|ack| !numbers.may_acknowledge(ack)) {
            subject.ack = None;
            let problem = "ack is higher than anything that was sent";
            let rejection = Subject::nothing(subject.kind).reject(ErrorCode::InvalidMessage, "ack", problem);
            self.tell_refusal(now, rejection);
        }
    }

    /// Tells the engine about the acknowledgement in a frame without a number.
    fn confirm(&mut self, now: u64, subject: Subject) {
        let Some(ack) = subject.ack else { return };
        if self.numbers().is_some_and(|numbers| numbers.is_new(ack)) {
            self.execute(now, subject, Command::Beat { ack: Some(ack) });
        }
    }

    /// Lets the engine execute a frame in its turn.
    fn request(&mut self, now: u64, subject: Subject, field: Option<&'static str>, action: Action) {
        let Subject { reference, seq, ack, .. } = subject;
        let (seq, ack) = if self.numbers().is_some() { (seq, ack) } else { (None, None) };
        self.execute(now, subject, Command::Frame(ClientFrame { seq, ack, reference, action }));
        if let Some(outstanding) = &mut self.outstanding {
            outstanding.field = field;
        }
    }

    pub(super) fn execute(&mut self, now: u64, subject: Subject, command: Command) {
        if let State::Registered { last_command, numbers, .. } = &mut self.state {
            *last_command = now;
            if let Some(numbers) = numbers
                && let Command::Beat { ack: Some(ack) } | Command::Frame(ClientFrame { ack: Some(ack), .. }) =
                    &command
            {
                numbers.handle_confirmed(*ack);
            }
        }
        self.outstanding = Some(Outstanding { subject, claim: None, field: None });
        self.outputs.push_back(SessionOutput::Execute(command));
    }

    /// Refuses a frame. A numbered frame uses its number up, and the answer has a number too: otherwise the sender would send
    /// the frame for ever.
    pub(super) fn refuse(&mut self, now: u64, rejection: Rejection) {
        let kind = rejection.subject.kind;
        if rejection.subject.seq.is_some() && frame::is_numbered(kind) && self.numbers().is_some() {
            let Rejection { code, field, text, mut subject } = rejection;
            self.check_ack(now, &mut subject);
            if !self.numbers().is_some_and(|numbers| numbers.is_of_the_past(subject.ack)) {
                let about = subject.about.clone();
                let action = Action::Refuse { code, text: text.into(), about };
                self.request(now, subject, Some(field), action);
            }
        } else {
            self.audit_outcome(&rejection.subject, None, AuditResult::Refused(rejection.code));
            self.tell_refusal(now, rejection);
        }
    }

    fn accept(&mut self, kind: &'static str) {
        self.outputs.push_back(SessionOutput::Accepted { kind });
    }

    /// Returns what it means that the client closed the socket with this code. Only a client's own word ends its session:
    /// Firefox closes the sockets of a page with 1001 when the page is left, before it can say `bye`, but also for a link to
    /// an attachment and for `window.stop()`, and gateways do when they restart. So 1001 counts only after `leaving`, and then
    /// the page still has a moment to come back.
    pub(super) fn departure(&self, now: u64, code: Option<u16>) -> Departure {
        let is_leaving =
            matches!(&self.state, State::Registered { leaving_until: Some(until), .. } if now < *until);
        match code {
            Some(GOING_AWAY) if is_leaving => Departure::Leaving,
            Some(code) if code == CloseCode::Suspended.as_u16() => Departure::Away(AwayReason::Suspended),
            _ => Departure::Away(AwayReason::Lost),
        }
    }
}

/// Checks the versions before anything else in a `hello`: a client of another version may shape the rest differently.
fn check_versions(envelope: &Envelope, subject: &Subject) -> Result<(), Rejection> {
    match envelope.payload.as_ref().and_then(|payload| payload.versions) {
        Some((lowest, highest)) if lowest <= highest && (lowest > VERSIONS.1 || highest < VERSIONS.0) => {
            let problem = format!("this server speaks the versions {} to {}", VERSIONS.0, VERSIONS.1);
            Err(subject.clone().reject(ErrorCode::UpgradeRequired, "versions", problem))
        }
        _ => Ok(()),
    }
}

/// Whether a server may have given the cursor: an id, or for a list of the nearest peers also numbers of regions before a slash,
/// and an id or nothing behind it.
fn is_cursor(cursor: &str, nearest: bool) -> bool {
    let names_regions = |regions: &str| {
        regions.len() <= limits::PEER_ID_BYTES
            && regions.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    };
    let is_place =
        |(regions, id): (&str, &str)| names_regions(regions) && (id.is_empty() || PeerId::parse(id).is_ok());
    PeerId::parse(cursor).is_ok() || (nearest && cursor.split_once('/').is_some_and(is_place))
}

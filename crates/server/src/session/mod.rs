//! One socket, sans-IO: what its frames mean, what it answers, when it ends.
//!
//! The driver tells it what happened ([`Session::handle_frame`], [`Session::handle_binary`],
//! [`Session::handle_ping`], [`Session::handle_delivery`], [`Session::handle_timeout`],
//! [`Session::handle_shutdown`], [`Session::handle_slow`], [`Session::handle_socket_closed`]), then drains
//! [`Session::poll_output`], then asks [`Session::poll_timeout`]. All times are milliseconds of one
//! monotonic clock.
//!
//! Frames are executed strictly in order: while the engine owes a reply, later ones wait.
//! The driver stops reading while [`Session::accepts_frames`] is false; [`WAITING_FRAMES`] is a second
//! line for one that does not.
//!
//! However a session ends, it emits one [`Command::Detach`] as its last command.

mod frame;
mod output;
mod reply;

pub use output::{Close, SessionOutput, TimeoutReason};

use crate::ConnectionId;
use crate::engine::{Command, Delivery, LeaveReason};
use frame::{Rejection, Subject};
use signalpost_protocol::link_monitor::Verdict;
use signalpost_protocol::{
    ClientMessage, CloseCode, Envelope, ErrorCode, Hello, Label, LinkMonitor, PeerId, ServerMessage, VERSIONS,
};
use std::collections::VecDeque;

/// Time from the opening of the socket to an accepted `hello`, in milliseconds.
pub const HELLO_TIMEOUT_MS: u64 = 5_000;
/// Least time between two commands that only renew the lease, in milliseconds: a third of the lease.
pub const BEAT_MS: u64 = 10_000;
/// Most frames that wait for a reply of the engine. One more closes the socket.
pub const WAITING_FRAMES: usize = 8;

/// One socket.
#[derive(Debug)]
pub struct Session {
    connection: ConnectionId,
    region: Option<Label>,
    state: State,
    outstanding: Option<Outstanding>,
    waiting: VecDeque<Frame>,
    outputs: VecDeque<SessionOutput>,
}

#[derive(Debug)]
enum State {
    Unregistered { hello_until: u64 },
    Registered { peer: PeerId, monitor: LinkMonitor, last_command: u64 },
    Closed,
}

#[derive(Debug)]
enum Frame {
    Text(String),
    Binary,
}

/// The command that the engine has not answered yet.
#[derive(Debug)]
struct Outstanding {
    subject: Subject,
    claim: Option<Claim>,
}

#[derive(Debug)]
struct Claim {
    peer: PeerId,
    version: u16,
}

impl Session {
    /// A socket that has just opened. `region` is the server's own and is told in `welcome`.
    pub fn new(now: u64, connection: ConnectionId, region: Option<Label>) -> Self {
        Self {
            connection,
            region,
            state: State::Unregistered { hello_until: now.saturating_add(HELLO_TIMEOUT_MS) },
            outstanding: None,
            waiting: VecDeque::new(),
            outputs: VecDeque::new(),
        }
    }

    /// The connection that this session belongs to.
    pub const fn connection(&self) -> ConnectionId {
        self.connection
    }

    /// The peer that is registered on this socket.
    pub const fn peer(&self) -> Option<&PeerId> {
        match &self.state {
            State::Registered { peer, .. } => Some(peer),
            State::Unregistered { .. } | State::Closed => None,
        }
    }

    /// Whether the session has ended; it ignores everything from then on.
    pub const fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    /// Whether the driver should read on. False while the engine owes a reply and after the end.
    pub fn accepts_frames(&self) -> bool {
        !self.is_closed() && self.outstanding.is_none() && self.waiting.is_empty()
    }

    /// A text frame arrived.
    pub fn handle_frame(&mut self, now: u64, text: &str) {
        if self.is_closed() {
            return;
        }
        self.handle_received(now);
        if self.accepts_frames() {
            self.text(now, text);
        } else {
            self.wait(Frame::Text(text.into()));
        }
        self.work(now);
    }

    /// A binary frame arrived; what is in it does not matter.
    pub fn handle_binary(&mut self, now: u64) {
        if self.is_closed() {
            return;
        }
        self.handle_received(now);
        self.wait(Frame::Binary);
        self.work(now);
    }

    /// A ping or pong of the WebSocket itself arrived: a sign of life and nothing else.
    pub fn handle_ping(&mut self, now: u64) {
        self.handle_received(now);
        self.work(now);
    }

    /// The engine had something for this connection. Deliveries are to be handed over in the order of the
    /// connection's sink.
    pub fn handle_delivery(&mut self, now: u64, delivery: Delivery) {
        if self.is_closed() {
            return;
        }
        match delivery {
            Delivery::Reply(reply) => self.handle_reply(now, reply),
            Delivery::Relay { from, signal } => self.send(now, ServerMessage::Relay { from, signal }),
            Delivery::PeerJoined { room, peer } => {
                self.send(now, ServerMessage::PeerJoined { room, peer: (*peer).clone() });
            }
            Delivery::PeerLeft { room, peer, reason } => {
                self.send(now, ServerMessage::PeerLeft { room, peer, reason: reason.as_str().into() });
            }
            Delivery::Superseded => self.close(Close::Code(CloseCode::Superseded), LeaveReason::Lost),
            Delivery::Expired => self.close(Close::Code(CloseCode::HeartbeatTimeout), LeaveReason::Lost),
        }
        self.work(now);
    }

    /// A deadline of [`Session::poll_timeout`] has come; a call that is too early does nothing.
    pub fn handle_timeout(&mut self, now: u64) {
        match &mut self.state {
            State::Closed => {}
            State::Unregistered { hello_until } => {
                // A hello that came in time and waits for the engine is not late.
                if now >= *hello_until && self.outstanding.is_none() {
                    self.close(Close::Code(CloseCode::HelloTimeout), LeaveReason::Lost);
                }
            }
            State::Registered { monitor, .. } => match monitor.poll(now) {
                Verdict::Alive => {}
                Verdict::Ask => self.outputs.push_back(SessionOutput::Send(ServerMessage::Heartbeat)),
                Verdict::Dead => self.close(Close::Code(CloseCode::HeartbeatTimeout), LeaveReason::Lost),
            },
        }
    }

    /// The server shuts down.
    pub fn handle_shutdown(&mut self) {
        self.close(Close::Code(CloseCode::Shutdown), LeaveReason::Lost);
    }

    /// The client does not read what is sent to it.
    pub fn handle_slow(&mut self) {
        self.close(Close::Code(CloseCode::Slow), LeaveReason::Lost);
    }

    /// The socket is gone, or was closed for a reason below this protocol.
    pub fn handle_socket_closed(&mut self) {
        self.end(LeaveReason::Lost);
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<SessionOutput> {
        self.outputs.pop_front()
    }

    /// When [`Session::handle_timeout`] is to be called, and what for.
    pub fn poll_timeout(&self) -> Option<(u64, TimeoutReason)> {
        match &self.state {
            State::Closed => None,
            State::Unregistered { .. } if self.outstanding.is_some() => None,
            State::Unregistered { hello_until } => Some((*hello_until, TimeoutReason::Hello)),
            State::Registered { monitor, .. } => Some((monitor.poll_timeout(), TimeoutReason::Liveness)),
        }
    }

    fn handle_received(&mut self, now: u64) {
        if let State::Registered { monitor, .. } = &mut self.state {
            monitor.handle_received(now);
        }
    }

    fn wait(&mut self, frame: Frame) {
        if self.waiting.len() < WAITING_FRAMES {
            self.waiting.push_back(frame);
        } else {
            self.handle_slow();
        }
    }

    /// Executes what waits, as far as the engine's replies allow, and keeps the lease.
    fn work(&mut self, now: u64) {
        while self.outstanding.is_none() {
            match self.waiting.pop_front() {
                Some(Frame::Text(text)) => self.text(now, &text),
                Some(Frame::Binary) => {
                    let problem = "binary frames carry nothing here";
                    self.refuse(now, Subject::nothing("binary").reject(ErrorCode::BinaryFrame, "", problem));
                }
                None => break,
            }
        }
        if let State::Registered { last_command, .. } = &self.state
            && self.outstanding.is_none()
            && now.saturating_sub(*last_command) >= BEAT_MS
        {
            self.execute(now, Subject::nothing("heartbeat"), Command::Beat);
        }
    }

    fn text(&mut self, now: u64, text: &str) {
        if let Err(rejection) = frame::read(text).and_then(|envelope| self.handle_envelope(now, envelope)) {
            self.refuse(now, rejection);
        }
    }

    fn handle_envelope(&mut self, now: u64, envelope: Envelope) -> Result<(), Rejection> {
        let subject = Subject::of(&envelope);
        let Subject { kind, reference, .. } = subject;
        let own = match &self.state {
            State::Closed => return Ok(()),
            State::Registered { .. } if kind == "hello" => {
                let problem = "this socket has registered its peer already";
                return Err(subject.reject(ErrorCode::AlreadyRegistered, "type", problem));
            }
            State::Registered { peer, .. } => Some(peer),
            State::Unregistered { .. } => None,
        };
        if own.is_none() && !matches!(kind, "hello" | "heartbeat" | "heartbeat-ack" | "bye") {
            return Err(subject.reject(ErrorCode::NotRegistered, "type", "the first message must be hello"));
        }
        if kind == "hello" {
            check_versions(&envelope, &subject)?;
        }
        let claimed = envelope.payload.as_ref().and_then(|payload| payload.peer.as_ref());
        let own_id = own.map(PeerId::as_str).or(claimed.map(|peer| peer.id.as_str()));
        if envelope.from.as_deref().is_some_and(|from| Some(from) != own_id) {
            return Err(subject.reject(ErrorCode::ForgedSender, "from", "from is not the sender's own id"));
        }
        let message = match ClientMessage::from_envelope(envelope) {
            Ok(message) => message,
            Err(refusal) => return Err(subject.refuse(refusal)),
        };
        let command = match message {
            ClientMessage::Hello(hello) => return self.claim(now, subject, hello),
            ClientMessage::Heartbeat => {
                self.accept(kind);
                self.send(now, ServerMessage::HeartbeatAck);
                return Ok(());
            }
            ClientMessage::HeartbeatAck | ClientMessage::Ack => {
                self.accept(kind);
                return Ok(());
            }
            ClientMessage::Bye => {
                self.accept(kind);
                self.close(Close::Normal, LeaveReason::Closed);
                return Ok(());
            }
            ClientMessage::Relay { to, .. } if Some(&to) == own => {
                return Err(subject.reject(ErrorCode::InvalidMessage, "to", "to is the sender itself"));
            }
            ClientMessage::Relay { to, signal } => Command::Send { to, signal },
            ClientMessage::Broadcast { room, data } => Command::Broadcast { room, data },
            ClientMessage::Join(room) => Command::Join(room),
            ClientMessage::Leave(room) => Command::Leave(room),
            ClientMessage::Discover(query) => {
                if query.cursor.as_deref().is_some_and(|cursor| PeerId::parse(cursor).is_err()) {
                    let problem = "cursor is not one of this server";
                    return Err(subject.reject(ErrorCode::InvalidMessage, "cursor", problem));
                }
                Command::Discover(query)
            }
        };
        self.accept(kind);
        self.execute(now, Subject { reference, ..subject }, command);
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
        let version = hello.versions.1.min(1);
        self.execute(now, subject, Command::Claim(Box::new(hello)));
        if let Some(outstanding) = &mut self.outstanding {
            outstanding.claim = Some(Claim { peer, version });
        }
        Ok(())
    }

    fn accept(&mut self, kind: &'static str) {
        self.outputs.push_back(SessionOutput::Accepted { kind });
    }

    fn execute(&mut self, now: u64, subject: Subject, command: Command) {
        if let State::Registered { last_command, .. } = &mut self.state {
            *last_command = now;
        }
        self.outstanding = Some(Outstanding { subject, claim: None });
        self.outputs.push_back(SessionOutput::Execute(command));
    }

    fn refuse(&mut self, now: u64, rejection: Rejection) {
        let Rejection { code, field, text, subject } = rejection;
        let Subject { kind, reference, about } = subject;
        self.outputs.push_back(SessionOutput::Refused { code, field, kind });
        self.send(now, ServerMessage::Error { code: code.as_str().into(), message: text, reference, about });
        if code == ErrorCode::UpgradeRequired {
            self.close(Close::Code(CloseCode::UpgradeRequired), LeaveReason::Lost);
        }
    }

    fn send(&mut self, now: u64, message: ServerMessage) {
        // An ack asks for no answer; counting it would make two ends ask each other for ever.
        if let State::Registered { monitor, .. } = &mut self.state
            && message != ServerMessage::HeartbeatAck
        {
            monitor.handle_sent(now);
        }
        self.outputs.push_back(SessionOutput::Send(message));
    }

    fn close(&mut self, close: Close, reason: LeaveReason) {
        if !self.is_closed() {
            self.end(reason);
            self.outputs.push_back(SessionOutput::Close(close));
        }
    }

    fn end(&mut self, reason: LeaveReason) {
        if !self.is_closed() {
            self.state = State::Closed;
            self.outstanding = None;
            self.waiting.clear();
            self.outputs.push_back(SessionOutput::Execute(Command::Detach(reason)));
        }
    }
}

/// Looked at before anything else in a `hello`: a client of another version may shape the rest differently.
fn check_versions(envelope: &Envelope, subject: &Subject) -> Result<(), Rejection> {
    match envelope.payload.as_ref().and_then(|payload| payload.versions) {
        Some((lowest, highest)) if lowest <= highest && (lowest > VERSIONS.1 || highest < VERSIONS.0) => {
            let problem = format!("this server speaks the versions {} to {}", VERSIONS.0, VERSIONS.1);
            Err(subject.clone().reject(ErrorCode::UpgradeRequired, "versions", problem))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod tests;

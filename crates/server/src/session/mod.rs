//! The session of one socket, sans-IO: what the frames of the socket mean, what it answers, and when it ends.
//!
//! The driver reports what happened ([`Session::handle_frame`], [`Session::handle_binary`],
//! [`Session::handle_ping`], [`Session::handle_delivery`], [`Session::handle_timeout`],
//! [`Session::handle_shutdown`], [`Session::handle_slow`], [`Session::handle_socket_closed`]), then drains
//! [`Session::poll_output`], then asks [`Session::poll_timeout`]. All times are milliseconds of one
//! monotonic clock.
//!
//! Frames are executed strictly in order: while the engine owes a reply, later ones wait.
//! The driver stops reading while [`Session::accepts_frames`] is false; [`MAX_WAITING_FRAMES`] is a second
//! line against a driver that does not stop.
//!
//! However a session ends, it emits one [`Command::Detach`] as its last command.

mod audit;
mod execute;
mod frame;
mod numbers;
mod outcomes;
mod output;
mod reply;

pub use output::{Close, SessionOutput, TimeoutReason};

use crate::engine::{AwayReason, Command, Delivery, Departure, Mail};
use crate::{SocketId, Token};
use audit::Audit;
use frame::Subject;
use numbers::Numbers;
use signalpost_protocol::link_monitor::Verdict;
use signalpost_protocol::{CloseCode, ErrorCode, Label, LinkMonitor, PeerId, SequenceNumber, ServerMessage};
use std::collections::VecDeque;
use std::sync::Arc;

/// Time from the opening of the socket to an accepted `hello`, in milliseconds.
pub const HELLO_TIMEOUT_MS: u64 = 5_000;
/// Least time between two commands that only renew the lease, in milliseconds: a third of the lease.
pub const BEAT_MS: u64 = 10_000;
/// Most frames that wait for a reply of the engine. One more closes the socket.
pub const MAX_WAITING_FRAMES: usize = 8;

/// The session of one socket.
#[derive(Debug)]
pub struct Session {
    socket: SocketId,
    region: Option<Label>,
    token: Token,
    state: State,
    outstanding: Option<Outstanding>,
    waiting: VecDeque<Frame>,
    outputs: VecDeque<SessionOutput>,
    audit: Audit,
}

#[derive(Debug)]
enum State {
    Unregistered {
        hello_until: u64,
    },
    /// `numbers`: `None` in version 1. `held`: see [`HeldMail`]. `leaving_until`: until when a `leaving` of the client counts, if
    /// the client has said it.
    Registered {
        peer: PeerId,
        monitor: LinkMonitor,
        last_command: u64,
        numbers: Option<Numbers>,
        held: Option<HeldMail>,
        leaving_until: Option<u64>,
    },
    Closed,
}

/// The numbered mail of a session that began in place of the session that the client wanted, until the client has
/// shown that it knows the `welcome`. Before that, a second claim with the same key may begin this session again at number 1,
/// on another socket; mail that had gone out on this socket would then arrive twice. The mailbox bounds it.
type HeldMail = VecDeque<(SequenceNumber, Arc<Mail>)>;

#[derive(Debug)]
enum Frame {
    Text(String),
    Binary,
}

/// The command that the engine has not answered yet.
#[derive(Debug)]
struct Outstanding {
    subject: Subject,
    claim: Option<PendingClaim>,
    /// The field at fault, where the session refuses the frame itself.
    field: Option<&'static str>,
}

#[derive(Debug)]
struct PendingClaim {
    peer: PeerId,
    version: u16,
    /// The key for the client's next socket.
    next: Token,
}

impl Session {
    /// Begins with a socket that has just opened. `region` is the region of the server, which `welcome` tells the client, as it
    /// does with `token`: the key for the client's next socket, whose second half is drawn for this socket and no other.
    pub fn new(now: u64, socket: SocketId, region: Option<Label>, token: Token) -> Self {
        Self {
            socket,
            region,
            token,
            state: State::Unregistered { hello_until: now.saturating_add(HELLO_TIMEOUT_MS) },
            outstanding: None,
            waiting: VecDeque::new(),
            outputs: VecDeque::new(),
            audit: Audit::default(),
        }
    }

    /// Returns the socket that this session belongs to.
    pub const fn socket(&self) -> SocketId {
        self.socket
    }

    /// Returns the peer that is registered on this socket.
    pub const fn peer(&self) -> Option<&PeerId> {
        match &self.state {
            State::Registered { peer, .. } => Some(peer),
            State::Unregistered { .. } | State::Closed => None,
        }
    }

    /// Whether the session has ended. It ignores everything then.
    pub const fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    /// Whether the driver should read on: not while the engine owes a reply, and not after the end.
    pub fn accepts_frames(&self) -> bool {
        !self.is_closed() && self.outstanding.is_none() && self.waiting.is_empty()
    }

    /// Takes a text frame that arrived.
    pub fn handle_frame(&mut self, now: u64, text: &str) {
        if self.is_closed() {
            return;
        }
        self.handle_received(now);
        if self.accepts_frames() {
            self.handle_text(now, text);
        } else {
            self.queue_frame(Frame::Text(text.into()));
        }
        self.advance(now);
    }

    /// Takes a binary frame that arrived; its content does not matter.
    pub fn handle_binary(&mut self, now: u64) {
        if self.is_closed() {
            return;
        }
        self.handle_received(now);
        self.queue_frame(Frame::Binary);
        self.advance(now);
    }

    /// Takes a ping or pong of the WebSocket itself: a sign of life and nothing else.
    pub fn handle_ping(&mut self, now: u64) {
        self.handle_received(now);
        self.advance(now);
    }

    /// Takes a delivery of the engine for this socket. The driver hands deliveries over in the order of the
    /// socket's queue.
    pub fn handle_delivery(&mut self, now: u64, delivery: Delivery) {
        if self.is_closed() {
            return;
        }
        let lost = Departure::Away(AwayReason::Lost);
        match delivery {
            Delivery::Claimed(claimed) => self.handle_claimed(now, claimed),
            Delivery::Mail { seq, mail } => self.handle_mail(now, seq, mail),
            Delivery::Done { received, outcome } => self.handle_done(now, received, outcome),
            // The client may come back: the claim that replaced it may be a late `hello` of its own.
            Delivery::Replaced => self.close(Close::Code(CloseCode::Replaced), lost),
            Delivery::Superseded => self.close(Close::Code(CloseCode::Superseded), lost),
            Delivery::SessionLost => self.close(Close::Code(CloseCode::SessionLost), lost),
            Delivery::Expired => {
                self.close(Close::Code(CloseCode::HeartbeatTimeout), Departure::Away(AwayReason::Silent));
            }
        }
        self.advance(now);
    }

    /// Does what is due at a deadline of [`Session::poll_timeout`]. A call that is too early does nothing.
    pub fn handle_timeout(&mut self, now: u64) {
        match &mut self.state {
            State::Closed => {}
            State::Unregistered { hello_until } => {
                // A `hello` that came in time and waits for the engine is not late.
                if now >= *hello_until && self.outstanding.is_none() {
                    let lost = Departure::Away(AwayReason::Lost);
                    self.close(Close::Code(CloseCode::HelloTimeout), lost);
                }
            }
            State::Registered { monitor, .. } => match monitor.poll(now) {
                Verdict::Alive => self.acknowledge(now),
                Verdict::Ask => {
                    let ack = self.numbers().map(Numbers::take_ack);
                    let message = ServerMessage::Heartbeat;
                    self.outputs.push_back(SessionOutput::Send { message, seq: None, ack });
                }
                Verdict::Dead => {
                    let silent = Departure::Away(AwayReason::Silent);
                    self.close(Close::Code(CloseCode::HeartbeatTimeout), silent);
                }
            },
        }
    }

    /// Ends the session because the server shuts down. A client of version 2 is asked to come back after `after_ms`.
    pub fn handle_shutdown(&mut self, now: u64, after_ms: u32) {
        if self.numbers().is_some() {
            self.send(now, None, ServerMessage::Reconnect { after: after_ms });
        }
        self.close(Close::Code(CloseCode::Shutdown), Departure::Away(AwayReason::Lost));
    }

    /// Ends the session because the client does not read what the server sends.
    pub fn handle_slow(&mut self) {
        self.close(Close::Code(CloseCode::Slow), Departure::Away(AwayReason::Lost));
    }

    /// Ends the session because the socket is gone, or was closed for a reason below this protocol. `code`: the code of the
    /// client's close frame, if there was one (RFC 6455 §7.1.5).
    pub fn handle_socket_closed(&mut self, now: u64, code: Option<u16>) {
        let departure = self.departure(now, code);
        self.end(departure);
    }

    /// Returns the next thing to do.
    pub fn poll_output(&mut self) -> Option<SessionOutput> {
        self.outputs.pop_front()
    }

    /// Returns when [`Session::handle_timeout`] is to be called, and the reason.
    pub fn poll_timeout(&self) -> Option<(u64, TimeoutReason)> {
        match &self.state {
            State::Closed => None,
            State::Unregistered { .. } if self.outstanding.is_some() => None,
            State::Unregistered { hello_until } => Some((*hello_until, TimeoutReason::Hello)),
            State::Registered { monitor, numbers, .. } => {
                let liveness = (monitor.poll_timeout(), TimeoutReason::Liveness);
                let ack = numbers.as_ref().and_then(Numbers::due).map(|due| (due, TimeoutReason::Ack));
                Some(ack.filter(|ack| ack.0 < liveness.0).unwrap_or(liveness))
            }
        }
    }

    fn handle_received(&mut self, now: u64) {
        if let State::Registered { monitor, .. } = &mut self.state {
            monitor.handle_received(now);
        }
    }

    /// Returns the numbers of a registered client of version 2.
    fn numbers(&mut self) -> Option<&mut Numbers> {
        match &mut self.state {
            State::Registered { numbers, .. } => numbers.as_mut(),
            State::Unregistered { .. } | State::Closed => None,
        }
    }

    fn queue_frame(&mut self, frame: Frame) {
        if self.waiting.len() < MAX_WAITING_FRAMES {
            self.waiting.push_back(frame);
        } else {
            self.handle_slow();
        }
    }

    /// Executes the frames that wait, as far as the engine's replies allow, acknowledges executed frames and renews the lease.
    fn advance(&mut self, now: u64) {
        while self.outstanding.is_none() {
            match self.waiting.pop_front() {
                Some(Frame::Text(text)) => self.handle_text(now, &text),
                Some(Frame::Binary) => {
                    self.audit.handle_frame(0);
                    let problem = "binary frames carry nothing here";
                    self.refuse(
                        now,
                        Subject::nothing(frame::BINARY).reject(ErrorCode::BinaryFrame, "", problem),
                    );
                }
                None => break,
            }
        }
        if let State::Registered { last_command, .. } = &self.state
            && self.outstanding.is_none()
            && now.saturating_sub(*last_command) >= BEAT_MS
        {
            self.execute(now, Subject::nothing("heartbeat"), Command::Beat { ack: None });
        }
        self.acknowledge(now);
    }

    /// Acknowledges received frames if no other frame has done it for too long.
    fn acknowledge(&mut self, now: u64) {
        if let Some(numbers) = self.numbers()
            && numbers.wants_ack(now)
        {
            let ack = Some(numbers.take_ack());
            self.outputs.push_back(SessionOutput::Send { message: ServerMessage::Ack, seq: None, ack });
        }
    }

    fn send(&mut self, now: u64, seq: Option<SequenceNumber>, message: ServerMessage) {
        // A sign of life asks for no answer; if it counted, two ends would ask each other for ever.
        if let State::Registered { monitor, .. } = &mut self.state
            && message != ServerMessage::HeartbeatAck
        {
            monitor.handle_sent(now);
        }
        let ack = self.numbers().map(|numbers| {
            if let Some(seq) = seq {
                numbers.handle_sent(seq);
            }
            numbers.take_ack()
        });
        self.outputs.push_back(SessionOutput::Send { message, seq, ack });
    }

    fn close(&mut self, close: Close, departure: Departure) {
        if !self.is_closed() {
            self.end(departure);
            self.outputs.push_back(SessionOutput::Close(close));
        }
    }

    fn end(&mut self, departure: Departure) {
        if !self.is_closed() {
            self.audit_unanswered();
            self.state = State::Closed;
            self.outstanding = None;
            self.waiting.clear();
            self.outputs.push_back(SessionOutput::Execute(Command::Detach(departure)));
        }
    }
}

#[cfg(test)]
mod audit_tests;
#[cfg(test)]
mod numbered_tests;
#[cfg(test)]
mod order_tests;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod refusal_tests;
#[cfg(test)]
mod tests;

//! The session above the link: what is sent and received once and in order, from one socket to the next.

use super::{Change, Link, Session};
use crate::collections::queue::Queue;
use crate::link::backoff::GOOD_LINK_MS;
use crate::output::{ClientState, Event, Failure, Output, Reply};
use crate::rng::Rng;
use crate::stream::outbox::{Waiting, is_negotiation};
use alloc::sync::Arc;
use signalpost_protocol::message::Welcome;
use signalpost_protocol::{ClientMessage, CloseCode, Envelope, ErrorCode, Sequence};

/// The longest that a server may keep its clients away, in milliseconds.
const MOST_AWAY_MS: u32 = 60_000;

impl Session {
    /// Sends a message; returns the number that an answer refers to. What must not be lost waits for a link if there is none,
    /// and is sent until the server has it.
    pub fn send(&mut self, now: u64, message: ClientMessage, out: &mut Queue<Output>) -> u32 {
        self.frames = self.frames.wrapping_add(1);
        let id = self.frames;
        if message.kind().is_numbered() {
            self.delivery.push(id, message);
            self.flush(now, out);
        } else if let Link::Registering { .. } | Link::Registered { .. } = self.link {
            let asks = !matches!(
                message,
                ClientMessage::HeartbeatAck
                    | ClientMessage::Ack
                    | ClientMessage::Bye
                    | ClientMessage::Leaving
            );
            // An older server refuses `leaving`, and the refusal is to be known as that.
            let id = matches!(message, ClientMessage::Hello(_) | ClientMessage::Leaving).then_some(id);
            self.put(now, Arc::new(message.into_envelope(id)), asks, out);
        }
        id
    }

    /// Whether a text of so many bytes is more than may wait.
    pub fn is_full(&self, bytes: usize) -> bool {
        self.delivery.is_full(bytes)
    }

    /// Whether nothing more may wait.
    pub fn is_overfull(&self) -> bool {
        self.delivery.is_overfull()
    }

    /// See [`crate::Client::outbox`].
    pub fn outbox(&self) -> (usize, usize, usize) {
        self.delivery.size()
    }

    /// Whether a message of the application was never put on a socket.
    pub fn waits(&self, id: u32) -> bool {
        self.delivery.waits(id)
    }

    /// Nobody wants this message to be sent any more, if it was not.
    pub fn void(&mut self, id: u32) {
        self.delivery.retain(&mut |waiting, _| waiting != id);
    }

    /// Everybody who waited for an answer was told that there is none. The server may have us in a room all the same.
    pub(super) fn void_all(&mut self) {
        self.delivery
            .retain(&mut |_, message| is_negotiation(message) || matches!(message, ClientMessage::Leave(_)));
    }

    /// The socket is open: `hello`, and behind it at once what the server may not have.
    pub(super) fn begin(&mut self, now: u64, out: &mut Queue<Output>) {
        self.delivery.handle_opened();
        // What went out on a socket that was never welcomed may have been executed: that is a session too.
        let may_be_known = self.has_session == Some(true) || self.delivery.kept().next().is_some();
        self.hello.received = may_be_known.then(|| self.delivery.received());
        self.hello.attempt = Some(self.hello.attempt.unwrap_or(0).wrapping_add(1));
        self.send(now, ClientMessage::Hello(self.hello.clone()), out);
        if let Link::Registering { socket, .. } = self.link {
            for envelope in self.delivery.kept() {
                out.push_back(Output::Send { socket, envelope: envelope.clone(), ack: None });
            }
        }
        self.flush(now, out);
    }

    /// Puts what waits on the socket. In a session it waits for the welcome: who is not resumed can still send it.
    pub fn flush(&mut self, now: u64, out: &mut Queue<Output>) {
        let may_send = match self.link {
            Link::Registering { .. } => self.has_session.is_none() && self.hello.received.is_none(),
            Link::Registered { .. } => true,
            _ => false,
        };
        while may_send && let Some(waiting) = self.delivery.pop() {
            let Waiting { id, ref message, .. } = waiting;
            // Whoever negotiates waits for the other side, not for the server.
            let id = if is_negotiation(message) { None } else { Some(id) };
            let in_session = self.has_session != Some(false);
            let envelope = self.delivery.frame(waiting, id, in_session);
            self.put(now, envelope, true, out);
        }
    }

    fn put(&mut self, now: u64, envelope: Arc<Envelope>, asks: bool, out: &mut Queue<Output>) {
        let is_welcomed = matches!(self.link, Link::Registered { .. }) && self.has_session == Some(true);
        let (Link::Registering { socket, monitor, .. } | Link::Registered { socket, monitor, .. }) =
            &mut self.link
        else {
            return;
        };
        if asks {
            monitor.handle_sent(now);
        }
        let ack = is_welcomed.then(|| self.delivery.acknowledge());
        out.push_back(Output::Send { socket: *socket, envelope, ack });
    }

    /// Looks at the numbers of a frame. False: it is not to be read.
    pub fn handle_numbers(
        &mut self,
        now: u64,
        seq: Option<u32>,
        ack: Option<u32>,
        rng: &mut Rng,
        out: &mut Queue<Output>,
    ) -> (bool, Option<Change>) {
        if !matches!(self.link, Link::Registered { .. }) || self.has_session != Some(true) {
            return (seq.is_none(), None);
        }
        if ack.is_some_and(|ack| !self.delivery.handle_ack(ack)) {
            out.push_back(Output::Event(Event::Error { peer: None, failure: beyond() }));
        }
        match seq.map(|seq| self.delivery.handle_numbered(now, seq)) {
            None | Some(Sequence::Next) => (true, None),
            Some(Sequence::Duplicate) => (false, None),
            Some(Sequence::Gap) => {
                let code = CloseCode::SequenceGap.as_u16();
                (false, self.lose(now, ErrorCode::SequenceGap.into(), code, rng, out))
            }
        }
    }

    pub fn handle_welcome(
        &mut self,
        now: u64,
        welcome: Option<Welcome>,
        rng: &mut Rng,
        out: &mut Queue<Output>,
    ) -> Option<Change> {
        let Link::Registering { socket, monitor, .. } = self.link else { return None };
        self.link = Link::Registered { socket, monitor, good_at: Some(now.saturating_add(GOOD_LINK_MS)) };
        let is_return = self.has_session.replace(welcome.is_some()).is_some();
        let mut resumed = false;
        let mut reason = None;
        if let Some(welcome) = welcome {
            resumed = welcome.resumed;
            reason = welcome.reason;
            if welcome.key != self.hello.key {
                self.hello.key.clone_from(&welcome.key);
                out.push_back(Output::Event(Event::Key { key: welcome.key }));
            }
            if resumed && !self.delivery.handle_ack(welcome.received) {
                return self.lose(now, beyond(), CloseCode::SequenceGap.as_u16(), rng, out);
            }
            self.delivery.handle_welcome(now);
        } else {
            self.delivery.forget_kept();
        }
        let was_known = self.has_session == Some(true) && self.hello.received.is_some();
        let anew = !resumed && (is_return || was_known);
        if anew {
            self.delivery.restart();
        }
        self.was_registered = true;
        self.set_state(ClientState::Connected, "", out);
        self.calls.settle_all(&Ok(Reply::Done), out);
        // A page that is slow to go comes back meanwhile, and is left from this socket.
        self.say_leaving(now, out);
        if is_return {
            out.push_back(Output::Event(Event::Resumed { resumed, reason }));
        }
        Some(Change::Registered { anew })
    }

    /// The server closes the link soon, and says when to come back.
    pub fn handle_reconnect(&mut self, after: u32) {
        self.away_ms = Some(after.min(MOST_AWAY_MS));
    }

    /// What was received may have to be acknowledged now.
    pub fn handle_ack_timeout(&mut self, now: u64, out: &mut Queue<Output>) {
        if self.delivery.poll_timeout().is_some_and(|at| now >= at) {
            self.send(now, ClientMessage::Ack, out);
        }
    }
}

/// The server acknowledged more than it can have.
fn beyond() -> Failure {
    Failure::new(ErrorCode::InvalidMessage, "ack is beyond what was sent")
}

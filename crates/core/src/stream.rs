//! The stream of a session: what is sent and received once and in order, from one socket to the next.
//!
//! The stream knows numbers and messages, and no socket: a link carries it, and is replaced when it is lost.

mod inbound;
mod outbox;

use crate::config::Config;
use crate::ids::FrameId;
use crate::time::Time;
use alloc::{string::String, sync::Arc};
use inbound::Inbound;
use outbox::{Outbox, Waiting, is_negotiation};
use signalpost_protocol::message::Welcome;
use signalpost_protocol::{
    ClientMessage, Envelope, Hello, Kind, Label, LossReason, Mapping, Open, PeerInfo, Position, Sequence,
    SequenceNumber, VERSIONS,
};

/// Whether the server that welcomed the client last has sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sessions {
    /// No server has welcomed the client.
    Unknown,
    /// The server is of version 1.
    Without,
    /// The server numbers and keeps what it sends.
    With,
}

/// The server acknowledged more than was ever sent.
#[derive(Debug)]
pub struct AckBeyondSent;

/// What a `welcome` means for the stream.
pub struct Welcomed {
    /// Whether a server had welcomed this client before.
    pub is_return: bool,
    /// Whether the session goes on.
    pub resumed: bool,
    /// Why the session does not go on, if there was one that does not.
    pub reason: Option<Open<LossReason>>,
    /// Whether what was said in a session before has to be said again.
    pub anew: bool,
}

/// What is sent to one server and received from it.
pub struct Stream {
    /// The claim of the next `hello`.
    hello: Hello,
    /// The id of the newest frame.
    newest: FrameId,
    outbox: Outbox,
    inbound: Inbound,
    sessions: Sessions,
    /// What the server was told last of the own network.
    described: Option<String>,
}

impl Stream {
    /// A stream on which nothing was sent. `incarnation`: see [`PeerInfo`].
    pub fn new(config: &Config, incarnation: u32) -> Self {
        let attempt = Some(Hello::attempt_before(config.pages));
        let peer = PeerInfo { id: config.peer_id.as_str().into(), incarnation, ..config.peer.clone() };
        Self {
            hello: Hello { versions: VERSIONS, key: config.key.clone(), peer, received: None, attempt },
            newest: FrameId(0),
            outbox: Outbox::new(),
            inbound: Inbound::new(),
            sessions: Sessions::Unknown,
            described: None,
        }
    }

    /// The id of the next frame.
    pub fn next_id(&mut self) -> FrameId {
        self.newest = FrameId(self.newest.0.wrapping_add(1));
        self.newest
    }

    /// Whether the server keeps sessions.
    pub fn has_session(&self) -> bool {
        self.sessions == Sessions::With
    }

    /// Whether an application's message with a text of so many bytes is one too many.
    pub fn is_full(&self, bytes: usize) -> bool {
        self.outbox.is_full(bytes)
    }

    /// Whether nothing more may wait.
    pub fn is_overfull(&self) -> bool {
        self.outbox.is_overfull()
    }

    /// See [`crate::Client::outbox`].
    pub fn size(&self) -> (usize, usize, usize) {
        self.outbox.size()
    }

    /// Whether a message was never put on a socket.
    pub fn waits(&self, id: FrameId) -> bool {
        self.outbox.waits(id)
    }

    /// Adds a message that is sent once and in order, as soon as [`Stream::next_frame`] allows it.
    pub fn push(&mut self, id: FrameId, message: ClientMessage) {
        self.outbox.push(id, message);
    }

    /// Drops a message that nobody wants to be sent any more, if it was not sent.
    pub fn void(&mut self, id: FrameId) {
        self.outbox.retain(&mut |waiting, _| waiting != id);
    }

    /// Drops every message whose call was rejected because there is no answer. A `leave` stays: the server may have the client in
    /// the room all the same. So does negotiation, which waits for no answer.
    pub fn void_all(&mut self) {
        self.outbox
            .retain(&mut |_, message| is_negotiation(message) || matches!(message, ClientMessage::Leave(_)));
    }

    /// The `hello` for a socket that has just opened.
    pub fn hello(&mut self) -> ClientMessage {
        self.inbound.handle_opened();
        // What went out on a socket that was never welcomed may have been executed: that is a session too.
        let may_be_known = self.has_session() || self.outbox.kept().next().is_some();
        self.hello.received = may_be_known.then(|| self.inbound.received());
        self.hello.attempt = Some(self.hello.attempt.unwrap_or(0).wrapping_add(1));
        self.described.clone_from(&self.hello.peer.mapping);
        for frame in self.outbox.kept() {
            if frame.kind == Kind::Describe.as_str() {
                // The server takes it after `hello`, if it has not.
                self.described = frame.payload.as_ref().and_then(|payload| payload.mapping.clone());
            }
        }
        ClientMessage::Hello(self.hello.clone())
    }

    /// The own network is another one, or better known.
    pub fn describe(&mut self, mapping: Option<Mapping>) {
        self.hello.peer.mapping = mapping.map(|mapping| mapping.as_str().into());
    }

    /// What the server does not know yet of the own network.
    pub fn take_description(&mut self) -> Option<ClientMessage> {
        let mapping = &self.hello.peer.mapping;
        if self.described == *mapping {
            return None;
        }
        self.described.clone_from(mapping);
        Some(ClientMessage::Describe(mapping.as_deref().and_then(|word| Label::parse(word).ok())))
    }

    /// The frames that the server may not have, in order; they follow `hello` at once.
    pub fn unacknowledged(&self) -> impl Iterator<Item = &Arc<Envelope>> {
        self.outbox.kept()
    }

    /// The next frame that may be put on the socket. `is_welcomed`: the server accepted `hello` on it. In a session
    /// messages wait for that: a client that is not resumed can still send them.
    pub fn next_frame(&mut self, is_welcomed: bool) -> Option<Arc<Envelope>> {
        let is_first_hello = self.sessions == Sessions::Unknown && self.hello.received.is_none();
        if !is_welcomed && !is_first_hello {
            return None;
        }
        let waiting = self.outbox.pop()?;
        let Waiting { id, ref message, .. } = waiting;
        // Negotiation waits for the other side, not for the server.
        let id = if is_negotiation(message) { None } else { Some(id) };
        let in_session = self.sessions != Sessions::Without;
        Some(self.outbox.frame(waiting, id, in_session))
    }

    /// The `ack` of the frame that is sent now.
    pub fn ack(&mut self, is_welcomed: bool) -> Option<Position> {
        (is_welcomed && self.has_session()).then(|| self.inbound.acknowledge())
    }

    /// When the client has to acknowledge by a frame of its own.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.inbound.poll_timeout()
    }

    /// The server has every frame up to `ack`.
    pub fn handle_ack(&mut self, ack: Position) -> Result<(), AckBeyondSent> {
        if self.outbox.handle_ack(ack) { Ok(()) } else { Err(AckBeyondSent) }
    }

    /// A numbered frame of the server arrived.
    pub fn handle_numbered(&mut self, now: Time, seq: SequenceNumber) -> Sequence {
        self.inbound.handle_numbered(now, seq)
    }

    /// Takes the key for the next `hello` from a `welcome`. Returns it if it is another one than before.
    pub fn take_key(&mut self, welcome: &Welcome) -> Option<String> {
        let is_new = welcome.key != self.hello.key;
        is_new.then(|| {
            self.hello.key.clone_from(&welcome.key);
            welcome.key.clone()
        })
    }

    /// The server accepted `hello`. `welcome`: the session that the server keeps, if it keeps any.
    pub fn handle_welcome(&mut self, now: Time, welcome: Option<Welcome>) -> Result<Welcomed, AckBeyondSent> {
        let is_return = self.sessions != Sessions::Unknown;
        self.sessions = if welcome.is_some() { Sessions::With } else { Sessions::Without };
        let (mut resumed, mut reason) = (false, None);
        if let Some(welcome) = welcome {
            resumed = welcome.resumed;
            reason = welcome.reason;
            if resumed {
                self.handle_ack(welcome.received)?;
            }
            self.inbound.handle_welcome(now);
        } else {
            self.outbox.forget_kept();
        }
        let was_known = self.has_session() && self.hello.received.is_some();
        let anew = !resumed && (is_return || was_known);
        if anew {
            self.outbox.restart();
            self.inbound.restart();
        }
        Ok(Welcomed { is_return, resumed, reason, anew })
    }
}

//! A server with sessions.

use super::{CONNECT, World};
use signalpost_core::protocol::message::Welcome;
use signalpost_core::protocol::{Envelope, LossReason, Position, SequenceNumber, ServerMessage};
use signalpost_core::{CallId, Command, SocketEvent};

impl World {
    /// Registered at a server with sessions.
    pub fn in_session() -> Self {
        let mut world = Self::new();
        world.command(Command::Connect { call: CallId(CONNECT), timeout_ms: 60_000 });
        world.welcome(false, 0);
        world.advance(200);
        world.forget();
        world.numbers.clear();
        world
    }

    pub fn welcome(&mut self, resumed: bool, received: u32) {
        self.socket_event(SocketEvent::Opened);
        let reason = (!resumed).then(|| LossReason::SessionExpired.into());
        let session = Some(Welcome { key: "k".repeat(64), resumed, reason, received: Position(received) });
        self.receive_numbered(None, None, ServerMessage::Welcome { version: 2, region: None, session });
    }

    /// A message of the server with its numbers.
    pub fn receive_numbered(&mut self, seq: Option<u32>, ack: Option<u32>, message: ServerMessage) {
        let (seq, ack) = (seq.map(SequenceNumber), ack.map(Position));
        let envelope = Envelope { seq, ack, ..message.into_envelope(self.now) };
        self.receive_text(&serde_json::to_string(&envelope).unwrap());
    }
}

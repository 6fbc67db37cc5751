//! What the server sends: each frame is taken once and in order, and acknowledged.

use crate::time::Time;
use signalpost_protocol::{AckPolicy, AckTimer, Position, Sequence, SequenceNumber};

/// The position in the server's stream, and when the server hears of it.
pub struct Inbound {
    received: Position,
    acks: AckTimer,
}

impl Inbound {
    /// Nothing was received.
    pub fn new() -> Self {
        Self { received: Position::START, acks: AckTimer::new(AckPolicy::CLIENT) }
    }

    /// Takes the number of a frame that arrived into account.
    pub fn handle_numbered(&mut self, now: Time, seq: SequenceNumber) -> Sequence {
        let sequence = Sequence::of(seq, self.received);
        if sequence == Sequence::Next {
            self.received = Position::after(seq);
        }
        if sequence != Sequence::Gap {
            self.acks.handle_received(now.0, 1);
        }
        sequence
    }

    /// How far the client has the frames of the server.
    pub fn received(&self) -> Position {
        self.received
    }

    /// The position that the frame which is sent now acknowledges.
    pub fn acknowledge(&mut self) -> Position {
        self.acks.handle_acknowledged();
        self.received
    }

    /// The server welcomed the client on a new socket; an acknowledgement lets it know that the `welcome` arrived.
    pub fn handle_welcome(&mut self, now: Time) {
        self.acks.handle_received(now.0, 0);
    }

    /// A socket opened: `hello` says what was received, and there is nothing to acknowledge on this socket yet.
    pub fn handle_opened(&mut self) {
        self.acks.handle_acknowledged();
    }

    /// Begins a new session, in which the server counts from 1.
    pub fn restart(&mut self) {
        self.received = Position::START;
    }

    /// When the client has to acknowledge by a frame of its own.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.acks.due().map(Time)
    }
}

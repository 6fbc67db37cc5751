//! What the server sends: each frame is taken once and in order, and acknowledged.

use crate::time::Time;

/// How long a frame of the server waits for its acknowledgement, in milliseconds.
const ACK_MS: u32 = 100;
/// How many frames of the server wait for their acknowledgement at most.
const MAX_UNACKNOWLEDGED: u32 = 16;

/// What the client does with a frame of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// It is the next: it is read.
    Next,
    /// It was read before.
    Duplicate,
    /// A frame before it is missing.
    Gap,
}

/// The position in the server's stream, and when the server hears of it.
#[derive(Default)]
pub struct Inbound {
    received: u32,
    unacknowledged: u32,
    ack_at: Option<Time>,
}

impl Inbound {
    /// Takes the number of a frame that arrived into account.
    pub fn handle_numbered(&mut self, now: Time, seq: u32) -> Order {
        let expected = self.received.saturating_add(1);
        if seq > expected {
            return Order::Gap;
        }
        self.unacknowledged = self.unacknowledged.saturating_add(1);
        let due = now.after_ms(if self.unacknowledged >= MAX_UNACKNOWLEDGED { 0 } else { ACK_MS });
        self.ack_at = Some(self.ack_at.map_or(due, |at| at.min(due)));
        if seq < expected {
            return Order::Duplicate;
        }
        self.received = seq;
        Order::Next
    }

    /// The highest number of the server up to which nothing is missing.
    pub fn received(&self) -> u32 {
        self.received
    }

    /// The number that the frame which is sent now acknowledges.
    pub fn acknowledge(&mut self) -> u32 {
        self.handle_opened();
        self.received
    }

    /// The server welcomed the client on a new socket; an acknowledgement lets it know that the `welcome` arrived.
    pub fn handle_welcome(&mut self, now: Time) {
        self.ack_at = Some(now.after_ms(ACK_MS));
    }

    /// A socket opened: `hello` says what was received, and there is nothing to acknowledge on this socket yet.
    pub fn handle_opened(&mut self) {
        self.unacknowledged = 0;
        self.ack_at = None;
    }

    /// Begins a new session, in which the server counts from 1.
    pub fn restart(&mut self) {
        self.received = 0;
    }

    /// When the client has to acknowledge by a frame of its own.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.ack_at
    }
}

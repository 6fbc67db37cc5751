//! The numbers of one socket's frames: what came in a row, what was acknowledged, what may be.

use crate::engine::Claimed;

/// Frames after which they are acknowledged at once.
pub const ACK_FRAMES: u32 = 16;
/// Longest time in which a frame is acknowledged, in milliseconds, unless something goes to the client earlier.
pub const ACK_MS: u64 = 250;

/// The two directions of a session, as this socket has seen them. Only version 2 has them.
#[derive(Debug)]
pub(super) struct Numbers {
    /// The highest number up to which the engine has everything of the client.
    received: u32,
    /// What the client was last told of that.
    told: u32,
    /// When it is to be told again.
    due: Option<u64>,
    /// The highest number that was handed to the client. It cannot acknowledge more.
    sent: u32,
    /// What the engine was last told of the client's acknowledgements; `None`: nothing on this socket.
    confirmed: Option<u32>,
    /// The client believed in a session that is gone. What it sent before it knew belongs there.
    is_fresh: bool,
}

impl Numbers {
    /// After the claim; the welcome says what was received.
    pub(super) const fn new(claimed: Claimed) -> Self {
        Self {
            received: claimed.received,
            told: claimed.received,
            due: None,
            sent: claimed.acknowledged,
            confirmed: None,
            is_fresh: claimed.reason.is_some(),
        }
    }

    /// Whether a numbered frame belongs to the session that is gone: it was sent before the welcome arrived.
    pub(super) const fn is_of_the_past(&self, ack: Option<u32>) -> bool {
        self.is_fresh && ack.is_none()
    }

    /// Whether the client can have received so much.
    pub(super) const fn may_acknowledge(&self, ack: u32) -> bool {
        ack <= self.sent
    }

    /// Whether the engine does not know this yet. The first says that the welcome arrived, whatever its number.
    pub(super) fn is_news(&self, ack: u32) -> bool {
        self.confirmed.is_none_or(|confirmed| ack > confirmed)
    }

    /// Whether the engine was told that the client has the welcome of this socket.
    pub(super) const fn is_proven(&self) -> bool {
        self.confirmed.is_some()
    }

    /// The engine is told.
    pub(super) const fn handle_confirmed(&mut self, ack: u32) {
        self.confirmed = Some(ack);
    }

    /// A numbered frame goes to the client.
    pub(super) const fn handle_sent(&mut self, seq: u32) {
        if seq > self.sent {
            self.sent = seq;
        }
    }

    /// The engine has everything up to here; `again`: the client does not seem to know.
    pub(super) fn handle_received(&mut self, now: u64, received: u32, again: bool) {
        self.received = self.received.max(received);
        if self.received > self.told || again {
            self.due.get_or_insert(now.saturating_add(ACK_MS));
        }
    }

    /// What a frame that goes to the client says.
    pub(super) const fn take_ack(&mut self) -> u32 {
        self.told = self.received;
        self.due = None;
        self.received
    }

    /// Whether a frame of its own is due for it.
    pub(super) fn wants_ack(&self, now: u64) -> bool {
        self.received.saturating_sub(self.told) >= ACK_FRAMES || self.due.is_some_and(|due| due <= now)
    }

    /// When it will be.
    pub(super) const fn due(&self) -> Option<u64> {
        self.due
    }
}

//! The numbers of one socket's frames: received, acknowledged, and sent.

use crate::engine::Claimed;
use signalpost_protocol::{AckPolicy, AckTimer, Position, SequenceNumber};

/// The two directions of a session, as this socket has seen them. Only version 2 has them.
#[derive(Debug)]
pub(super) struct Numbers {
    /// How far the engine has the frames of the client.
    received: Position,
    /// When the server acknowledges that.
    acks: AckTimer,
    /// The highest number that was handed to the client. It cannot acknowledge more.
    sent: Position,
    /// The last acknowledgement of the client that the engine knows; `None`: none came on this socket.
    confirmed: Option<Position>,
    /// The client expected a session that is gone. Frames that it sent before it knew belong to that session.
    is_fresh: bool,
}

impl Numbers {
    /// Begins after the claim; the `welcome` says what was received.
    pub(super) const fn new(claimed: Claimed) -> Self {
        Self {
            received: claimed.received,
            acks: AckTimer::new(AckPolicy::SERVER),
            sent: claimed.acknowledged,
            confirmed: None,
            is_fresh: claimed.reason.is_some(),
        }
    }

    /// Whether a numbered frame belongs to the session that is gone: it was sent before the welcome arrived.
    pub(super) const fn is_of_the_past(&self, ack: Option<Position>) -> bool {
        self.is_fresh && ack.is_none()
    }

    /// Whether the client can have received so much.
    pub(super) fn may_acknowledge(&self, ack: Position) -> bool {
        ack <= self.sent
    }

    /// Whether the engine does not know this acknowledgement yet. The first one says that the `welcome` arrived, whatever its
    /// number.
    pub(super) fn is_new(&self, ack: Position) -> bool {
        self.confirmed.is_none_or(|confirmed| ack > confirmed)
    }

    /// Whether the engine knows that the client has the `welcome` of this socket.
    pub(super) const fn is_proven(&self) -> bool {
        self.confirmed.is_some()
    }

    /// Notes that the engine gets an acknowledgement.
    pub(super) const fn handle_confirmed(&mut self, ack: Position) {
        self.confirmed = Some(ack);
    }

    /// Notes that a numbered frame goes to the client.
    pub(super) const fn handle_sent(&mut self, seq: SequenceNumber) {
        if !self.sent.covers(seq) {
            self.sent = Position::after(seq);
        }
    }

    /// Notes that the engine has every frame up to `received`. `again`: the client does not seem to know.
    pub(super) fn handle_received(&mut self, now: u64, received: Position, again: bool) {
        let frames = received.frames_since(self.received);
        self.received = self.received.max(received);
        if frames > 0 || again {
            self.acks.handle_received(now, frames);
        }
    }

    /// Returns the acknowledgement for a frame that goes to the client now.
    pub(super) const fn take_ack(&mut self) -> Position {
        self.acks.handle_acknowledged();
        self.received
    }

    /// Whether an acknowledgement is due as a frame of its own.
    pub(super) fn wants_ack(&self, now: u64) -> bool {
        self.acks.is_due(now)
    }

    /// Returns when it will be due.
    pub(super) const fn due(&self) -> Option<u64> {
        self.acks.due()
    }
}

//! What the client sends: each message waits for a socket, gets its number when it is first put on one, and is kept until the
//! server acknowledges it.

use crate::collections::queue::Queue;
use crate::ids::FrameId;
use alloc::sync::Arc;
use signalpost_protocol::{ClientMessage, Envelope, PeerId, Position, Signal, session_description};

/// Most messages that the server has not acknowledged, those that wait for a link included.
const MAX_MESSAGES: usize = 256;
/// Most bytes of them.
const MAX_BYTES: usize = 1024 * 1024;
/// What a message takes beside its text, in bytes.
const FIXED_BYTES: usize = 512;

/// A message that was never put on a socket.
pub struct Waiting {
    /// What an answer refers to.
    pub id: FrameId,
    /// The message.
    pub message: ClientMessage,
    bytes: usize,
}

/// The messages that the server has not acknowledged.
pub struct Outbox {
    /// Messages with a number. The numbers are contiguous, and the last is that of `sent`.
    kept: Queue<(Arc<Envelope>, usize)>,
    /// Messages that were never put on a socket.
    waiting: Queue<Waiting>,
    bytes: usize,
    /// How far the stream was put on sockets.
    sent: Position,
}

impl Outbox {
    /// An outbox in which nothing waits. The first message that is put on a socket gets the number 1.
    pub fn new() -> Self {
        Self { kept: Queue::default(), waiting: Queue::default(), bytes: 0, sent: Position::START }
    }

    /// Whether a message with a text of so many bytes is one too many.
    pub fn is_full(&self, text: usize) -> bool {
        let bytes = self.bytes.saturating_add(text).saturating_add(FIXED_BYTES);
        self.len() >= MAX_MESSAGES || bytes > MAX_BYTES
    }

    /// Whether there is room for nothing more. Negotiation may use twice of what an application may.
    pub fn is_overfull(&self) -> bool {
        self.len() >= 2 * MAX_MESSAGES || self.bytes > 2 * MAX_BYTES
    }

    fn len(&self) -> usize {
        self.kept.len().saturating_add(self.waiting.len())
    }

    /// Adds a message that waits to be put on a socket. An offer voids the messages that it supersedes.
    pub fn push(&mut self, id: FrameId, message: ClientMessage) {
        if let ClientMessage::Relay { to, signal: Signal::Offer(offer) } = &message {
            self.retain(&mut |_, waiting| !is_superseded(waiting, to, offer));
        }
        let bytes = text_bytes(&message).saturating_add(FIXED_BYTES);
        self.bytes = self.bytes.saturating_add(bytes);
        self.waiting.push_back(Waiting { id, message, bytes });
    }

    /// Takes the next message that waits.
    pub fn pop(&mut self) -> Option<Waiting> {
        let waiting = self.waiting.pop_front()?;
        self.bytes = self.bytes.saturating_sub(waiting.bytes);
        Some(waiting)
    }

    /// Puts a message that waited into a frame. In a session the frame is numbered, and kept until it is acknowledged.
    pub fn frame(&mut self, waiting: Waiting, id: Option<FrameId>, in_session: bool) -> Arc<Envelope> {
        let mut envelope = waiting.message.into_envelope(id.map(|id| id.0));
        if !in_session {
            return Arc::new(envelope);
        }
        envelope.seq = self.sent.next();
        self.sent = envelope.seq.map_or(self.sent, Position::after);
        self.bytes = self.bytes.saturating_add(waiting.bytes);
        let envelope = Arc::new(envelope);
        self.kept.push_back((envelope.clone(), waiting.bytes));
        envelope
    }

    /// The frames that have a number and are not acknowledged, in order.
    pub fn kept(&self) -> impl Iterator<Item = &Arc<Envelope>> {
        self.kept.iter().map(|(envelope, _)| envelope)
    }

    /// Drops the messages that wait and that `is_wanted` does not select.
    pub fn retain(&mut self, is_wanted: &mut dyn FnMut(FrameId, &ClientMessage) -> bool) {
        for _ in 0..self.waiting.len() {
            let Some(waiting) = self.waiting.pop_front() else { break };
            if is_wanted(waiting.id, &waiting.message) {
                self.waiting.push_back(waiting);
            } else {
                self.bytes = self.bytes.saturating_sub(waiting.bytes);
            }
        }
    }

    /// How many messages are kept or wait: those of the application, and all; and their bytes.
    pub fn size(&self) -> (usize, usize, usize) {
        let kept = self
            .kept
            .iter()
            .filter(|(envelope, _)| matches!(envelope.kind.as_str(), "message" | "broadcast"));
        let waiting = self.waiting.iter().filter(|waiting| is_of_application(&waiting.message));
        (kept.count().saturating_add(waiting.count()), self.len(), self.bytes)
    }

    /// Whether the message with this id waits.
    pub fn waits(&self, id: FrameId) -> bool {
        self.waiting.iter().any(|waiting| waiting.id == id)
    }

    /// Drops every frame that the server has acknowledged: those up to this position. Returns false for a position beyond
    /// what was sent; then nothing of it is believed.
    pub fn handle_ack(&mut self, ack: Position) -> bool {
        if ack > self.sent {
            return false;
        }
        let left = usize::try_from(self.sent.frames_since(ack)).unwrap_or(usize::MAX);
        while self.kept.len() > left
            && let Some((_, bytes)) = self.kept.pop_front()
        {
            self.bytes = self.bytes.saturating_sub(bytes);
        }
        true
    }

    /// Drops every frame with a number: no server will acknowledge it.
    pub fn forget_kept(&mut self) {
        while let Some((_, bytes)) = self.kept.pop_front() {
            self.bytes = self.bytes.saturating_sub(bytes);
        }
    }

    /// Begins a new session: everything that had a number is gone, and of the messages that wait only those of the application
    /// stay.
    pub fn restart(&mut self) {
        self.forget_kept();
        self.sent = Position::START;
        self.retain(&mut |_, message| is_of_application(message));
    }
}

/// Whether a message is the application's own, to a peer or a room.
fn is_of_application(message: &ClientMessage) -> bool {
    matches!(message, ClientMessage::Broadcast { .. } | ClientMessage::Relay { .. })
        && !is_negotiation(message)
}

/// Whether a message is between two of the SDK's connections.
pub fn is_negotiation(message: &ClientMessage) -> bool {
    matches!(message, ClientMessage::Relay { signal, .. } if signal.route().is_some())
}

/// Whether a message that waits says nothing any more once this offer is out.
fn is_superseded(waiting: &ClientMessage, peer: &PeerId, offer: &signalpost_protocol::Description) -> bool {
    let ClientMessage::Relay { to, signal } = waiting else { return false };
    if to != peer || signal.route().is_none_or(|route| route.connection != offer.route.connection) {
        return false;
    }
    match signal {
        Signal::Offer(_) => true,
        // Candidates of the generation that the offer goes on with are still wanted.
        Signal::Candidates(batch) => {
            let mut fragments = batch.candidates.iter().filter_map(|init| init.username_fragment.as_ref());
            let generation = fragments.next().or(batch.end.as_ref());
            generation.is_some_and(|fragment| {
                !session_description::username_fragments(&offer.sdp).contains(fragment)
            })
        }
        _ => false,
    }
}

fn text_bytes(message: &ClientMessage) -> usize {
    match message {
        ClientMessage::Broadcast { data, .. } => data.len(),
        ClientMessage::Relay { signal, .. } => signal.text_bytes(),
        _ => 0,
    }
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;

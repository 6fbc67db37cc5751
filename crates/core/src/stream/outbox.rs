//! The two streams of a session: what is sent is numbered and kept until the server has it, what arrives is taken once
//! and in order.

use crate::collections::queue::Queue;
use alloc::sync::Arc;
use signalpost_protocol::{
    AckPolicy, AckTimer, ClientMessage, Envelope, PeerId, Sequence, Signal, session_description,
};

/// Most messages that the server has not acknowledged, those that wait for a link included.
const MOST: usize = 256;
/// Most bytes of them.
const MOST_BYTES: usize = 1024 * 1024;
/// What a message takes beside its text, in bytes.
const FIXED_BYTES: usize = 512;

/// A message that was never put on a socket.
pub struct Waiting {
    pub id: u32,
    pub message: ClientMessage,
    bytes: usize,
}

pub struct Delivery {
    /// Numbered and not acknowledged. The numbers are contiguous, and `next` follows the last.
    kept: Queue<(Arc<Envelope>, usize)>,
    /// Never put on a socket.
    waiting: Queue<Waiting>,
    bytes: usize,
    next: u32,
    received: u32,
    acks: AckTimer,
}

impl Delivery {
    pub fn new() -> Self {
        Self {
            kept: Queue::default(),
            waiting: Queue::default(),
            bytes: 0,
            next: 1,
            received: 0,
            acks: AckTimer::new(AckPolicy::CLIENT),
        }
    }

    /// Whether a message with a text of so many bytes is one too many.
    pub fn is_full(&self, text: usize) -> bool {
        let bytes = self.bytes.saturating_add(text).saturating_add(FIXED_BYTES);
        self.kept.len().saturating_add(self.waiting.len()) >= MOST || bytes > MOST_BYTES
    }

    /// Whether there is room for nothing more. Negotiation may use twice of what an application may.
    pub fn is_overfull(&self) -> bool {
        self.kept.len().saturating_add(self.waiting.len()) >= 2 * MOST || self.bytes > 2 * MOST_BYTES
    }

    /// A message waits to be put on a socket. An offer voids what it supersedes.
    pub fn push(&mut self, id: u32, message: ClientMessage) {
        if let ClientMessage::Relay { to, signal: Signal::Offer(offer) } = &message {
            self.retain(&mut |_, waiting| !is_superseded(waiting, to, offer));
        }
        let bytes = text_bytes(&message).saturating_add(FIXED_BYTES);
        self.bytes = self.bytes.saturating_add(bytes);
        self.waiting.push_back(Waiting { id, message, bytes });
    }

    /// The next message that waits.
    pub fn pop(&mut self) -> Option<Waiting> {
        let waiting = self.waiting.pop_front()?;
        self.bytes = self.bytes.saturating_sub(waiting.bytes);
        Some(waiting)
    }

    /// Puts a message that waited into a frame. In a session it is numbered and kept until it is acknowledged.
    pub fn frame(&mut self, waiting: Waiting, id: Option<u32>, in_session: bool) -> Arc<Envelope> {
        let mut envelope = waiting.message.into_envelope(id);
        if !in_session {
            return Arc::new(envelope);
        }
        envelope.seq = Some(self.next);
        self.next = self.next.saturating_add(1);
        self.bytes = self.bytes.saturating_add(waiting.bytes);
        let envelope = Arc::new(envelope);
        self.kept.push_back((envelope.clone(), waiting.bytes));
        envelope
    }

    /// Everything that has a number and is not acknowledged, in order.
    pub fn kept(&self) -> impl Iterator<Item = &Arc<Envelope>> {
        self.kept.iter().map(|(envelope, _)| envelope)
    }

    /// Keeps only what is told so of what waits.
    pub fn retain(&mut self, is_wanted: &mut dyn FnMut(u32, &ClientMessage) -> bool) {
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
        let waiting = self.waiting.iter().filter(|waiting| {
            matches!(waiting.message, ClientMessage::Broadcast { .. } | ClientMessage::Relay { .. })
                && !is_negotiation(&waiting.message)
        });
        let own = kept.count().saturating_add(waiting.count());
        (own, self.kept.len().saturating_add(self.waiting.len()), self.bytes)
    }

    /// Whether a message with this id waits.
    pub fn waits(&self, id: u32) -> bool {
        self.waiting.iter().any(|waiting| waiting.id == id)
    }

    /// The server has everything up to this number. False: so much was never sent, and nothing is believed.
    pub fn handle_ack(&mut self, ack: u32) -> bool {
        if ack >= self.next {
            return false;
        }
        let kept = u32::try_from(self.kept.len()).unwrap_or(u32::MAX);
        for _ in self.next.saturating_sub(kept)..=ack {
            if let Some((_, bytes)) = self.kept.pop_front() {
                self.bytes = self.bytes.saturating_sub(bytes);
            }
        }
        true
    }

    /// A numbered frame of the server arrived.
    pub fn handle_numbered(&mut self, now: u64, seq: u32) -> Sequence {
        let sequence = Sequence::of(seq, self.received);
        if sequence == Sequence::Next {
            self.received = seq;
        }
        if sequence != Sequence::Gap {
            self.acks.handle_received(now, 1);
        }
        sequence
    }

    /// The highest number of the server up to which nothing is missing.
    pub fn received(&self) -> u32 {
        self.received
    }

    /// The server is told what was received with the frame that goes now.
    pub fn acknowledge(&mut self) -> u32 {
        self.acks.handle_acknowledged();
        self.received
    }

    /// The server welcomed the client on a new socket and is to know that.
    pub fn handle_welcome(&mut self, now: u64) {
        self.acks.handle_received(now, 0);
    }

    /// `hello` tells what was received, and there is nothing to acknowledge on this socket yet.
    pub fn handle_opened(&mut self) {
        self.acks.handle_acknowledged();
    }

    /// When what was received has to be acknowledged by a frame of its own.
    pub fn poll_timeout(&self) -> Option<u64> {
        self.acks.due()
    }

    /// What is numbered will not be acknowledged.
    pub fn forget_kept(&mut self) {
        while let Some((_, bytes)) = self.kept.pop_front() {
            self.bytes = self.bytes.saturating_sub(bytes);
        }
    }

    /// A new session begins: everything that had a number is gone, and of what waits only that of the application stays.
    pub fn restart(&mut self) {
        self.forget_kept();
        self.next = 1;
        self.received = 0;
        self.retain(&mut |_, message| {
            matches!(message, ClientMessage::Broadcast { .. } | ClientMessage::Relay { .. })
                && !is_negotiation(message)
        });
    }
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
        // Those of the generation that the offer goes on with are still wanted.
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

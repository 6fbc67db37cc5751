//! Both directions of the session: numbers, and what is kept until it is acknowledged.

use signalpost_core::Output;
use signalpost_protocol::{Envelope, Position, SequenceNumber};
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

/// Frames after which an acknowledgement goes at once, and the time after which it goes anyhow, in milliseconds.
const ACK_FRAMES: u32 = 16;
const ACK_MS: u64 = 100;

#[derive(Debug)]
pub(super) struct Stream {
    /// Whether new frames are put on a socket behind a `hello` that has no welcome yet.
    is_eager: bool,
    was_welcomed: bool,
    /// Whether numbered frames were put on a socket before there was a welcome.
    was_numbered: bool,
    /// The highest number of the server up to which everything is here.
    received: u32,
    /// How much of it was acknowledged, and when the rest has to be.
    told: u32,
    ack_due: Option<u64>,
    sent: u32,
    unacknowledged: VecDeque<(u32, Arc<Envelope>)>,
    waiting: VecDeque<Envelope>,
}

impl Stream {
    pub fn new(is_eager: bool) -> Self {
        Self {
            is_eager,
            was_welcomed: false,
            was_numbered: false,
            received: 0,
            told: 0,
            ack_due: None,
            sent: 0,
            unacknowledged: VecDeque::new(),
            waiting: VecDeque::new(),
        }
    }

    pub fn was_welcomed(&self) -> bool {
        self.was_welcomed
    }

    /// What a `hello` says of the position.
    pub fn position(&self) -> Option<Position> {
        (self.was_welcomed || self.was_numbered).then_some(Position(self.received))
    }

    pub fn queue(&mut self, envelope: Envelope) {
        self.waiting.push_back(envelope);
    }

    pub fn queue_first(&mut self, envelope: Envelope) {
        self.waiting.push_front(envelope);
    }

    /// The frames that have no number yet.
    pub fn waiting(&self) -> BTreeSet<u32> {
        self.waiting.iter().filter_map(|envelope| envelope.id).collect()
    }

    pub fn size(&self) -> (usize, usize, usize) {
        let unacknowledged = self.unacknowledged.iter().map(|(_, envelope)| &**envelope);
        let all: Vec<&Envelope> = unacknowledged.chain(&self.waiting).collect();
        let is_message = |it: &&&Envelope| matches!(it.kind.as_str(), "message" | "broadcast");
        let bytes =
            |it: &&Envelope| it.payload.as_ref().and_then(|it| it.data.as_ref()).map_or(0, String::len);
        (all.iter().filter(is_message).count(), all.len(), all.iter().map(bytes).sum())
    }

    /// Gives what waits its numbers and sends it; whether there was anything.
    pub fn flush(&mut self, socket: u32, is_welcome: bool, out: &mut VecDeque<Output>) -> bool {
        if !is_welcome && !self.is_eager {
            return false;
        }
        let any = !self.waiting.is_empty();
        while let Some(envelope) = self.waiting.pop_front() {
            self.sent += 1;
            self.was_numbered = true;
            let envelope = Arc::new(Envelope { seq: Some(SequenceNumber(self.sent)), ..envelope });
            self.unacknowledged.push_back((self.sent, envelope.clone()));
            let ack = is_welcome.then(|| self.acknowledge());
            out.push_back(Output::Send { socket: socket.into(), envelope, ack });
        }
        any
    }

    /// Everything that is not acknowledged, with its old numbers and no acknowledgement: there is no welcome yet.
    pub fn send_again(&self, socket: u32, out: &mut VecDeque<Output>) {
        for (_, envelope) in &self.unacknowledged {
            out.push_back(Output::Send { socket: socket.into(), envelope: envelope.clone(), ack: None });
        }
    }

    /// Whether a frame is the next; nothing: some are missing before it.
    pub fn take(&mut self, now: u64, SequenceNumber(seq): SequenceNumber) -> Option<bool> {
        if seq > self.received + 1 {
            return None;
        }
        self.ack_due.get_or_insert(now + ACK_MS);
        let is_next = seq == self.received + 1;
        self.received = self.received.max(seq);
        Some(is_next)
    }

    pub fn must_acknowledge(&self) -> bool {
        self.received - self.told >= ACK_FRAMES
    }

    pub fn ack_due(&self) -> Option<u64> {
        self.ack_due
    }

    /// All that is here is acknowledged with a frame that goes now.
    pub fn acknowledge(&mut self) -> Position {
        self.told = self.received;
        self.ack_due = None;
        Position(self.received)
    }

    /// The server has everything up to here.
    pub fn forget(&mut self, Position(ack): Position) {
        while self.unacknowledged.front().is_some_and(|(seq, _)| *seq <= ack) {
            self.unacknowledged.pop_front();
        }
    }

    /// The key counts alone as soon as something is acknowledged.
    pub fn handle_welcome(&mut self, now: u64) {
        self.was_welcomed = true;
        self.told = self.received;
        self.ack_due = Some(now);
    }

    /// The session is a new one: both directions begin at 1.
    pub fn lose(&mut self) {
        self.unacknowledged.clear();
        (self.received, self.told, self.sent) = (0, 0, 0);
        self.ack_due = None;
    }

    /// Nothing is sent any more.
    pub fn clear(&mut self) {
        self.unacknowledged.clear();
        self.waiting.clear();
    }
}

//! One socket: two directions that keep their order and take their time.

use crate::model_peer_connection::Random;
use signalpost_server::ConnectionId;
use signalpost_server::session::Session;
use std::collections::VecDeque;

/// What travels.
#[derive(Debug)]
pub(super) enum Packet {
    /// Up: the opening handshake; down: its success.
    Open,
    /// A text frame.
    Text(String),
    /// The end, with the close code.
    Close(u16),
}

/// How a link behaves, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Quality {
    /// Least one-way delay.
    pub delay: u64,
    /// Most that comes on top.
    pub jitter: u64,
    /// Deliveries happen at multiples of this: several arrive at once.
    pub batch: u64,
}

impl Quality {
    /// A link of a seed: most are quick, some slow, some deliver in lumps. Both directions of the slowest take less than
    /// the 1.5 s after which an end that was asked for a sign of life is given up.
    pub fn random(random: &mut Random) -> Self {
        let delay = match random.within((0, 9)) {
            0 => 0,
            1..=4 => random.within((1, 20)),
            5..=7 => random.within((20, 150)),
            _ => random.within((150, 500)),
        };
        let jitter = match random.within((0, 2)) {
            0 => 0,
            _ => random.within((0, delay / 2 + 5)).min(120),
        };
        let batch = if random.within((0, 3)) == 0 { random.within((5, 60)) } else { 1 };
        Self { delay, jitter, batch }
    }
}

/// One direction.
#[derive(Debug)]
pub(super) struct Lane {
    pub quality: Quality,
    queue: VecDeque<(u64, Packet)>,
    last: u64,
}

impl Lane {
    pub fn new(quality: Quality) -> Self {
        Self { quality, queue: VecDeque::new(), last: 0 }
    }

    pub fn push(&mut self, now: u64, packet: Packet, random: &mut Random) {
        let at = now + self.quality.delay + random.within((0, self.quality.jitter));
        self.last = self.last.max(at.div_ceil(self.quality.batch) * self.quality.batch);
        self.queue.push_back((self.last, packet));
    }

    pub fn due(&self) -> Option<u64> {
        self.queue.front().map(|(at, _)| *at)
    }

    pub fn pop(&mut self) -> Option<Packet> {
        self.queue.pop_front().map(|(_, packet)| packet)
    }

    /// What is on its way is lost.
    pub fn clear(&mut self) {
        self.queue.clear();
    }
}

/// A socket between a page and the server.
#[derive(Debug)]
pub(super) struct Socket {
    pub page: usize,
    pub incarnation: u32,
    /// The core's id of it.
    pub id: u32,
    pub connection: ConnectionId,
    /// Whether the page still listens.
    pub heard: bool,
    /// Whether the handshake is over.
    pub open: bool,
    /// Whether nothing passes any more.
    pub cut: bool,
    pub session: Option<Session>,
    pub up: Lane,
    pub down: Lane,
    /// When the server notices that the socket was cut.
    pub noticed_at: Option<u64>,
}

impl Socket {
    /// Whether nothing will ever happen on it.
    pub fn is_over(&self) -> bool {
        let served = self.session.as_ref().is_some_and(|session| !session.is_closed());
        !served && !self.heard && self.up.due().is_none()
    }
}

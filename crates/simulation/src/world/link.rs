//! One socket: two directions that keep their order and take their time.

use crate::model_peer_connection::Random;
use signalpost_server::SocketId;
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
    /// Nothing arrives before.
    frozen_until: u64,
    /// Bytes of text that still arrive; then the socket breaks.
    pub budget: Option<usize>,
    /// Frames until one arrives that is no JSON.
    pub mangles: Option<u32>,
    /// Whether one did.
    pub was_mangled: bool,
}

impl Lane {
    pub fn new(quality: Quality) -> Self {
        let queue = VecDeque::new();
        Self { quality, queue, last: 0, frozen_until: 0, budget: None, mangles: None, was_mangled: false }
    }

    pub fn push(&mut self, now: u64, packet: Packet, random: &mut Random) {
        let at = now + self.quality.delay + random.within((0, self.quality.jitter));
        self.last = self.last.max(at.div_ceil(self.quality.batch) * self.quality.batch);
        self.queue.push_back((self.last, packet));
    }

    pub fn due(&self) -> Option<u64> {
        self.queue.front().map(|(at, _)| (*at).max(self.frozen_until))
    }

    /// Nothing arrives before; then all that waits does.
    pub fn freeze(&mut self, until: u64) {
        self.frozen_until = self.frozen_until.max(until);
    }

    /// What waits arrives now.
    pub fn thaw(&mut self, now: u64) {
        self.frozen_until = self.frozen_until.min(now);
    }

    /// What is sent from now on comes so much later.
    pub fn delay(&mut self, now: u64, extra: u64) {
        self.last = self.last.max(now) + extra;
    }

    pub fn pop(&mut self) -> Option<Packet> {
        self.queue.pop_front().map(|(_, packet)| packet)
    }

    /// Whether the text may still pass. It may come out as no JSON.
    pub fn admits(&mut self, text: &mut String) -> bool {
        match &mut self.mangles {
            Some(0) => {
                self.mangles = None;
                self.was_mangled = true;
                // Half of an object is none.
                let half = text.len() / 2;
                text.truncate((0..=half).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default());
            }
            Some(more) => *more -= 1,
            None => {}
        }
        let Some(budget) = &mut self.budget else { return true };
        let left = budget.checked_sub(text.len());
        *budget = left.unwrap_or_default();
        left.is_some()
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
    pub id: signalpost_core::SocketId,
    pub connection: SocketId,
    /// Whether the page still listens.
    pub heard: bool,
    /// Whether the handshake is over.
    pub open: bool,
    /// Whether nothing passes any more.
    pub cut: bool,
    /// Whether its browser closes it: what it had sent still arrives, and nothing else.
    pub closing: bool,
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

//! Its sockets: the one on which it said hello last, one that is being opened, and those that it has left.

use super::frame::frame;
use super::stream::Stream;
use crate::model_peer_connection::Random;
use signalpost_core::{Output, TimerName};
use signalpost_protocol::{Envelope, PeerId, PeerInfo, Position};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// The table "Signs of life" of the document, in milliseconds.
const ASK_AFTER_SENT_MS: u64 = 1_500;
const ASK_AFTER_SILENCE_MS: u64 = 8_000;
const DEAD_AFTER_MS: u64 = 3_000;
/// How long a socket may take to open.
const OPENING_MS: u64 = 10_000;
/// The first wait before another attempt, at most, and the longest.
const WAIT_MS: u64 = 400;
const DOUBLINGS: u32 = 4;
const DEAD: u16 = 4001;
const REPLACED: u16 = 4100;
const NORMAL: u16 = 1000;

/// The socket that the session goes over.
#[derive(Debug)]
struct Current {
    socket: u32,
    is_welcome: bool,
    heard_at: u64,
    /// Since when an answer is due.
    sent_at: Option<u64>,
    asked_at: Option<u64>,
    /// When the client doubts it.
    doubted_at: u64,
}

pub(super) struct Link {
    id: PeerId,
    session: u32,
    key: String,
    attempt: u32,
    sockets: u32,
    current: Option<Current>,
    opening: Option<(u32, u64)>,
    /// When each of the others is closed.
    left: BTreeMap<u32, u64>,
    retry_at: Option<u64>,
    failures: u32,
    /// Whether it doubts its sockets without any cause.
    doubts: bool,
}

impl Link {
    pub fn new(id: PeerId, key: String, attempt: u32, random: &mut Random) -> Self {
        Self {
            id,
            session: random.number() as u32,
            key,
            attempt,
            sockets: 0,
            current: None,
            opening: None,
            left: BTreeMap::new(),
            retry_at: None,
            failures: 0,
            doubts: true,
        }
    }

    /// Doubts no socket any more.
    pub fn trust(&mut self) {
        self.doubts = false;
    }

    /// The socket on which hello was said last.
    pub fn socket(&self) -> Option<u32> {
        self.current.as_ref().map(|it| it.socket)
    }

    pub fn is_welcome(&self) -> bool {
        self.current.as_ref().is_some_and(|it| it.is_welcome)
    }

    pub fn is_opening(&self, socket: u32) -> bool {
        self.opening.is_some_and(|(it, _)| it == socket)
    }

    pub fn open(&mut self, now: u64, out: &mut VecDeque<Output>) {
        self.retry_at = None;
        if self.opening.is_none() {
            self.sockets += 1;
            self.opening = Some((self.sockets, now));
            out.push_back(Output::OpenSocket { socket: self.sockets.into() });
        }
    }

    /// The socket that was being opened is the one to use from now on.
    pub fn say_hello(&mut self, now: u64, stream: &Stream, random: &mut Random, out: &mut VecDeque<Output>) {
        let Some((socket, _)) = self.opening.take() else { return };
        if let Some(former) = self.current.take() {
            let waits = [0, random.within((0, 3_000)), 60_000][random.within((0, 2)) as usize];
            self.left.insert(former.socket, now + waits);
        }
        let doubts = match random.within((0, 3)) {
            0 => random.within((1, 800)),
            _ => random.within((2_000, 25_000)),
        };
        self.attempt += 1;
        let peer = PeerInfo { id: self.id.as_str().into(), incarnation: self.session, ..PeerInfo::default() };
        let hello = frame("hello", |payload| {
            payload.versions = Some((1, 2));
            payload.key = Some(self.key.clone());
            payload.attempt = Some(self.attempt);
            payload.received = stream.position();
            payload.peer = Some(peer);
        });
        out.push_back(Output::Send { socket: socket.into(), envelope: Arc::new(hello), ack: None });
        self.current = Some(Current {
            socket,
            is_welcome: false,
            heard_at: now,
            sent_at: Some(now),
            asked_at: None,
            doubted_at: now + doubts,
        });
    }

    pub fn handle_welcome(&mut self, key: String) {
        self.key = key;
        self.failures = 0;
        if let Some(current) = &mut self.current {
            current.is_welcome = true;
        }
    }

    pub fn note_heard(&mut self, now: u64) {
        if let Some(current) = &mut self.current {
            (current.heard_at, current.sent_at, current.asked_at) = (now, None, None);
        }
    }

    pub fn note_sent(&mut self, now: u64) {
        if let Some(current) = &mut self.current {
            current.sent_at.get_or_insert(now);
        }
    }

    /// Sends a frame without a number.
    pub fn put(&self, kind: &str, ack: Option<Position>, out: &mut VecDeque<Output>) {
        let Some(socket) = self.socket() else { return };
        let envelope = Envelope { kind: kind.into(), ..Envelope::default() };
        out.push_back(Output::Send { socket: socket.into(), envelope: Arc::new(envelope), ack });
    }

    /// A socket has ended; whether it was the one that the session goes over.
    pub fn handle_closed(&mut self, now: u64, socket: u32, random: &mut Random) -> bool {
        self.left.remove(&socket);
        let was_opening = self.is_opening(socket);
        let was_current = self.socket() == Some(socket);
        if was_opening {
            self.opening = None;
        } else if was_current {
            self.current = None;
        }
        if was_opening || was_current {
            self.wait(now, random);
        }
        was_current
    }

    fn wait(&mut self, now: u64, random: &mut Random) {
        if let (None, None) = (&self.current, &self.opening) {
            self.retry_at = Some(now + random.within((0, WAIT_MS << self.failures.min(DOUBLINGS))));
            self.failures += 1;
        }
    }

    /// The client closes the socket that the session goes over.
    pub fn drop(&mut self, now: u64, code: u16, random: &mut Random, out: &mut VecDeque<Output>) {
        if let Some(current) = self.current.take() {
            out.push_back(Output::CloseSocket { socket: current.socket.into(), code });
        }
        self.wait(now, random);
    }

    /// Says so, and closes every socket.
    pub fn say_goodbye(&mut self, out: &mut VecDeque<Output>) {
        self.put("bye", None, out);
        self.stop(out);
    }

    /// Closes every socket, and opens no other.
    pub fn stop(&mut self, out: &mut VecDeque<Output>) {
        let current = self.current.take().map(|it| it.socket);
        let opening = self.opening.take().map(|(socket, _)| socket);
        for socket in std::mem::take(&mut self.left).into_keys().chain(current).chain(opening) {
            out.push_back(Output::CloseSocket { socket: socket.into(), code: NORMAL });
        }
        self.retry_at = None;
    }

    pub fn poll_timeout(&self) -> Option<(u64, TimerName)> {
        let left = self.left.values().min().map(|at| (*at, TimerName::GoodLink));
        let retry = self.retry_at.map(|at| (at, TimerName::Reconnect));
        let opening = self.opening.map(|(_, since)| (since + OPENING_MS, TimerName::Connecting));
        let doubt = self.current.as_ref().filter(|_| self.doubts && self.opening.is_none());
        let doubt = doubt.map(|it| (it.doubted_at, TimerName::Reconnect));
        let life = self.current.as_ref().map(|it| (it.due(), TimerName::Link));
        [left, retry, opening, doubt, life].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    /// Does what is due; answers the code with which the link is to be given up, if it is.
    pub fn handle_timeout(
        &mut self,
        now: u64,
        random: &mut Random,
        out: &mut VecDeque<Output>,
    ) -> Option<u16> {
        let over: Vec<u32> =
            self.left.iter().filter(|(_, at)| **at <= now).map(|(socket, _)| *socket).collect();
        for socket in over {
            self.left.remove(&socket);
            out.push_back(Output::CloseSocket { socket: socket.into(), code: REPLACED });
        }
        if let Some((socket, _)) = self.opening.filter(|(_, since)| since + OPENING_MS <= now) {
            self.opening = None;
            out.push_back(Output::CloseSocket { socket: socket.into(), code: REPLACED });
            self.wait(now, random);
        }
        let doubted = self.current.as_mut().filter(|it| self.doubts && it.doubted_at <= now);
        let doubts = doubted.is_some();
        if let Some(current) = doubted {
            // If no second one opens, another is tried later.
            current.doubted_at = now + OPENING_MS;
        }
        if self.retry_at.is_some_and(|at| at <= now) || doubts {
            self.open(now, out);
        }
        let current = self.current.as_mut().filter(|it| it.due() <= now)?;
        if current.asked_at.is_some() {
            return Some(DEAD);
        }
        current.asked_at = Some(now);
        current.sent_at.get_or_insert(now);
        self.put("heartbeat", None, out);
        None
    }
}

impl Current {
    /// When it has to be asked, or is dead.
    fn due(&self) -> u64 {
        match (self.asked_at, self.sent_at) {
            (Some(asked), sent) => (sent.unwrap_or(asked) + DEAD_AFTER_MS).max(asked + ASK_AFTER_SENT_MS),
            (None, Some(sent)) => sent + ASK_AFTER_SENT_MS,
            (None, None) => self.heard_at + ASK_AFTER_SILENCE_MS,
        }
    }
}

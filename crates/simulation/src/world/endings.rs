//! The reference model of when sessions may end: only by what ends one, or after a silence as long as the window. Others may
//! hear as often that its client is gone.

use signalpost_protocol::{PeerId, RoomName};
use std::collections::BTreeMap;

/// How long a session outlives its last sign of life at least, in milliseconds.
pub(super) const WINDOW_MS: u64 = 120_000;

/// How long a session outlives a socket that its client closed with this code. What the document says of 1001 (going away) stands
/// here, and nowhere else in the model: 0 would end the session with such a socket.
const fn window_after_close(_code: u16) -> u64 {
    WINDOW_MS
}

/// A client: its peer id, and the number that it drew.
pub(super) type Name = (PeerId, u32);

#[derive(Clone, Copy, Debug, Default)]
struct Life {
    /// How long it outlives its socket, where that was closed.
    window: Option<u64>,
    /// The last frame that a registered socket of it brought to the server.
    heard_at: Option<u64>,
    /// How often its session may have ended.
    endings: u32,
    /// The last frame that came on a socket that held its session.
    held_at: Option<u64>,
    /// How often another client took its session, which it was not told yet.
    taken: u32,
    /// How often it may have ended without its client being told yet.
    pending: u32,
    /// Whether the server heard it since then: it has another session, of which the client may not know.
    began: bool,
}

impl Life {
    /// Whether it was silent for so long that its session may be over.
    fn is_silent(&self, now: u64) -> bool {
        let window = self.window.unwrap_or(WINDOW_MS);
        self.heard_at.is_some_and(|at| now.saturating_sub(at) >= window)
    }
}

/// When each client was heard, and how often its session may have ended.
#[derive(Debug, Default)]
pub(super) struct Endings {
    lives: BTreeMap<Name, Life>,
    /// How often each page heard that a client is gone from a room.
    told: BTreeMap<(usize, RoomName, Name), u32>,
    /// How often each page lost its own session: its new one lists nobody who is away.
    lost: BTreeMap<usize, u32>,
}

impl Endings {
    /// A client says hello under its name.
    pub fn note_hello(&mut self, name: Name) {
        self.lives.entry(name).or_default();
    }

    /// The server heard a frame, on a socket that holds the session or before there is one.
    pub fn note_heard(&mut self, now: u64, name: Name, is_registered: bool) {
        let life = self.lives.entry(name).or_default();
        life.began = true;
        if !is_registered && life.heard_at.is_some() {
            return;
        }
        if life.is_silent(now) {
            life.endings += 1;
            life.pending = life.pending.max(1);
        }
        life.heard_at = Some(now);
        life.window = None;
        if is_registered {
            life.held_at = Some(now);
        }
    }

    /// The server heard that a client closed the socket that holds its session.
    pub fn note_closed(&mut self, now: u64, name: Name, code: u16) {
        self.note_heard(now, name.clone(), true);
        self.lives.entry(name).or_default().window = Some(window_after_close(code));
    }

    /// Whether its session certainly lives: nothing has ended it, and it was heard within the window.
    pub fn lives(&self, now: u64, name: &Name) -> bool {
        let life = self.lives.get(name).copied().unwrap_or_default();
        life.pending == 0
            && life.taken == 0
            && life.held_at.is_some_and(|at| now.saturating_sub(at) < life.window.unwrap_or(WINDOW_MS))
    }

    /// Another client took its id, and with it the session of the page.
    pub fn note_taken(&mut self, page: usize, name: Name) {
        *self.lost.entry(page).or_default() += 1;
        let life = self.lives.entry(name).or_default();
        life.endings += 1;
        life.taken += 1;
    }

    /// Something happened that ends its session, or its stay in a room.
    pub fn note_end(&mut self, name: Name) {
        self.lives.entry(name).or_default().endings += 1;
    }

    /// Notes that a client gave up its session and said `bye`; it hears of the end when it connects again.
    pub fn note_goodbye(&mut self, name: Name) {
        let life = self.lives.entry(name).or_default();
        life.endings += 1;
        life.pending = life.pending.max(1);
    }

    /// Something happened that ends every session.
    pub fn note_end_of_all(&mut self) {
        for life in self.lives.values_mut() {
            life.endings += 1;
            if life.pending == 0 || life.began {
                life.pending += 1;
            }
            life.began = false;
        }
    }

    /// Notes that a client heard of the end of its session; returns whether that may be.
    pub fn note_lost(&mut self, now: u64, page: usize, name: Name) -> bool {
        *self.lost.entry(page).or_default() += 1;
        let life = self.lives.entry(name).or_default();
        let is_silent = life.is_silent(now);
        if is_silent && life.pending == 0 {
            life.endings += 1;
        }
        if life.pending > 0 || is_silent {
            life.pending = life.pending.saturating_sub(1);
            return true;
        }
        let was_taken = life.taken > 0;
        life.taken = life.taken.saturating_sub(1);
        was_taken
    }

    /// Notes that a page heard that a client is gone; returns whether that may be.
    pub fn note_gone(&mut self, now: u64, page: usize, room: &RoomName, name: Name) -> bool {
        let life = self.lives.get(&name).copied().unwrap_or_default();
        let is_silent = life.is_silent(now);
        let told = self.told.entry((page, room.clone(), name)).or_default();
        *told += 1;
        let own = self.lost.get(&page).copied().unwrap_or_default();
        *told <= life.endings + u32::from(is_silent) + own
    }
}

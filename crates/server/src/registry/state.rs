//! The state of the registry.

use super::bounds::Bounds;
use super::listing::index::Index;
use super::listing::labels::Labels;
use super::rooms::presence::Presence;
use super::rooms::turns::{Pace, Turns};
use super::sessions::deadlines::Deadlines;
use super::sessions::registration::Registration;
use super::sessions::store::Store;
use super::work::Work;
use crate::SocketId;
use crate::engine::limits::RESUME_WINDOW_MS;
use signalpost_protocol::{PeerId, RoomName};
use std::collections::BTreeMap;

/// The peers of one process.
///
/// Its sessions bound its size: each has one peer of bounded size, at most
/// [`signalpost_protocol::limits::ROOMS_PER_PEER`] rooms and one mailbox of at most [`MAX_ENTRIES`](crate::engine::limits::MAX_ENTRIES). All mailboxes
/// together hold at most [`Bounds::mailbox_bytes`] of relays, and a room exists only while a peer is in it. The record of what a member knows
/// of a room takes two bits for each peer in it, at most [`Bounds::pairs`] times.
#[derive(Debug)]
pub struct Registry {
    pub(super) peers: BTreeMap<PeerId, Registration>,
    pub(super) sockets: BTreeMap<SocketId, PeerId>,
    /// The members of each room.
    pub(super) rooms: Index<RoomName>,
    pub(super) presences: BTreeMap<RoomName, Presence>,
    pub(super) labels: Labels,
    pub(super) deadlines: Deadlines,
    /// Peers whose mailbox could not take an answer. Their sessions end.
    pub(super) overflowed: Vec<PeerId>,
    pub(super) store: Store,
    pub(super) turns: Turns,
    pub(super) work: Work,
    pub(super) bounds: Bounds,
    /// The number of pairs of members, over all rooms.
    pub(super) pairs: usize,
    /// How long a session waits for its client.
    pub(super) window_ms: u64,
    /// How many sessions have begun; the number of the newest.
    pub(super) sessions: u64,
}

impl Default for Registry {
    fn default() -> Self {
        Self::new(RESUME_WINDOW_MS)
    }
}

impl Registry {
    /// Creates a registry that knows no peer. `window_ms` is how long a session waits for its client; with 0 it
    /// ends with its socket.
    pub fn new(window_ms: u64) -> Self {
        Self {
            peers: BTreeMap::new(),
            sockets: BTreeMap::new(),
            rooms: Index::default(),
            presences: BTreeMap::new(),
            labels: Labels::default(),
            deadlines: Deadlines::default(),
            overflowed: Vec::new(),
            store: Store::new(Bounds::default().mailbox_bytes),
            turns: Turns::new(Pace::SERVER),
            work: Work::default(),
            bounds: Bounds::default(),
            pairs: 0,
            window_ms,
            sessions: 0,
        }
    }

    /// Sets other bounds.
    pub fn with_bounds(self, bounds: Bounds) -> Self {
        Self { store: Store::new(bounds.mailbox_bytes), bounds, ..self }
    }

    /// Sets another pace for large rooms: tests have small ones.
    pub fn with_pace(self, pace: Pace) -> Self {
        Self { turns: Turns::new(pace), ..self }
    }

    /// Counts the entries that the commands have touched: members, entries of mailboxes and of lists.
    pub fn touched(&self) -> u64 {
        self.work.touched()
    }

    /// Counts the bytes that wait in all mailboxes.
    pub fn held(&self) -> usize {
        self.store.held()
    }

    /// Estimates the bytes that the rooms take to remember which notices each member got.
    pub fn view_bytes(&self) -> usize {
        self.pairs / 4
    }

    /// Counts the peers that are away.
    pub fn away(&self) -> usize {
        self.deadlines.windows.len()
    }

    /// Counts the registered peers, including peers that are away and peers whose expired session was not swept yet.
    pub fn len(&self) -> usize {
        self.peers.len()
    }

    /// Whether no peer is registered.
    pub fn is_empty(&self) -> bool {
        self.peers.is_empty()
    }

    /// Lists every registered peer with the socket that holds its session, unless the peer is away, and the entries and bytes in
    /// its mailbox.
    pub fn mailboxes(&self) -> impl Iterator<Item = (&PeerId, Option<SocketId>, (usize, usize))> {
        self.peers.iter().map(|(id, peer)| (id, peer.socket, peer.mailbox.size()))
    }

    /// Returns when [`Registry::sweep`] next has work, if any.
    pub fn poll_timeout(&self) -> Option<u64> {
        let overflowed = self.overflowed.first().map(|_| 0);
        [self.deadlines.first_ms(), overflowed, self.turns.due_ms()].into_iter().flatten().min()
    }
}

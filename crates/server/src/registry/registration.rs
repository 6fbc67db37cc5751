//! One registered peer and its session.

use super::allowance::Allowance;
use super::frames::Frames;
use super::keys::Keys;
use super::labels::OwnLabels;
use super::mailbox::Mailbox;
use super::presence::View;
use crate::SocketId;
use crate::engine::limits::LEASE_MS;
use crate::engine::{Claim, LossReason};
use signalpost_protocol::{PeerInfo, RoomName, SESSIONS};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Rooms that a peer may enter at once.
pub(crate) const JOINS: u32 = 64;
/// Time after which a peer that has entered [`JOINS`] rooms may enter another, in milliseconds.
pub(crate) const JOIN_PAUSE_MS: u64 = 250;

#[derive(Debug)]
pub(super) struct Registration {
    pub(super) version: u16,
    /// Names this session and no later one of the same peer.
    pub(super) number: u64,
    /// The socket that holds the session; `None`: the peer is away.
    pub(super) socket: Option<SocketId>,
    pub(super) info: Arc<PeerInfo>,
    pub(super) labels: OwnLabels,
    /// The rooms that it is in, and what it knows of them.
    pub(super) rooms: BTreeMap<RoomName, View>,
    /// How often it may enter a room.
    pub(super) joins: Allowance,
    /// Notices about its rooms wait because its mailbox took no more.
    pub(super) behind: bool,
    /// Its mailbox could not take an answer. The session ends before the command is done.
    pub(super) overflowed: bool,
    pub(super) last_seen: u64,
    /// The time under which it stands in [`Deadlines`](super::deadlines::Deadlines). The lease may end later, the window not.
    pub(super) due: u64,
    pub(super) mailbox: Mailbox,
    pub(super) frames: Frames,
    pub(super) keys: Keys,
    /// Whether its page was probably left when its socket closed.
    pub(super) is_leaving: bool,
}

impl Registration {
    /// Begins a session. `reason`: why it is not the session that its client wanted, if the client wanted one.
    pub(super) fn new(
        now: u64,
        number: u64,
        socket: SocketId,
        claim: Claim,
        reason: Option<LossReason>,
    ) -> Self {
        let mut new = Self {
            version: claim.version,
            number,
            socket: Some(socket),
            info: Arc::default(),
            labels: OwnLabels::default(),
            rooms: BTreeMap::new(),
            joins: Allowance::new(JOINS, JOIN_PAUSE_MS),
            behind: false,
            overflowed: false,
            last_seen: now,
            due: now.saturating_add(LEASE_MS),
            mailbox: Mailbox::default(),
            frames: Frames::default(),
            keys: Keys::new(claim.key, claim.next, claim.attempt, reason),
            is_leaving: false,
        };
        new.describe(claim.peer);
        new
    }

    /// Takes the peer's description of itself.
    pub(super) fn describe(&mut self, info: PeerInfo) {
        self.labels = OwnLabels::of(&info);
        self.info = Arc::new(info);
    }

    /// Whether it has a mailbox and outlives its socket.
    pub(super) fn has_session(&self) -> bool {
        self.version >= SESSIONS
    }

    pub(super) fn is_away(&self) -> bool {
        self.socket.is_none()
    }

    /// Whether it is connected and its lease lasts. Lists name only such peers.
    pub(super) fn is_present(&self, now: u64) -> bool {
        self.socket.is_some() && now < self.expires_at()
    }

    /// Whether it can be sent to: it is present, or has a mailbox that waits for it.
    pub(super) fn is_live(&self, now: u64) -> bool {
        match (self.has_session(), self.is_away()) {
            (true, true) => now < self.due,
            (true, false) => true,
            (false, _) => self.is_present(now),
        }
    }

    pub(super) fn expires_at(&self) -> u64 {
        self.last_seen.saturating_add(LEASE_MS)
    }
}

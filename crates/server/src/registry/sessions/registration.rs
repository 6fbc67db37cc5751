//! One registered peer and its session.

use super::frames::Frames;
use super::keys::Keys;
use super::mailbox::Mailbox;
use crate::SocketId;
use crate::engine::limits::LEASE_MS;
use crate::engine::{Claim, LossReason};
use crate::registry::listing::labels::OwnLabels;
use crate::registry::rooms::allowance::Allowance;
use crate::registry::rooms::presence::View;
use signalpost_protocol::{PeerInfo, RoomName, SESSIONS};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Rooms that a peer may enter at once; to describe itself counts as much.
pub(crate) const JOINS: u32 = 64;
/// Time after which a peer that has entered [`JOINS`] rooms may enter another, in milliseconds.
pub(crate) const JOIN_PAUSE_MS: u64 = 250;

#[derive(Debug)]
pub(crate) struct Registration {
    pub(crate) version: u16,
    /// Names this session and no later one of the same peer.
    pub(crate) number: u64,
    /// The socket that holds the session; `None`: the peer is away.
    pub(crate) socket: Option<SocketId>,
    pub(crate) info: Arc<PeerInfo>,
    pub(crate) labels: OwnLabels,
    /// The rooms that it is in, and what it knows of them.
    pub(crate) rooms: BTreeMap<RoomName, View>,
    /// How often it may enter a room or describe itself.
    pub(crate) joins: Allowance,
    /// Notices about its rooms wait because its mailbox took no more.
    pub(crate) behind: bool,
    /// Its mailbox could not take an answer. The session ends before the command is done.
    pub(crate) overflowed: bool,
    pub(crate) last_seen: u64,
    /// The time under which it stands in [`Deadlines`](super::deadlines::Deadlines). The lease may end later, the window not.
    pub(crate) due: u64,
    pub(crate) mailbox: Mailbox,
    pub(crate) frames: Frames,
    pub(crate) keys: Keys,
    /// Whether its page was probably left when its socket closed.
    pub(crate) is_leaving: bool,
}

impl Registration {
    /// Begins a session. `reason`: why it is not the session that its client wanted, if the client wanted one.
    pub(crate) fn new(
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
    pub(crate) fn describe(&mut self, info: PeerInfo) {
        self.labels = OwnLabels::of(&info);
        self.info = Arc::new(info);
    }

    /// Whether it has a mailbox and outlives its socket.
    pub(crate) fn has_session(&self) -> bool {
        self.version >= SESSIONS
    }

    pub(crate) fn is_away(&self) -> bool {
        self.socket.is_none()
    }

    /// Whether it is connected and its lease lasts. Lists name only such peers.
    pub(crate) fn is_present(&self, now: u64) -> bool {
        self.socket.is_some() && now < self.expires_at()
    }

    /// Whether it can be sent to: it is present, or has a mailbox that waits for it.
    pub(crate) fn is_live(&self, now: u64) -> bool {
        match (self.has_session(), self.is_away()) {
            (true, true) => now < self.due,
            (true, false) => true,
            (false, _) => self.is_present(now),
        }
    }

    pub(crate) fn expires_at(&self) -> u64 {
        self.last_seen.saturating_add(LEASE_MS)
    }
}

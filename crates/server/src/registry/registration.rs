//! One registered peer and its session.

use super::allowance::Allowance;
use super::mailbox::Mailbox;
use super::presence::View;
use crate::engine::{Claim, LossReason, Outcome};
use crate::{ConnectionId, TokenHash};
use signalpost_protocol::{Label, PeerInfo, RoomName, SESSIONS};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How often the same frame may be missing, one time after the other. A client whose frame cannot be read, and who sends it
/// again as it is, would never come to an end.
const GAPS: u32 = 8;
/// Most keys that were handed out and not yet seen again. More than one is out when a client claims again before a
/// welcome reached it.
const UNPROVEN: usize = 3;

#[derive(Debug)]
pub(super) struct Registration {
    pub(super) version: u16,
    /// Names this session and no later one of the same peer.
    pub(super) number: u64,
    /// The socket that holds the session; `None`: the peer is away.
    pub(super) connection: Option<ConnectionId>,
    pub(super) info: Arc<PeerInfo>,
    pub(super) region: Option<Label>,
    pub(super) capabilities: BTreeSet<Label>,
    /// The rooms that it is in, and what it was told of them.
    pub(super) rooms: BTreeMap<RoomName, View>,
    /// How often it may enter a room.
    pub(super) joins: Allowance,
    /// More is to be told of its rooms than its mailbox took.
    pub(super) behind: bool,
    /// Its mailbox could not take an answer: the session ends before the command does.
    pub(super) overflowed: bool,
    pub(super) last_seen: u64,
    /// The time under which it stands in the sweep's order. The lease may end later, the window not.
    pub(super) due: u64,
    pub(super) mailbox: Mailbox,
    /// The highest number up to which every frame of the client was executed.
    pub(super) received: u32,
    pub(super) keys: Keys,
    /// Whether its page was probably left when its socket closed.
    pub(super) is_leaving: bool,
    /// Of the last `hello` that counted.
    pub(super) attempt: Option<u32>,
    gaps: Gaps,
}

/// How often the same frame of the client was missing, one time after the other.
#[derive(Debug, Default)]
struct Gaps {
    received: u32,
    count: u32,
}

impl Registration {
    /// A session that begins. `reason`: why it is not the one that its client wanted, if it wanted one.
    pub(super) fn new(
        now: u64,
        number: u64,
        connection: ConnectionId,
        claim: Claim,
        reason: Option<LossReason>,
    ) -> Self {
        let mut new = Self {
            version: claim.version,
            number,
            connection: Some(connection),
            info: Arc::default(),
            region: None,
            capabilities: BTreeSet::new(),
            rooms: BTreeMap::new(),
            joins: Allowance::new(super::JOINS, super::JOIN_PAUSE_MS),
            behind: false,
            overflowed: false,
            last_seen: now,
            due: now.saturating_add(super::LEASE_MS),
            mailbox: Mailbox::default(),
            received: 0,
            keys: Keys { current: claim.key, next: vec![claim.next], in_place_of: reason },
            is_leaving: false,
            attempt: claim.attempt,
            gaps: Gaps::default(),
        };
        new.describe(claim.peer);
        new
    }

    /// Takes what the peer says of itself.
    pub(super) fn describe(&mut self, info: PeerInfo) {
        let label = |text: &String| Label::parse(text).ok();
        self.region = info.region.as_ref().and_then(label);
        self.capabilities = info.capabilities.iter().filter_map(label).collect();
        self.info = Arc::new(info);
    }

    /// Whether it has a mailbox and outlives its socket.
    pub(super) fn has_session(&self) -> bool {
        self.version >= SESSIONS
    }

    pub(super) fn is_away(&self) -> bool {
        self.connection.is_none()
    }

    /// Whether a later `hello` of the same client was here before one with this number, or it was itself. The numbers may
    /// begin again at 0 (RFC 1982 §3.2).
    pub(super) fn knows_later(&self, attempt: Option<u32>) -> bool {
        let is_late = |(attempt, last): (u32, u32)| last.wrapping_sub(attempt) < 1 << 31;
        attempt.zip(self.attempt).is_some_and(is_late)
    }

    /// A frame came before another that is missing.
    pub(super) fn note_gap(&mut self) -> Outcome {
        let count = if self.gaps.received == self.received { self.gaps.count } else { 0 };
        self.gaps = Gaps { received: self.received, count: count.saturating_add(1) };
        Outcome::Gap
    }

    /// Whether its client cannot bring the frame that comes next.
    pub(super) fn is_stuck(&self) -> bool {
        self.gaps.received == self.received && self.gaps.count >= GAPS
    }

    /// Whether it is connected and its lease lasts: only such a peer is listed.
    pub(super) fn is_present(&self, now: u64) -> bool {
        self.connection.is_some() && now < self.expires_at()
    }

    /// Whether it can be spoken to: present, or with a mailbox that waits for it.
    pub(super) fn is_live(&self, now: u64) -> bool {
        match (self.has_session(), self.is_away()) {
            (true, true) => now < self.due,
            (true, false) => true,
            (false, _) => self.is_present(now),
        }
    }

    pub(super) fn expires_at(&self) -> u64 {
        self.last_seen.saturating_add(super::LEASE_MS)
    }
}

/// The keys that the client may hold. It has sent `current`; one of `next` has been sent to it, and it is not known
/// whether that arrived. As soon as it is, no other counts.
#[derive(Debug)]
pub(super) struct Keys {
    current: TokenHash,
    next: Vec<TokenHash>,
    /// Why this session is not the one that the client wanted. It is not known to have heard of this one: with the key
    /// that it came with it still means that other.
    in_place_of: Option<LossReason>,
}

impl Keys {
    pub(super) fn accepts(&self, key: &TokenHash) -> bool {
        // All are compared, however early one fits.
        self.next.iter().fold(self.current == *key, |fits, next| fits | (next == key))
    }

    /// Why the session is another one than a client with this key means, which has not heard of this one.
    pub(super) fn means_another(&self, key: &TokenHash) -> Option<LossReason> {
        self.in_place_of.filter(|_| self.current == *key)
    }

    /// A claim with an accepted key; `next` goes out with its answer.
    pub(super) fn rotate(&mut self, key: TokenHash, next: TokenHash) {
        if key != self.current {
            self.next.clear();
            self.current = key;
            self.in_place_of = None;
        }
        if self.next.len() >= UNPROVEN {
            self.next.remove(0);
        }
        self.next.push(next);
    }

    /// The answer to the last claim arrived.
    pub(super) fn prove(&mut self) {
        if let Some(proven) = self.next.pop() {
            self.next.clear();
            self.current = proven;
            self.in_place_of = None;
        }
    }
}

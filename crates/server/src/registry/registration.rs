//! One registered peer.

use crate::ConnectionId;
use signalpost_protocol::{Hello, Label, PeerInfo, RoomName};
use std::collections::BTreeSet;
use std::sync::Arc;

#[derive(Debug)]
pub(super) struct Registration {
    pub(super) connection: ConnectionId,
    pub(super) info: Arc<PeerInfo>,
    pub(super) region: Option<Label>,
    pub(super) capabilities: BTreeSet<Label>,
    pub(super) rooms: BTreeSet<RoomName>,
    pub(super) last_seen: u64,
    /// The time under which it stands in the sweep's order; the lease may end later.
    pub(super) due: u64,
    key: String,
}

impl Registration {
    pub(super) fn new(now: u64, connection: ConnectionId, hello: Hello) -> Self {
        let label = |text: &String| Label::parse(text).ok();
        Self {
            connection,
            region: hello.peer.region.as_ref().and_then(label),
            capabilities: hello.peer.capabilities.iter().filter_map(label).collect(),
            info: Arc::new(hello.peer),
            rooms: BTreeSet::new(),
            last_seen: now,
            due: now.saturating_add(super::LEASE_MS),
            key: hello.key,
        }
    }

    pub(super) fn is_live(&self, now: u64) -> bool {
        now < self.expires_at()
    }

    pub(super) fn expires_at(&self) -> u64 {
        self.last_seen.saturating_add(super::LEASE_MS)
    }

    /// Whether `key` is the key of this registration. Takes the same time wherever they differ, so that a
    /// key cannot be found byte by byte.
    pub(super) fn has_key(&self, key: &str) -> bool {
        self.key.len() == key.len()
            && self.key.bytes().zip(key.bytes()).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
    }
}

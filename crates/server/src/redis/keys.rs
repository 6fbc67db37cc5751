//! The names of everything in Redis. What is in braces decides the slot in a Redis Cluster: all keys of one session are in
//! one slot, and so are those of one room.
//!
//! No two keys have one name: the text behind the last brace says what a key is, and names hold no such brace but their own.

use signalpost_protocol::{Label, PeerId, RoomName};
use std::fmt;

/// Number of shards of the agenda.
pub(super) const SHARDS: u8 = 16;

/// Makes the names of keys and channels.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    prefix: String,
}

impl Keys {
    /// Every name begins with `prefix`, which holds no brace.
    pub(super) fn new(prefix: &str) -> Self {
        Self { prefix: prefix.into() }
    }

    fn peer(&self, id: &PeerId, part: impl fmt::Display) -> String {
        format!("{}{{p:{}}}:{part}", self.prefix, id.as_str())
    }

    /// The hash of a peer's session.
    pub(super) fn session(&self, id: &PeerId) -> String {
        self.peer(id, "s")
    }

    /// What a script that changes a peer's mailbox touches: session, mailbox, the sources' last numbers (this generation and
    /// the one before), the senders' shares.
    pub(super) fn mailbox(&self, id: &PeerId) -> [String; 5] {
        ["s", "m", "f", "g", "n"].map(|part| self.peer(id, part))
    }

    /// What a script that changes a peer's session touches: its mailbox, the receipts that are due, the list of graves, the
    /// last session number.
    pub(super) fn whole(&self, id: &PeerId) -> [String; 8] {
        ["s", "m", "f", "g", "n", "r", "e", "z"].map(|part| self.peer(id, part))
    }

    /// The leases and the windows of one shard.
    pub(super) fn agenda(&self, shard: u8) -> [String; 2] {
        ["lease", "window"].map(|part| format!("{}{{l:{shard}}}:{part}", self.prefix))
    }

    fn of_room(&self, room: &RoomName, part: &str) -> String {
        format!("{}{{r:{}}}:{part}", self.prefix, room.as_str())
    }

    /// The keys of a room: head, entries, descriptions, versions, index, ids that are away, ended stays.
    pub(super) fn room(&self, room: &RoomName) -> [String; 7] {
        ["h", "e", "d", "v", "i", "a", "t"].map(|part| self.of_room(room, part))
    }

    /// The list of all peers.
    pub(super) fn everybody(&self) -> String {
        format!("{}{{i}}:all", self.prefix)
    }

    /// The list of the peers of a region.
    pub(super) fn region(&self, region: &Label) -> String {
        format!("{}{{i:r:{}}}:region", self.prefix, region.as_str())
    }

    /// The list of the peers with a capability.
    pub(super) fn capability(&self, capability: &Label) -> String {
        format!("{}{{i:c:{}}}:capability", self.prefix, capability.as_str())
    }

    /// The records of the audit trail. Each bucket has this name, a colon and its start.
    pub(super) fn audit_records(&self) -> String {
        format!("{}{{a}}:records", self.prefix)
    }

    /// The keys of the audit trail. Each key has this name, a colon and its day.
    pub(super) fn audit_keys(&self) -> String {
        format!("{}{{a}}:key", self.prefix)
    }

    /// The channel of a node's doorbell. Scripts put the node's name behind it.
    pub(super) fn doorbells(&self) -> String {
        format!("{}n:", self.prefix)
    }
}

/// The shard of a peer: the same on every node (FNV-1a).
pub(super) fn shard(id: &PeerId) -> u8 {
    let hash = id
        .as_str()
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    u8::try_from((hash ^ (hash >> 16)) % u32::from(SHARDS)).unwrap_or(0)
}

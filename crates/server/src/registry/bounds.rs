//! The bounds of a registry.

/// The most that a registry holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Peers, connected or away. The registry refuses a further newcomer.
    pub peers: usize,
    /// Bytes of relays in all mailboxes together. The registry refuses a further relay.
    pub mailbox_bytes: usize,
    /// Pairs of members, over all rooms: what members know of each other takes two bits for each pair. The registry refuses a
    /// `join` that makes more.
    pub pairs: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { peers: 20_000, mailbox_bytes: 512 * 1024 * 1024, pairs: 1_000_000_000 }
    }
}

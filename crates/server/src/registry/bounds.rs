//! What a registry holds at most.

/// What a registry holds at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Peers, connected or away. A newcomer beyond them is refused.
    pub peers: usize,
    /// Bytes of relays in all mailboxes together. A relay beyond them is refused.
    pub mailbox_bytes: usize,
    /// Pairs of members, over all rooms: what they were told of each other takes two bits for each. A `join` beyond them is
    /// refused.
    pub pairs: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { peers: 20_000, mailbox_bytes: 512 * 1024 * 1024, pairs: 1_000_000_000 }
    }
}

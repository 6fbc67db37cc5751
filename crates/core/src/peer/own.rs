//! What all remote peers of a client have in common.

use crate::config::{CandidateOptions, Config};
use crate::topology::outlook::Outlook;
use signalpost_protocol::PeerId;

/// The client's own side of every connection.
pub struct Own {
    /// The own peer id.
    pub id: PeerId,
    /// Which of the lives of this peer id it is.
    pub incarnation: u32,
    /// How candidates are gathered and sent.
    pub candidates: CandidateOptions,
    /// After how much silence a connection is pinged; see [`crate::Config`].
    pub ping_ms: Option<u32>,
    /// What a connection to a peer of which nothing is known has to expect.
    pub outlook: Outlook,
    /// Whether there is a link to the server.
    pub is_linked: bool,
}

impl Own {
    /// The own side before there is a link.
    pub fn new(config: &Config, incarnation: u32) -> Self {
        let Config { peer_id, candidates, ping_ms, .. } = config;
        Self {
            id: peer_id.clone(),
            incarnation,
            candidates: *candidates,
            ping_ms: *ping_ms,
            outlook: Outlook::default(),
            is_linked: false,
        }
    }
}

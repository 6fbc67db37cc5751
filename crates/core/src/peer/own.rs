//! What all remote peers of a client have in common.

use crate::config::CandidateOptions;
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
    /// What a connection to a peer of which nothing is known has to expect.
    pub outlook: Outlook,
    /// Whether there is a link to the server.
    pub is_linked: bool,
}

impl Own {
    /// The own side before there is a link.
    pub fn new(id: PeerId, incarnation: u32, candidates: CandidateOptions) -> Self {
        Self { id, incarnation, candidates, outlook: Outlook::default(), is_linked: false }
    }
}

//! What a connection knows of its transport.

use super::event::{ConnectionState, GatheringState};

/// What is known of the transport.
#[derive(Debug)]
pub(super) struct Ice {
    pub gathering: GatheringState,
    pub connection: ConnectionState,
    /// The generations that were gathered for.
    pub gathered: Vec<String>,
    /// The generations of the remote candidates that were accepted.
    pub remote_candidates: Vec<String>,
    /// The pair of generations that works, or is about to.
    pub pair: Option<(String, String)>,
    /// The pair of generations that found no path and never will.
    pub dead: Option<(String, String)>,
    /// The generations that the checks run for.
    pub checking: Option<(String, String)>,
    pub round: u64,
    /// Whether the path is cut.
    pub silent: bool,
}

impl Default for Ice {
    fn default() -> Self {
        Self {
            gathering: GatheringState::New,
            connection: ConnectionState::New,
            gathered: Vec::new(),
            remote_candidates: Vec::new(),
            pair: None,
            dead: None,
            checking: None,
            round: 0,
            silent: false,
        }
    }
}

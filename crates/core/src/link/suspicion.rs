//! The suspicion against the socket in use, and what comes of it.

use super::phase::Attempt;
use crate::time::Time;

/// A second socket, and when and why there is one.
#[derive(Default)]
pub struct Spare {
    /// The second socket that is being opened.
    pub attempt: Option<Attempt>,
    /// When the second socket is opened, unless something is received before.
    pub suspect_at: Option<Time>,
    /// Whether nothing was received since a wake-up.
    pub woke: bool,
    /// Whether the path to a peer fell silent since something was received: the network is not what it was.
    pub is_hasty: bool,
}

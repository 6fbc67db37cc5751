//! Whom the rooms tell.

use crate::redis::region::Region;
use signalpost_protocol::PeerId;

/// The member that gets notices, from the node that owns its session or from another.
#[derive(Clone, Debug)]
pub(in crate::redis) struct Target {
    pub(in crate::redis) peer: PeerId,
    /// Where its session lies.
    pub(in crate::redis) region: Region,
    /// The number of its session.
    pub(in crate::redis) session: u64,
    /// Whether its version has sessions, and so knows of absences.
    pub(in crate::redis) has_session: bool,
    /// The seal of its owner, where that is this node.
    pub(in crate::redis) seal: Option<String>,
}

//! When sessions end by time.

use signalpost_protocol::PeerId;
use std::collections::BTreeSet;

/// The leases of connected peers and the windows of peers that are away, each ordered by its end. Times are milliseconds.
#[derive(Debug, Default)]
pub(crate) struct Deadlines {
    /// When the leases of connected peers are to be looked at.
    pub(crate) leases: BTreeSet<(u64, PeerId)>,
    /// When the windows of peers that are away end.
    pub(crate) windows: BTreeSet<(u64, PeerId)>,
    /// Before this time no sweep looks at leases.
    pub(crate) next_lease_sweep: u64,
}

impl Deadlines {
    /// Returns when the first lease is to be looked at or the first window ends.
    pub(crate) fn first_ms(&self) -> Option<u64> {
        let lease = self.leases.first().map(|(due, _)| self.next_lease_sweep.max(*due));
        let window = self.windows.first().map(|(due, _)| *due);
        lease.into_iter().chain(window).min()
    }

    /// Takes out a peer whose lease is to be looked at.
    pub(crate) fn pop_lease(&mut self, now: u64) -> Option<PeerId> {
        pop_due(&mut self.leases, now)
    }

    /// Takes out a peer whose window has ended.
    pub(crate) fn pop_window(&mut self, now: u64) -> Option<PeerId> {
        pop_due(&mut self.windows, now)
    }
}

/// Takes out the first of an ordered list, if it is due.
fn pop_due(list: &mut BTreeSet<(u64, PeerId)>, now: u64) -> Option<PeerId> {
    if list.first()?.0 > now { None } else { list.pop_first().map(|(_, id)| id) }
}

//! Does what time makes due: ends windows and leases, and gives large rooms their turns.

use crate::engine::limits::SWEEP_MS;
use crate::engine::{LeaveReason, Outlet};
use crate::registry::state::Registry;

impl Registry {
    /// Ends the windows and leases that are over, and sends the members of large rooms their notices. One call does a bounded
    /// part of the work that is due; [`Registry::poll_timeout`] says when to call again. Leases are looked at once in
    /// [`SWEEP_MS`].
    pub fn sweep(&mut self, now: u64, out: &mut impl Outlet) {
        let end = self.work.touched().saturating_add(self.turns.entries());
        while self.work.touched() < end
            && let Some(id) = self.deadlines.pop_window(now)
        {
            self.work.touch(1);
            self.remove(now, &id, LeaveReason::Lost, out);
        }
        if now >= self.deadlines.next_lease_sweep && self.work.touched() < end && self.end_leases(now, out) {
            self.deadlines.next_lease_sweep = now.saturating_add(SWEEP_MS);
        }
        if self.work.touched() < end {
            self.end_overflowed(now, out);
        }
        if self.work.touched() < end {
            self.relieve_crowded_room(now, out);
        }
        if self.work.touched() < end {
            self.take_turn(now, out);
        }
    }

    /// Ends leases that are over, and returns whether those were all. Each peer is looked at once in
    /// [`LEASE_MS`](crate::engine::limits::LEASE_MS), however often this is called.
    pub(super) fn end_leases(&mut self, now: u64, out: &mut impl Outlet) -> bool {
        let end = self.work.touched().saturating_add(self.turns.entries());
        while self.work.touched() < end {
            let Some(id) = self.deadlines.pop_lease(now) else { return true };
            self.work.touch(1);
            let Some(peer) = self.peers.get_mut(&id) else { continue };
            if peer.is_present(now) {
                peer.due = peer.expires_at();
                self.deadlines.leases.insert((peer.due, id));
            } else {
                self.expire(now, &id, out);
            }
        }
        false
    }
}

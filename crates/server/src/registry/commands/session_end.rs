//! How sessions wait for their clients, and how they end.

use crate::SocketId;
use crate::engine::{AwayReason, Delivery, Departure, LeaveReason, Outlet};
use crate::registry::sessions::registration::Registration;
use crate::registry::state::Registry;
use signalpost_protocol::{PeerId, limits};

/// Most sessions that end in one command because their mailbox could not take an answer.
const MAX_OVERFLOWED_AT_ONCE: usize = 8;

impl Registry {
    pub(super) fn is_over(&self, now: u64, peer: &Registration) -> bool {
        if peer.has_session() && !peer.is_away() {
            // Not swept yet: its window would begin with the end of its lease.
            now >= peer.expires_at().saturating_add(self.window_ms)
        } else {
            !peer.is_live(now)
        }
    }

    pub(super) fn detach(&mut self, now: u64, socket: SocketId, departure: Departure, out: &mut impl Outlet) {
        let Some(id) = self.sockets.get(&socket).cloned() else { return };
        match departure {
            Departure::Bye => {
                self.remove(now, &id, LeaveReason::Closed, out);
            }
            Departure::Leaving => {
                if let Some(peer) = self.peers.get_mut(&id) {
                    peer.is_leaving = true;
                }
                self.lose_socket(now, &id, AwayReason::Lost, out);
            }
            Departure::Away(reason) => {
                self.lose_socket(now, &id, reason, out);
            }
        }
    }

    /// Takes the socket from a peer and returns it. The peer is away then or, where it has no session, gone.
    fn lose_socket(
        &mut self,
        now: u64,
        id: &PeerId,
        reason: AwayReason,
        out: &mut impl Outlet,
    ) -> Option<SocketId> {
        let peer = self.peers.get_mut(id)?;
        if !peer.has_session() || self.window_ms == 0 {
            return self.remove(now, id, LeaveReason::Lost, out);
        }
        let socket = peer.socket.take()?;
        self.sockets.remove(&socket);
        self.deadlines.leases.remove(&(peer.due, id.clone()));
        let window = if peer.is_leaving { self.window_ms.min(limits::LEAVING_MS) } else { self.window_ms };
        peer.due = now.saturating_add(window);
        self.deadlines.windows.insert((peer.due, id.clone()));
        self.set_away(now, id, Some(reason), out);
        Some(socket)
    }

    /// Ends the lease of a connected peer. The caller tells the socket.
    pub(super) fn end_lease(&mut self, now: u64, id: &PeerId, out: &mut impl Outlet) -> Option<SocketId> {
        self.lose_socket(now, id, AwayReason::Silent, out)
    }

    /// Ends the session or lease of a peer whose time is over, and tells the socket.
    pub(super) fn expire(&mut self, now: u64, id: &PeerId, out: &mut impl Outlet) {
        let over = self.peers.get(id).is_some_and(|peer| self.is_over(now, peer));
        let socket =
            if over { self.remove(now, id, LeaveReason::Lost, out) } else { self.end_lease(now, id, out) };
        if let Some(socket) = socket {
            let _taken = out.deliver(socket, Delivery::Expired);
        }
    }

    /// Ends sessions whose mailbox could not take an answer, a bounded number at a time: the end of one session sends answers
    /// to others, whose mailboxes may overflow in turn.
    pub(super) fn end_overflowed(&mut self, now: u64, out: &mut impl Outlet) {
        let end = self.work.touched().saturating_add(self.turns.entries());
        for _ in 0..MAX_OVERFLOWED_AT_ONCE {
            if self.work.touched() >= end {
                return;
            }
            let Some(id) = self.overflowed.pop() else { return };
            if !self.peers.get(&id).is_some_and(|peer| peer.overflowed) {
                continue;
            }
            if let Some(socket) = self.remove(now, &id, LeaveReason::Lost, out) {
                let _taken = out.deliver(socket, Delivery::SessionLost);
            }
        }
    }

    /// Ends a session and returns its socket, if it had one. This is the one place where sessions end.
    pub(super) fn remove(
        &mut self,
        now: u64,
        id: &PeerId,
        reason: LeaveReason,
        out: &mut impl Outlet,
    ) -> Option<SocketId> {
        let mut peer = self.peers.remove(id)?;
        self.labels.remove(id, &peer.labels);
        // A page that was left, and did not come back, has said goodbye as well as it could.
        let reason = if peer.is_leaving { LeaveReason::Closed } else { reason };
        let entry = (peer.due, id.clone());
        match &peer.socket {
            Some(socket) => {
                self.sockets.remove(socket);
                self.deadlines.leases.remove(&entry);
            }
            None => {
                self.deadlines.windows.remove(&entry);
            }
        }
        self.store.release(&peer);
        for (room, view) in std::mem::take(&mut peer.rooms) {
            self.end_stay(now, id, &room, view, reason, out);
        }
        self.work.touch(peer.mailbox.size().0);
        let unheard = peer.mailbox.unheard();
        self.report_unreceived(id, peer.mailbox.into_receipts(), out);
        self.report_unreached(id, unheard, out);
        peer.socket
    }
}

//! How sessions begin, change their socket, wait and end.

use super::Registry;
use super::registration::Registration;
use crate::ConnectionId;
use crate::engine::{AwayReason, Claim, Claimed, Delivery, Departure, LeaveReason, LossReason, Outlet};
use signalpost_protocol::{ErrorCode, PeerId, SESSIONS, limits};

/// Most sessions that end in one command because they missed an answer.
const OVERFLOWED_AT_ONCE: usize = 8;

impl Registry {
    /// Gives a connection its session. When it cannot, nothing has changed.
    pub(super) fn claim(
        &mut self,
        now: u64,
        connection: ConnectionId,
        claim: Claim,
        out: &mut impl Outlet,
    ) -> Result<(), ErrorCode> {
        let id = PeerId::parse(&claim.peer.id).map_err(|_| ErrorCode::InvalidMessage)?;
        if self.connections.contains_key(&connection) {
            return Err(ErrorCode::AlreadyRegistered);
        }
        let mut reason = claim.received.map(|_| LossReason::SessionExpired);
        if let Some(holder) = self.peers.get(&id) {
            let position = claim.received.unwrap_or(0);
            if self.is_over(now, holder) {
                self.expire(now, &id, out);
            } else if !holder.keys.accepts(&claim.key) {
                if !holder.is_leaving {
                    return Err(ErrorCode::PeerIdTaken);
                }
                // The page was probably loaded anew, and the new one has a key of its own.
                self.replace(now, &id, Delivery::Superseded, out);
            } else if holder.knows_later(claim.attempt) {
                // Its client, or the page before, left that socket long ago. If not, the id is another's, as long as that is here.
                let is_same = holder.info.session == claim.peer.session;
                let told =
                    if is_same || holder.is_away() { Delivery::Replaced } else { Delivery::Superseded };
                let _taken = out.deliver(connection, told);
                return Ok(());
            } else if !holder.has_session()
                || claim.version < SESSIONS
                || holder.info.session != claim.peer.session
            {
                self.replace(now, &id, Delivery::Superseded, out);
            } else if let Some(reason) = holder.keys.means_another(&claim.key) {
                // The welcome that said so was lost: it is said again, and nothing that waits here is lost with it.
                self.resume(now, connection, &id, Err(reason), claim, out);
                return Ok(());
            } else if position < holder.mailbox.floor()
                || position > holder.mailbox.sent()
                || holder.is_stuck()
            {
                reason = Some(LossReason::PositionLost);
                self.replace(now, &id, Delivery::Replaced, out);
            } else {
                self.resume(now, connection, &id, Ok(position), claim, out);
                return Ok(());
            }
        }
        // A newcomer takes no place from a session that is here, also where that waits for its client.
        if self.peers.len() >= self.most_peers {
            return Err(ErrorCode::ServerFull);
        }
        self.begin(now, connection, id, claim, reason, out);
        Ok(())
    }

    fn is_over(&self, now: u64, peer: &Registration) -> bool {
        if peer.has_session() && !peer.is_away() {
            // Not swept yet: its window would begin with the end of its lease.
            now >= peer.expires_at().saturating_add(self.window)
        } else {
            !peer.is_live(now)
        }
    }

    fn begin(
        &mut self,
        now: u64,
        connection: ConnectionId,
        id: PeerId,
        claim: Claim,
        reason: Option<LossReason>,
        out: &mut impl Outlet,
    ) {
        self.sessions = self.sessions.saturating_add(1);
        let peer = Registration::new(now, self.sessions, connection, claim, reason);
        self.leases.insert((peer.due, id.clone()));
        self.connections.insert(connection, id.clone());
        self.peers.insert(id.clone(), peer);
        self.list(&id);
        let claimed = Claimed { resumed: false, reason, received: 0, acknowledged: 0 };
        let _taken = out.deliver(connection, Delivery::Claimed(claimed));
    }

    /// Another socket of the same client, or a new session of it, takes the place of what is there.
    fn replace(&mut self, now: u64, id: &PeerId, told: Delivery, out: &mut impl Outlet) {
        if let Some(old) = self.remove(now, id, LeaveReason::Lost, out) {
            let _taken = out.deliver(old, told);
        }
    }

    /// The session goes on here: the old socket is fenced, and what the client has not yet seen follows the reply. In place of
    /// a `position` stands why the client has yet to hear of this session.
    fn resume(
        &mut self,
        now: u64,
        connection: ConnectionId,
        id: &PeerId,
        position: Result<u32, LossReason>,
        claim: Claim,
        out: &mut impl Outlet,
    ) {
        self.unlist(id);
        let Some(peer) = self.peers.get_mut(id) else { return };
        let was_away = match peer.connection.replace(connection) {
            Some(old) => {
                self.connections.remove(&old);
                let _taken = out.deliver(old, Delivery::Replaced);
                self.leases.remove(&(peer.due, id.clone()));
                false
            }
            None => self.windows.remove(&(peer.due, id.clone())),
        };
        self.connections.insert(connection, id.clone());
        peer.is_leaving = false;
        peer.last_seen = now;
        peer.due = peer.expires_at();
        self.leases.insert((peer.due, id.clone()));
        peer.keys.rotate(claim.key, claim.next);
        peer.version = claim.version;
        peer.attempt = claim.attempt.or(peer.attempt);
        let changed = *peer.info != claim.peer;
        peer.describe(claim.peer);
        let acknowledged = position.unwrap_or(0);
        let receipts = self.store.acknowledge(peer, acknowledged);
        let (resumed, reason) = (position.is_ok(), position.err());
        let claimed = Claimed { resumed, reason, received: peer.received, acknowledged };
        let _taken = out.deliver(connection, Delivery::Claimed(claimed));
        let mut sent = acknowledged;
        for (seq, news) in peer.mailbox.iter() {
            self.work.touch(1);
            sent = seq;
            let _taken = out.deliver(connection, Delivery::News { seq: Some(seq), news: news.clone() });
        }
        peer.mailbox.handle_sent(sent);
        self.list(id);
        self.give(receipts, out);
        if changed {
            self.describe_in_rooms(id, was_away);
        }
        if was_away {
            self.turn(now, id, None, out);
        }
        self.spread_to(now, id, out);
    }

    pub(super) fn detach(
        &mut self,
        now: u64,
        connection: ConnectionId,
        departure: Departure,
        out: &mut impl Outlet,
    ) {
        let Some(id) = self.connections.get(&connection).cloned() else { return };
        match departure {
            Departure::Bye => {
                self.remove(now, &id, LeaveReason::Closed, out);
            }
            Departure::Leaving => {
                if let Some(peer) = self.peers.get_mut(&id) {
                    peer.is_leaving = true;
                }
                self.leave_socket(now, &id, AwayReason::Lost, out);
            }
            Departure::Away(reason) => {
                self.leave_socket(now, &id, reason, out);
            }
        }
    }

    /// A peer is without its socket: it is away, or, where it has no session, gone. The socket.
    fn leave_socket(
        &mut self,
        now: u64,
        id: &PeerId,
        reason: AwayReason,
        out: &mut impl Outlet,
    ) -> Option<ConnectionId> {
        let peer = self.peers.get_mut(id)?;
        if !peer.has_session() || self.window == 0 {
            return self.remove(now, id, LeaveReason::Lost, out);
        }
        let connection = peer.connection.take()?;
        self.connections.remove(&connection);
        self.leases.remove(&(peer.due, id.clone()));
        let window = if peer.is_leaving { self.window.min(limits::LEAVING_MS) } else { self.window };
        peer.due = now.saturating_add(window);
        self.windows.insert((peer.due, id.clone()));
        self.turn(now, id, Some(reason), out);
        Some(connection)
    }

    /// The lease of a connected peer is over; its connection has just been, or is about to be, told.
    pub(super) fn end_lease(&mut self, now: u64, id: &PeerId, out: &mut impl Outlet) -> Option<ConnectionId> {
        self.leave_socket(now, id, AwayReason::Silent, out)
    }

    /// Ends what time has ended, and tells the connection.
    pub(super) fn expire(&mut self, now: u64, id: &PeerId, out: &mut impl Outlet) {
        let over = self.peers.get(id).is_some_and(|peer| self.is_over(now, peer));
        let connection =
            if over { self.remove(now, id, LeaveReason::Lost, out) } else { self.end_lease(now, id, out) };
        if let Some(connection) = connection {
            let _taken = out.deliver(connection, Delivery::Expired);
        }
    }

    /// Ends sessions that missed an answer, a bounded number at a time: the end of one is an answer to others, whose
    /// mailboxes may overflow in turn.
    pub(super) fn end_overflowed(&mut self, now: u64, out: &mut impl Outlet) {
        let end = self.work.touched().saturating_add(self.spread.turn());
        for _ in 0..OVERFLOWED_AT_ONCE {
            if self.work.touched() >= end {
                return;
            }
            let Some(id) = self.overflowed.pop() else { return };
            if !self.peers.get(&id).is_some_and(|peer| peer.overflowed) {
                continue;
            }
            if let Some(connection) = self.remove(now, &id, LeaveReason::Lost, out) {
                let _taken = out.deliver(connection, Delivery::SessionLost);
            }
        }
    }

    /// The one place where a session ends; its connection, if it had one.
    pub(super) fn remove(
        &mut self,
        now: u64,
        id: &PeerId,
        reason: LeaveReason,
        out: &mut impl Outlet,
    ) -> Option<ConnectionId> {
        self.unlist(id);
        let mut peer = self.peers.remove(id)?;
        // Whose page was left, and did not come back, has said goodbye as well as it could.
        let reason = if peer.is_leaving { LeaveReason::Closed } else { reason };
        let entry = (peer.due, id.clone());
        match &peer.connection {
            Some(connection) => {
                self.connections.remove(connection);
                self.leases.remove(&entry);
            }
            None => {
                self.windows.remove(&entry);
            }
        }
        self.store.release(&peer);
        for (room, view) in std::mem::take(&mut peer.rooms) {
            self.depart(now, id, &room, view, reason, out);
        }
        self.work.touch(peer.mailbox.size().0);
        let unheard = peer.mailbox.unheard();
        self.withhold(id, peer.mailbox.into_receipts(), out);
        self.disappoint(id, unheard, out);
        peer.connection
    }

    /// Makes a peer findable by what it says of itself.
    fn list(&mut self, id: &PeerId) {
        let Some(peer) = self.peers.get(id) else { return };
        if let Some(region) = &peer.region {
            self.regions.insert(region.clone(), id);
        }
        for capability in &peer.capabilities {
            self.capabilities.insert(capability.clone(), id);
        }
    }

    fn unlist(&mut self, id: &PeerId) {
        let Some(peer) = self.peers.get(id) else { return };
        if let Some(region) = &peer.region {
            self.regions.remove(region, id);
        }
        for capability in &peer.capabilities {
            self.capabilities.remove(capability, id);
        }
    }
}

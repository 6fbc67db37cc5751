//! Who is there: peers, their leases and their rooms. Sans-IO; the state of the memory engine.
//!
//! A registration lives as long as its lease, which every command of its connection renews. It ends in
//! one place, [`Registry::remove`](Registry), whatever the cause, so that each stay in a room is ended by
//! exactly one notice. Between the end of a lease and the sweep the peer is invisible.

mod discovery;
mod index;
mod registration;

use crate::ConnectionId;
use crate::engine::{Command, Delivery, LeaveReason, Outlet, Reply};
use index::Index;
use registration::Registration;
use signalpost_protocol::{ErrorCode, Hello, Label, PeerId, Query, RoomName, Signal, limits};
use std::collections::{BTreeMap, BTreeSet};

/// How long a registration lives after the last command of its connection, in milliseconds.
pub const LEASE_MS: u64 = 30_000;
/// Least time between two sweeps, in milliseconds.
pub const SWEEP_MS: u64 = 10_000;
/// Most peers that one listing looks at; a page that stops there is short and carries a cursor.
pub const SCAN: usize = 2_000;

/// The peers of one process.
///
/// Its size is bounded by its registrations: each has one peer of bounded size and at most
/// [`limits::ROOMS_PER_PEER`] rooms, and a room exists only while somebody is in it.
#[derive(Debug, Default)]
pub struct Registry {
    peers: BTreeMap<PeerId, Registration>,
    connections: BTreeMap<ConnectionId, PeerId>,
    rooms: Index<RoomName>,
    regions: Index<Label>,
    capabilities: Index<Label>,
    due: BTreeSet<(u64, PeerId)>,
    next_sweep: u64,
}

impl Registry {
    /// A registry that knows nobody.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many peers are registered, those that expired and were not swept yet included.
    pub fn len(&self) -> usize {
        self.peers.len()
    }

    /// Whether nobody is registered.
    pub fn is_empty(&self) -> bool {
        self.peers.is_empty()
    }

    /// When [`Registry::sweep`] has something to do next, if anybody is registered.
    pub fn poll_timeout(&self) -> Option<u64> {
        self.due.first().map(|(due, _)| self.next_sweep.max(*due))
    }

    /// Executes one command at `now` milliseconds. The reply and all news go through `out`, under the rules
    /// of [`crate::engine`].
    pub fn execute(&mut self, now: u64, connection: ConnectionId, command: Command, out: &mut impl Outlet) {
        let reply = match command {
            Command::Detach(reason) => return self.detach(now, connection, reason, out),
            Command::Claim(hello) => self.claim(now, connection, *hello, out),
            command => match self.renew(now, connection, out) {
                None => Reply::Unregistered,
                Some(id) => match command {
                    Command::Join(room) => self.join(now, &id, room, out),
                    Command::Leave(room) => self.leave(now, &id, room, out),
                    Command::Discover(query) => Reply::Found(self.find(now, &id, &query)),
                    Command::Send { to, signal } => self.send(now, id, &to, signal, out),
                    Command::Broadcast { room, data } => self.broadcast(now, &id, &room, &data, out),
                    Command::Beat | Command::Claim(_) | Command::Detach(_) => Reply::Beaten,
                },
            },
        };
        // A sink takes replies always; one that breaks the rule only hurts its own connection.
        let _taken = out.deliver(connection, Delivery::Reply(reply));
    }

    /// Ends the registrations whose lease is over. Does nothing when the last sweep is less than
    /// [`SWEEP_MS`] ago.
    pub fn sweep(&mut self, now: u64, out: &mut impl Outlet) {
        if now < self.next_sweep {
            return;
        }
        self.next_sweep = now.saturating_add(SWEEP_MS);
        while let Some((due, id)) = self.due.pop_first() {
            if due > now {
                self.due.insert((due, id));
                break;
            }
            let Some(peer) = self.peers.get_mut(&id) else { continue };
            if peer.is_live(now) {
                peer.due = peer.expires_at();
                self.due.insert((peer.due, id));
            } else {
                self.expire(now, &id, out);
            }
        }
    }

    /// The peer of a connection, its lease renewed; `None` when it has none or its lease is over.
    fn renew(&mut self, now: u64, connection: ConnectionId, out: &mut impl Outlet) -> Option<PeerId> {
        let id = self.connections.get(&connection)?.clone();
        let peer = self.peers.get_mut(&id)?;
        if peer.is_live(now) {
            // The order of `due` is left alone: a beat is cheap and the sweep looks again.
            peer.last_seen = peer.last_seen.max(now);
            Some(id)
        } else {
            self.remove(now, &id, LeaveReason::Lost, out);
            None
        }
    }

    fn claim(&mut self, now: u64, connection: ConnectionId, hello: Hello, out: &mut impl Outlet) -> Reply {
        let Ok(id) = PeerId::parse(&hello.peer.id) else { return Reply::Refused(ErrorCode::InvalidMessage) };
        if self.connections.contains_key(&connection) {
            return Reply::Refused(ErrorCode::AlreadyRegistered);
        }
        if let Some(holder) = self.peers.get(&id) {
            let from = holder.connection;
            if !holder.is_live(now) {
                self.expire(now, &id, out);
            } else if holder.has_key(&hello.key) {
                self.remove(now, &id, LeaveReason::Lost, out);
                let _taken = out.deliver(from, Delivery::Superseded);
            } else {
                return Reply::Refused(ErrorCode::PeerIdTaken);
            }
        }
        let peer = Registration::new(now, connection, hello);
        if let Some(region) = &peer.region {
            self.regions.insert(region.clone(), &id);
        }
        for capability in &peer.capabilities {
            self.capabilities.insert(capability.clone(), &id);
        }
        self.due.insert((peer.due, id.clone()));
        self.connections.insert(connection, id.clone());
        self.peers.insert(id, peer);
        Reply::Claimed
    }

    fn join(&mut self, now: u64, id: &PeerId, room: RoomName, out: &mut impl Outlet) -> Reply {
        let Some(peer) = self.peers.get_mut(id) else { return Reply::Unregistered };
        if !peer.rooms.contains(&room) {
            if peer.rooms.len() >= limits::ROOMS_PER_PEER {
                return Reply::Refused(ErrorCode::TooManyRooms);
            }
            peer.rooms.insert(room.clone());
            let info = peer.info.clone();
            self.notify(now, &room, out, || Delivery::PeerJoined { room: room.clone(), peer: info.clone() });
            self.rooms.insert(room.clone(), id);
        }
        let query = Query { room: Some(room.clone()), limit: Some(limits::PAGE), ..Query::default() };
        let page = self.find(now, id, &query);
        Reply::Joined { room, page }
    }

    fn leave(&mut self, now: u64, id: &PeerId, room: RoomName, out: &mut impl Outlet) -> Reply {
        let was_in = self.peers.get_mut(id).is_some_and(|peer| peer.rooms.remove(&room));
        if !was_in {
            return Reply::Refused(ErrorCode::RoomNotJoined);
        }
        self.depart(now, id, &room, LeaveReason::Left, out);
        Reply::Left { room }
    }

    fn send(&mut self, now: u64, from: PeerId, to: &PeerId, signal: Signal, out: &mut impl Outlet) -> Reply {
        let Some(target) = self.peers.get(to).filter(|peer| peer.is_live(now)) else {
            return Reply::Refused(ErrorCode::PeerNotFound);
        };
        match out.deliver(target.connection, Delivery::Relay { from, signal }) {
            Ok(()) => Reply::Sent,
            Err(crate::engine::Full) => Reply::Refused(ErrorCode::PeerBusy),
        }
    }

    fn broadcast(
        &self,
        now: u64,
        from: &PeerId,
        room: &RoomName,
        data: &str,
        out: &mut impl Outlet,
    ) -> Reply {
        if !self.peers.get(from).is_some_and(|peer| peer.rooms.contains(room)) {
            return Reply::Refused(ErrorCode::RoomNotJoined);
        }
        let mut reply = Reply::Sent;
        for member in self.rooms.peers(room).into_iter().flatten().filter(|member| *member != from) {
            let Some(peer) = self.peers.get(member).filter(|peer| peer.is_live(now)) else { continue };
            let signal = Signal::Message { room: Some(room.clone()), data: data.into(), receipt: false };
            if out.deliver(peer.connection, Delivery::Relay { from: from.clone(), signal }).is_err() {
                reply = Reply::Refused(ErrorCode::PeerBusy);
            }
        }
        reply
    }

    fn detach(&mut self, now: u64, connection: ConnectionId, reason: LeaveReason, out: &mut impl Outlet) {
        if let Some(id) = self.connections.get(&connection).cloned() {
            self.remove(now, &id, reason, out);
        }
    }

    /// Ends a registration whose lease is over and tells its connection.
    fn expire(&mut self, now: u64, id: &PeerId, out: &mut impl Outlet) {
        if let Some(connection) = self.remove(now, id, LeaveReason::Lost, out) {
            let _taken = out.deliver(connection, Delivery::Expired);
        }
    }

    /// The one place where a registration ends.
    fn remove(
        &mut self,
        now: u64,
        id: &PeerId,
        reason: LeaveReason,
        out: &mut impl Outlet,
    ) -> Option<ConnectionId> {
        let peer = self.peers.remove(id)?;
        self.connections.remove(&peer.connection);
        self.due.remove(&(peer.due, id.clone()));
        if let Some(region) = &peer.region {
            self.regions.remove(region, id);
        }
        for capability in &peer.capabilities {
            self.capabilities.remove(capability, id);
        }
        for room in &peer.rooms {
            self.depart(now, id, room, reason, out);
        }
        Some(peer.connection)
    }

    /// The one place where a stay in a room ends.
    fn depart(&mut self, now: u64, id: &PeerId, room: &RoomName, reason: LeaveReason, out: &mut impl Outlet) {
        self.rooms.remove(room, id);
        self.notify(now, room, out, || Delivery::PeerLeft { room: room.clone(), peer: id.clone(), reason });
    }

    /// Tells every live member of a room. A member whose queue is full loses its connection by the rules of
    /// [`crate::engine::Sink`]; the others do not wait for it.
    fn notify(&self, now: u64, room: &RoomName, out: &mut impl Outlet, notice: impl Fn() -> Delivery) {
        for member in self.rooms.peers(room).into_iter().flatten() {
            if let Some(peer) = self.peers.get(member).filter(|peer| peer.is_live(now)) {
                let _closed_when_full = out.deliver(peer.connection, notice());
            }
        }
    }
}

#[cfg(test)]
mod tests;

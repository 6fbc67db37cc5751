//! Lets peers enter and leave rooms, and send to each other.

use super::refused::Refused;
use crate::engine::{AwayReason, LeaveReason, Mail, Outlet, Page};
use crate::registry::rooms::presence::{Presence, View};
use crate::registry::sessions::mailbox::Receipt;
use crate::registry::state::Registry;
use signalpost_protocol::{ErrorCode, PeerId, Query, RoomName, Signal, limits};
use std::sync::Arc;

/// The explanation for a peer that cannot enter a room because the server's rooms are full.
const ROOMS_ARE_FULL: &str = "the rooms of the server have as many members as allowed: try again later";

/// Counts the pairs of members. What the members of a room know of each other takes two bits for each pair.
const fn pairs_of(members: usize) -> usize {
    members.saturating_mul(members)
}

impl Registry {
    /// Lets a peer enter a room, or lists the room again for a member.
    pub(super) fn join(
        &mut self,
        now: u64,
        id: &PeerId,
        room: &RoomName,
        out: &mut impl Outlet,
    ) -> Result<Page, Refused> {
        let Some(peer) = self.peers.get_mut(id) else { return Err(ErrorCode::NotRegistered.into()) };
        let is_member = peer.rooms.contains_key(room);
        if !is_member && peer.rooms.len() >= limits::ROOMS_PER_PEER {
            return Err(ErrorCode::TooManyRooms.into());
        }
        peer.joins.take(now).map_err(Refused::wait)?;
        if is_member {
            self.list_to_member(now, id, room, out);
        } else {
            let members = self.presences.get(room).map_or(0, Presence::members);
            let pairs = self
                .pairs
                .saturating_add(pairs_of(members.saturating_add(1)).saturating_sub(pairs_of(members)));
            if pairs > self.bounds.pairs {
                return Err(Refused { text: ROOMS_ARE_FULL.into(), ..ErrorCode::ServerFull.into() });
            }
            self.pairs = pairs;
            let info = Arc::clone(&peer.info);
            let presence = self.presences.entry(room.clone()).or_default();
            let view = presence.enter(id, info);
            self.work.touch(view.size());
            peer.rooms.insert(room.clone(), view);
            self.rooms.insert(room.clone(), id);
            self.tell_members(now, room, out);
        }
        let query = Query { room: Some(room.clone()), limit: Some(limits::PAGE), ..Query::default() };
        Ok(self.find(now, id, &query))
    }

    pub(super) fn leave(
        &mut self,
        now: u64,
        id: &PeerId,
        room: &RoomName,
        out: &mut impl Outlet,
    ) -> Result<(), Refused> {
        let view = self.peers.get_mut(id).and_then(|peer| peer.rooms.remove(room));
        let view = view.ok_or(ErrorCode::RoomNotJoined)?;
        self.end_stay(now, id, room, view, LeaveReason::Left, out);
        Ok(())
    }

    /// Ends a stay in a room. This is the one place where stays end.
    pub(super) fn end_stay(
        &mut self,
        now: u64,
        id: &PeerId,
        room: &RoomName,
        view: View,
        reason: LeaveReason,
        out: &mut impl Outlet,
    ) {
        self.rooms.remove(room, id);
        self.work.touch(view.size());
        let Some(presence) = self.presences.get_mut(room) else { return };
        let members = presence.members();
        presence.depart(view, reason);
        let gone = pairs_of(members).saturating_sub(pairs_of(presence.members()));
        self.pairs = self.pairs.saturating_sub(gone);
        if presence.is_empty() {
            self.presences.remove(room);
        } else {
            self.tell_members(now, room, out);
        }
    }

    /// Marks a peer with a session as away, or as back, in all its rooms.
    pub(super) fn set_away(
        &mut self,
        now: u64,
        id: &PeerId,
        away: Option<AwayReason>,
        out: &mut impl Outlet,
    ) {
        let Some(peer) = self.peers.get(id) else { return };
        let mut rooms = Vec::with_capacity(peer.rooms.len());
        for (room, view) in &peer.rooms {
            if let Some(presence) = self.presences.get_mut(room) {
                presence.set_away(view, away, &peer.info);
                rooms.push(room.clone());
            }
        }
        for room in &rooms {
            self.tell_members(now, room, out);
        }
    }

    /// Takes another description of a peer to its rooms. `was_away`: the peer is back after an absence, and members that know it
    /// get a notice. In a large room they get an end and a beginning, which takes one change and not one for each member.
    pub(super) fn describe_in_rooms(&mut self, id: &PeerId, was_away: bool) {
        let Self { peers, presences, rooms, work, turns, .. } = self;
        let Some(peer) = peers.get_mut(id) else { return };
        let info = Arc::clone(&peer.info);
        let mut renewed = Vec::new();
        for (room, view) in &mut peer.rooms {
            let Some(presence) = presences.get_mut(room) else { continue };
            if !was_away {
                presence.describe(view, &info);
            } else if !turns.is_small(presence) {
                presence.begin_anew(view, id, &info);
            } else {
                renewed.push((room.clone(), view.slot()));
            }
        }
        for (room, slot) in renewed {
            for member in rooms.peers(&room).into_iter().flatten() {
                work.touch(1);
                if let Some(view) = peers.get_mut(member).and_then(|peer| peer.rooms.get_mut(&room)) {
                    Presence::renew(view, slot);
                }
            }
        }
    }

    pub(super) fn send(
        &mut self,
        now: u64,
        from: &PeerId,
        to: &PeerId,
        mut signal: Signal,
        reference: Option<u32>,
        out: &mut impl Outlet,
    ) -> Result<(), Refused> {
        let Some(target) = self.peers.get(to).filter(|peer| peer.is_live(now)) else {
            return Err(ErrorCode::PeerNotFound.into());
        };
        let mut receipt = None;
        if let Signal::Message { receipt: asked, .. } = &mut signal
            // Version 1 knows of no receipts, and its clients give none.
            && std::mem::take(asked)
            && let Some(sender) = self.peers.get(from).filter(|peer| peer.has_session())
            && let Some(reference) = reference
        {
            if !target.has_session() {
                return Err(ErrorCode::UpgradeRequired.into());
            }
            receipt = Some(Receipt { sender: from.clone(), session: sender.number, reference });
        }
        let relay = Arc::new(Mail::Relay { from: from.clone(), signal });
        let told = self.tell_about(to, from, out);
        told.and_then(|()| self.post(to, &relay, receipt, out)).map_err(|_no_room| ErrorCode::PeerBusy.into())
    }

    pub(super) fn broadcast(
        &mut self,
        now: u64,
        from: &PeerId,
        room: &RoomName,
        data: String,
        out: &mut impl Outlet,
    ) -> Result<(), Refused> {
        if !self.peers.get(from).is_some_and(|peer| peer.rooms.contains_key(room)) {
            return Err(ErrorCode::RoomNotJoined.into());
        }
        let signal = Signal::Message { room: Some(room.clone()), data, receipt: false };
        let relay = Arc::new(Mail::Relay { from: from.clone(), signal });
        self.post_to_room(now, room, from, &relay, out).map_err(|_no_room| ErrorCode::PeerBusy.into())
    }
}

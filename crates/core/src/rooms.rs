//! The rooms that the client is in, and who else is.

use crate::collections::table::Table;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::Event;
use alloc::vec::Vec;
use signalpost_protocol::{AwayReason, ErrorCode, LeaveReason, Open, PeerId, PeerInfo, RoomName};

/// Most members of a room that the client keeps.
const MAX_MEMBERS: usize = 10_000;

#[derive(Default)]
struct Room {
    members: Table<PeerId, Member>,
    /// A list is being received.
    listing: bool,
    /// The first list is complete: from here on changes are events.
    entered: bool,
}

struct Member {
    info: PeerInfo,
    /// The list that is being received has named it.
    named: bool,
    /// Why the server calls it away, if it does.
    away: Option<Open<AwayReason>>,
    /// The application knows it as away.
    is_reported_away: bool,
}

#[derive(Default)]
pub struct Rooms(Table<RoomName, Room>);

impl Rooms {
    /// The application wants to be in this room.
    pub fn enter(&mut self, room: &RoomName) {
        if !self.0.contains_key(room) {
            self.0.insert(room.clone(), Room::default());
        }
    }

    /// The application leaves, or the server refused it.
    pub fn leave(&mut self, room: &RoomName) {
        self.0.remove(room);
    }

    /// Gives the room up unless the client is in it: no call waits to get in any more. Returns whether the room was given up.
    pub fn abandon(&mut self, room: &RoomName) -> bool {
        let given_up = self.0.get(room).is_some_and(|room| !room.entered);
        if given_up {
            self.0.remove(room);
        }
        given_up
    }

    /// Whether the client wants to be in this room.
    pub fn has(&self, room: &RoomName) -> bool {
        self.0.get(room).is_some()
    }

    /// Every room that the client wants to be in.
    pub fn names(&self) -> impl Iterator<Item = &RoomName> {
        self.0.entries().iter().map(|(name, _)| name)
    }

    /// Who is in a room, ordered by id.
    pub fn members(&self, room: &RoomName) -> Vec<PeerInfo> {
        let mut members = Vec::new();
        if let Some(room) = self.0.get(room) {
            for (_, member) in room.members.entries() {
                members.push(member.info.clone());
            }
        }
        members
    }

    /// A list of the room begins. Returns whether it counts: a list that was `asked` for does, and a list of a room that the client is
    /// in. `replaces`: the list answers no question, and says where every member stands.
    pub fn begin_list(&mut self, room: &RoomName, asked: bool, replaces: bool) -> bool {
        let Some(room) = self.0.get_mut(room) else { return asked };
        let counts = asked || room.entered;
        if counts {
            room.listing = true;
            for (_, member) in room.members.entries_mut() {
                member.named = false;
                if replaces {
                    // The server could not keep all changes: this list takes the place of everything that was known.
                    member.away = None;
                }
            }
        }
        counts
    }

    /// The session is new: the server will list the members that were away, or they are gone.
    pub fn handle_new_session(&mut self) {
        for (_, room) in self.0.entries_mut() {
            room.members.entries_mut().for_each(|(_, member)| member.away = None);
        }
    }

    /// The list ends: members that it did not name are gone, except members that are away, which no list names.
    pub fn end_list(&mut self, name: &RoomName, context: &mut Context) {
        let Some(room) = self.0.get_mut(name) else { return };
        if !core::mem::take(&mut room.listing) {
            return;
        }
        let mut gone = Vec::new();
        for (id, member) in room.members.entries() {
            if !member.named && member.away.is_none() {
                gone.push(id.clone());
            }
        }
        for peer in &gone {
            self.handle_left(name, peer, LeaveReason::Lost.into(), context);
        }
        if let Some(room) = self.0.get_mut(name) {
            room.entered = true;
        }
    }

    /// The server says that a peer is in the room.
    pub fn handle_present(&mut self, name: &RoomName, id: PeerId, info: PeerInfo, context: &mut Context) {
        let known = self.0.get(name).and_then(|room| room.members.get(&id));
        if known.is_some_and(|known| known.info.incarnation != info.incarnation) {
            // It started anew, and the end of its stay before was lost.
            self.handle_left(name, &id, LeaveReason::Lost.into(), context);
        }
        let Some(room) = self.0.get_mut(name) else { return };
        if room.members.len() >= MAX_MEMBERS && !room.members.contains_key(&id) {
            let failure = Failure::new(ErrorCode::InvalidMessage, "peers are too many");
            context.report(Some(id), failure);
            return;
        }
        // Until the first list is complete, the list itself is what the application gets.
        let reported = room.entered.then(|| (name.clone(), id.clone()));
        let joined = reported.as_ref().map(|_| info.clone());
        let before =
            room.members.insert(id, Member { info, named: true, away: None, is_reported_away: false });
        let Some((room, id)) = reported else { return };
        match (before, joined) {
            (None, Some(peer)) => context.event(Event::PeerJoined { room, peer }),
            (Some(known), _) if known.is_reported_away => context.event(Event::PeerBack { room, peer: id }),
            _ => {}
        }
    }

    /// The server says that a member of the room is away.
    pub fn handle_away(&mut self, name: &RoomName, peer: &PeerId, reason: Open<AwayReason>) {
        if let Some(member) = self.0.get_mut(name).and_then(|room| room.members.get_mut(peer)) {
            member.away = Some(reason);
        }
    }

    /// The peers that the server calls away, in the rooms whose first list is complete.
    pub fn away(&self) -> impl Iterator<Item = &PeerId> {
        let entered = self.0.entries().iter().filter(|(_, room)| room.entered);
        let members = entered.flat_map(|(_, room)| room.members.entries());
        members.filter(|(_, member)| member.away.is_some()).map(|(id, _)| id)
    }

    /// Tells the application who is away and who is not. `is_live`: whether packets flow on a connection to a peer; such a peer
    /// is here, although the server calls it away.
    pub fn review(&mut self, is_live: &dyn Fn(&PeerId) -> bool, context: &mut Context) {
        for (name, room) in self.0.entries_mut() {
            if !room.entered {
                continue;
            }
            for (id, member) in room.members.entries_mut() {
                let Some(reason) = &member.away else { continue };
                let is_away = !is_live(id);
                if is_away == core::mem::replace(&mut member.is_reported_away, is_away) {
                    continue;
                }
                let (room, peer) = (name.clone(), id.clone());
                context.event(if is_away {
                    Event::PeerAway { room, peer, reason: reason.clone() }
                } else {
                    Event::PeerBack { room, peer }
                });
            }
        }
    }

    /// The server says that a peer is no longer in the room.
    pub fn handle_left(
        &mut self,
        name: &RoomName,
        peer: &PeerId,
        reason: Open<LeaveReason>,
        context: &mut Context,
    ) {
        let Some(room) = self.0.get_mut(name) else { return };
        if room.members.remove(peer).is_some() && room.entered {
            context.event(Event::PeerLeft { room: name.clone(), peer: peer.clone(), reason });
        }
    }
}

//! The rooms that the client is in, and who else is.

pub mod directory;

use crate::collections::queue::Queue;
use crate::collections::table::Table;
use crate::output::{Event, Failure, Output};
use crate::peer::peers::Peers;
use alloc::vec::Vec;
use signalpost_protocol::{AwayReason, ErrorCode, LeaveReason, Open, PeerId, PeerInfo, RoomName};

/// Most members of a room that are told of.
const MOST: usize = 10_000;

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
    /// The application was told so.
    told: bool,
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

    /// Nobody waits to get in any more: unless the client is in already, it does not want to be. Returns whether
    /// the room was given up.
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

    /// A list of the room begins. Whether it counts: one that was `asked` for does, or one of a room that the client is in. `replaces`:
    /// it answers nothing, and says where everybody stands.
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

    /// The session is new: who is away will be listed, or is gone.
    pub fn handle_new_session(&mut self) {
        for (_, room) in self.0.entries_mut() {
            room.members.entries_mut().for_each(|(_, member)| member.away = None);
        }
    }

    /// The list ends: who was not named is gone. Those that are away are in no list.
    pub fn end_list(&mut self, name: &RoomName, out: &mut Queue<Output>) {
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
            self.handle_left(name, peer, LeaveReason::Lost.into(), out);
        }
        if let Some(room) = self.0.get_mut(name) {
            room.entered = true;
        }
    }

    /// Somebody is in the room.
    pub fn handle_present(&mut self, name: &RoomName, peer: &PeerInfo, out: &mut Queue<Output>) {
        let Ok(id) = PeerId::parse(&peer.id) else { return };
        let known = self.0.get(name).and_then(|room| room.members.get(&id));
        if known.is_some_and(|known| known.info.session != peer.session) {
            // It started anew, and the end of its stay before was lost.
            self.handle_left(name, &id, LeaveReason::Lost.into(), out);
        }
        let Some(room) = self.0.get_mut(name) else { return };
        if room.members.len() >= MOST && !room.members.contains_key(&id) {
            let failure = Failure::new(ErrorCode::InvalidMessage, "peers are too many");
            out.push_back(Output::Event(Event::Error { peer: Some(id), failure }));
            return;
        }
        let member = Member { info: peer.clone(), named: true, away: None, told: false };
        let before = room.members.insert(id.clone(), member);
        let name = name.clone();
        match before {
            // The list tells.
            _ if !room.entered => {}
            None => out.push_back(Output::Event(Event::PeerJoined { room: name, peer: peer.clone() })),
            Some(known) if known.told => {
                out.push_back(Output::Event(Event::PeerBack { room: name, peer: id }))
            }
            Some(_) => {}
        }
    }

    /// The server says that somebody in the room is away.
    pub fn handle_away(&mut self, name: &RoomName, peer: &PeerId, reason: Open<AwayReason>) {
        if let Some(member) = self.0.get_mut(name).and_then(|room| room.members.get_mut(peer)) {
            member.away = Some(reason);
        }
    }

    /// Tells who is away and who is not: a peer that the server calls away is here as long as there is a live connection to it.
    pub fn review(&mut self, peers: &mut Peers, out: &mut Queue<Output>) {
        for (name, room) in self.0.entries_mut() {
            if !room.entered {
                continue;
            }
            for (id, member) in room.members.entries_mut() {
                let Some(reason) = &member.away else { continue };
                let is_away = !peers.is_live(id, out);
                if is_away == core::mem::replace(&mut member.told, is_away) {
                    continue;
                }
                let (room, peer) = (name.clone(), id.clone());
                out.push_back(Output::Event(if is_away {
                    Event::PeerAway { room, peer, reason: reason.clone() }
                } else {
                    Event::PeerBack { room, peer }
                }));
            }
        }
    }

    /// Somebody is no longer in the room.
    pub fn handle_left(
        &mut self,
        name: &RoomName,
        peer: &PeerId,
        reason: Open<LeaveReason>,
        out: &mut Queue<Output>,
    ) {
        let Some(room) = self.0.get_mut(name) else { return };
        if room.members.remove(peer).is_some() && room.entered {
            out.push_back(Output::Event(Event::PeerLeft { room: name.clone(), peer: peer.clone(), reason }));
        }
    }
}

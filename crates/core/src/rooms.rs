//! The rooms that the client is in, and who else is.

use crate::output::{Event, Output};
use alloc::collections::VecDeque;
use alloc::{string::String, vec::Vec};
use litemap::LiteMap;
use signalpost_protocol::{PeerId, PeerInfo, RoomName};

#[derive(Default)]
struct Room {
    members: LiteMap<PeerId, Member>,
    /// A list is being received.
    listing: bool,
    /// The first list is complete: from here on changes are events.
    entered: bool,
}

struct Member {
    info: PeerInfo,
    /// The list that is being received has named it.
    named: bool,
}

#[derive(Default)]
pub struct Rooms(LiteMap<RoomName, Room>);

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

    /// Every room that the client wants to be in.
    pub fn names(&self) -> impl Iterator<Item = &RoomName> {
        self.0.keys()
    }

    /// Who is in a room, ordered by id.
    pub fn members(&self, room: &RoomName) -> Vec<PeerInfo> {
        self.0
            .get(room)
            .map(|room| room.members.values().map(|member| member.info.clone()).collect())
            .unwrap_or_default()
    }

    /// A list of the room begins.
    pub fn begin_list(&mut self, room: &RoomName) {
        if let Some(room) = self.0.get_mut(room) {
            room.listing = true;
            room.members.iter_mut().for_each(|(_, member)| member.named = false);
        }
    }

    /// The list ends: who was not named is gone.
    pub fn end_list(&mut self, name: &RoomName, out: &mut VecDeque<Output>) {
        let Some(room) = self.0.get_mut(name) else { return };
        if !core::mem::take(&mut room.listing) {
            return;
        }
        let gone: Vec<PeerId> =
            room.members.iter().filter(|(_, member)| !member.named).map(|(id, _)| id.clone()).collect();
        for peer in gone {
            self.handle_left(name, &peer, "lost".into(), out);
        }
        if let Some(room) = self.0.get_mut(name) {
            room.entered = true;
        }
    }

    /// Somebody is in the room.
    pub fn handle_present(&mut self, name: &RoomName, peer: PeerInfo, out: &mut VecDeque<Output>) {
        let Some(room) = self.0.get_mut(name) else { return };
        let Ok(id) = PeerId::parse(&peer.id) else { return };
        let before = room.members.insert(id, Member { info: peer.clone(), named: true });
        if room.entered && before.is_none_or(|known| known.info.session != peer.session) {
            out.push_back(Output::Event(Event::PeerJoined { room: name.clone(), peer }));
        }
    }

    /// Somebody is no longer in the room.
    pub fn handle_left(
        &mut self,
        name: &RoomName,
        peer: &PeerId,
        reason: String,
        out: &mut VecDeque<Output>,
    ) {
        let Some(room) = self.0.get_mut(name) else { return };
        if room.members.remove(peer).is_some() && room.entered {
            out.push_back(Output::Event(Event::PeerLeft { room: name.clone(), peer: peer.clone(), reason }));
        }
    }
}

//! The rooms that the client is in, and who else is.

use crate::output::{Event, Output};
use signalpost_protocol::{PeerId, PeerInfo, RoomName};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

#[derive(Default)]
struct Room {
    members: BTreeMap<PeerId, PeerInfo>,
    /// Who was named by the list that is being received; `None` when none is.
    listing: Option<BTreeSet<PeerId>>,
    /// The first list is complete: from here on changes are events.
    entered: bool,
}

#[derive(Default)]
pub struct Rooms(BTreeMap<RoomName, Room>);

impl Rooms {
    /// The application wants to be in this room.
    pub fn enter(&mut self, room: &RoomName) {
        self.0.entry(room.clone()).or_default();
    }

    /// The application leaves, or the server refused it.
    pub fn leave(&mut self, room: &RoomName) {
        self.0.remove(room);
    }

    /// Every room that the client wants to be in.
    pub fn names(&self) -> impl Iterator<Item = &RoomName> {
        self.0.keys()
    }

    /// Who is in a room, ordered by id.
    pub fn members(&self, room: &RoomName) -> Vec<PeerInfo> {
        self.0.get(room).map(|room| room.members.values().cloned().collect()).unwrap_or_default()
    }

    /// A list of the room begins.
    pub fn begin_list(&mut self, room: &RoomName) {
        if let Some(room) = self.0.get_mut(room) {
            room.listing = Some(BTreeSet::new());
        }
    }

    /// The list ends: who was not named is gone.
    pub fn end_list(&mut self, name: &RoomName, out: &mut VecDeque<Output>) {
        let Some(room) = self.0.get_mut(name) else { return };
        room.entered = true;
        let Some(named) = room.listing.take() else { return };
        let gone: Vec<PeerId> = room.members.keys().filter(|id| !named.contains(*id)).cloned().collect();
        for peer in gone {
            self.handle_left(name, &peer, "lost".into(), out);
        }
    }

    /// Somebody is in the room.
    pub fn handle_present(&mut self, name: &RoomName, peer: PeerInfo, out: &mut VecDeque<Output>) {
        let Some(room) = self.0.get_mut(name) else { return };
        let Ok(id) = PeerId::parse(&peer.id) else { return };
        if let Some(named) = &mut room.listing {
            named.insert(id.clone());
        }
        let before = room.members.insert(id, peer.clone());
        if room.entered && before.is_none_or(|known| known.session != peer.session) {
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

//! The rooms of the document's client, and the events of them that its application gets.

use signalpost_core::{Event, Output};
use signalpost_protocol::{PeerId, PeerInfo, RoomName};
use std::collections::{BTreeMap, VecDeque};

#[derive(Debug, Default)]
struct Room {
    members: BTreeMap<PeerId, Member>,
    /// The newest `join`: the answers to earlier ones were for stays that are over.
    asked: Option<u32>,
    /// A list is here: changes are events.
    is_entered: bool,
    /// The pages of a list that is not complete.
    pages: Vec<PeerInfo>,
}

#[derive(Debug)]
struct Member {
    info: PeerInfo,
    is_away: bool,
    /// Whether the application has heard of it.
    is_told: bool,
}

#[derive(Debug, Default)]
pub(super) struct Rooms(BTreeMap<RoomName, Room>);

impl Rooms {
    /// The application enters a room, or lists it again.
    pub fn ask(&mut self, room: &RoomName, call: u32) {
        let room = self.0.entry(room.clone()).or_default();
        room.asked = Some(call);
        room.pages.clear();
    }

    /// Whether it was in the room, or about to be.
    pub fn leave(&mut self, room: &RoomName) -> bool {
        self.0.remove(room).is_some()
    }

    pub fn names(&self) -> Vec<RoomName> {
        self.0.keys().cloned().collect()
    }

    pub fn asked(&self, room: &RoomName) -> Option<u32> {
        self.0.get(room)?.asked
    }

    pub fn is_entered(&self, room: &RoomName) -> bool {
        self.0.get(room).is_some_and(|room| room.is_entered)
    }

    /// Who is away is listed, or gone.
    pub fn handle_new_session(&mut self) {
        self.0.values_mut().flat_map(|room| room.members.values_mut()).for_each(|it| it.is_away = false);
    }

    /// A join was refused.
    pub fn handle_refused(&mut self, room: &RoomName, call: u32) {
        if self.asked(room) == Some(call) {
            self.0.remove(room);
        }
    }

    pub fn note_page(&mut self, room: &RoomName, reference: Option<u32>, page: &[PeerInfo]) {
        if let Some(room) = self.0.get_mut(room)
            && (reference.is_none() || reference == room.asked)
        {
            room.pages.extend_from_slice(page);
        }
    }

    /// A list is complete; answers who is in the room.
    pub fn handle_list(
        &mut self,
        name: &RoomName,
        reference: Option<u32>,
        page: Vec<PeerInfo>,
        out: &mut VecDeque<Output>,
    ) -> Vec<PeerInfo> {
        let Some(room) = self.0.get_mut(name) else { return page };
        if reference.is_some() && reference != room.asked || reference.is_none() && !room.is_entered {
            return page;
        }
        if reference.is_none() {
            // It takes the place of everything that was known.
            room.members.values_mut().for_each(|it| it.is_away = false);
        } else {
            room.asked = None;
        }
        let mut list = std::mem::take(&mut room.pages);
        list.extend(page);
        let is_named = |id: &PeerId| list.iter().any(|info| info.id == id.as_str());
        let gone: Vec<PeerId> = room
            .members
            .iter()
            .filter(|(id, it)| !it.is_away && !is_named(id))
            .map(|(id, _)| id.clone())
            .collect();
        for peer in gone {
            self.handle_left(name, &peer, "lost".into(), out);
        }
        for info in &list {
            self.handle_present(name, info, out);
        }
        let Some(room) = self.0.get_mut(name) else { return list };
        if !room.is_entered {
            room.is_entered = true;
            let present = |info: PeerInfo| {
                let id = PeerId::parse(&info.id).ok()?;
                Some((id, Member { info, is_away: false, is_told: false }))
            };
            room.members = list.into_iter().filter_map(present).collect();
        }
        room.members.values().map(|it| it.info.clone()).collect()
    }

    pub fn handle_present(&mut self, name: &RoomName, info: &PeerInfo, out: &mut VecDeque<Output>) {
        let Some(room) = self.0.get_mut(name).filter(|room| room.is_entered) else { return };
        let Ok(id) = PeerId::parse(&info.id) else { return };
        let (room_name, peer) = (name.clone(), info.clone());
        let member = Member { info: info.clone(), is_away: false, is_told: false };
        match room.members.insert(id.clone(), member) {
            Some(before) if before.info.incarnation != info.incarnation => {
                let reason = "lost".into();
                out.push_back(Output::Event(Event::PeerLeft { room: room_name.clone(), peer: id, reason }));
                out.push_back(Output::Event(Event::PeerJoined { room: room_name, peer }));
            }
            Some(before) if before.is_told => {
                out.push_back(Output::Event(Event::PeerBack { room: room_name, peer: id }));
            }
            Some(_) => {}
            None => out.push_back(Output::Event(Event::PeerJoined { room: room_name, peer })),
        }
    }

    pub fn handle_away(
        &mut self,
        name: &RoomName,
        peer: &PeerId,
        reason: String,
        out: &mut VecDeque<Output>,
    ) {
        let Some(room) = self.0.get_mut(name).filter(|room| room.is_entered) else { return };
        let Some(member) = room.members.get_mut(peer) else { return };
        member.is_away = true;
        if !std::mem::replace(&mut member.is_told, true) {
            let (room, peer) = (name.clone(), peer.clone());
            out.push_back(Output::Event(Event::PeerAway { room, peer, reason: reason.into() }));
        }
    }

    pub fn handle_left(
        &mut self,
        name: &RoomName,
        peer: &PeerId,
        reason: String,
        out: &mut VecDeque<Output>,
    ) {
        let Some(room) = self.0.get_mut(name).filter(|room| room.is_entered) else { return };
        if room.members.remove(peer).is_some() {
            let (room, peer, reason) = (name.clone(), peer.clone(), reason.into());
            out.push_back(Output::Event(Event::PeerLeft { room, peer, reason }));
        }
    }
}

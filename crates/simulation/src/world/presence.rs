//! The reference model of who is in a room, by the events of each application: who is there, who is away, and that each stay has one
//! end.

use signalpost_protocol::{PeerId, PeerInfo, RoomName};
use std::collections::BTreeMap;

/// A stay of somebody in a room.
#[derive(Clone, Copy, Debug)]
struct Stay {
    session: u32,
    /// Nothing: a list does not say.
    is_away: Option<bool>,
}

/// The rooms of one application, by its events.
#[derive(Debug, Default)]
pub(super) struct Presence(BTreeMap<RoomName, BTreeMap<PeerId, Stay>>);

impl Presence {
    /// The application is in the room and was given the whole list.
    pub fn note_list(&mut self, room: &RoomName, peers: &[PeerInfo]) {
        let before = self.0.remove(room).unwrap_or_default();
        let stays = peers.iter().filter_map(|peer| {
            let id = PeerId::parse(&peer.id).ok()?;
            let known = before.get(&id).filter(|it| it.session == peer.incarnation).copied();
            Some((id, known.unwrap_or(Stay { session: peer.incarnation, is_away: None })))
        });
        self.0.insert(room.clone(), stays.collect());
    }

    /// The application left.
    pub fn note_left(&mut self, room: &RoomName) {
        self.0.remove(room);
    }

    pub fn note_peer_joined(&mut self, room: &RoomName, peer: &PeerInfo) -> Result<(), String> {
        let Some(stays) = self.0.get_mut(room) else { return Err(format!("news of {room}, left long ago")) };
        let Ok(id) = PeerId::parse(&peer.id) else { return Err("a peer without an id".into()) };
        let stay = Stay { session: peer.incarnation, is_away: Some(false) };
        match stays.insert(id, stay) {
            None => Ok(()),
            Some(before) if before.session == peer.incarnation => {
                Err(format!("{} joins {room} twice", peer.id))
            }
            Some(_) => Err(format!("{} joins {room} anew, and its stay before has no end", peer.id)),
        }
    }

    /// Answers which client of the peer it was.
    pub fn note_peer_left(&mut self, room: &RoomName, peer: &PeerId) -> Result<u32, String> {
        let stay = self.0.get_mut(room).and_then(|stays| stays.remove(peer));
        stay.map(|stay| stay.session).ok_or(format!("{peer} leaves {room}, in which it is not"))
    }

    /// Who is away is not known any more.
    pub fn note_new_session(&mut self) {
        self.0.values_mut().flat_map(BTreeMap::values_mut).for_each(|stay| stay.is_away = None);
    }

    /// A message of a peer comes behind the news of where that peer stands, a broadcast behind the news of its room: the peer is not
    /// away there, and a peer that broadcasts in a room is in it.
    pub fn note_message(&self, from: &PeerId, room: Option<&RoomName>) -> Result<(), String> {
        let mut concerned = self.0.keys().filter(|name| room.is_none_or(|room| room == *name));
        if let Some(name) = concerned.find(|name| self.is_away(name, from)) {
            return Err(format!("{from} says something and is away in {name}"));
        }
        match room.and_then(|name| self.0.get(name)) {
            Some(stays) if !stays.contains_key(from) => {
                Err(format!("{from} broadcasts in a room in which it is not"))
            }
            _ => Ok(()),
        }
    }

    fn is_away(&self, room: &RoomName, peer: &PeerId) -> bool {
        self.0.get(room).and_then(|stays| stays.get(peer)).is_some_and(|stay| stay.is_away == Some(true))
    }

    pub fn note_away(&mut self, room: &RoomName, peer: &PeerId, is_away: bool) -> Result<(), String> {
        let word = if is_away { "away" } else { "back" };
        match self.0.get_mut(room).and_then(|stays| stays.get_mut(peer)) {
            None => Err(format!("{peer} is {word} in {room}, in which it is not")),
            Some(stay) if stay.is_away == Some(is_away) => Err(format!("{peer} is {word} in {room} twice")),
            Some(stay) => {
                stay.is_away = Some(is_away);
                Ok(())
            }
        }
    }

    /// Whether the application is in the room, as it was told.
    pub fn has(&self, room: &RoomName) -> bool {
        self.0.contains_key(room)
    }

    /// Who is there, and whether away.
    pub fn members(&self, room: &RoomName) -> Vec<(PeerId, bool)> {
        let stays = self.0.get(room).into_iter().flatten();
        stays.map(|(id, stay)| (id.clone(), stay.is_away == Some(true))).collect()
    }
}

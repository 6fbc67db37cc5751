//! The reference model of who is in a room, as each application is told: who is there, who is away, and that each stay has one
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

/// What one application was told of its rooms.
#[derive(Debug, Default)]
pub(super) struct Presence(BTreeMap<RoomName, BTreeMap<PeerId, Stay>>);

impl Presence {
    /// The application is in the room and was given the whole list.
    pub fn note_list(&mut self, room: &RoomName, peers: &[PeerInfo]) {
        let before = self.0.remove(room).unwrap_or_default();
        let stays = peers.iter().filter_map(|peer| {
            let id = PeerId::parse(&peer.id).ok()?;
            let known = before.get(&id).filter(|it| it.session == peer.session).copied();
            Some((id, known.unwrap_or(Stay { session: peer.session, is_away: None })))
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
        let stay = Stay { session: peer.session, is_away: Some(false) };
        match stays.insert(id, stay) {
            None => Ok(()),
            Some(before) if before.session == peer.session => Err(format!("{} joins {room} twice", peer.id)),
            Some(_) => Err(format!("{} joins {room} anew, and its stay before has no end", peer.id)),
        }
    }

    /// Answers which client of the peer it was.
    pub fn note_peer_left(&mut self, room: &RoomName, peer: &PeerId) -> Result<u32, String> {
        let stay = self.0.get_mut(room).and_then(|stays| stays.remove(peer));
        stay.map(|stay| stay.session).ok_or(format!("{peer} leaves {room}, in which it is not"))
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

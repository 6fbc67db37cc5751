//! The names of the clients and of the rooms.

use crate::history::{Peer, Room};
use crate::random::Random;
use signalpost_native::{Error, PeerId, RoomName};

/// The names of the clients and of the rooms, by their places.
#[derive(Debug)]
pub struct Names {
    /// The ids of the clients.
    pub peers: Vec<PeerId>,
    /// The names of the rooms.
    pub rooms: Vec<RoomName>,
}

impl Names {
    /// So many of each. `run` is part of each id, so that two runs against one store do not meet.
    ///
    /// # Errors
    /// When `run` is too long for an id.
    pub fn new(run: &str, peers: Peer, rooms: Room) -> Result<Self, Error> {
        let peers =
            (0..peers).map(|peer| PeerId::parse(&format!("{run}-{peer}"))).collect::<Result<_, _>>()?;
        let rooms = (0..rooms)
            .map(|room| RoomName::parse(&format!("{run}-room-{room}")))
            .collect::<Result<_, _>>()?;
        Ok(Self { peers, rooms })
    }

    /// The place of a client.
    pub fn peer(&self, id: &PeerId) -> Option<Peer> {
        let place = id.as_str().rsplit_once('-')?.1.parse::<Peer>().ok()?;
        (self.peers.get(usize::from(place)) == Some(id)).then_some(place)
    }

    /// The place of a room.
    pub fn room(&self, name: &RoomName) -> Option<Room> {
        let place = name.as_str().rsplit_once('-')?.1.parse::<Room>().ok()?;
        (self.rooms.get(usize::from(place)) == Some(name)).then_some(place)
    }

    /// Any client but `own`.
    pub fn other(&self, own: Peer, random: &mut Random) -> Peer {
        let others = self.peers.len().saturating_sub(1);
        let drawn = Peer::try_from(random.below(others)).unwrap_or(0);
        if drawn >= own { drawn.saturating_add(1) } else { drawn }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_places_belong_together() {
        let names = Names::new("run-7", 3, 2).unwrap();
        assert_eq!(
            names.peers.iter().map(|id| names.peer(id)).collect::<Vec<_>>(),
            [Some(0), Some(1), Some(2)]
        );
        assert_eq!(names.rooms.iter().map(|name| names.room(name)).collect::<Vec<_>>(), [Some(0), Some(1)]);
        for stranger in ["run-7-3", "run-8-1", "x"] {
            assert_eq!(names.peer(&PeerId::parse(stranger).unwrap()), None);
        }
    }

    #[test]
    fn a_client_speaks_to_every_other_one_and_not_to_itself() {
        let names = Names::new("run", 3, 0).unwrap();
        let mut random = Random::new(1);
        for own in 0..3 {
            let drawn: std::collections::BTreeSet<_> =
                (0..100).map(|_| names.other(own, &mut random)).collect();
            assert_eq!(drawn, (0..3).filter(|peer| *peer != own).collect());
        }
    }
}

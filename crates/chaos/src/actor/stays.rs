//! In which rooms a client is.

use crate::history::Room;
use crate::random::Random;

/// What a client knows of its stay in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stay {
    /// It is not in it.
    Out,
    /// It has asked to enter.
    Entering,
    /// It is in it.
    In,
    /// It has asked to leave.
    Leaving,
}

/// The stays of one client in all rooms.
#[derive(Debug)]
pub struct Stays(Vec<Stay>);

impl Stays {
    /// A client that is in none of so many rooms.
    pub fn new(rooms: usize) -> Self {
        Self(vec![Stay::Out; rooms])
    }

    /// The stay in a room.
    pub fn of(&self, room: Room) -> Stay {
        self.0.get(usize::from(room)).copied().unwrap_or(Stay::Out)
    }

    /// Changes the stay in a room.
    pub fn set(&mut self, room: Room, stay: Stay) {
        if let Some(of) = self.0.get_mut(usize::from(room)) {
            *of = stay;
        }
    }

    /// The rooms with this stay.
    pub fn all(&self, stay: Stay) -> Vec<Room> {
        (0..).zip(&self.0).filter(|(_, of)| **of == stay).map(|(room, _)| room).collect()
    }

    /// One of the rooms with this stay.
    pub fn one(&self, stay: Stay, random: &mut Random) -> Option<Room> {
        random.choose(&self.all(stay)).copied()
    }

    /// One of the rooms in which nothing is under way.
    pub fn one_that_is_settled(&self, random: &mut Random) -> Option<Room> {
        let settled = [self.all(Stay::Out), self.all(Stay::In)].concat();
        random.choose(&settled).copied()
    }
}

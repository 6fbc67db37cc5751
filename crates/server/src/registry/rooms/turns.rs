//! The large rooms whose members wait for notices, and the pace of these notices.

use super::presence::Presence;
use signalpost_protocol::{PeerId, RoomName};
use std::collections::{BTreeSet, VecDeque};

/// Which rooms are small, and how much one turn of the large ones does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Most members of a small room, in which every notice goes out at once.
    pub small: usize,
    /// Most notices that one member gets in one turn of a large room.
    pub share: usize,
    /// Entries after which a turn ends: members looked at, and notices.
    pub turn: u64,
    /// Notices after which a turn rests for one millisecond.
    pub notices_per_ms: u64,
}

impl Pace {
    /// The pace of a server.
    pub const SERVER: Self = Self { small: 64, share: 64, turn: 1_000, notices_per_ms: 100 };
}

/// The large rooms whose members wait for notices.
#[derive(Debug)]
pub(crate) struct Turns {
    pub(crate) pace: Pace,
    pub(crate) rooms: VecDeque<RoomName>,
    /// Rooms that keep more ended stays than they may.
    pub(crate) crowded: BTreeSet<RoomName>,
    /// The last member of the first room that had its turn.
    pub(crate) reached: Option<PeerId>,
    pub(crate) rests_until: u64,
}

impl Turns {
    pub(crate) fn new(pace: Pace) -> Self {
        Self { pace, rooms: VecDeque::new(), crowded: BTreeSet::new(), reached: None, rests_until: 0 }
    }

    /// Whether notices of a room go out at once.
    pub(crate) fn is_small(&self, room: &Presence) -> bool {
        room.members() <= self.pace.small
    }

    /// Returns how many entries one turn, or one sweep, touches.
    pub(crate) fn entries(&self) -> u64 {
        self.pace.turn
    }

    /// Whether no room waits.
    pub(crate) fn is_idle(&self) -> bool {
        self.rooms.is_empty()
    }

    /// Returns when the next turn is due, if a room waits.
    pub(crate) fn due_ms(&self) -> Option<u64> {
        if self.crowded.is_empty() { self.rooms.front().map(|_| self.rests_until) } else { Some(0) }
    }
}

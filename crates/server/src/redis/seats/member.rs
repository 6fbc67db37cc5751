//! A session of this node, as its rooms see it.

use super::seat::Seat;
use super::spending::Spending;
use super::target::Target;
use crate::redis::error::StoreError;
use crate::redis::local::Owned;
use crate::redis::region::Region;
use crate::registry::rooms::allowance::Allowance;
use crate::registry::sessions::registration::{JOIN_PAUSE_MS, JOINS};
use signalpost_protocol::{PeerId, PeerInfo, RoomName};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The texts of the seats of a session, by the region where the part of the room lies.
pub(in crate::redis) type Seats = BTreeMap<Region, BTreeMap<RoomName, String>>;

/// A session that this node owns.
pub(in crate::redis) struct Member {
    pub(in crate::redis) peer: PeerId,
    /// Where its session lies. It is a member of the parts of its rooms there, and watches the other parts.
    pub(in crate::redis) region: Region,
    /// The number of the session.
    pub(in crate::redis) session: u64,
    /// The number of this ownership: it grows with each claim and each absence.
    pub(in crate::redis) turn: u64,
    /// What fences an owner that owns the session no more.
    pub(in crate::redis) seal: String,
    /// Whether its version has sessions, and so knows of absences and receipts.
    pub(in crate::redis) has_session: bool,
    state: Mutex<State>,
}

/// What changes while the session is here.
#[derive(Debug)]
pub(in crate::redis) struct State {
    /// The texts of its seats, as far as this node knows them.
    pub(in crate::redis) seats: Seats,
    /// The version of its own last change in each room that it has entered.
    pub(in crate::redis) own: BTreeMap<RoomName, u64>,
    /// What its peer says of itself.
    pub(in crate::redis) info: Arc<PeerInfo>,
    /// How often it may enter a room or describe itself.
    pub(in crate::redis) joins: Allowance,
    /// What its broadcasts in large rooms have cost.
    pub(in crate::redis) spending: Spending,
    /// Notices that wait in its mailbox, as far as this node knows.
    pub(in crate::redis) notices: usize,
    /// Its rooms do not know yet that it is back.
    pub(in crate::redis) is_untold: bool,
    /// News of its rooms wait because its mailbox took no more.
    pub(in crate::redis) is_behind: bool,
}

impl Member {
    /// Takes the session as its node owns it from now on, with the seats that its hash has. `turn`: the number of the ownership.
    pub(in crate::redis) fn new(owned: &Owned, turn: u64, seats: Seats) -> Self {
        let own = seats.get(&owned.region).into_iter().flatten();
        let own = own.filter_map(|(room, text)| Some((room.clone(), Seat::parse(text).ok()?.own)));
        let own = own.filter(|(_, version)| *version > 0).collect();
        let joins = Allowance::new(JOINS, JOIN_PAUSE_MS);
        Self {
            peer: owned.id.clone(),
            region: owned.region,
            session: owned.number,
            turn,
            seal: owned.seal.clone(),
            has_session: owned.has_session(),
            state: Mutex::new(State {
                info: Arc::clone(&owned.info),
                seats,
                own,
                joins,
                spending: Spending::default(),
                notices: 0,
                is_untold: false,
                is_behind: false,
            }),
        }
    }

    /// Returns what the script that tells it needs to know.
    pub(in crate::redis) fn target(&self) -> Target {
        Target {
            peer: self.peer.clone(),
            region: self.region,
            session: self.session,
            has_session: self.has_session,
            seal: Some(self.seal.clone()),
        }
    }

    /// Locks the state, for as long as it takes to read or write it: never across an await.
    pub(in crate::redis) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the seat in the part of a room that lies in `part`, with its text.
    ///
    /// # Errors
    /// [`StoreError::Malformed`] when the text is none of a seat.
    pub(in crate::redis) fn seat(
        &self,
        part: Region,
        room: &RoomName,
    ) -> Result<Option<(String, Seat)>, StoreError> {
        let text = self.state().seats.get(&part).and_then(|seats| seats.get(room)).cloned();
        let Some(text) = text else { return Ok(None) };
        let seat = Seat::parse(&text)?;
        Ok(Some((text, seat)))
    }

    /// Returns the texts of the seats in all parts of a room.
    pub(in crate::redis) fn seats_in(&self, room: &RoomName) -> Vec<(Region, String)> {
        let state = self.state();
        let seats = state.seats.iter().filter_map(|(part, seats)| Some((*part, seats.get(room)?.clone())));
        seats.collect()
    }

    /// Notes the text of a seat; an empty one: there is none.
    pub(in crate::redis) fn note_seat(&self, part: Region, room: &RoomName, text: &str) {
        let mut state = self.state();
        let seats = state.seats.entry(part).or_default();
        if !text.is_empty() {
            seats.insert(room.clone(), text.into());
            return;
        }
        seats.remove(room);
        if part == self.region {
            state.own.remove(room);
        }
    }

    /// Notes the version of the session's own last change in a room.
    pub(in crate::redis) fn note_own(&self, room: &RoomName, version: u64) {
        let mut state = self.state();
        let known = state.own.entry(room.clone()).or_default();
        *known = version.max(*known);
    }

    /// Returns the version of the session's own last change in a room that it has entered.
    pub(in crate::redis) fn own(&self, room: &RoomName) -> Option<u64> {
        self.state().own.get(room).copied()
    }

    /// Returns the rooms that the session has entered, with the versions of its own last changes: a receiver that is in one of them
    /// must have heard of that change before it gets a relay.
    pub(in crate::redis) fn news(&self) -> Vec<(RoomName, u64)> {
        self.state().own.iter().map(|(room, version)| (room.clone(), *version)).collect()
    }

    /// Returns the rooms in which the session has a seat.
    pub(in crate::redis) fn rooms(&self) -> Vec<RoomName> {
        self.rooms_at(self.region)
    }

    /// Returns the rooms in whose parts in a region the session has a seat.
    pub(in crate::redis) fn rooms_at(&self, part: Region) -> Vec<RoomName> {
        self.state().seats.get(&part).into_iter().flat_map(|seats| seats.keys().cloned()).collect()
    }

    /// Returns the rooms in any of whose parts the session has a seat.
    pub(in crate::redis) fn rooms_anywhere(&self) -> BTreeSet<RoomName> {
        self.state().seats.values().flat_map(|seats| seats.keys().cloned()).collect()
    }

    /// Returns what the peer says of itself.
    pub(in crate::redis) fn info(&self) -> Arc<PeerInfo> {
        Arc::clone(&self.state().info)
    }

    /// Writes the description as JSON.
    ///
    /// # Errors
    /// [`StoreError::Malformed`] if it has no JSON form, which would be a defect.
    pub(in crate::redis) fn info_text(&self) -> Result<String, StoreError> {
        serde_json::to_string(&*self.info()).map_err(|_| StoreError::Malformed("a peer's description"))
    }
}

//! Who is in which room, as far as it is sure, and the broadcasts that are under way there.

use super::way::{At, Peer, Room};
use std::collections::BTreeMap;

/// A broadcast whose call has not ended.
#[derive(Debug)]
struct Broadcast {
    from: Peer,
    number: u32,
    started: At,
    /// The clients that may hear it.
    to: Vec<Peer>,
}

/// One room.
#[derive(Debug, Default)]
struct State {
    /// The clients that may be in it, and whether they are for sure.
    members: BTreeMap<Peer, bool>,
    broadcasts: Vec<Broadcast>,
}

/// All rooms.
#[derive(Debug, Default)]
pub struct Rooms(BTreeMap<Room, State>);

impl Rooms {
    /// A client calls `join`. Returns sender, number and time of each broadcast that it may hear from now on.
    pub fn joining(&mut self, peer: Peer, room: Room) -> Vec<(Peer, u32, At)> {
        let state = self.0.entry(room).or_default();
        state.members.insert(peer, false);
        let mut new = Vec::new();
        for broadcast in &mut state.broadcasts {
            if broadcast.from != peer && !broadcast.to.contains(&peer) {
                broadcast.to.push(peer);
                new.push((broadcast.from, broadcast.number, broadcast.started));
            }
        }
        new
    }

    /// A client is in a room.
    pub fn joined(&mut self, peer: Peer, room: Room) {
        self.0.entry(room).or_default().members.insert(peer, true);
    }

    /// A client calls `leave`.
    pub fn leaving(&mut self, peer: Peer, room: Room) {
        self.0.entry(room).or_default().members.insert(peer, false);
    }

    /// A client has left a room.
    pub fn left(&mut self, peer: Peer, room: Room) {
        self.0.entry(room).or_default().members.remove(&peer);
    }

    /// The rooms that a client may be in.
    pub fn of(&self, peer: Peer) -> Vec<Room> {
        self.0.iter().filter(|(_, state)| state.members.contains_key(&peer)).map(|(room, _)| *room).collect()
    }

    /// The senders of the broadcasts that are under way in a room.
    pub fn senders(&self, room: Room) -> Vec<Peer> {
        let broadcasts = self.0.get(&room).map(|state| state.broadcasts.as_slice()).unwrap_or_default();
        broadcasts.iter().map(|broadcast| broadcast.from).collect()
    }

    /// A client calls `broadcast`. Returns who may hear it, and who of them must.
    pub fn begin_broadcast(&mut self, started: At, from: Peer, room: Room, number: u32) -> Vec<(Peer, bool)> {
        let state = self.0.entry(room).or_default();
        let to: Vec<_> = state
            .members
            .iter()
            .filter(|(peer, _)| **peer != from)
            .map(|(peer, is_in)| (*peer, *is_in))
            .collect();
        let all = to.iter().map(|(peer, _)| *peer).collect();
        state.broadcasts.push(Broadcast { from, number, started, to: all });
        to
    }

    /// The call of a broadcast ended. Returns who may hear it.
    pub fn end_broadcast(&mut self, from: Peer, room: Room, number: u32) -> Vec<Peer> {
        let state = self.0.entry(room).or_default();
        let is_it = |broadcast: &Broadcast| broadcast.from == from && broadcast.number == number;
        match state.broadcasts.iter().position(is_it) {
            Some(at) => state.broadcasts.swap_remove(at).to,
            None => Vec::new(),
        }
    }
}

//! What this node knows of the rooms of its own members.

use super::member::Member;
use super::spending::Spending;
use signalpost_protocol::{PeerId, RoomName};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;

/// Leases that are remembered.
const MAX_LEASES: usize = 50_000;

/// Broadcasts to members of large rooms that this node has under way at the same time, over all rooms: so many posts stand between a
/// command of somebody else and Redis.
const POSTS: usize = 128;

/// What this node knows of the rooms of its own members. The lock is held for a few look-ups, never across an await.
pub(in crate::redis) struct Here {
    book: Mutex<Book>,
    /// One permit for each post of a broadcast in a large room. First come, first served.
    pub(in crate::redis) posts: Semaphore,
}

impl Default for Here {
    fn default() -> Self {
        Self { book: Mutex::default(), posts: Semaphore::new(POSTS) }
    }
}

impl Here {
    pub(in crate::redis) fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The members of this node and the rooms that they are in.
#[derive(Default)]
pub(in crate::redis) struct Book {
    members: BTreeMap<PeerId, Arc<Member>>,
    /// Sessions of this node that lie in other regions, and watch rooms of this one.
    watchers: BTreeMap<PeerId, Arc<Member>>,
    rooms: BTreeMap<RoomName, RoomHere>,
    /// Large rooms whose members wait for news.
    turns: VecDeque<RoomName>,
    /// The last member of the first of them that had its turn.
    reached: Option<PeerId>,
    /// Before this time no turn begins, in milliseconds.
    pub(in crate::redis) rests_until: u64,
    /// Until when the leases of peers surely last, in milliseconds of this node: they can only be extended, or given up, which the
    /// rooms are told.
    leases: BTreeMap<PeerId, u64>,
    /// Before this time no sweep asks whether a bell was lost, in milliseconds.
    pub(in crate::redis) asks_next: u64,
    /// The last session of this node that was put into its lists for discovery again.
    listed: Option<PeerId>,
}

/// A room with members of this node.
#[derive(Default)]
struct RoomHere {
    members: BTreeSet<PeerId>,
    /// The newest version that this node has heard of.
    heard: u64,
    /// Peers in the room, on all nodes, when it was read last.
    size: usize,
    /// What broadcasts of members of this node have cost.
    spending: Spending,
    /// Whether it waits for its turn, and whether it needs another one after that.
    is_queued: bool,
    again: bool,
    /// Whether its members are being told because of a bell, and whether another has rung since.
    is_telling: bool,
    rang: bool,
}

impl Book {
    /// Takes in a session that this node owns now. An ownership that comes after a later one of the same peer is left out: a claim may
    /// be granted first and welcomed last.
    pub(in crate::redis) fn insert(&mut self, member: &Arc<Member>) {
        if let Some(former) = self.members.get(&member.peer).cloned() {
            if (former.session, former.turn) > (member.session, member.turn) {
                return;
            }
            self.forget(&former.peer, &former.seal);
        }
        for room in member.rooms() {
            self.enter(&room, &member.peer);
        }
        self.members.insert(member.peer.clone(), Arc::clone(member));
    }

    /// Takes in a session of another region that watches the part of a room that lies in this one.
    pub(in crate::redis) fn watch(&mut self, room: &RoomName, member: &Arc<Member>) {
        if let Some(former) = self.watchers.get(&member.peer).cloned()
            && former.seal != member.seal
        {
            if (former.session, former.turn) > (member.session, member.turn) {
                return;
            }
            self.forget(&former.peer, &former.seal);
        }
        self.watchers.insert(member.peer.clone(), Arc::clone(member));
        self.enter(room, &member.peer);
    }

    /// Forgets an ownership of a session, unless a later one of it is here.
    pub(in crate::redis) fn forget(&mut self, peer: &PeerId, seal: &str) {
        let mut rooms = BTreeSet::new();
        for map in [&mut self.members, &mut self.watchers] {
            if let Some(member) = map.get(peer).filter(|member| member.seal == seal) {
                rooms.extend(member.rooms_anywhere());
                map.remove(peer);
            }
        }
        let others = self.member(peer).map(|member| member.rooms_anywhere()).unwrap_or_default();
        for room in rooms.difference(&others) {
            self.leave(room, peer);
        }
    }

    /// Returns the latest ownership of a session of a peer that has a seat in this region.
    fn member(&self, peer: &PeerId) -> Option<&Arc<Member>> {
        let of = [self.members.get(peer), self.watchers.get(peer)];
        of.into_iter().flatten().max_by_key(|member| (member.session, member.turn))
    }

    /// Returns those of the peers whose lease may be over.
    pub(in crate::redis) fn unsure(&self, peers: &[&PeerId], now: u64) -> Vec<PeerId> {
        let is_sure = |peer: &PeerId| self.leases.get(peer).is_some_and(|until| *until > now);
        peers.iter().filter(|peer| !is_sure(peer)).map(|peer| PeerId::clone(peer)).collect()
    }

    /// Notes that the lease of a peer lasts until then.
    pub(in crate::redis) fn note_lease(&mut self, peer: PeerId, until: u64) {
        if self.leases.len() >= MAX_LEASES {
            self.leases.clear();
        }
        self.leases.insert(peer, until);
    }

    /// Returns the session of a peer if it has this seal.
    pub(in crate::redis) fn by_seal(&self, peer: &PeerId, seal: &str) -> Option<Arc<Member>> {
        self.members.get(peer).filter(|member| member.seal == seal).cloned()
    }

    /// Returns the session of a peer if it has this number.
    pub(in crate::redis) fn by_session(&self, peer: &PeerId, session: u64) -> Option<Arc<Member>> {
        self.members.get(peer).filter(|member| member.session == session).cloned()
    }

    /// Whether this node owns a session of the peer that lies in this region.
    pub(in crate::redis) fn is_home(&self, peer: &PeerId) -> bool {
        self.members.contains_key(peer)
    }

    pub(in crate::redis) fn enter(&mut self, room: &RoomName, peer: &PeerId) {
        self.rooms.entry(room.clone()).or_default().members.insert(peer.clone());
    }

    pub(in crate::redis) fn leave(&mut self, room: &RoomName, peer: &PeerId) {
        if let Some(here) = self.rooms.get_mut(room) {
            here.members.remove(peer);
            if here.members.is_empty() {
                self.rooms.remove(room);
            }
        }
    }

    /// Returns the members of a room behind `after`, at most `limit`.
    pub(in crate::redis) fn members_of(
        &self,
        room: &RoomName,
        after: Option<&PeerId>,
        limit: usize,
    ) -> Vec<Arc<Member>> {
        let Some(here) = self.rooms.get(room) else { return Vec::new() };
        let range = (after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        let members = here.members.range::<PeerId, _>(range);
        members.filter_map(|peer| self.member(peer).cloned()).take(limit).collect()
    }

    /// Returns the next sessions of this node, of all in turn, at most `limit`.
    pub(in crate::redis) fn next_sessions(&mut self, limit: usize) -> Vec<Arc<Member>> {
        let range = (self.listed.as_ref().map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        let next: Vec<_> = self
            .members
            .range::<PeerId, _>(range)
            .take(limit)
            .map(|(_, member)| Arc::clone(member))
            .collect();
        self.listed = next.last().filter(|_| next.len() == limit).map(|last| last.peer.clone());
        next
    }

    /// Counts the sessions of this node.
    pub(in crate::redis) fn sessions(&self) -> usize {
        self.members.len()
    }

    /// Returns what broadcasts in a room have cost, if it has a member of this node.
    pub(in crate::redis) fn spending(&mut self, room: &RoomName) -> Option<&mut Spending> {
        self.rooms.get_mut(room).map(|here| &mut here.spending)
    }

    /// Notes a version of a room and its size, if it is known. Returns whether the version is news.
    pub(in crate::redis) fn hear(&mut self, room: &RoomName, version: u64, size: Option<usize>) -> bool {
        let Some(here) = self.rooms.get_mut(room) else { return false };
        here.size = size.unwrap_or(here.size);
        let is_news = version > here.heard;
        here.heard = here.heard.max(version);
        is_news
    }

    /// Begins to tell the members of a room because a bell rang; `false` if that goes on already, and will go on.
    pub(in crate::redis) fn begin_telling(&mut self, room: &RoomName) -> bool {
        let Some(here) = self.rooms.get_mut(room) else { return false };
        here.rang = true;
        !std::mem::replace(&mut here.is_telling, true)
    }

    /// Whether another bell rang since the last look; otherwise the telling has ended.
    pub(in crate::redis) fn goes_on_telling(&mut self, room: &RoomName) -> bool {
        let Some(here) = self.rooms.get_mut(room) else { return false };
        here.is_telling = std::mem::take(&mut here.rang);
        here.is_telling
    }

    /// Returns the newest version of a room that this node has heard of, and how many peers are in it.
    pub(in crate::redis) fn known(&self, room: &RoomName) -> (u64, usize) {
        self.rooms.get(room).map_or((0, 0), |here| (here.heard, here.size))
    }

    /// Returns the rooms with members of this node.
    pub(in crate::redis) fn rooms(&self) -> Vec<RoomName> {
        self.rooms.keys().cloned().collect()
    }

    /// Lets a room wait for its turn.
    pub(in crate::redis) fn queue(&mut self, room: &RoomName) {
        let Some(here) = self.rooms.get_mut(room) else { return };
        if std::mem::replace(&mut here.is_queued, true) {
            here.again = true;
        } else {
            self.turns.push_back(room.clone());
        }
    }

    /// Returns the room whose turn it is, and its members that come next, at most `limit`.
    pub(in crate::redis) fn next_turn(&mut self, limit: usize) -> Option<(RoomName, Vec<Arc<Member>>)> {
        loop {
            let room = self.turns.front()?.clone();
            let members = self.members_of(&room, self.reached.as_ref(), limit);
            if let Some(last) = members.last() {
                self.reached = Some(last.peer.clone());
                return Some((room, members));
            }
            self.end_turn(false);
        }
    }

    /// Ends the turn of the room that [`Book::next_turn`] returned last. It gets another one if something has changed meanwhile, or
    /// with `again`.
    pub(in crate::redis) fn end_turn(&mut self, again: bool) {
        self.reached = None;
        let Some(room) = self.turns.pop_front() else { return };
        let Some(here) = self.rooms.get_mut(&room) else { return };
        here.is_queued = false;
        if std::mem::take(&mut here.again) || again {
            self.queue(&room);
        }
    }

    /// Returns when the next turn is due, if a room waits.
    pub(in crate::redis) fn due(&self) -> Option<u64> {
        self.turns.front().map(|_| self.rests_until)
    }
}

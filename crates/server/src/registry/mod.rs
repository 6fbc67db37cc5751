//! Who is there: peers, their sessions, their leases and their rooms. Sans-IO; the state of the memory engine.
//!
//! A session is connected as long as its lease, which every command of its connection renews. Without a connection it
//! is away until its window ends. It ends in one place, [`Registry::remove`](Registry), whatever the cause, so that each
//! stay in a room ends with at most one notice to each member. Peers of version 1 have no mailbox and are never away: their socket
//! and their registration end together, and members of that version hear of the others' absences as they always
//! have, as `peer-left` and `peer-joined`.

mod allowance;
mod bounds;
mod claim;
mod discovery;
mod index;
pub mod mailbox;
mod marks;
mod post;
mod presence;
mod registration;
mod rooms;
pub mod spread;
mod work;

use crate::ConnectionId;
use crate::engine::{Action, Command, Delivery, LeaveReason, News, Outcome, Outlet, Request, words};
pub use bounds::Bounds;
use index::Index;
use post::Store;
use presence::Presence;
use registration::Registration;
use signalpost_protocol::{ErrorCode, Label, PeerId, Query, RoomName, Sequence};
use spread::{Pace, Spread};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use work::Work;

/// How long a session stays connected after the last command of its connection, in milliseconds.
pub const LEASE_MS: u64 = 30_000;
/// Least time between two looks for ended leases, in milliseconds.
pub const SWEEP_MS: u64 = 10_000;
/// How long a session waits for its client unless told otherwise, in milliseconds.
pub const RESUME_WINDOW_MS: u64 = 120_000;
/// Rooms that a peer may enter at once.
pub const JOINS: u32 = 64;
/// Time after which a peer that has entered [`JOINS`] rooms may enter another, in milliseconds.
pub const JOIN_PAUSE_MS: u64 = 250;
/// Most peers that one listing looks at; a page that stops there is short and carries a cursor.
pub const SCAN: usize = 2_000;

/// The peers of one process.
///
/// Its size is bounded by its sessions: each has one peer of bounded size, at most
/// [`signalpost_protocol::limits::ROOMS_PER_PEER`] rooms and one mailbox of at most [`mailbox::ENTRIES`]. All mailboxes
/// together hold at most [`Bounds::mailbox_bytes`] of relays, and a room exists only while a peer is in it. What a member was told
/// of a room takes two bits for each peer in it, at most [`Bounds::pairs`] times.
#[derive(Debug)]
pub struct Registry {
    peers: BTreeMap<PeerId, Registration>,
    connections: BTreeMap<ConnectionId, PeerId>,
    rooms: Index<RoomName>,
    presences: BTreeMap<RoomName, Presence>,
    regions: Index<Label>,
    capabilities: Index<Label>,
    /// When the leases of connected peers are to be looked at.
    leases: BTreeSet<(u64, PeerId)>,
    /// When the windows of peers that are away end.
    windows: BTreeSet<(u64, PeerId)>,
    /// Peers whose mailbox could not take an answer: their sessions end.
    overflowed: Vec<PeerId>,
    store: Store,
    spread: Spread,
    work: Work,
    /// Pairs of members, over all rooms.
    pairs: usize,
    most_pairs: usize,
    next_sweep: u64,
    window: u64,
    most_peers: usize,
    sessions: u64,
}

impl Default for Registry {
    fn default() -> Self {
        Self::new(RESUME_WINDOW_MS)
    }
}

impl Registry {
    /// A registry that knows nobody. `window` is how long a session waits for its client, in milliseconds; with 0 it
    /// ends with its socket.
    pub fn new(window: u64) -> Self {
        Self {
            peers: BTreeMap::new(),
            connections: BTreeMap::new(),
            rooms: Index::default(),
            presences: BTreeMap::new(),
            regions: Index::default(),
            capabilities: Index::default(),
            leases: BTreeSet::new(),
            windows: BTreeSet::new(),
            overflowed: Vec::new(),
            store: Store::new(Bounds::default().mailbox_bytes),
            spread: Spread::new(Pace::SERVER),
            work: Work::default(),
            pairs: 0,
            most_pairs: Bounds::default().pairs,
            next_sweep: 0,
            window,
            most_peers: Bounds::default().peers,
            sessions: 0,
        }
    }

    /// The same, with other bounds.
    pub fn with_bounds(self, bounds: Bounds) -> Self {
        let store = Store::new(bounds.mailbox_bytes);
        Self { most_peers: bounds.peers, most_pairs: bounds.pairs, store, ..self }
    }

    /// The same, with another pace of telling large rooms: tests have small ones.
    pub fn with_pace(self, pace: Pace) -> Self {
        Self { spread: Spread::new(pace), ..self }
    }

    /// How many entries its commands have touched: members, entries of mailboxes and of lists.
    pub fn touched(&self) -> u64 {
        self.work.touched()
    }

    /// How many bytes wait in all mailboxes.
    pub fn held(&self) -> usize {
        self.store.held()
    }

    /// About how many bytes the members of rooms take for what they were told of each other.
    pub fn view_bytes(&self) -> usize {
        self.pairs / 4
    }

    /// How many peers are away.
    pub fn away(&self) -> usize {
        self.windows.len()
    }

    /// How many peers are registered, those that are away or expired and were not swept yet included.
    pub fn len(&self) -> usize {
        self.peers.len()
    }

    /// Whether nobody is registered.
    pub fn is_empty(&self) -> bool {
        self.peers.is_empty()
    }

    /// Every peer that is registered, the connection that holds its session unless it is away, and what waits in its mailbox:
    /// entries and bytes.
    pub fn mailboxes(&self) -> impl Iterator<Item = (&PeerId, Option<ConnectionId>, (usize, usize))> {
        self.peers.iter().map(|(id, peer)| (id, peer.connection, peer.mailbox.size()))
    }

    /// When [`Registry::sweep`] has something to do next, if anybody is registered.
    pub fn poll_timeout(&self) -> Option<u64> {
        let lease = self.leases.first().map(|(due, _)| self.next_sweep.max(*due));
        let window = self.windows.first().map(|(due, _)| *due);
        let overflowed = self.overflowed.first().map(|_| 0);
        [lease, window, overflowed, self.spread_due()].into_iter().flatten().min()
    }

    /// Executes one command at `now` milliseconds. The reply and all news go through `out`, under the rules
    /// of [`crate::engine`].
    pub fn execute(&mut self, now: u64, connection: ConnectionId, command: Command, out: &mut impl Outlet) {
        let outcome = match command {
            Command::Detach(departure) => {
                self.detach(now, connection, departure, out);
                return self.end_overflowed(now, out);
            }
            Command::Claim(claim) => match self.claim(now, connection, *claim, out) {
                Ok(()) => return self.end_overflowed(now, out),
                Err(code) => Outcome::Refused(code),
            },
            Command::Beat { ack } => match self.renew(now, connection, ack, out) {
                Some(_) => Outcome::Executed,
                None => Outcome::Unregistered,
            },
            Command::Request(request) => match self.renew(now, connection, request.ack, out) {
                Some(id) => self.request(now, &id, request, out),
                None => Outcome::Unregistered,
            },
        };
        self.end_overflowed(now, out);
        let own = self.connections.get(&connection).and_then(|id| self.peers.get(id));
        let received = own.map_or(0, |peer| peer.received);
        // A sink takes replies always; one that breaks the rule only hurts its own connection.
        let _taken = out.deliver(connection, Delivery::Done { received, outcome });
    }

    /// Ends the windows and leases that are over, and tells large rooms what has changed. It does a bounded part of what is
    /// due; [`Registry::poll_timeout`] says when to call it again. Leases are looked at only when that was last done [`SWEEP_MS`]
    /// ago or earlier.
    pub fn sweep(&mut self, now: u64, out: &mut impl Outlet) {
        let end = self.work.touched().saturating_add(self.spread.turn());
        while self.work.touched() < end
            && let Some((_, id)) = pop_due(&mut self.windows, now)
        {
            self.work.touch(1);
            self.remove(now, &id, LeaveReason::Lost, out);
        }
        if now >= self.next_sweep && self.work.touched() < end && self.end_leases(now, out) {
            self.next_sweep = now.saturating_add(SWEEP_MS);
        }
        if self.work.touched() < end {
            self.end_overflowed(now, out);
        }
        if self.work.touched() < end {
            self.thin_out_one(now, out);
        }
        if self.work.touched() < end {
            self.take_turn(now, out);
        }
    }

    /// Ends leases that are over; whether those were all. Each peer is looked at once in [`LEASE_MS`], however often this is
    /// called.
    fn end_leases(&mut self, now: u64, out: &mut impl Outlet) -> bool {
        let end = self.work.touched().saturating_add(self.spread.turn());
        while self.work.touched() < end {
            let Some((_, id)) = pop_due(&mut self.leases, now) else { return true };
            self.work.touch(1);
            let Some(peer) = self.peers.get_mut(&id) else { continue };
            if peer.is_present(now) {
                peer.due = peer.expires_at();
                self.leases.insert((peer.due, id));
            } else {
                self.expire(now, &id, out);
            }
        }
        false
    }

    /// The peer of a connection, its lease renewed and what it acknowledges taken; `None` when it has none or its lease
    /// is over.
    fn renew(
        &mut self,
        now: u64,
        connection: ConnectionId,
        ack: Option<u32>,
        out: &mut impl Outlet,
    ) -> Option<PeerId> {
        let id = self.connections.get(&connection)?.clone();
        let peer = self.peers.get_mut(&id)?;
        if !peer.is_present(now) {
            self.end_lease(now, &id, out);
            return None;
        }
        // The order of `leases` is left alone: a beat is cheap and the sweep looks again.
        peer.last_seen = peer.last_seen.max(now);
        if let Some(ack) = ack.filter(|ack| peer.has_session() && *ack <= peer.mailbox.sent()) {
            peer.keys.prove();
            let before = peer.mailbox.size().0;
            let due = self.store.acknowledge(peer, ack);
            self.work.touch(before.saturating_sub(peer.mailbox.size().0));
            let can_be_told = peer.behind && peer.mailbox.wants_notices();
            self.give(due, out);
            if can_be_told {
                self.spread_to(now, &id, out);
            }
        }
        Some(id)
    }

    /// Executes a frame once, in its turn.
    fn request(&mut self, now: u64, id: &PeerId, request: Request, out: &mut impl Outlet) -> Outcome {
        let Some(peer) = self.peers.get_mut(id) else { return Outcome::Unregistered };
        if peer.has_session() {
            let Some(seq) = request.seq else { return Outcome::Refused(ErrorCode::InvalidMessage) };
            match Sequence::of(seq, peer.received) {
                Sequence::Next => peer.received = seq,
                Sequence::Duplicate => return Outcome::Duplicate,
                Sequence::Gap => return peer.note_gap(),
            }
        }
        let reference = request.reference;
        let (news, outcome) = match self.act(now, id, reference, request.action, out) {
            Ok(news) => (news, Outcome::Executed),
            Err(Refused { code, text, about, after }) => {
                (Some(News::Refused { code, text, reference, about, after }), Outcome::Refused(code))
            }
        };
        if let Some(news) = news {
            self.answer(id, news, out);
        }
        outcome
    }

    fn act(
        &mut self,
        now: u64,
        id: &PeerId,
        reference: Option<u32>,
        action: Action,
        out: &mut impl Outlet,
    ) -> Result<Option<News>, Refused> {
        if matches!(action, Action::Join(_) | Action::Discover(Query { room: Some(_), .. })) {
            // Whom the list of a room does not name is gone from it, unless its members were told before that it is away.
            let _all = self.end_leases(now, out);
        }
        match action {
            Action::Join(room) => {
                let page = self.join(now, id, &room, out)?;
                Ok(Some(News::Joined { room, page, reference }))
            }
            Action::Leave(room) => {
                self.leave(now, id, &room, out)?;
                Ok(Some(News::Left { room, reference }))
            }
            Action::Discover(query) => {
                if let Some(room) = &query.room {
                    self.show(now, id, room, out);
                }
                let page = self.find(now, id, &query);
                Ok(Some(News::Found { page, reference }))
            }
            Action::Send { to, signal } => match self.send(now, id, &to, signal, reference, out) {
                Ok(()) => Ok(reference.map(|_| News::Sent { reference })),
                Err(refused) => Err(Refused { about: Some(to), ..refused }),
            },
            Action::Broadcast { room, data } => {
                self.broadcast(now, id, &room, data, out)?;
                Ok(reference.map(|_| News::Sent { reference }))
            }
            Action::Refuse { code, text, about } => Err(Refused { code, text, about, after: None }),
        }
    }
}

/// Why an action is not taken.
struct Refused {
    code: ErrorCode,
    text: Cow<'static, str>,
    about: Option<PeerId>,
    /// When it would be taken, in milliseconds from now.
    after: Option<u32>,
}

impl From<ErrorCode> for Refused {
    fn from(code: ErrorCode) -> Self {
        Self { code, text: words(code).into(), about: None, after: None }
    }
}

impl Refused {
    /// The peer does it too often; in so many milliseconds it may again.
    fn wait(after: u64) -> Self {
        let after = u32::try_from(after).unwrap_or(u32::MAX);
        let text = format!("the peer enters rooms too often: it may enter another in {after} ms").into();
        Self { code: ErrorCode::RateLimited, text, about: None, after: Some(after) }
    }
}

/// The first of an ordered list, if it is due.
fn pop_due(list: &mut BTreeSet<(u64, PeerId)>, now: u64) -> Option<(u64, PeerId)> {
    if list.first()?.0 > now { None } else { list.pop_first() }
}

#[cfg(test)]
mod absence_tests;
#[cfg(test)]
mod crowd_tests;
#[cfg(test)]
mod crowd_world_tests;
#[cfg(test)]
mod delivery_tests;
#[cfg(test)]
mod listing_tests;
#[cfg(test)]
mod mailbox_tests;
#[cfg(test)]
mod session_tests;
#[cfg(test)]
mod tests;

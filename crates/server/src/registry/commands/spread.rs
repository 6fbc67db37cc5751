//! Sends the notices of rooms to their members.
//!
//! In a small room every member gets the notice within the command that changes the room. In a larger room the members get
//! notices in turns: each turn touches a bounded number of entries, and rests afterwards for as long as the sockets need to
//! send them. Meanwhile changes collapse in the room: a thousand peers that lose their sockets at once cost a
//! thousand changes, not a million notices.

use crate::engine::{Mail, Outlet};
use crate::registry::rooms::presence::{Presence, View};
use crate::registry::rooms::turns::Pace;
use crate::registry::sessions::mailbox::NotTaken;
use crate::registry::sessions::registration::Registration;
use crate::registry::state::Registry;
use signalpost_protocol::{PeerId, Query, RoomName, limits};
use std::ops::Bound;
use std::sync::Arc;

impl Registry {
    /// Sends the members of a room that has changed their notices, or lets the room wait for its turn.
    pub(super) fn tell_members(&mut self, now: u64, room: &RoomName, out: &mut impl Outlet) {
        if self.presences.get(room).is_some_and(Presence::is_crowded) {
            self.turns.crowded.insert(room.clone());
        }
        if self.is_small(room) {
            let members: Vec<PeerId> = self.rooms.peers(room).into_iter().flatten().cloned().collect();
            for member in &members {
                self.update_member(now, member, room, usize::MAX, out);
            }
        } else {
            self.queue(room);
        }
    }

    /// Sends a peer, which can take notices again after an absence or an acknowledgement, the notices of its rooms.
    pub(super) fn tell_member(&mut self, now: u64, id: &PeerId, out: &mut impl Outlet) {
        let Some(peer) = self.peers.get_mut(id) else { return };
        peer.behind = false;
        let rooms: Vec<RoomName> = peer.rooms.keys().cloned().collect();
        for room in &rooms {
            if self.is_small(room) {
                self.update_member(now, id, room, usize::MAX, out);
            } else if self.is_due(id, room) {
                self.queue(room);
            }
        }
    }

    /// Whether a notice of a room is due to a member.
    fn is_due(&self, id: &PeerId, room: &RoomName) -> bool {
        let view = self.peers.get(id).and_then(|peer| peer.rooms.get(room));
        let presence = self.presences.get(room);
        view.zip(presence).is_some_and(|(view, presence)| view.stale || !presence.due(view, 1).is_empty())
    }

    fn is_small(&self, room: &RoomName) -> bool {
        self.presences.get(room).is_some_and(|presence| self.turns.is_small(presence))
    }

    fn queue(&mut self, room: &RoomName) {
        let Some(presence) = self.presences.get_mut(room) else { return };
        if std::mem::replace(&mut presence.queued, true) {
            presence.again = true;
        } else {
            self.turns.rooms.push_back(room.clone());
        }
    }

    /// Removes the ended stays of one room that keeps too many, and sends its members their lists.
    pub(super) fn relieve_crowded_room(&mut self, now: u64, out: &mut impl Outlet) {
        let Some(room) = self.turns.crowded.pop_first() else { return };
        if self.presences.get(&room).is_some_and(Presence::is_crowded) {
            self.forget_ended_stays(&room);
            self.tell_members(now, &room, out);
        }
    }

    /// Takes one turn: sends members of large rooms the notices that are due.
    pub(super) fn take_turn(&mut self, now: u64, out: &mut impl Outlet) {
        if now < self.turns.rests_until {
            return;
        }
        let Pace { share, turn, notices_per_ms, .. } = self.turns.pace;
        let (start, mut notices) = (self.work.touched(), 0);
        while self.work.touched().saturating_sub(start) < turn
            && let Some(room) = self.turns.rooms.front().cloned()
        {
            let after = self.turns.reached.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
            let range = (after, Bound::Unbounded);
            let next =
                self.rooms.peers(&room).and_then(|peers| peers.range::<PeerId, _>(range).next().cloned());
            match next {
                Some(member) => {
                    notices += self.update_member(now, &member, &room, share, out);
                    self.turns.reached = Some(member);
                }
                None => self.end_turn_of(room),
            }
        }
        let touched = self.work.touched().saturating_sub(start);
        let rest = [notices.checked_div(notices_per_ms), touched.checked_div(turn)];
        let rest = rest.into_iter().flatten().fold(0, u64::saturating_add);
        self.turns.rests_until = now.saturating_add(rest);
    }

    /// Ends the turn of the first room: every member had its own.
    fn end_turn_of(&mut self, room: RoomName) {
        self.turns.reached = None;
        self.turns.rooms.pop_front();
        let Some(presence) = self.presences.get_mut(&room) else { return };
        presence.queued = false;
        if std::mem::take(&mut presence.again) {
            self.queue(&room);
        }
    }

    /// Sends one member the notices of a room that are due, at most `limit`, and returns how many.
    fn update_member(
        &mut self,
        now: u64,
        id: &PeerId,
        room: &RoomName,
        limit: usize,
        out: &mut impl Outlet,
    ) -> u64 {
        self.work.touch(1);
        let Self { peers, presences, store, work, .. } = self;
        let (Some(peer), Some(presence)) = (peers.get_mut(id), presences.get_mut(room)) else { return 0 };
        if peer.is_away() {
            return 0;
        }
        if peer.rooms.get(room).is_some_and(|view| view.stale) {
            return self.list_again(now, id, room, out);
        }
        let Some(view) = peer.rooms.get_mut(room) else { return 0 };
        let due = presence.due(view, limit);
        if due.is_empty() {
            return 0;
        }
        let is_full = due.len() == limit;
        let mut view = std::mem::take(view);
        let told = tell(&due, room, presence, &mut view, peer, |peer, mail| {
            work.touch(1);
            // A full queue of version 1 has its socket closed.
            let _closes = store.put(peer, mail, None, out);
        });
        presence.again |= is_full && !peer.behind;
        view.put_back(&mut peer.rooms, room);
        told
    }

    /// Sends a peer, before a relay from `about`, the notices about `about` that wait.
    ///
    /// # Errors
    /// [`NotTaken`] when the peer's mailbox takes no notices.
    pub(super) fn tell_about(
        &mut self,
        id: &PeerId,
        about: &PeerId,
        out: &mut impl Outlet,
    ) -> Result<(), NotTaken> {
        let Some(peer) = self.peers.get(id) else { return Ok(()) };
        if self.turns.is_idle() && !peer.behind && !peer.is_away() {
            return Ok(());
        }
        let rooms: Vec<RoomName> = peer.rooms.keys().cloned().collect();
        rooms.iter().try_for_each(|room| self.tell_about_in(id, about, room, out))
    }

    /// Does the same in one room.
    ///
    /// # Errors
    /// [`NotTaken`] when the peer's mailbox takes no notices.
    pub(super) fn tell_about_in(
        &mut self,
        id: &PeerId,
        about: &PeerId,
        room: &RoomName,
        out: &mut impl Outlet,
    ) -> Result<(), NotTaken> {
        self.work.touch(1);
        let Self { peers, presences, store, .. } = self;
        let Some(presence) = presences.get_mut(room) else { return Ok(()) };
        let slots = presence.about(about, peers.get(about).and_then(|other| other.rooms.get(room)));
        let Some(peer) = peers.get_mut(id) else { return Ok(()) };
        let Some(mut view) = peer.rooms.get_mut(room).map(std::mem::take) else { return Ok(()) };
        let mut put = Ok(());
        for slot in slots {
            if !peer.mailbox.takes_notice_before_relay() {
                put = Err(NotTaken::Busy);
                break;
            }
            if let Some(mail) = presence.tell(room, &mut view, slot, peer.has_session()) {
                let _closes = store.put(peer, &mail, None, out);
            }
        }
        view.put_back(&mut peer.rooms, room);
        put
    }

    /// Sends a member that asks for a list of a room the notices that are due, as far as its mailbox takes them. If some remain,
    /// the list may contradict them: then the member gets another list in their place.
    pub(super) fn bring_up_to_date(&mut self, now: u64, id: &PeerId, room: &RoomName, out: &mut impl Outlet) {
        self.update_member(now, id, room, usize::MAX, out);
        let Self { peers, presences, .. } = self;
        let (Some(peer), Some(presence)) = (peers.get_mut(id), presences.get_mut(room)) else { return };
        if let Some(view) = peer.rooms.get_mut(room)
            && (view.stale || !presence.due(view, 1).is_empty())
        {
            view.stale = true;
            peer.behind = true;
        }
    }

    /// Notes that a member gets the first page of a list of a room: the member knows what the list says.
    pub(super) fn list_to_member(&mut self, now: u64, id: &PeerId, room: &RoomName, out: &mut impl Outlet) {
        self.bring_up_to_date(now, id, room, out);
        let Self { peers, presences, work, .. } = self;
        let (Some(peer), Some(presence)) = (peers.get_mut(id), presences.get_mut(room)) else { return };
        if let Some(view) = peer.rooms.get_mut(room).filter(|view| !view.stale) {
            work.touch(view.size());
            presence.list(view);
        }
    }

    /// Sends a member the list of a room in place of changes that the room does not keep.
    fn list_again(&mut self, now: u64, id: &PeerId, room: &RoomName, out: &mut impl Outlet) -> u64 {
        let query = Query { room: Some(room.clone()), limit: Some(limits::PAGE), ..Query::default() };
        let page = self.find(now, id, &query);
        let listed = u64::try_from(page.peers.len()).unwrap_or(u64::MAX);
        let Self { peers, presences, store, .. } = self;
        let (Some(peer), Some(presence)) = (peers.get_mut(id), presences.get_mut(room)) else { return 0 };
        let Some(mut view) = peer.rooms.get_mut(room).map(std::mem::take) else { return 0 };
        let mail = Arc::new(Mail::Joined { room: room.clone(), page, reference: None });
        if store.put(peer, &mail, None, out).is_ok() {
            presence.list(&mut view);
        } else {
            peer.behind = true;
        }
        view.put_back(&mut peer.rooms, room);
        listed
    }

    /// Removes the ended stays of a room.
    fn forget_ended_stays(&mut self, room: &RoomName) {
        let Some(mut presence) = self.presences.remove(room) else { return };
        let members: Vec<PeerId> = self.rooms.peers(room).into_iter().flatten().cloned().collect();
        let mut views: Vec<(PeerId, View)> = Vec::with_capacity(members.len());
        for id in members {
            self.work.touch(1);
            let view = self.peers.get_mut(&id).and_then(|peer| peer.rooms.get_mut(room)).map(std::mem::take);
            views.extend(view.map(|view| (id, view)));
        }
        presence.forget_ended(views.iter_mut().map(|(_, view)| view));
        self.presences.insert(room.clone(), presence);
        for (id, view) in views {
            if let Some(peer) = self.peers.get_mut(&id) {
                view.put_back(&mut peer.rooms, room);
            }
        }
    }
}

/// Sends a member the notices about these places, as far as its mailbox takes notices, and returns how many.
fn tell(
    due: &[u32],
    room: &RoomName,
    presence: &mut Presence,
    view: &mut View,
    peer: &mut Registration,
    mut put: impl FnMut(&mut Registration, &Arc<Mail>),
) -> u64 {
    let mut told = 0;
    for slot in due {
        if !peer.mailbox.takes_notices() {
            peer.behind = true;
            break;
        }
        if let Some(mail) = presence.tell(room, view, *slot, peer.has_session()) {
            put(peer, &mail);
            told += 1;
        }
    }
    told
}

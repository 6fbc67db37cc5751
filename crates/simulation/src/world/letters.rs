//! Applications send messages; the reference model of delivery looks at each.

use super::World;
use super::delivery::Totals;
use signalpost_core::{CallId, Command, Failure, Receiver, Reply};
use signalpost_protocol::{PeerId, PeerInfo, RoomName};
use std::collections::BTreeSet;

/// How long a link must have been there until what was sent has its answer, in milliseconds.
const LINKED_MS: u64 = 60_000;

impl World {
    pub(super) fn send(&mut self, page: usize, peer: usize, receipt: bool, bytes: usize) {
        let id = self.pages[peer].id.clone();
        let owed = (!self.pages[peer].application.is_closed).then(|| id.clone()).into_iter().collect();
        self.post(page, Receiver::Peer(id), receipt, owed, bytes);
    }

    /// What is broadcast is owed to those that have been in the room for long enough to be sure of it.
    pub(super) fn broadcast(&mut self, page: usize, room: &RoomName) {
        let others = self.pages.iter().enumerate().filter(|(place, it)| {
            *place != page && it.id != self.pages[page].id && it.standing.steady_rooms.contains(room)
        });
        let owed = others.map(|(_, it)| it.id.clone()).collect();
        self.post(page, Receiver::Room(room.clone()), false, owed, 40);
    }

    fn post(&mut self, page: usize, to: Receiver, receipt: bool, owed: BTreeSet<PeerId>, bytes: usize) {
        let tab = (page, self.pages[page].incarnation);
        let call = self.pages[page].call("message".into());
        let data = self.checks.delivery.note_send(tab, call, to.clone(), receipt, owed, bytes);
        self.command(page, Command::Message { call, to, data, receipt });
    }

    pub(super) fn note_settled(
        &mut self,
        page: usize,
        call: CallId,
        what: &str,
        result: &Result<Reply, Failure>,
    ) {
        let tab = (page, self.pages[page].incarnation);
        let told = result.as_ref().map(|_| ()).map_err(|failure| failure.code.as_str());
        if let Err(problem) = self.checks.delivery.note_settled(tab, call, told) {
            self.violate(problem);
        }
        let linked_at =
            self.pages[page].standing.linked_at.filter(|_| self.pages[page].tab.suspended_until.is_none());
        let linked_for = linked_at.map_or(0, |at| self.now - at);
        let is_late = told == Err("timeout") && !self.checks.delivery.wants_receipt(tab, call);
        if what == "message"
            && is_late
            && linked_for >= LINKED_MS
            && self.settings.keeps_sessions
            && !self.pages[page].was_mangled
        {
            self.violate(format!("{} has a link, and a message has no answer", self.pages[page].id));
        }
        let Some(Ok(room)) = what.strip_prefix("join ").map(RoomName::parse) else { return };
        let leave = format!("leave {room}");
        let leaves = self.pages[page].calls.values().any(|it| it.result.is_none() && it.what == leave);
        if let Ok(Reply::Peers { peers, .. }) = result
            && !leaves
        {
            self.pages[page].standing.presence.note_list(&room, peers);
            self.pages[page].standing.steady_rooms.insert(room);
        }
    }

    pub(super) fn note_message(&mut self, page: usize, from: &PeerId, room: Option<&RoomName>, data: &str) {
        if let Err(problem) = self.pages[page].standing.presence.note_message(from, room) {
            return self.violate(format!("{} is told: {problem}", self.pages[page].id));
        }
        let Self { checks, pages, .. } = self;
        let receiver = (&pages[page].id, (page, pages[page].incarnation));
        let room = room.map(RoomName::as_str);
        let name_of = |page: usize| pages[page].id.clone();
        if let Err(problem) = checks.delivery.note_arrival(receiver, from, room, data, name_of) {
            self.violate(problem);
        }
    }

    /// Whether news of a room are of no use to the application: the list that it asked for will say the same (the list of an earlier
    /// question has come after all), or it left the room in the step that brought them.
    fn are_idle(&self, page: usize, room: &RoomName) -> bool {
        let page = &self.pages[page];
        let join = format!("join {room}");
        let is_joining = page.calls.values().any(|it| it.result.is_none() && it.what == join);
        !page.standing.presence.has(room) && (is_joining || page.standing.just_left.contains(room))
    }

    pub(super) fn note_peer_joined(&mut self, page: usize, room: &RoomName, peer: &PeerInfo) {
        if self.are_idle(page, room) {
            return;
        }
        if let Err(problem) = self.pages[page].standing.presence.note_peer_joined(room, peer) {
            self.violate(format!("{} is told: {problem}", self.pages[page].id));
        }
    }

    pub(super) fn note_peer_left(&mut self, page: usize, room: &RoomName, peer: &PeerId, reason: &str) {
        let now = self.now;
        if self.are_idle(page, room) {
            return;
        }
        match self.pages[page].standing.presence.note_peer_left(room, peer) {
            Err(problem) => self.violate(format!("{} is told: {problem}", self.pages[page].id)),
            Ok(session) if reason != "left" && self.settings.keeps_sessions => {
                if !self.checks.endings.note_gone(now, page, room, (peer.clone(), session)) {
                    let own = &self.pages[page].id;
                    self.violate(format!(
                        "{own} is told that {peer} is gone ({reason}), whose session is not over"
                    ));
                }
            }
            Ok(_) => {}
        }
    }

    pub(super) fn note_away(&mut self, page: usize, room: &RoomName, peer: &PeerId, is_away: bool) {
        if self.are_idle(page, room) {
            return;
        }
        if let Err(problem) = self.pages[page].standing.presence.note_away(room, peer, is_away) {
            self.violate(format!("{} is told: {problem}", self.pages[page].id));
        }
    }

    /// The link of a page is back; without the session it had only where that may be over.
    pub(super) fn note_resumed(&mut self, page: usize, resumed: bool) {
        let name = self.pages[page].name();
        if resumed {
            return;
        }
        self.pages[page].standing.presence.note_new_session();
        if !self.checks.endings.note_lost(self.now, page, name) && self.settings.keeps_sessions {
            self.violate(format!("{} loses its session, which is not over", self.pages[page].id));
        } else {
            self.forget(page);
        }
    }

    /// What ends a session, and what its client knew with it.
    pub(super) fn note_end(&mut self, page: usize) {
        self.checks.endings.note_end(self.pages[page].name());
        self.forget(page);
    }

    /// What a page has not received yet is owed no more.
    pub(super) fn forget(&mut self, page: usize) {
        let id = self.pages[page].id.clone();
        self.pages[page].standing.steady_rooms.clear();
        self.checks.delivery.forgive(&id, false);
    }

    /// Every session is over.
    pub(super) fn note_end_of_all(&mut self) {
        for page in 0..self.pages.len() {
            self.pages[page].standing.steady_rooms.clear();
            let id = self.pages[page].id.clone();
            self.checks.delivery.forgive(&id, true);
            self.checks.delivery.forgive_broadcasts(&id);
        }
        self.checks.endings.note_end_of_all();
    }

    /// A frame arrived at the server on a socket that holds a session.
    pub(super) fn note_heard(&mut self, place: usize) {
        let socket = &self.sockets[place];
        let page = &self.pages[socket.page];
        let is_registered = socket.session.as_ref().is_some_and(|session| session.peer().is_some());
        let is_open = socket.session.as_ref().is_some_and(|session| !session.is_closed());
        if is_open && socket.incarnation == page.incarnation {
            self.checks.endings.note_heard(self.now, page.name(), is_registered);
        }
    }

    /// The server hears that the other end closed a socket.
    pub(super) fn note_closed(&mut self, place: usize, code: u16) {
        let socket = &self.sockets[place];
        let page = &self.pages[socket.page];
        if self.held(place) == Some(socket.connection) && socket.incarnation == page.incarnation {
            self.checks.endings.note_closed(self.now, page.name(), code);
        }
    }

    /// What became of every message so far.
    pub fn totals(&self) -> Totals {
        self.checks.delivery.totals()
    }

    /// The codes that messages were refused with, and how often.
    pub fn refusals(&self) -> impl Iterator<Item = (&str, u64)> {
        self.checks.delivery.refusals.iter().map(|(code, count)| (code.as_str(), *count))
    }

    /// Whether everything that was taken has arrived.
    pub fn all_delivered(&self) -> Result<(), super::Unsettled> {
        self.checks.delivery.missing().map_or(Ok(()), Err)
    }
}

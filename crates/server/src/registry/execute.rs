//! Commands: whose they are, whether a frame is the next of its client, and what it does.

use super::refused::Refused;
use super::state::Registry;
use crate::ConnectionId;
use crate::engine::{Action, Command, Delivery, News, Outcome, Outlet, Request};
use signalpost_protocol::{ErrorCode, PeerId, Query};

impl Registry {
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
        let received = own.map_or(0, |peer| peer.frames.received());
        // A sink takes replies always; one that breaks the rule only hurts its own connection.
        let _taken = out.deliver(connection, Delivery::Done { received, outcome });
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
            if let Err(outcome) = peer.frames.take(seq) {
                return outcome;
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

//! Executes commands: finds the peer of a socket, checks that a frame is the client's next, and does what it asks for.

use super::refused::Refused;
use crate::SocketId;
use crate::engine::{Action, ClientFrame, Command, Delivery, Mail, Outcome, Outlet};
use crate::registry::state::Registry;
use signalpost_protocol::{ErrorCode, PeerId, Position, Query};

impl Registry {
    /// Executes one command at `now` milliseconds. The reply and all mail go to `out`, under the rules
    /// of [`crate::engine`].
    pub fn execute(&mut self, now: u64, socket: SocketId, command: Command, out: &mut impl Outlet) {
        let outcome = match command {
            Command::Detach(departure) => {
                self.detach(now, socket, departure, out);
                return self.end_overflowed(now, out);
            }
            Command::Claim(claim) => match self.claim(now, socket, *claim, out) {
                Ok(()) => return self.end_overflowed(now, out),
                Err(code) => Outcome::Refused(code),
            },
            Command::Beat { ack } => match self.renew(now, socket, ack, out) {
                Some(_) => Outcome::Executed,
                None => Outcome::Unregistered,
            },
            Command::Frame(request) => match self.renew(now, socket, request.ack, out) {
                Some(id) => self.request(now, &id, request, out),
                None => Outcome::Unregistered,
            },
        };
        self.end_overflowed(now, out);
        let own = self.sockets.get(&socket).and_then(|id| self.peers.get(id));
        let received = own.map_or(Position::START, |peer| peer.frames.received());
        // A queue takes every reply; one that breaks this rule only hurts its own socket.
        let _taken = out.deliver(socket, Delivery::Done { received, outcome });
    }

    /// Finds the peer of a socket, renews its lease and takes its acknowledgement; `None` when the socket has no peer or the
    /// lease is over.
    fn renew(
        &mut self,
        now: u64,
        socket: SocketId,
        ack: Option<Position>,
        out: &mut impl Outlet,
    ) -> Option<PeerId> {
        let id = self.sockets.get(&socket)?.clone();
        let peer = self.peers.get_mut(&id)?;
        if !peer.is_present(now) {
            self.end_lease(now, &id, out);
            return None;
        }
        // The order of `leases` stays as it is: a beat must be cheap, and the sweep looks again.
        peer.last_seen = peer.last_seen.max(now);
        if let Some(ack) = ack.filter(|ack| peer.has_session() && *ack <= peer.mailbox.sent()) {
            peer.keys.prove();
            let before = peer.mailbox.size().0;
            let due = self.store.acknowledge(peer, ack);
            self.work.touch(before.saturating_sub(peer.mailbox.size().0));
            let can_be_told = peer.behind && peer.mailbox.wants_notices();
            self.send_receipts(due, out);
            if can_be_told {
                self.tell_member(now, &id, out);
            }
        }
        Some(id)
    }

    /// Executes a frame once, in its turn.
    fn request(&mut self, now: u64, id: &PeerId, request: ClientFrame, out: &mut impl Outlet) -> Outcome {
        let Some(peer) = self.peers.get_mut(id) else { return Outcome::Unregistered };
        if peer.has_session() {
            let Some(seq) = request.seq else { return Outcome::Refused(ErrorCode::InvalidMessage) };
            if let Err(outcome) = peer.frames.take(seq) {
                return outcome;
            }
        }
        let reference = request.reference;
        let (mail, outcome) = match self.act(now, id, reference, request.action, out) {
            Ok(mail) => (mail, Outcome::Executed),
            Err(Refused { code, text, about, after }) => {
                (Some(Mail::Refused { code, text, reference, about, after }), Outcome::Refused(code))
            }
        };
        if let Some(mail) = mail {
            self.answer(id, mail, out);
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
    ) -> Result<Option<Mail>, Refused> {
        if matches!(action, Action::Join(_) | Action::Discover(Query { room: Some(_), .. })) {
            // A member takes a peer that the list of a room does not name for gone, unless it got a `peer-away` before.
            let _all = self.end_leases(now, out);
        }
        match action {
            Action::Join(room) => {
                let page = self.join(now, id, &room, out)?;
                Ok(Some(Mail::Joined { room, page, reference }))
            }
            Action::Describe(mapping) => {
                self.redescribe(now, id, mapping, out)?;
                Ok(None)
            }
            Action::Leave(room) => {
                self.leave(now, id, &room, out)?;
                Ok(Some(Mail::Left { room, reference }))
            }
            Action::Discover(query) => {
                if let Some(room) = &query.room {
                    self.bring_up_to_date(now, id, room, out);
                }
                let page = self.find(now, id, &query);
                Ok(Some(Mail::Found { page, reference }))
            }
            Action::Send { to, signal } => match self.send(now, id, &to, signal, reference, out) {
                Ok(()) => Ok(reference.map(|_| Mail::Sent { reference })),
                Err(refused) => Err(Refused { about: Some(to), ..refused }),
            },
            Action::Broadcast { room, data } => {
                self.broadcast(now, id, &room, data, out)?;
                Ok(reference.map(|_| Mail::Sent { reference }))
            }
            Action::Refuse { code, text, about } => Err(Refused { code, text, about, after: None }),
        }
    }
}

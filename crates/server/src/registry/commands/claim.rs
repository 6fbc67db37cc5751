//! Acts on a claim: begins a session, or lets it go on with another socket.

use crate::SocketId;
use crate::engine::{Claim, Claimed, Delivery, LeaveReason, LossReason, Outlet};
use crate::registry::sessions::claim_decision::{Decision, Farewell, Holder, HolderState, KeyFit, decide};
use crate::registry::sessions::registration::Registration;
use crate::registry::state::Registry;
use signalpost_protocol::{ErrorCode, PeerId, Position, SESSIONS};

impl Registry {
    /// Gives a socket its session.
    ///
    /// # Errors
    /// The code with which the claim is refused. Nothing has changed then.
    pub(super) fn claim(
        &mut self,
        now: u64,
        socket: SocketId,
        claim: Claim,
        out: &mut impl Outlet,
    ) -> Result<(), ErrorCode> {
        let id = PeerId::parse(&claim.peer.id).map_err(|_| ErrorCode::InvalidMessage)?;
        if self.sockets.contains_key(&socket) {
            return Err(ErrorCode::AlreadyRegistered);
        }
        let holder = self.peers.get(&id).map(|peer| self.holder(now, peer, &claim));
        let is_full = self.peers.len() >= self.bounds.peers;
        match decide(claim.received, holder.as_ref(), is_full) {
            Decision::Refuse(code) => return Err(code),
            Decision::Late(farewell) => {
                let _taken = out.deliver(socket, farewell.into_delivery());
            }
            Decision::Begin { reason, former } => {
                if let Some(farewell) = former {
                    self.replace(now, &id, farewell, out);
                }
                self.begin(now, socket, id, claim, reason, out);
            }
            Decision::Resume { position } => self.resume(now, socket, &id, Ok(position), claim, out),
            Decision::RepeatWelcome(reason) => self.resume(now, socket, &id, Err(reason), claim, out),
        }
        Ok(())
    }

    /// Reads from the session that has the claimed id what the decision depends on.
    fn holder(&self, now: u64, peer: &Registration, claim: &Claim) -> Holder {
        let state = if self.is_over(now, peer) {
            HolderState::Over
        } else if peer.is_leaving {
            HolderState::Leaving
        } else if peer.is_away() {
            HolderState::Away
        } else {
            HolderState::Connected
        };
        let key = if !peer.keys.accepts(&claim.key) {
            KeyFit::Wrong
        } else if let Some(reason) = peer.keys.means_another(&claim.key) {
            KeyFit::BeforeWelcome(reason)
        } else {
            KeyFit::Right
        };
        let position = claim.received.unwrap_or_default();
        let is_known =
            (peer.mailbox.floor()..=peer.mailbox.sent()).contains(&position) && !peer.frames.are_stuck();
        Holder {
            state,
            key,
            is_claim_late: peer.keys.know_later(claim.attempt),
            is_same_incarnation: peer.info.incarnation == claim.peer.incarnation,
            both_have_sessions: peer.has_session() && claim.version >= SESSIONS,
            position: is_known.then_some(position),
        }
    }

    fn begin(
        &mut self,
        now: u64,
        socket: SocketId,
        id: PeerId,
        claim: Claim,
        reason: Option<LossReason>,
        out: &mut impl Outlet,
    ) {
        self.sessions = self.sessions.saturating_add(1);
        let peer = Registration::new(now, self.sessions, socket, claim, reason);
        self.deadlines.leases.insert((peer.due, id.clone()));
        self.sockets.insert(socket, id.clone());
        self.labels.insert(&id, &peer.labels);
        self.peers.insert(id, peer);
        let claimed =
            Claimed { resumed: false, reason, received: Position::START, acknowledged: Position::START };
        let _taken = out.deliver(socket, Delivery::Claimed(claimed));
    }

    /// Ends the session of a peer, and sends its socket the farewell. Another session takes its place.
    fn replace(&mut self, now: u64, id: &PeerId, farewell: Farewell, out: &mut impl Outlet) {
        if let Some(old) = self.remove(now, id, LeaveReason::Lost, out) {
            let _taken = out.deliver(old, farewell.into_delivery());
        }
    }

    /// Lets a session go on with this socket. The former socket loses it, and the mail that the client has not seen follows the
    /// reply. `position` is the number from which the session goes on, or the reason that the client's lost `welcome` gave.
    fn resume(
        &mut self,
        now: u64,
        socket: SocketId,
        id: &PeerId,
        position: Result<Position, LossReason>,
        claim: Claim,
        out: &mut impl Outlet,
    ) {
        let Some(peer) = self.peers.get_mut(id) else { return };
        self.labels.remove(id, &peer.labels);
        let was_away = match peer.socket.replace(socket) {
            Some(old) => {
                self.sockets.remove(&old);
                let _taken = out.deliver(old, Delivery::Replaced);
                self.deadlines.leases.remove(&(peer.due, id.clone()));
                false
            }
            None => self.deadlines.windows.remove(&(peer.due, id.clone())),
        };
        self.sockets.insert(socket, id.clone());
        peer.is_leaving = false;
        peer.last_seen = now;
        peer.due = peer.expires_at();
        self.deadlines.leases.insert((peer.due, id.clone()));
        peer.keys.rotate(claim.key, claim.next, claim.attempt);
        peer.version = claim.version;
        let changed = *peer.info != claim.peer;
        peer.describe(claim.peer);
        self.labels.insert(id, &peer.labels);
        let acknowledged = position.unwrap_or_default();
        let receipts = self.store.acknowledge(peer, acknowledged);
        let (resumed, reason) = (position.is_ok(), position.err());
        let claimed = Claimed { resumed, reason, received: peer.frames.received(), acknowledged };
        let _taken = out.deliver(socket, Delivery::Claimed(claimed));
        let mut sent = acknowledged;
        for (seq, mail) in peer.mailbox.iter() {
            self.work.touch(1);
            sent = Position::after(seq);
            let _taken = out.deliver(socket, Delivery::Mail { seq: Some(seq), mail: mail.clone() });
        }
        peer.mailbox.handle_sent(sent);
        self.send_receipts(receipts, out);
        if changed {
            self.describe_in_rooms(id, was_away);
        }
        if was_away {
            self.set_away(now, id, None, out);
        }
        self.tell_member(now, id, out);
    }
}

//! Posts mail: into the mailboxes of clients and to the sockets behind them.

use crate::engine::{Mail, Outlet, explanation};
use crate::registry::sessions::mailbox::{NotTaken, Receipt};
use crate::registry::sessions::registration::Registration;
use crate::registry::state::Registry;
use signalpost_protocol::{ErrorCode, PeerId, RoomName};
use std::sync::Arc;

impl Registry {
    /// Puts mail into the mailbox of a peer and, if the peer has a socket, sends it. A peer of version 1 has only the
    /// socket.
    ///
    /// # Errors
    /// [`NotTaken`] when there is no room. A session whose mailbox cannot take an answer ends with the command.
    pub(super) fn post(
        &mut self,
        to: &PeerId,
        mail: &Arc<Mail>,
        receipt: Option<Receipt>,
        out: &mut impl Outlet,
    ) -> Result<(), NotTaken> {
        let Some(peer) = self.peers.get_mut(to) else { return Err(NotTaken::Busy) };
        let put = self.store.put(peer, mail, receipt, out);
        if put == Err(NotTaken::Lost) && !peer.overflowed {
            peer.overflowed = true;
            self.overflowed.push(to.clone());
        }
        put
    }

    /// Posts a relay to every live member of a room but its sender. A full mailbox of one member does not keep it from the
    /// others.
    ///
    /// # Errors
    /// [`NotTaken`] when the mailbox of a member had no room.
    pub(super) fn post_to_room(
        &mut self,
        now: u64,
        room: &RoomName,
        from: &PeerId,
        relay: &Arc<Mail>,
        out: &mut impl Outlet,
    ) -> Result<(), NotTaken> {
        let mut done = Ok(());
        let mut to_be_told = Vec::new();
        let Self { peers, rooms, store, work, turns, .. } = self;
        for member in rooms.peers(room).into_iter().flatten().filter(|member| *member != from) {
            work.touch(1);
            let Some(peer) = peers.get_mut(member).filter(|peer| peer.is_live(now)) else { continue };
            if turns.is_idle() && !peer.behind && !peer.is_away() {
                done = store.put(peer, relay, None, out).and(done);
            } else {
                to_be_told.push(member.clone());
            }
        }
        for member in &to_be_told {
            let told = self.tell_about_in(member, from, room, out);
            done = told.and_then(|()| self.post(member, relay, None, out)).and(done);
        }
        done
    }

    /// Posts the answer to a client's own frame.
    pub(super) fn answer(&mut self, to: &PeerId, mail: Mail, out: &mut impl Outlet) {
        // If the answer does not fit, the session ends: no answer is lost while its session goes on.
        let _ends_when_lost = self.post(to, &Arc::new(mail), None, out);
    }

    /// Posts `received` to the senders of acknowledged messages.
    pub(super) fn send_receipts(&mut self, receipts: Vec<Receipt>, out: &mut impl Outlet) {
        for receipt in receipts {
            if self.wants_receipt(&receipt) {
                let reference = Some(receipt.reference);
                self.answer(&receipt.sender, Mail::Received { reference }, out);
            }
        }
    }

    /// Posts `peer-not-found` to the senders of messages that their receiver's session did not acknowledge before it ended.
    pub(super) fn report_unreceived(
        &mut self,
        receiver: &PeerId,
        receipts: impl Iterator<Item = Receipt>,
        out: &mut impl Outlet,
    ) {
        for receipt in receipts {
            if self.wants_receipt(&receipt) {
                self.answer(&receipt.sender, not_found(receiver, Some(receipt.reference)), out);
            }
        }
    }

    /// Posts `peer-not-found` to the peers whose negotiation did not reach a peer before its session ended: they may send it
    /// again.
    pub(super) fn report_unreached(
        &mut self,
        receiver: &PeerId,
        senders: impl IntoIterator<Item = PeerId>,
        out: &mut impl Outlet,
    ) {
        for sender in senders {
            if self.peers.get(&sender).is_some_and(Registration::has_session) {
                self.answer(&sender, not_found(receiver, None), out);
            }
        }
    }

    /// Whether the session that asked for a receipt still lives.
    fn wants_receipt(&self, receipt: &Receipt) -> bool {
        self.peers.get(&receipt.sender).is_some_and(|peer| peer.number == receipt.session)
    }
}

fn not_found(about: &PeerId, reference: Option<u32>) -> Mail {
    let code = ErrorCode::PeerNotFound;
    Mail::Refused { code, text: explanation(code).into(), reference, about: Some(about.clone()), after: None }
}

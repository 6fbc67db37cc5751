//! From the engine to the clients: mailboxes, and sockets behind them.

use super::Registry;
use super::mailbox::{NotTaken, Receipt};
use crate::engine::{Delivery, LeaveReason, News, Outlet, words};
use signalpost_protocol::{ErrorCode, PeerId, RoomName};
use std::sync::Arc;

impl Registry {
    /// Puts news into the mailbox of a peer and, where it has a socket, on their way. A peer of version 1 has only the
    /// socket.
    ///
    /// # Errors
    /// When there is no room. A session that cannot take what it has to ends with the command.
    pub(super) fn post(
        &mut self,
        to: &PeerId,
        news: &Arc<News>,
        receipt: Option<Receipt>,
        out: &mut impl Outlet,
    ) -> Result<(), NotTaken> {
        let Some(peer) = self.peers.get_mut(to) else { return Err(NotTaken::Busy) };
        let seq = if peer.has_session() {
            match peer.mailbox.push(news.clone(), receipt) {
                Ok(seq) => Some(seq),
                Err(why) => {
                    if why == NotTaken::Lost && !self.overflowed.contains(to) {
                        self.overflowed.push(to.clone());
                    }
                    return Err(why);
                }
            }
        } else {
            None
        };
        let Some(connection) = peer.connection else { return Ok(()) };
        // Only without a mailbox can there be no room: a sink takes what is numbered.
        out.deliver(connection, Delivery::News { seq, news: news.clone() }).map_err(|_full| NotTaken::Busy)
    }

    /// Answers a client's own frame.
    pub(super) fn answer(&mut self, to: &PeerId, news: News, out: &mut impl Outlet) {
        // Where it does not fit the session ends: an answer is never lost alone.
        let _ends_when_lost = self.post(to, &Arc::new(news), None, out);
    }

    /// Tells senders that their messages were received.
    pub(super) fn give(&mut self, receipts: Vec<Receipt>, out: &mut impl Outlet) {
        for receipt in receipts {
            if self.asks(&receipt) {
                let reference = Some(receipt.reference);
                self.answer(&receipt.sender, News::Received { reference }, out);
            }
        }
    }

    /// Tells senders that their messages never will be received.
    pub(super) fn withhold(
        &mut self,
        receiver: &PeerId,
        receipts: impl Iterator<Item = Receipt>,
        out: &mut impl Outlet,
    ) {
        for receipt in receipts {
            if self.asks(&receipt) {
                let code = ErrorCode::PeerNotFound;
                let (text, about) = (words(code).into(), Some(receiver.clone()));
                let refused = News::Refused { code, text, reference: Some(receipt.reference), about };
                self.answer(&receipt.sender, refused, out);
            }
        }
    }

    /// Whether the session that asked for a receipt still lives.
    fn asks(&self, receipt: &Receipt) -> bool {
        self.peers.get(&receipt.sender).is_some_and(|peer| peer.number == receipt.session)
    }

    /// Tells every live member of a room but one. Members of version 1 are told `legacy` instead, or nothing. A member
    /// for whom there is no room ends as [`crate::engine`] says; the others do not wait for it.
    pub(super) fn notify(
        &mut self,
        now: u64,
        room: &RoomName,
        except: &PeerId,
        news: News,
        legacy: Option<News>,
        out: &mut impl Outlet,
    ) {
        let members: Vec<PeerId> = self.rooms.peers(room).into_iter().flatten().cloned().collect();
        let (news, legacy) = (Arc::new(news), legacy.map(Arc::new));
        for member in members.iter().filter(|member| *member != except) {
            let Some(peer) = self.peers.get(member).filter(|peer| peer.is_live(now)) else { continue };
            let told = if peer.has_session() { Some(&news) } else { legacy.as_ref() };
            if let Some(told) = told {
                let _ends_when_lost = self.post(member, told, None, out);
            }
        }
    }

    /// The one place where a stay in a room ends. Members of version 1 took one who was away for gone.
    pub(super) fn depart(
        &mut self,
        now: u64,
        id: &PeerId,
        room: &RoomName,
        reason: LeaveReason,
        was_away: bool,
        out: &mut impl Outlet,
    ) {
        self.rooms.remove(room, id);
        let left = News::PeerLeft { room: room.clone(), peer: id.clone(), reason };
        let legacy = (!was_away).then(|| left.clone());
        self.notify(now, room, id, left, legacy, out);
    }
}

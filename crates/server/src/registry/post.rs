//! From the engine to the clients: mailboxes, and sockets behind them.

use super::Registry;
use super::mailbox::{NotTaken, Receipt};
use super::registration::Registration;
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
        put(to, peer, &mut self.overflowed, news, receipt, out)
    }

    /// Puts news to every live member of a room but one; which, `choose` says of each. A member for whom there is no
    /// room does not keep the others waiting.
    ///
    /// # Errors
    /// When there was no room for somebody.
    pub(super) fn post_to_room<'a>(
        &mut self,
        now: u64,
        room: &RoomName,
        except: &PeerId,
        choose: impl Fn(&Registration) -> Option<&'a Arc<News>>,
        out: &mut impl Outlet,
    ) -> Result<(), NotTaken> {
        let mut done = Ok(());
        for member in self.rooms.peers(room).into_iter().flatten().filter(|member| *member != except) {
            let Some(peer) = self.peers.get_mut(member).filter(|peer| peer.is_live(now)) else { continue };
            if let Some(news) = choose(peer) {
                done = put(member, peer, &mut self.overflowed, news, None, out).and(done);
            }
        }
        done
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
                self.answer(&receipt.sender, not_found(receiver, Some(receipt.reference)), out);
            }
        }
    }

    /// Tells who negotiates with a peer that its session has ended without having heard of it: it may say it again.
    pub(super) fn disappoint(
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
        let (news, legacy) = (Arc::new(news), legacy.map(Arc::new));
        let choose = |peer: &Registration| if peer.has_session() { Some(&news) } else { legacy.as_ref() };
        let _ends_when_lost = self.post_to_room(now, room, except, choose, out);
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

fn not_found(about: &PeerId, reference: Option<u32>) -> News {
    let code = ErrorCode::PeerNotFound;
    News::Refused { code, text: words(code).into(), reference, about: Some(about.clone()) }
}

fn put(
    to: &PeerId,
    peer: &mut Registration,
    overflowed: &mut Vec<PeerId>,
    news: &Arc<News>,
    receipt: Option<Receipt>,
    out: &mut impl Outlet,
) -> Result<(), NotTaken> {
    let seq = if peer.has_session() {
        let pushed = peer.mailbox.push(news.clone(), receipt);
        if pushed == Err(NotTaken::Lost) && !overflowed.contains(to) {
            overflowed.push(to.clone());
        }
        match pushed? {
            Some(seq) => Some(seq),
            None => return Ok(()),
        }
    } else {
        None
    };
    let Some(connection) = peer.connection else { return Ok(()) };
    peer.mailbox.handle_sent(seq.unwrap_or(0));
    // Only without a mailbox can there be no room: a sink takes what is numbered.
    out.deliver(connection, Delivery::News { seq, news: news.clone() }).map_err(|_full| NotTaken::Busy)
}

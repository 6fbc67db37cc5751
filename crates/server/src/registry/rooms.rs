//! What peers do: enter and leave rooms, and speak to each other.

use super::Registry;
use super::mailbox::Receipt;
use crate::engine::{LeaveReason, News, Outlet, Page};
use signalpost_protocol::{ErrorCode, PeerId, Query, RoomName, Signal, limits};
use std::sync::Arc;

impl Registry {
    pub(super) fn join(
        &mut self,
        now: u64,
        id: &PeerId,
        room: &RoomName,
        out: &mut impl Outlet,
    ) -> Result<Page, ErrorCode> {
        if let Some(peer) = self.peers.get_mut(id)
            && !peer.rooms.contains(room)
        {
            if peer.rooms.len() >= limits::ROOMS_PER_PEER {
                return Err(ErrorCode::TooManyRooms);
            }
            peer.rooms.insert(room.clone());
            let joined = News::PeerJoined { room: room.clone(), peer: peer.info.clone() };
            self.notify(now, room, id, joined.clone(), Some(joined), out);
            self.rooms.insert(room.clone(), id);
        }
        let query = Query { room: Some(room.clone()), limit: Some(limits::PAGE), ..Query::default() };
        Ok(self.find(now, id, &query))
    }

    pub(super) fn leave(
        &mut self,
        now: u64,
        id: &PeerId,
        room: &RoomName,
        out: &mut impl Outlet,
    ) -> Result<(), ErrorCode> {
        let was_in = self.peers.get_mut(id).is_some_and(|peer| peer.rooms.remove(room));
        if !was_in {
            return Err(ErrorCode::RoomNotJoined);
        }
        self.depart(now, id, room, LeaveReason::Left, false, out);
        Ok(())
    }

    pub(super) fn send(
        &mut self,
        now: u64,
        from: &PeerId,
        to: &PeerId,
        mut signal: Signal,
        reference: Option<u32>,
        out: &mut impl Outlet,
    ) -> Result<(), ErrorCode> {
        let Some(target) = self.peers.get(to).filter(|peer| peer.is_live(now)) else {
            return Err(ErrorCode::PeerNotFound);
        };
        let mut receipt = None;
        if let Signal::Message { receipt: asked, .. } = &mut signal
            // Version 1 knows of no receipts, and its clients give none.
            && std::mem::take(asked)
            && let Some(sender) = self.peers.get(from).filter(|peer| peer.has_session())
            && let Some(reference) = reference
        {
            if !target.has_session() {
                return Err(ErrorCode::UpgradeRequired);
            }
            receipt = Some(Receipt { sender: from.clone(), session: sender.number, reference });
        }
        let relay = Arc::new(News::Relay { from: from.clone(), signal });
        self.post(to, &relay, receipt, out).map_err(|_no_room| ErrorCode::PeerBusy)
    }

    pub(super) fn broadcast(
        &mut self,
        now: u64,
        from: &PeerId,
        room: &RoomName,
        data: String,
        out: &mut impl Outlet,
    ) -> Result<(), ErrorCode> {
        if !self.peers.get(from).is_some_and(|peer| peer.rooms.contains(room)) {
            return Err(ErrorCode::RoomNotJoined);
        }
        let signal = Signal::Message { room: Some(room.clone()), data, receipt: false };
        let relay = Arc::new(News::Relay { from: from.clone(), signal });
        self.post_to_room(now, room, from, |_| Some(&relay), out).map_err(|_no_room| ErrorCode::PeerBusy)
    }
}

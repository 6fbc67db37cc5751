//! Takes a peer's new description of its network.

use super::refused::Refused;
use crate::engine::Outlet;
use crate::registry::rooms::presence::Presence;
use crate::registry::state::Registry;
use signalpost_protocol::{ErrorCode, Label, PeerId, PeerInfo};
use std::sync::Arc;

impl Registry {
    /// Notes how the network of a peer maps addresses. Lists name it from now on, and the members of small rooms are told.
    ///
    /// # Errors
    /// `rate-limited`. Nothing has changed then.
    pub(super) fn redescribe(
        &mut self,
        now: u64,
        id: &PeerId,
        mapping: Option<Label>,
        out: &mut impl Outlet,
    ) -> Result<(), Refused> {
        let Some(peer) = self.peers.get_mut(id) else { return Err(ErrorCode::NotRegistered.into()) };
        let mapping = mapping.map(|word| word.as_str().to_owned());
        if peer.info.mapping == mapping {
            return Ok(());
        }
        peer.joins.take(now).map_err(Refused::wait)?;
        let info = Arc::new(PeerInfo { mapping, ..PeerInfo::clone(&peer.info) });
        peer.info = Arc::clone(&info);
        let mut small = Vec::new();
        for (room, view) in &peer.rooms {
            let Some(presence) = self.presences.get_mut(room) else { continue };
            presence.describe(view, &info);
            if self.turns.is_small(presence) {
                small.push((room.clone(), view.slot()));
            }
        }
        for (room, slot) in small {
            for member in self.rooms.peers(&room).into_iter().flatten() {
                self.work.touch(1);
                if let Some(view) = self.peers.get_mut(member).and_then(|peer| peer.rooms.get_mut(&room)) {
                    Presence::renew(view, slot);
                }
            }
            self.tell_members(now, &room, out);
        }
        Ok(())
    }
}

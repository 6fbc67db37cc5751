//! Members whose sessions are over and of whom nobody has said so: Redis forgot the session before a sweep found it, or the agenda
//! lost it. The looks of the nodes find them, a few at a time.

use super::context::{Rooms, later};
use super::list::Healed;
use super::steps::Pick;
use crate::redis::presence::lapsed;
use futures_util::future::join_all;
use signalpost_protocol::{PeerId, RoomName};
use std::collections::BTreeSet;

/// Members of each kind, present and away, that one look picks in one room.
pub(super) const PICKS: usize = 8;
/// Most times that one look picks in one room: again only where it has found a ghost.
const ROUNDS: usize = 8;
/// Peers that are looked at together.
const TOGETHER: usize = 16;

impl Rooms<'_> {
    /// Takes those of the picked members out of their rooms whose sessions are over.
    pub(super) async fn look_for_ghosts(&self, mut picked: Vec<(RoomName, Pick)>) {
        for _ in 0..ROUNDS {
            let haunted = self.heal_ghosts(&picked).await;
            picked.clear();
            for room in haunted {
                match self.steps().ask(&room, PICKS, &[], false).await {
                    Ok(asked) => picked.extend(asked.picks.into_iter().map(|pick| (room.clone(), pick))),
                    Err(error) => later(Err(error)),
                }
            }
            if picked.is_empty() {
                break;
            }
        }
    }

    /// Takes those of the picked members out of their rooms whose sessions are over, and returns these rooms.
    async fn heal_ghosts(&self, picked: &[(RoomName, Pick)]) -> BTreeSet<RoomName> {
        let is_here = |pick: &Pick| self.here().by_session(&pick.peer, pick.session).is_some();
        let (overdue, present): (Vec<_>, Vec<_>) = picked.iter().partition(|(_, pick)| pick.is_overdue);
        let present: Vec<_> = present.into_iter().filter(|(_, pick)| !is_here(pick)).collect();
        let peers: Vec<&PeerId> = present.iter().map(|(_, pick)| &pick.peer).collect();
        let over = lapsed(self.node, self.now, &peers).await;
        let lapsed = present.into_iter().filter(|(_, pick)| over.contains(&pick.peer));
        let suspects: Vec<&(RoomName, Pick)> = overdue.into_iter().chain(lapsed).collect();
        let mut haunted = BTreeSet::new();
        for some in suspects.chunks(TOGETHER) {
            let healed = some.iter().map(|(room, pick)| self.heal(room, &pick.peer, pick.session));
            for (healed, (room, pick)) in join_all(healed).await.into_iter().zip(some) {
                match healed {
                    Ok(Healed::WasPresent) => {}
                    Ok(Healed::IsAbsent) => {
                        tracing::warn!(%room, peer = %pick.peer, "a member whose session is over");
                        haunted.insert(room.clone());
                    }
                    Err(error) => tracing::warn!(%room, %error, "a member could not be looked at"),
                }
            }
        }
        haunted
    }
}

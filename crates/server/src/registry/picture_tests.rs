//! What a client knows of a room.

use crate::engine::Mail;
use std::collections::BTreeSet;

/// What a client makes of the notices of one room. It counts every absence and every end.
#[derive(Debug, Default)]
pub(super) struct Picture {
    pub(super) present: BTreeSet<String>,
    pub(super) away: BTreeSet<String>,
    pub(super) absences: usize,
    pub(super) ends: usize,
    pub(super) lists: usize,
    /// The last list goes on behind its first page, which is all that it holds.
    pub(super) is_partial: bool,
}

impl Picture {
    pub(super) fn note(&mut self, mail: &Mail) {
        match mail {
            Mail::Joined { page, reference, .. } => {
                self.lists += 1;
                self.is_partial = page.cursor.is_some();
                if reference.is_none() {
                    self.away.clear();
                }
                self.present = page.peers.iter().map(|peer| peer.id.clone()).collect();
            }
            Mail::PeerJoined { peer, .. } => {
                assert!(self.present.insert(peer.id.clone()), "{} joined twice", peer.id);
                assert!(!self.away.contains(&peer.id));
            }
            Mail::PeerBack { peer, .. } => {
                self.away.remove(&peer.id);
                self.present.insert(peer.id.clone());
            }
            Mail::PeerAway { peer, .. } => {
                self.absences += 1;
                self.present.remove(peer.as_str());
                assert!(self.away.insert(peer.as_str().into()), "{peer} is away twice");
            }
            Mail::PeerLeft { peer, .. } => {
                self.ends += 1;
                let was_here = self.present.remove(peer.as_str()) | self.away.remove(peer.as_str());
                assert!(was_here || self.lists == 0 || self.is_partial, "{peer} left and was never named");
            }
            _ => {}
        }
    }
}

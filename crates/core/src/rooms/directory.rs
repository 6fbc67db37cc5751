//! What lists have told about peers that one may connect to.

use crate::collections::table::Table;
use signalpost_protocol::{PeerId, PeerInfo};

/// Most peers that are remembered.
const MOST: usize = 1024;

/// Session number and how long the lookup took, in milliseconds, by peer.
#[derive(Default)]
pub struct Directory(Table<PeerId, (u32, Option<u32>)>);

impl Directory {
    /// A list named this peer. `took`: how long the lookup took; `None` when nobody had looked.
    pub fn handle_listed(&mut self, peer: &PeerInfo, took: Option<u32>) {
        let Ok(id) = PeerId::parse(&peer.id) else { return };
        if self.0.len() >= MOST && !self.0.contains_key(&id) {
            // Any will do; it only costs a number in a timeline.
            let first = self.0.entries().first().map(|(id, _)| id.clone());
            first.map(|id| self.0.remove(&id));
        }
        self.0.insert(id, (peer.session, took));
    }

    /// The peer is not there any more.
    pub fn handle_gone(&mut self, id: &PeerId) {
        self.0.remove(id);
    }

    pub fn known(&self, id: &PeerId) -> Option<(u32, Option<u32>)> {
        self.0.get(id).copied()
    }
}

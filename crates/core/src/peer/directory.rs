//! What the server's lists say about the peers that the application may connect to.

use crate::collections::table::Table;
use signalpost_protocol::{Mapping, Open, PeerId, PeerInfo};

/// Most peers that are remembered.
const MAX: usize = 1024;

/// What a list told of a peer.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// Which of the peer's lives it was.
    pub incarnation: u32,
    /// How the peer's network maps addresses, if it said so.
    pub mapping: Option<Open<Mapping>>,
    /// How long the lookup took, in milliseconds; `None` when the server named the peer by itself.
    pub took_ms: Option<u32>,
}

impl Listed {
    /// What a description of a peer tells.
    pub fn of(info: &PeerInfo, took_ms: Option<u32>) -> Self {
        let mapping = info.mapping.as_deref().map(Open::from);
        Self { incarnation: info.incarnation, mapping, took_ms }
    }
}

/// The peers that lists have named.
#[derive(Default)]
pub struct Directory(Table<PeerId, Listed>);

impl Directory {
    /// Remembers a peer that a list named.
    pub fn handle_listed(&mut self, id: &PeerId, listed: Listed) {
        if self.0.len() >= MAX && !self.0.contains_key(id) {
            // Any will do; it only costs a number in a timeline.
            let first = self.0.entries().first().map(|(id, _)| id.clone());
            first.map(|id| self.0.remove(&id));
        }
        self.0.insert(id.clone(), listed);
    }

    /// Forgets a peer that is not there any more.
    pub fn handle_gone(&mut self, id: &PeerId) {
        self.0.remove(id);
    }

    /// What the last list that named this peer told of it.
    pub fn listed(&self, id: &PeerId) -> Option<Listed> {
        self.0.get(id).cloned()
    }
}

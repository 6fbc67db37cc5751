//! An index from a property to the peers that have it.

use signalpost_protocol::PeerId;
use std::collections::{BTreeMap, BTreeSet};

/// An index that keeps no key without peers: it is never larger than what the registrations put into it.
#[derive(Debug)]
pub(crate) struct Index<K>(BTreeMap<K, BTreeSet<PeerId>>);

impl<K> Default for Index<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord> Index<K> {
    /// Adds a peer to a key, and returns whether it was not there before.
    pub(crate) fn insert(&mut self, key: K, peer: &PeerId) -> bool {
        self.0.entry(key).or_default().insert(peer.clone())
    }

    pub(crate) fn remove(&mut self, key: &K, peer: &PeerId) {
        if let Some(peers) = self.0.get_mut(key) {
            peers.remove(peer);
            if peers.is_empty() {
                self.0.remove(key);
            }
        }
    }

    pub(crate) fn peers(&self, key: &K) -> Option<&BTreeSet<PeerId>> {
        self.0.get(key)
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

//! The labels by which peers can be found.

use super::index::Index;
use signalpost_protocol::{Label, PeerId, PeerInfo};
use std::collections::BTreeSet;

/// The labels that one peer gives itself.
#[derive(Debug, Default)]
pub(crate) struct OwnLabels {
    region: Option<Label>,
    capabilities: BTreeSet<Label>,
}

impl OwnLabels {
    pub(crate) fn of(info: &PeerInfo) -> Self {
        let label = |text: &String| Label::parse(text).ok();
        Self {
            region: info.region.as_ref().and_then(label),
            capabilities: info.capabilities.iter().filter_map(label).collect(),
        }
    }
}

/// The peers of each region, and those of each capability.
#[derive(Debug, Default)]
pub(crate) struct Labels {
    pub(crate) regions: Index<Label>,
    pub(crate) capabilities: Index<Label>,
}

impl Labels {
    /// Makes a peer findable by its labels.
    pub(crate) fn insert(&mut self, id: &PeerId, labels: &OwnLabels) {
        if let Some(region) = &labels.region {
            self.regions.insert(region.clone(), id);
        }
        for capability in &labels.capabilities {
            self.capabilities.insert(capability.clone(), id);
        }
    }

    /// Takes a peer out of what [`Labels::insert`] put it into.
    pub(crate) fn remove(&mut self, id: &PeerId, labels: &OwnLabels) {
        if let Some(region) = &labels.region {
            self.regions.remove(region, id);
        }
        for capability in &labels.capabilities {
            self.capabilities.remove(capability, id);
        }
    }
}

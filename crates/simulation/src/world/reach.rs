//! Who reaches whom.

use crate::model_peer_connection::Network;
use std::collections::{BTreeMap, BTreeSet};

/// The paths between connections, and the connections to which something happened in this step.
#[derive(Debug, Default)]
pub(super) struct Reach {
    pub paths: BTreeMap<(usize, usize), Network>,
    pub touched: BTreeSet<usize>,
    /// Until when nothing passes between two pages.
    pub outages: BTreeMap<(usize, usize), u64>,
    /// The texts that arrive at connections, by time and number.
    pub texts: BTreeMap<(u64, u64), (usize, String)>,
    pub next_text: u64,
}

impl Reach {
    /// Whether nothing passes between two pages.
    pub fn is_out(&self, a: usize, b: usize) -> bool {
        self.outages.contains_key(&(a.min(b), a.max(b)))
    }
}

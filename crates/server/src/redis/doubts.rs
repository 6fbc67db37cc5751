//! Sessions that began while a region did not answer.

use super::region::Region;
use signalpost_protocol::PeerId;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Most sessions that are kept.
const MOST: usize = 100_000;

/// Sessions of peers that may have another in a region that did not answer when they began.
#[derive(Debug, Default)]
pub(super) struct Doubts(Mutex<BTreeMap<PeerId, (Region, u64)>>);

impl Doubts {
    /// Notes the session with this number, which lies in `region`.
    pub(super) fn note(&self, peer: PeerId, region: Region, number: u64) {
        let mut doubts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if doubts.len() < MOST {
            doubts.insert(peer, (region, number));
        }
    }

    /// Takes the peers of which there is a doubt, with region and number of the session.
    pub(super) fn take(&self) -> BTreeMap<PeerId, (Region, u64)> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

//! Listing peers.

use super::{Registry, SCAN};
use crate::engine::Page;
use signalpost_protocol::{PeerId, Query, limits};
use std::collections::BTreeSet;
use std::ops::Bound;

impl Registry {
    /// One page of the live peers that meet every condition of the query, ordered by id, without the asker.
    pub(super) fn find(&self, now: u64, asker: &PeerId, query: &Query) -> Page {
        let mut sets: Vec<&BTreeSet<PeerId>> = Vec::with_capacity(3);
        let conditions = [
            query.room.as_ref().map(|room| self.rooms.peers(room)),
            query.region.as_ref().map(|region| self.regions.peers(region)),
            query.capability.as_ref().map(|capability| self.capabilities.peers(capability)),
        ];
        for condition in conditions.into_iter().flatten() {
            match condition {
                Some(set) => sets.push(set),
                None => return Page::default(),
            }
        }
        sets.sort_by_key(|set| set.len());
        let after = query.cursor.as_deref().and_then(|cursor| PeerId::parse(cursor).ok());
        let start = after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let limit = usize::from(query.limit.unwrap_or(limits::DEFAULT_PAGE).clamp(1, limits::PAGE));
        match sets.split_first() {
            Some((smallest, others)) => {
                let ids = smallest.range::<PeerId, _>((start, Bound::Unbounded));
                let marked = ids.map(|id| (id, others.iter().all(|set| set.contains(id))));
                self.page(now, asker, limit, marked)
            }
            None => {
                let ids = self.peers.range::<PeerId, _>((start, Bound::Unbounded));
                self.page(now, asker, limit, ids.map(|(id, _)| (id, true)))
            }
        }
    }

    /// Takes from `ids`, which are in order and each say whether they meet the other conditions.
    fn page<'a>(
        &'a self,
        now: u64,
        asker: &PeerId,
        limit: usize,
        ids: impl Iterator<Item = (&'a PeerId, bool)>,
    ) -> Page {
        let mut page = Page::default();
        let mut last_listed: Option<&PeerId> = None;
        let mut last_scanned: Option<&PeerId> = None;
        for (scanned, (id, meets)) in ids.enumerate() {
            if scanned >= SCAN {
                page.cursor = last_scanned.cloned();
                break;
            }
            last_scanned = Some(id);
            let Some(peer) = self.peers.get(id) else { continue };
            if !meets || id == asker || !peer.is_live(now) {
                continue;
            }
            if page.peers.len() == limit {
                page.cursor = last_listed.cloned();
                break;
            }
            last_listed = Some(id);
            page.peers.push(peer.info.clone());
        }
        page
    }
}

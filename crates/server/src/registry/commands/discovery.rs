//! Lists peers, page by page.

use crate::engine::{Page, peer_weight};
use crate::registry::state::Registry;
use signalpost_protocol::{PeerId, Query, limits};
use std::collections::BTreeSet;
use std::ops::Bound;

/// Most peers that one listing looks at; a page that stops there is short and carries a cursor.
pub(in crate::registry) const SCAN: usize = 2_000;

/// How much one page holds.
struct PageLimits {
    peers: usize,
    bytes: usize,
}

impl Registry {
    /// Returns one page of the peers that are present and meet every condition of the query, ordered by id, without the asker.
    /// The page is short if the asker has acknowledged little of its mail.
    pub(super) fn find(&mut self, now: u64, asker: &PeerId, query: &Query) -> Page {
        let (page, scanned) = self.scan(now, asker, query);
        self.work.touch(scanned);
        page
    }

    /// Returns the page, and how many peers it took to look at.
    fn scan(&self, now: u64, asker: &PeerId, query: &Query) -> (Page, usize) {
        let mut sets: Vec<&BTreeSet<PeerId>> = Vec::with_capacity(3);
        let conditions = [
            query.room.as_ref().map(|room| self.rooms.peers(room)),
            query.region.as_ref().map(|region| self.labels.regions.peers(region)),
            query.capability.as_ref().map(|capability| self.labels.capabilities.peers(capability)),
        ];
        for condition in conditions.into_iter().flatten() {
            match condition {
                Some(set) => sets.push(set),
                None => return (Page::default(), 0),
            }
        }
        sets.sort_by_key(|set| set.len());
        let after = query.cursor.as_deref().and_then(|cursor| PeerId::parse(cursor).ok());
        let start = after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let limit = usize::from(query.limit.unwrap_or(limits::DEFAULT_PAGE).clamp(1, limits::PAGE));
        let bytes = self.peers.get(asker).map_or(0, |peer| peer.mailbox.page_bytes());
        let page_limits = PageLimits { peers: limit, bytes };
        match sets.split_first() {
            Some((smallest, others)) => {
                let ids = smallest.range::<PeerId, _>((start, Bound::Unbounded));
                let marked = ids.map(|id| (id, others.iter().all(|set| set.contains(id))));
                self.page(now, asker, page_limits, marked)
            }
            None => {
                let ids = self.peers.range::<PeerId, _>((start, Bound::Unbounded));
                self.page(now, asker, page_limits, ids.map(|(id, _)| (id, true)))
            }
        }
    }

    /// Takes from `ids`, which are in order and each say whether they meet the other conditions.
    fn page<'a>(
        &'a self,
        now: u64,
        asker: &PeerId,
        page_limits: PageLimits,
        ids: impl Iterator<Item = (&'a PeerId, bool)>,
    ) -> (Page, usize) {
        let mut page = Page::default();
        let (mut bytes, mut looked) = (0usize, 0usize);
        let mut last_listed: Option<&PeerId> = None;
        let mut last_scanned: Option<&PeerId> = None;
        for (scanned, (id, meets)) in ids.enumerate() {
            if scanned >= SCAN {
                page.cursor = last_scanned.map(ToString::to_string);
                break;
            }
            looked = looked.saturating_add(1);
            last_scanned = Some(id);
            let Some(peer) = self.peers.get(id) else { continue };
            if !meets || id == asker || !peer.is_present(now) {
                continue;
            }
            bytes = bytes.saturating_add(peer_weight(&peer.info));
            // Each page lists at least one peer: a client that goes on asking must come to the end.
            if page.peers.len() == page_limits.peers || (bytes > page_limits.bytes && last_listed.is_some()) {
                page.cursor = last_listed.map(ToString::to_string);
                break;
            }
            last_listed = Some(id);
            page.peers.push(peer.info.clone());
        }
        (page, looked)
    }
}

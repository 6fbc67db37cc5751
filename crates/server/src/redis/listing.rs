//! Lists the peers that a client asks for, over all regions.

use super::discovery::{CHUNK, found, read};
use super::error::StoreError;
use super::node::Node;
use super::pages::{Place, merge};
use super::presence::{Presence, meets, page_bytes, peek};
use super::region::Region;
use crate::engine::{Page, peer_weight};
use futures_util::future::join_all;
use signalpost_protocol::{PeerId, Query, limits};
use std::sync::Arc;
use tokio::time::Instant;

/// Most entries that one listing looks at; a page that stops there is short and carries a cursor.
const SCAN: usize = 600;

/// Lists one page of the peers that are present and meet every condition of the query, which names no room, ordered by id and
/// without the asker.
///
/// # Errors
/// Those of the store.
pub(super) async fn find(
    node: &Arc<Node>,
    now: u64,
    asker: &PeerId,
    query: &Query,
) -> Result<Page, StoreError> {
    let limit = usize::from(query.limit.unwrap_or(limits::DEFAULT_PAGE).clamp(1, limits::PAGE));
    let bytes = match peek(node, now, asker).await? {
        Presence::Connected { answer_bytes, .. } => page_bytes(answer_bytes),
        _ => page_bytes(0),
    };
    let listing = Listing { now, asker, query, limit, bytes };
    let after = query.cursor.as_deref().and_then(|cursor| PeerId::parse(cursor).ok());
    if node.is_alone() {
        return listing.of_region(node, after, limit, bytes).await;
    }
    if query.nearest { listing.nearest(node).await } else { listing.by_id(node, after).await }
}

/// One listing.
struct Listing<'a> {
    now: u64,
    asker: &'a PeerId,
    query: &'a Query,
    limit: usize,
    bytes: usize,
}

impl Listing<'_> {
    /// Lists the peers of all regions by id. Those of a region that does not answer in time are left out.
    async fn by_id(&self, node: &Arc<Node>, after: Option<PeerId>) -> Result<Page, StoreError> {
        let regions = node.everywhere();
        let asked =
            regions.iter().map(|there| self.of_any(node, there, after.clone(), self.limit, self.bytes));
        let pages = join_all(asked).await.into_iter().collect::<Result<_, _>>()?;
        Ok(merge(pages, self.limit, self.bytes))
    }

    /// Lists the peers of the nearest region, then those of the next, and so on. Those of a region that does not answer in time
    /// are left out.
    async fn nearest(&self, node: &Arc<Node>) -> Result<Page, StoreError> {
        let mut regions = node.everywhere();
        regions.sort_by_cached_key(|there| there.config.region.clone());
        let mut regions: Vec<(usize, Arc<Node>)> = regions.into_iter().enumerate().collect();
        let Place { mut done, current } = Place::read(self.query.cursor.as_deref());
        let begun = current.as_ref().map(|(region, _)| *region);
        regions.retain(|(at, _)| !done.contains(at));
        regions.sort_by_cached_key(|(at, there)| {
            (begun != Some(*at), there.region != Region::OWN, there.notes.distance.median())
        });
        let mut after = current.and_then(|(_, after)| PeerId::parse(&after).ok());
        let (mut page, mut weight) = (Page::default(), 0usize);
        for (at, there) in regions {
            let after = after.take_if(|_| begun == Some(at));
            let rest = self.limit.saturating_sub(page.peers.len());
            let bytes = self.bytes.saturating_sub(weight);
            if rest == 0 || (bytes == 0 && !page.peers.is_empty()) {
                page.cursor = Some(Place { done, current: None }.write());
                return Ok(page);
            }
            let part = self.of_any(node, &there, after, rest, bytes).await?;
            weight = part.peers.iter().map(|peer| peer_weight(peer)).fold(weight, usize::saturating_add);
            page.peers.extend(part.peers);
            if let Some(cursor) = part.cursor {
                page.cursor = Some(Place { done, current: Some((at, cursor)) }.write());
                return Ok(page);
            }
            done.push(at);
        }
        Ok(page)
    }

    /// Lists peers of one region: with patience for the region of the asker's session, otherwise for a short time.
    async fn of_any(
        &self,
        home: &Node,
        there: &Arc<Node>,
        after: Option<PeerId>,
        limit: usize,
        bytes: usize,
    ) -> Result<Page, StoreError> {
        let listing = self.of_region(there, after, limit, bytes);
        let listed = if there.region == home.region {
            listing.await?
        } else {
            there.in_time(listing).await.unwrap_or_default()
        };
        for peer in listed.peers.iter().filter_map(|peer| PeerId::parse(&peer.id).ok()) {
            there.whereabouts.note(&peer, there.region, Instant::now());
        }
        Ok(listed)
    }

    /// Lists peers of one region by id.
    async fn of_region(
        &self,
        node: &Node,
        mut after: Option<PeerId>,
        limit: usize,
        bytes: usize,
    ) -> Result<Page, StoreError> {
        let Self { now, asker, query, .. } = *self;
        let list = match (&query.region, &query.capability) {
            (Some(region), _) => node.keys.region(region),
            (None, Some(capability)) => node.keys.capability(capability),
            (None, None) => node.keys.everybody(),
        };
        let (mut page, mut weight, mut scanned) = (Page::default(), 0usize, 0usize);
        loop {
            let entries = read(node, now, &list, after.as_ref()).await?;
            let is_last = entries.len() < CHUNK;
            scanned = scanned.saturating_add(entries.len());
            let asked = entries.iter().map(|(peer, session)| found(node, now, &list, peer, *session));
            for ((peer, _), info) in entries.iter().zip(join_all(asked).await) {
                after = Some(peer.clone());
                let Some(info) = info.filter(|info| peer != asker && meets(info, query)) else { continue };
                weight = weight.saturating_add(peer_weight(&info));
                // Each page lists at least one peer: a client that goes on asking must come to the end.
                if page.peers.len() == limit || (weight > bytes && !page.peers.is_empty()) {
                    page.cursor = page.peers.last().map(|last| last.id.clone());
                    return Ok(page);
                }
                page.peers.push(info);
            }
            if is_last {
                return Ok(page);
            }
            if scanned >= SCAN {
                page.cursor = after.map(|after| after.to_string());
                return Ok(page);
            }
        }
    }
}

//! Pages of peers out of the pages of several regions.

use crate::engine::{Page, peer_weight};
use std::collections::BTreeMap;

/// Makes one page, ordered by id, of the pages that regions have made for the same query: at most `limit` peers, and about `bytes`.
pub(super) fn merge(pages: Vec<Page>, limit: usize, bytes: usize) -> Page {
    // Behind it, a region may have peers that its page does not name.
    let horizon = pages.iter().filter_map(|page| page.cursor.clone()).min();
    let peers: BTreeMap<_, _> =
        pages.into_iter().flat_map(|page| page.peers).map(|peer| (peer.id.clone(), peer)).collect();
    let mut page = Page::default();
    let mut weight = 0usize;
    for (id, peer) in peers {
        if horizon.as_ref().is_some_and(|horizon| id > *horizon) {
            break;
        }
        weight = weight.saturating_add(peer_weight(&peer));
        if page.peers.len() >= limit || (weight > bytes && !page.peers.is_empty()) {
            page.cursor = page.peers.last().map(|last| last.id.clone());
            return page;
        }
        page.peers.push(peer);
    }
    page.cursor = horizon;
    page
}

/// Where a list of the nearest peers goes on: regions one after the other, each ordered by id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// The regions that are listed, by their places among the names of all.
    pub(super) done: Vec<usize>,
    /// The region that is being listed, and the id behind which it goes on, if it has begun.
    pub(super) current: Option<(usize, String)>,
}

impl Place {
    /// Reads a cursor; one that is none of such a list begins it.
    pub(super) fn read(cursor: Option<&str>) -> Self {
        let read = || {
            let (regions, after) = cursor?.split_once('/')?;
            let mut done = Vec::new();
            for region in regions.split('.').filter(|region| !region.is_empty()) {
                done.push(region.parse().ok()?);
            }
            let current = if after.is_empty() { None } else { Some((done.pop()?, after.to_owned())) };
            Some(Self { done, current })
        };
        read().unwrap_or_default()
    }

    /// Writes a cursor.
    pub(super) fn write(&self) -> String {
        let current = self.current.iter().map(|(region, _)| region);
        let regions: Vec<String> = self.done.iter().chain(current).map(ToString::to_string).collect();
        let after = self.current.as_ref().map_or("", |(_, after)| after);
        format!("{}/{after}", regions.join("."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use signalpost_protocol::PeerInfo;
    use std::sync::Arc;

    fn page(ids: &[&str], cursor: Option<&str>) -> Page {
        let info = |id: &&str| Arc::new(PeerInfo { id: (*id).into(), ..PeerInfo::default() });
        Page { peers: ids.iter().map(info).collect(), cursor: cursor.map(Into::into) }
    }

    fn ids(page: &Page) -> Vec<&str> {
        page.peers.iter().map(|peer| peer.id.as_str()).collect()
    }

    #[test]
    fn pages_are_merged_up_to_where_each_region_is_known() {
        let some = || vec![page(&["a", "d"], None), page(&["b", "c"], Some("c")), page(&["e"], Some("x"))];
        let merged = merge(some(), 10, 100_000);
        assert_eq!((ids(&merged), merged.cursor.as_deref()), (vec!["a", "b", "c"], Some("c")));
        let merged = merge(some(), 2, 100_000);
        assert_eq!((ids(&merged), merged.cursor.as_deref()), (vec!["a", "b"], Some("b")));
        let merged = merge(some(), 10, 1);
        assert_eq!((ids(&merged), merged.cursor.as_deref()), (vec!["a"], Some("a")), "one at least");
        let merged = merge(vec![page(&["b"], None), page(&["a", "b"], None)], 10, 100_000);
        assert_eq!((ids(&merged), merged.cursor.as_deref()), (vec!["a", "b"], None));
        let merged = merge(vec![page(&[], Some("k")), page(&["m"], None)], 10, 100_000);
        assert_eq!((ids(&merged), merged.cursor.as_deref()), (vec![], Some("k")));
    }

    #[test]
    fn every_id_is_listed_once_by_pages_of_any_size() {
        let regions = [["a", "c", "e", "g", "i"], ["b", "d", "f", "h", "j"]];
        for limit in 1..=10 {
            let (mut all, mut cursor): (Vec<String>, Option<String>) = (Vec::new(), None);
            loop {
                let pages = regions.iter().map(|region| {
                    let rest = region.iter().filter(|id| cursor.as_deref().is_none_or(|after| **id > after));
                    let rest: Vec<&str> = rest.copied().collect();
                    let part = rest.get(..limit.min(rest.len())).unwrap();
                    page(part, part.last().copied().filter(|_| part.len() < rest.len()))
                });
                let merged = merge(pages.collect(), limit, 100_000);
                all.extend(merged.peers.iter().map(|peer| peer.id.clone()));
                cursor = merged.cursor;
                if cursor.is_none() {
                    break;
                }
            }
            assert_eq!(all.concat(), "abcdefghij", "{limit}");
        }
    }

    #[test]
    fn a_place_is_read_as_it_was_written() {
        for (place, text) in [
            (Place { done: vec![2, 0], current: Some((1, "a/b.c".into())) }, "2.0.1/a/b.c"),
            (Place { done: vec![1], current: None }, "1/"),
            (Place { done: vec![], current: Some((3, "x".into())) }, "3/x"),
        ] {
            assert_eq!(place.write(), text);
            assert_eq!(Place::read(Some(text)), place);
        }
        for text in [None, Some("ada"), Some("/ada"), Some("x/ada"), Some("-1/ada")] {
            assert_eq!(Place::read(text), Place::default(), "{text:?}");
        }
    }
}

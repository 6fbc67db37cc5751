//! Finds peers by their labels, over all nodes.
//!
//! A list for discovery holds hints: the ids of sessions that had a label when they began. What counts is the session itself,
//! which is read before it is listed. An entry names the number of its session, so one that is found to be over can be removed
//! without harm to a later session of the same peer.

use super::error::StoreError;
use super::node::Node;
use super::presence::{Presence, lapsed, peek};
use super::reply::Fields;
use super::scripts::{LIST_CHANGE, LIST_KEEP, LIST_PAGE};
use futures_util::future::{join_all, try_join_all};
use signalpost_protocol::{Label, PeerId, PeerInfo};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Entries that are read at once.
pub(super) const CHUNK: usize = 200;
/// Entries that one look picks at random in one list.
const PICKS: usize = 8;
/// Most times that one look picks in one list: again only where it has found an entry of a session that is over.
const ROUNDS: usize = 8;
/// Sessions that one look puts into their lists again: so many, and so small a part of all.
const SESSIONS: usize = 64;
const PART: usize = 90;
/// Steps that one look makes together.
const TOGETHER: usize = 16;

/// Makes a session findable. It may be repeated.
///
/// # Errors
/// Those of the store.
pub(super) async fn insert(
    node: &Node,
    now: u64,
    peer: &PeerId,
    session: u64,
    info: &PeerInfo,
) -> Result<(), StoreError> {
    change(node, now, "add", &entry(peer, session), lists(node, info)).await
}

/// Takes a session out of the lists that [`insert`] put it into.
///
/// # Errors
/// Those of the store.
pub(super) async fn remove(
    node: &Node,
    now: u64,
    peer: &PeerId,
    session: u64,
    info: &PeerInfo,
) -> Result<(), StoreError> {
    change(node, now, "remove", &entry(peer, session), lists(node, info)).await
}

async fn change(
    node: &Node,
    now: u64,
    what: &str,
    entry: &str,
    lists: BTreeSet<String>,
) -> Result<(), StoreError> {
    let calls =
        lists.into_iter().map(|list| node.run(node.call(&LIST_CHANGE, now).key(list).arg(what).arg(entry)));
    try_join_all(calls).await?;
    Ok(())
}

/// Puts some of the sessions of this node into their lists again, which live on by that, and removes entries of sessions that are over:
/// Redis may have forgotten a session before a sweep found it. Called every 10 s, it gets round in a quarter of an hour. A list that
/// does not answer keeps nothing from the others.
pub(super) async fn keep(node: &Node, now: u64) {
    let mut kept: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let sessions = {
        let mut here = node.rooms.lock();
        let part = here.sessions().checked_div(PART).unwrap_or(0);
        here.next_sessions(part.max(SESSIONS))
    };
    for session in sessions {
        for list in lists(node, &session.info()) {
            kept.entry(list).or_default().push(entry(&session.peer, session.session));
        }
    }
    for _ in 0..ROUNDS {
        let mut picked = Vec::new();
        let calls: Vec<_> = kept.iter().collect();
        for some in calls.chunks(TOGETHER) {
            for picks in
                join_all(some.iter().map(|(list, entries)| keep_list(node, now, list, entries))).await
            {
                picked.extend(picks.unwrap_or_else(|error| {
                    tracing::warn!(%error, "a list for discovery was not looked at");
                    Vec::new()
                }));
            }
        }
        kept.clear();
        let peers: Vec<&PeerId> = picked.iter().map(|(_, peer, _)| peer).collect();
        let over = lapsed(node, now, &peers).await;
        let over: Vec<_> = picked.iter().filter(|(_, peer, _)| over.contains(peer)).collect();
        for some in over.chunks(TOGETHER) {
            join_all(some.iter().map(|(list, peer, session)| found(node, now, list, peer, *session))).await;
        }
        kept.extend(over.into_iter().map(|(list, ..)| (list.clone(), Vec::new())));
        if kept.is_empty() {
            break;
        }
    }
}

/// Puts entries into a list, and returns some of the list, with its name.
async fn keep_list(
    node: &Node,
    now: u64,
    list: &str,
    entries: &[String],
) -> Result<Vec<(String, PeerId, u64)>, StoreError> {
    let call = node.call(&LIST_KEEP, now).key(list.into()).arg(PICKS);
    let call = entries.iter().fold(call, |call, entry| call.arg(entry));
    let picked = read_entries(node.run(call).await?.into_fields("list_keep")?)?;
    Ok(picked.into_iter().map(|(peer, session)| (list.to_owned(), peer, session)).collect())
}

fn entry(peer: &PeerId, session: u64) -> String {
    format!("{peer}\0{session}")
}

/// Names the lists of a peer with this description.
fn lists(node: &Node, info: &PeerInfo) -> BTreeSet<String> {
    let label = |text: &String| Label::parse(text).ok();
    let regions = info.region.iter().filter_map(label).map(|region| node.keys.region(&region));
    let capabilities = info.capabilities.iter().filter_map(label);
    let capabilities = capabilities.map(|capability| node.keys.capability(&capability));
    regions.chain(capabilities).chain([node.keys.everybody()]).collect()
}

/// Returns the description of a session that a list names, if it is present, as far as is known: a session that cannot be read keeps
/// nobody from the others.
pub(super) async fn found(
    node: &Node,
    now: u64,
    list: &str,
    peer: &PeerId,
    session: u64,
) -> Option<Arc<PeerInfo>> {
    presence(node, now, list, peer, session).await.unwrap_or_else(|error| {
        tracing::warn!(%peer, %error, "a session in a list for discovery was not looked at");
        None
    })
}

/// Reads the description of a session that a list names, if it is present. An entry of a session that is over is removed.
///
/// # Errors
/// Those of the store.
async fn presence(
    node: &Node,
    now: u64,
    list: &str,
    peer: &PeerId,
    session: u64,
) -> Result<Option<Arc<PeerInfo>>, StoreError> {
    match peek(node, now, peer).await? {
        Presence::Connected { number, info, .. } if number == session => Ok(Some(info)),
        Presence::Away { number } | Presence::Lapsed { number } if number == session => Ok(None),
        _ => {
            let call = node.call(&LIST_CHANGE, now).key(list.into()).arg("remove").arg(entry(peer, session));
            node.run(call).await?;
            Ok(None)
        }
    }
}

/// Reads a part of a list: peers and the numbers of their sessions, by id.
///
/// # Errors
/// Those of the store.
pub(super) async fn read(
    node: &Node,
    now: u64,
    list: &str,
    after: Option<&PeerId>,
) -> Result<Vec<(PeerId, u64)>, StoreError> {
    let call = node.call(&LIST_PAGE, now).key(list.into()).optional(after).arg(CHUNK);
    read_entries(node.run(call).await?.into_fields("list_page")?)
}

fn read_entries(mut fields: Fields) -> Result<Vec<(PeerId, u64)>, StoreError> {
    let mut entries = Vec::new();
    while !fields.is_empty() {
        let text = fields.text()?;
        let (peer, session) = text.split_once('\0').ok_or_else(|| fields.malformed())?;
        let peer = PeerId::parse(peer).map_err(|_| fields.malformed())?;
        entries.push((peer, session.parse().map_err(|_| fields.malformed())?));
    }
    Ok(entries)
}

//! Who is present: asked of sessions and of the agenda.

use super::error::StoreError;
use super::keys::shard;
use super::node::Node;
use super::reply::Reply;
use super::scripts::{LEASES, PEEK};
use crate::engine::limits::MAX_ANSWER_BYTES;
use futures_util::future::join_all;
use signalpost_protocol::{PeerId, PeerInfo, Query};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How it stands with the session of a peer.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Presence {
    Connected {
        /// The number of the session.
        number: u64,
        info: Arc<PeerInfo>,
        /// Bytes of answers that it has not acknowledged.
        answer_bytes: usize,
    },
    Away {
        number: u64,
    },
    /// Its lease is over, and nobody has taken note of it.
    Lapsed {
        number: u64,
    },
    None,
}

/// Reads how it stands with the session of a peer.
///
/// # Errors
/// Those of the store.
pub(super) async fn peek(node: &Node, now: u64, peer: &PeerId) -> Result<Presence, StoreError> {
    read(peer, node.run(node.call(&PEEK, now).key(node.keys.session(peer))).await?)
}

/// Reads how it stands with the session of a peer of another region.
///
/// # Errors
/// The region did not answer in time.
pub(super) async fn ask(node: &Node, now: u64, peer: &PeerId) -> Result<Presence, StoreError> {
    read(peer, node.ask(node.call(&PEEK, now).key(node.keys.session(peer))).await?)
}

fn read(peer: &PeerId, reply: Reply) -> Result<Presence, StoreError> {
    let mut fields = reply.into_fields("peek")?;
    Ok(match fields.text()?.as_str() {
        "connected" => {
            let number = fields.number()?;
            let info: PeerInfo = serde_json::from_str(&fields.text()?).map_err(|_| fields.malformed())?;
            // Whom a list names by another id than its own nobody finds again, and the page after it would begin elsewhere.
            if info.id != peer.as_str() {
                return Err(fields.malformed());
            }
            Presence::Connected { number, info: Arc::new(info), answer_bytes: fields.number()? }
        }
        "away" => Presence::Away { number: fields.number()? },
        "lapsed" => Presence::Lapsed { number: fields.number()? },
        "none" => Presence::None,
        _ => return Err(fields.malformed()),
    })
}

impl Presence {
    /// Returns the number of the session, if there is one.
    pub(super) const fn number(&self) -> Option<u64> {
        match self {
            Self::Connected { number, .. } | Self::Away { number } | Self::Lapsed { number } => Some(*number),
            Self::None => None,
        }
    }
}

/// Finds those of the peers whose lease is over, as far as the agenda says: a part of it that does not answer says nothing. A lease
/// that lasts for some time is not asked for again before.
pub(super) async fn lapsed(node: &Node, now: u64, peers: &[&PeerId]) -> BTreeSet<PeerId> {
    let mut shards: BTreeMap<u8, Vec<PeerId>> = BTreeMap::new();
    for peer in node.rooms.lock().unsure(peers, now) {
        shards.entry(shard(&peer)).or_default().push(peer);
    }
    let asked = shards.into_iter().map(|(shard, peers)| async move {
        let [leases, _] = node.keys.agenda(shard);
        let call = peers.iter().fold(node.call(&LEASES, now).key(leases), |call, peer| call.arg(peer));
        let mut fields = node.run_once(&call).await?.into_fields("leases")?;
        let mut rests = Vec::with_capacity(peers.len());
        for peer in peers {
            rests.push((peer, fields.number::<u64>()?));
        }
        Ok::<_, StoreError>(rests)
    });
    let mut over = BTreeSet::new();
    for asked in join_all(asked).await {
        let rests = asked.unwrap_or_else(|error| {
            tracing::warn!(%error, "a part of the agenda could not be asked");
            Vec::new()
        });
        for (peer, rest) in rests {
            if rest == 0 {
                over.insert(peer);
            } else {
                node.rooms.lock().note_lease(peer, now.saturating_add(rest));
            }
        }
    }
    over
}

/// Whether a peer meets the conditions about its labels.
pub(super) fn meets(info: &PeerInfo, query: &Query) -> bool {
    let region = query.region.as_ref().is_none_or(|region| info.region.as_deref() == Some(region.as_str()));
    let has = |capability: &str| info.capabilities.iter().any(|own| own == capability);
    region && query.capability.as_ref().is_none_or(|capability| has(capability.as_str()))
}

/// The most bytes that a page may have: half of the room that is left for answers. A client that asks faster than it
/// acknowledges gets shorter pages, and its session does not end.
pub(super) fn page_bytes(answers: usize) -> usize {
    (MAX_ANSWER_BYTES / 2).saturating_sub(answers) / 2
}

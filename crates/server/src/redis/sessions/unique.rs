//! One peer has one session in the whole mesh. A claim looks into all regions before it begins a session; where two begin at the
//! same time, or a region was away, one of the two ends afterwards.

use super::super::error::StoreError;
use super::super::node::Node;
use super::super::presence::{ask, peek};
use super::lost::{self, Which};
use crate::engine::Delivery;
use metrics::counter;
use signalpost_protocol::PeerId;
use std::sync::Arc;

/// Looks for other sessions of a peer whose session with this number lies in the region of `node`, while the caller goes on.
pub(super) fn look_elsewhere(node: &Arc<Node>, now: u64, id: &PeerId, number: u64) {
    for other in node.elsewhere() {
        let (node, id) = (Arc::clone(node), id.clone());
        tokio::spawn(async move { look(&node, &other, now, &id, number).await });
    }
}

/// Looks again for those that began while the region of `other` did not answer.
pub(crate) async fn look_again(other: &Arc<Node>, now: u64) {
    for (id, (region, number)) in other.notes.doubts.take() {
        if let Ok(node) = other.at(region) {
            look(&node, other, now, &id, number).await;
        }
    }
}

async fn look(node: &Arc<Node>, other: &Arc<Node>, now: u64, id: &PeerId, number: u64) {
    match end_one(node, other, now, id, number).await {
        Ok(false) => {}
        Ok(true) => {
            counter!("signalpost_redis_doubled_total").increment(1);
            tracing::warn!(peer = %id, "a peer had two sessions, in two regions");
        }
        Err(error) => {
            tracing::debug!(%error, "another region was not asked for a second session");
            other.notes.doubts.note(id.clone(), node.region, number);
        }
    }
}

/// Ends one of the sessions of a peer in two regions, if there are two: that with the lower number. Every node decides alike.
async fn end_one(
    node: &Arc<Node>,
    other: &Arc<Node>,
    now: u64,
    id: &PeerId,
    number: u64,
) -> Result<bool, StoreError> {
    let Some(second) = ask(other, now, id).await?.number() else { return Ok(false) };
    if peek(node, now, id).await?.number() != Some(number) {
        return Ok(false);
    }
    let is_first = (number, &node.config.region) < (second, &other.config.region);
    let (ends, which) = if is_first { (node, number) } else { (other, second) };
    lost::end(ends, now, id, Which::Number(which), "lost", Some(&Delivery::Superseded)).await?;
    Ok(true)
}

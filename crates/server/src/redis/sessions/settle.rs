//! Does what is left for a session beside its commands: a task for each session that has something, one at a time.

use super::super::error::StoreError;
use super::super::leftovers::Leftovers;
use super::super::node::Node;
use super::super::scripts;
use super::receipts::{self, Fate};
use super::{grave, lost};
use signalpost_protocol::PeerId;
use std::sync::Arc;

/// Does what is left for a peer, while the caller goes on. What fails is found again by the next command, claim or sweep.
pub(super) fn later(node: &Arc<Node>, now: u64, id: &PeerId, leftovers: Leftovers) {
    if !leftovers.graves && leftovers.receipts.is_empty() {
        return;
    }
    let Some(first) = node.settling.begin(id, leftovers) else { return };
    let (node, id) = (node.clone(), id.clone());
    node.clone().tasks.spawn(async move {
        let mut next = Some(first);
        while let Some(leftovers) = next {
            let _permit = node.settling.permits.acquire().await;
            lost::aside(settle(&node, now, &id, leftovers).await);
            next = node.settling.next(&id);
        }
    });
}

async fn settle(node: &Arc<Node>, now: u64, id: &PeerId, leftovers: Leftovers) -> Result<(), StoreError> {
    let Leftovers { session, receipts, graves } = leftovers;
    let (given, done) = receipts::give(node, now, id, session, &receipts, Fate::Received).await;
    if !given.is_empty() {
        let call = node.call(&scripts::FINISH, now).keys(node.keys.whole(id)).arg("").arg("");
        node.run(given.iter().fold(call, |call, receipt| call.arg(receipt.write()))).await?;
    }
    if graves {
        grave::empty(node, now, id).await?;
    }
    done
}

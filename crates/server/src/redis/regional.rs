//! What a node does for the other regions of its mesh, beside the commands of its own clients. None of it keeps the node's own
//! region waiting.

use super::agenda;
use super::node::Node;
use super::sessions::unique;
use super::{rooms, sweep};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::sleep;

/// Time between two looks at a region.
const PAUSE: Duration = Duration::from_secs(5);
/// Time between two sweeps of another region, in milliseconds: for peers of a region whose nodes are all gone.
const SWEEP_MS: u64 = 10_000;

/// Measures how far a region is, and looks for sessions that began twice while it did not answer, until the task is aborted.
pub(super) async fn watch(node: Arc<Node>) {
    loop {
        match node.measure().await {
            Ok(()) => unique::look_again(&node, node.last_now()).await,
            Err(error) => {
                tracing::debug!(region = node.config.region, %error, "a region does not answer");
            }
        }
        sleep(PAUSE).await;
    }
}

/// Sweeps the other regions now and then, and does there what is due for this node's own clients, while the caller goes on. A
/// region that is slow is swept less often. Returns when to come again, if that is known.
pub(super) fn sweep_others(own: &Arc<Node>, now: u64) -> Option<u64> {
    let mut due = None;
    for node in own.elsewhere() {
        due = due.into_iter().chain(rooms::due(&node)).min();
        if node.notes.is_swept.swap(true, Ordering::Relaxed) {
            continue;
        }
        tokio::spawn(async move {
            sweep_other(&node, now).await;
            node.notes.is_swept.store(false, Ordering::Relaxed);
        });
    }
    due
}

async fn sweep_other(node: &Arc<Node>, now: u64) {
    if node.store.try_now().is_err() {
        return;
    }
    if now >= node.notes.next_sweep.load(Ordering::Relaxed) {
        node.notes.next_sweep.store(now.saturating_add(SWEEP_MS), Ordering::Relaxed);
        sweep::sweep(node, now).await;
    } else {
        if let Err(error) = agenda::write_renewals(node, now).await {
            tracing::warn!(%error, "signs of life are not in the agenda of another region");
        }
        rooms::sweep(node, now).await;
    }
}

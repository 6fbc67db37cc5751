//! Does what time makes due. Every node sweeps; scripts see to it that one of them wins.

use super::agenda::{self, Failed};
use super::node::Node;
use super::{rooms, sessions};
use futures_util::StreamExt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Sessions that are looked at together.
const AT_ONCE: usize = 32;

/// Ends leases and windows that are over, and lets the rooms go on. What Redis does not do in time the next sweep does.
pub(super) async fn sweep(node: &Arc<Node>, now: u64) {
    if let Err(error) = agenda::write_renewals(node, now).await {
        tracing::warn!(%error, "signs of life are not in the agenda");
    }
    let due = agenda::due(node, now).await;
    node.health.note_sweep(due.failed.clone());
    match &due.failed {
        None => node.notes.sessions.store(due.sessions, Ordering::Relaxed),
        Some(error) => tracing::warn!(%error, "a part of the agenda could not be read"),
    }
    let looks = due.peers.into_iter().map(async |id| {
        let failure = sessions::lost::expire(node, now, &id).await.err()?;
        tracing::warn!(error = %failure, "a session that is due could not be looked at");
        Some(Failed::new(&id, &failure))
    });
    let looks = futures_util::stream::iter(looks).buffer_unordered(AT_ONCE);
    let mut failed: Vec<Failed> = looks.filter_map(async |failed| failed).collect().await;
    failed.extend(due.strange);
    agenda::put_off(node, now, failed).await;
    rooms::sweep(node, now).await;
}

//! Finds the region where the session of a peer lies, and puts mail into its mailbox there.
//!
//! A session of this node is known, and a place that was found is believed for a second. Otherwise the node's own region is tried,
//! and where the peer is not there all others are asked at once.

use super::error::StoreError;
use super::mailbox::{self, Answers, Post, Posted};
use super::node::Node;
use super::presence;
use super::region::Region;
use futures_util::future::join_all;
use signalpost_protocol::PeerId;
use std::sync::Arc;
use tokio::time::Instant;

/// Returns where a peer's session probably lies.
fn guess(node: &Node, peer: &PeerId) -> Region {
    if node.is_alone() {
        return node.region;
    }
    let elsewhere = node.elsewhere();
    let is_here = |other: &&Arc<Node>| other.rooms.lock().is_home(peer);
    match elsewhere.iter().find(is_here) {
        Some(other) => other.region,
        None if node.rooms.lock().is_home(peer) => node.region,
        None => node.whereabouts.get(peer, Instant::now()).unwrap_or(Region::OWN),
    }
}

/// Asks every region but one for a session of a peer, at once. Returns the region of the newest.
///
/// # Errors
/// It is in none that has answered in time, and this is why one has not.
async fn search(node: &Node, now: u64, peer: &PeerId, but: Region) -> Result<Option<Arc<Node>>, StoreError> {
    let others = node.everywhere().into_iter().filter(|other| other.region != but);
    let asked = others.map(|other| async move {
        let number = presence::ask(&other, now, peer).await.map(|presence| presence.number());
        number.map(|number| number.map(|number| (number, other)))
    });
    let (mut newest, mut failed) = (None, None);
    for answer in join_all(asked).await {
        match answer {
            Ok(Some((number, other))) if newest.as_ref().is_none_or(|(best, _)| number > *best) => {
                newest = Some((number, other));
            }
            Ok(_) => {}
            Err(error) => failed = Some(error),
        }
    }
    match (newest, failed) {
        (Some((_, other)), _) => {
            node.whereabouts.note(peer, other.region, Instant::now());
            Ok(Some(other))
        }
        (None, Some(error)) => Err(error),
        (None, None) => Ok(None),
    }
}

/// Puts mail into the mailbox of its receiver, in whatever region that is. Returns also the node as it works on that region.
///
/// # Errors
/// Redis did not do it in time, where the receiver is in the region of the source.
pub(super) async fn post(node: &Node, now: u64, post: &Post<'_>) -> Result<(Posted, Arc<Node>), StoreError> {
    let first = node.at(guess(node, post.to))?;
    let posted = mailbox::post(&first, now, post).await?;
    if posted != Posted::Gone || first.is_alone() {
        return Ok((posted, first));
    }
    node.whereabouts.forget(post.to);
    match search(node, now, post.to, first.region).await {
        Ok(Some(second)) => Ok((mailbox::post(&second, now, post).await?, second)),
        Ok(None) => Ok((Posted::Gone, first)),
        Err(_) => Ok((Posted::Unsure, first)),
    }
}

/// Puts answers into the mailbox of their receiver, in whatever region that is. A receiver that is gone needs none.
///
/// # Errors
/// They are not known to be there: the receiver's Redis did not answer in time, or has no memory left.
pub(super) async fn answer(node: &Node, now: u64, answers: &Answers<'_>) -> Result<(), StoreError> {
    let first = node.at(guess(node, answers.to))?;
    if mailbox::answer(&first, now, answers).await? || first.is_alone() {
        return Ok(());
    }
    node.whereabouts.forget(answers.to);
    if let Some(second) = search(node, now, answers.to, first.region).await? {
        mailbox::answer(&second, now, answers).await?;
    }
    Ok(())
}

//! Sees to it that mail which Redis has confirmed and then lost is missed: its receiver hears that its session is lost, and its sender
//! that it has not arrived.

use super::super::deposits::Deposit;
use super::super::error::StoreError;
use super::super::node::Node;
use super::super::scripts;
use super::lost::{self, Which};
use super::receipts::{self, Fate};
use crate::engine::Delivery;
use futures_util::StreamExt;
use metrics::counter;
use std::sync::Arc;
use tokio::time::Instant;

/// Mailboxes that are looked at together.
const AT_ONCE: usize = 32;

/// What has become of a deposit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fact {
    /// Nothing: its era goes on.
    Same,
    /// It is in the mailbox, or was acknowledged.
    Kept,
    /// It is gone, and the session goes on without it.
    Lost,
    /// The session is over.
    Over,
}

/// Looks after what this node has put into mailboxes whose Redis has started again since, or was replaced by a replica.
pub(crate) async fn look(node: &Arc<Node>, now: u64) {
    for sample in node.notes.deposits.samples(Instant::now()) {
        // While this part of Redis does not answer, nothing is known.
        let fact = ask(node, now, &sample).await;
        if fact.is_err() || fact == Ok(Fact::Same) {
            continue;
        }
        let taken = node.notes.deposits.take(&sample.era);
        futures_util::stream::iter(taken)
            .for_each_concurrent(AT_ONCE, async |deposit| {
                let done = check(node, now, &deposit).await;
                if done != Ok(true) {
                    node.notes.deposits.put_back(deposit);
                }
                lost::aside(done.map(drop));
            })
            .await;
    }
}

async fn ask(node: &Node, now: u64, deposit: &Deposit) -> Result<Fact, StoreError> {
    let call = node.call(&scripts::DEPOSIT, now).key(node.keys.session(&deposit.to));
    let call = call.arg(deposit.session).arg(&deposit.era).arg(deposit.top.0);
    let mut reply = node.run_once(&call).await?.into_fields("deposit")?;
    Ok(match reply.text()?.as_str() {
        "same" => Fact::Same,
        "kept" => Fact::Kept,
        "lost" => Fact::Lost,
        "over" => Fact::Over,
        _ => return Err(reply.malformed()),
    })
}

/// Draws the consequences for one mailbox. Returns whether that is done; where its era goes on it is not.
async fn check(node: &Arc<Node>, now: u64, deposit: &Deposit) -> Result<bool, StoreError> {
    match ask(node, now, deposit).await? {
        Fact::Same => return Ok(false),
        Fact::Kept => return Ok(true),
        Fact::Lost => {
            tracing::warn!("Redis has lost mail that it had confirmed");
            counter!("signalpost_redis_lost_mail_total").increment(1);
            let which = Which::Number(deposit.session);
            lost::end(node, now, &deposit.to, which, "lost", Some(&Delivery::SessionLost)).await?;
        }
        Fact::Over => {}
    }
    // Behind what the end of the session has said. Who has its receipt hears nothing more.
    receipts::give(node, now, &deposit.to, deposit.session, &deposit.receipts, Fate::Lost).await.1?;
    Ok(true)
}

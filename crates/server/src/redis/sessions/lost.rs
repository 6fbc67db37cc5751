//! What is left to do when a session was taken from its socket, or has ended: at once, or by the next command, claim or sweep that finds it.

use super::super::agenda::{self, Plan};
use super::super::bell;
use super::super::error::StoreError;
use super::super::local::Owned;
use super::super::node::Node;
use super::super::{discovery, rooms, scripts};
use super::grave;
use crate::SocketId;
use crate::engine::Delivery;
use metrics::counter;
use signalpost_protocol::PeerId;
use std::sync::Arc;

/// Most sessions that end in one command because their mailbox could not take an answer.
const MAX_OVERFLOWED_AT_ONCE: usize = 8;

/// Logs why something beside a command was not done. It is still written down, and the next command, claim or sweep goes on.
pub(super) fn aside(done: Result<(), StoreError>) {
    if let Err(error) = done {
        counter!("signalpost_redis_put_off_total", "kind" => error.label()).increment(1);
        tracing::warn!(%error, "something beside a command was put off");
    }
}

/// Takes the session from a socket that owns it no more, as a script has told, and says farewell to the socket. `word`: what the script
/// knows of the reason, or nothing.
pub(super) fn fenced(node: &Node, socket: SocketId, owned: &Owned, word: &str) {
    rooms::forget(node, owned);
    // The bell may have said it already.
    if node.local.owned(socket).is_some_and(|now| now.seal == owned.seal) {
        node.local.disown(socket);
        if let Some(farewell) = bell::farewell(word) {
            node.local.deliver(socket, farewell);
        }
    }
}

/// Ends the session of a socket of which Redis has lost a part, and the session `number` that Redis has in its place: neither can go on.
///
/// # Errors
/// Redis did not do it in time.
pub(super) async fn rewound(
    node: &Arc<Node>,
    now: u64,
    socket: SocketId,
    owned: &Owned,
    number: u64,
) -> Result<(), StoreError> {
    tracing::warn!(%socket, "Redis has lost a part of a session");
    counter!("signalpost_redis_rewound_total").increment(1);
    rooms::forget(node, owned);
    node.local.disown(socket);
    node.local.deliver(socket, Delivery::SessionLost);
    end(node, now, &owned.id, Which::Number(number), "lost", None).await
}

/// Takes the session from a socket whose command came after the end of its lease, and ends that lease for all.
///
/// # Errors
/// Redis did not do it in time.
pub(super) async fn lapsed(
    node: &Arc<Node>,
    now: u64,
    socket: SocketId,
    owned: &Owned,
) -> Result<(), StoreError> {
    rooms::forget(node, owned);
    node.local.disown(socket);
    expire(node, now, &owned.id).await
}

/// Ends the lease or the window of a peer's session if its time is over, and tells whom it concerns.
///
/// # Errors
/// Redis did not do it. The agenda still says it.
pub(crate) async fn expire(node: &Arc<Node>, now: u64, id: &PeerId) -> Result<(), StoreError> {
    let call = node.call(&scripts::EXPIRE, now).keys(node.keys.whole(id)).arg(node.config.window_ms);
    let mut reply = node.run_once(&call).await?.into_fields("expire")?;
    match reply.text()?.as_str() {
        "none" => {
            if reply.number::<u64>()? > 0 {
                grave::empty(node, now, id).await?;
            }
            agenda::plan(node, now, id, Plan::End(reply.number()?)).await
        }
        "connected" => agenda::plan(node, now, id, Plan::Until(reply.number()?)).await,
        "away" => {
            let due = reply.number()?;
            agenda::plan(node, now, id, Plan::WindowUntil(due)).await?;
            if reply.number::<u8>()? == 1 {
                rooms::standing(node, now, id).await?;
            }
            Ok(())
        }
        "ended" => {
            let _number: u64 = reply.number()?;
            grave::empty(node, now, id).await?;
            agenda::plan(node, now, id, Plan::End(reply.number()?)).await
        }
        _ => Err(reply.malformed()),
    }
}

/// How a session is named to a script that ends it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Which<'a> {
    Seal(&'a str),
    Number(u64),
}

/// Ends a session, and tells whom it concerns. Nothing happens if there is no such session.
///
/// # Errors
/// Redis did not do all of it in time.
pub(super) async fn end(
    node: &Arc<Node>,
    now: u64,
    id: &PeerId,
    which: Which<'_>,
    reason: &str,
    farewell: Option<&Delivery>,
) -> Result<(), StoreError> {
    let call = node.call(&scripts::END, now).keys(node.keys.whole(id));
    let call = match which {
        Which::Seal(seal) => call.arg("seal").arg(seal),
        Which::Number(number) => call.arg("num").arg(number),
    };
    let call = call.arg(reason).optional(farewell.and_then(bell::word));
    let mut reply = node.run(call).await?.into_fields("end")?;
    // A call that was repeated because its reply was lost finds the grave that it has made.
    let is_done = reply.text()? == "ok" || reply.number::<u64>()? > 0;
    if is_done {
        let time = reply.number()?;
        grave::empty(node, now, id).await?;
        agenda::plan(node, now, id, Plan::End(time)).await?;
    }
    Ok(())
}

/// Ends sessions whose mailbox could not take an answer, a bounded number at a time: the end of one session sends answers to
/// others, whose mailboxes may overflow in turn.
pub(crate) async fn end_overflowed(node: &Arc<Node>, now: u64) {
    for _ in 0..MAX_OVERFLOWED_AT_ONCE {
        let Some((id, number)) = node.next_overflowed() else { return };
        let farewell = Some(&Delivery::SessionLost);
        if let Err(error) = end(node, now, &id, Which::Number(number), "lost", farewell).await {
            tracing::warn!(%error, "a session that cannot go on could not be ended");
            if error.is_temporary() {
                // Later: while Redis is away the others cannot be ended either.
                node.overflow(id, number);
                return;
            }
        }
    }
}

/// Makes a peer that has begun or resumed a session findable.
///
/// # Errors
/// Redis did not do it in time.
pub(super) async fn list(node: &Node, now: u64, owned: &Owned) -> Result<(), StoreError> {
    discovery::insert(node, now, &owned.id, owned.number, &owned.info).await
}

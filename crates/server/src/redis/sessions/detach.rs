//! The end of a socket: its session waits for the client, or ends.

use super::super::agenda::{self, Plan};
use super::super::error::StoreError;
use super::super::node::Node;
use super::super::{rooms, scripts};
use super::lost::{self, Which};
use crate::SocketId;
use crate::engine::{AwayReason, Departure, LeaveReason};
use signalpost_protocol::limits;
use std::sync::Arc;

/// Takes the socket from its session.
///
/// # Errors
/// Redis did not do it in time: the session counts as connected until its lease ends.
pub(crate) async fn detach(
    node: &Arc<Node>,
    now: u64,
    socket: SocketId,
    departure: Departure,
) -> Result<(), StoreError> {
    let Some(owned) = node.local.detach(socket) else { return Ok(()) };
    rooms::forget(node, &owned);
    let window = node.config.window_ms;
    let (window, why, is_leaving) = match departure {
        Departure::Bye => (0, AwayReason::Lost, true),
        Departure::Leaving => (window.min(limits::LEAVING_MS), AwayReason::Lost, true),
        Departure::Away(why) => (window, why, false),
    };
    if window == 0 || !owned.has_session() {
        let reason = if is_leaving { LeaveReason::Closed } else { LeaveReason::Lost };
        lost::end(node, now, &owned.id, Which::Owned(&owned), reason.as_str(), None).await?;
        return Ok(());
    }
    let call = node.call(&scripts::DETACH, now).keys(node.keys.whole(&owned.id));
    let call = call.arg(&owned.seal).arg(window).arg(why.as_str()).arg(u8::from(is_leaving));
    let call = call.arg(owned.number).arg(owned.rev);
    let mut reply = node.run(call).await?.into_fields("detach")?;
    match reply.text()?.as_str() {
        "ok" => {
            // As long as its lease is in the agenda, a sweep finds what a node that dies here has not told.
            rooms::standing(node, now, &owned.id).await?;
            agenda::plan(node, now, &owned.id, Plan::Window(window)).await
        }
        // The client has a key that is lost: it cannot come back to what Redis has in place of its session.
        "rewound" => lost::end(node, now, &owned.id, Which::Number(reply.number()?), "lost", None).await,
        _ => Ok(()),
    }
}

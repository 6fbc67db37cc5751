//! Signs of life.

use super::super::error::StoreError;
use super::super::node::Node;
use super::super::rooms;
use super::commit::{self, Commit, Committed};
use crate::SocketId;
use crate::engine::Outcome;
use signalpost_protocol::Position;
use std::sync::Arc;

/// Renews the lease of a socket's session, takes an acknowledgement, and replies.
///
/// # Errors
/// Redis did not do it in time, or the rooms do not know the session; there was no reply.
pub(crate) async fn execute(
    node: &Arc<Node>,
    now: u64,
    socket: SocketId,
    ack: Option<Position>,
) -> Result<(), StoreError> {
    let Some(owned) = node.local.owned(socket) else {
        node.local.done(socket, Outcome::Unregistered);
        return Ok(());
    };
    let said = Commit { ack, ..Commit::default() };
    let outcome = match commit::commit(node, now, socket, &owned, &said).await? {
        Committed::Lost => Outcome::Unregistered,
        Committed::Done { notices } => {
            rooms::acked(node, now, &owned, notices).await?;
            Outcome::Executed
        }
        Committed::Moved | Committed::Full => Outcome::Executed,
    };
    node.local.done(socket, outcome);
    Ok(())
}

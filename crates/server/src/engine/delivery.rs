//! What an engine delivers to a socket.

use super::mail::Mail;
use signalpost_protocol::{ErrorCode, LossReason, Position, SequenceNumber};
use std::sync::Arc;

/// What an engine delivers to a socket: replies and mail in one queue, in the order of their effects.
#[derive(Clone, Debug, PartialEq)]
pub enum Delivery {
    /// The reply to a claim that was granted. The mail of a resumed session that the client has not seen follows.
    Claimed(Claimed),
    /// Mail for the client.
    Mail {
        /// Its number in the session; `None` in version 1.
        seq: Option<SequenceNumber>,
        /// The mail itself. The mailbox holds it too.
        mail: Arc<Mail>,
    },
    /// The reply to any other command. The mail that answers the client comes before it.
    Done {
        /// The highest number up to which the engine has every frame of the client; 0 in version 1.
        received: Position,
        /// The outcome of the command.
        outcome: Outcome,
    },
    /// Another session has the peer id now.
    Superseded,
    /// The same session came back on another socket.
    Replaced,
    /// The lease ended.
    Expired,
    /// The mailbox could not take an answer to the client: its session is over.
    SessionLost,
}

/// The session that a claim has brought to its socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// Whether the session goes on.
    pub resumed: bool,
    /// Why the session does not go on, where the client expected it to.
    pub reason: Option<LossReason>,
    /// The highest number up to which the engine has every frame of the client.
    pub received: Position,
    /// The highest number up to which the client has acknowledged every frame of the server.
    pub acknowledged: Position,
}

/// The outcome of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The command took effect.
    Executed,
    /// The command changed nothing; the code says why. The client gets [`Mail::Refused`], except for a claim, which the
    /// session answers itself.
    Refused(ErrorCode),
    /// A frame with this number was executed before; nothing happened.
    Duplicate,
    /// A frame before this one is missing; nothing happened.
    Gap,
    /// This socket holds no session: it never had one, its lease ended, or another socket took the session over.
    Unregistered,
}

//! What an engine tells a socket.

use super::mail::Mail;
use signalpost_protocol::{ErrorCode, LossReason};
use std::sync::Arc;

/// What an engine tells a socket: replies and mail in one queue, in the order of their effects.
#[derive(Clone, Debug, PartialEq)]
pub enum Delivery {
    /// The reply to a claim that was granted. What the client has not yet seen of a resumed session follows.
    Claimed(Claimed),
    /// Something for the client.
    Mail {
        /// Its number in the session; `None` in version 1.
        seq: Option<u32>,
        /// What it is. The mailbox holds it too.
        mail: Arc<Mail>,
    },
    /// The reply to any other command. Mail that answer the client come before it.
    Done {
        /// The highest number up to which the engine has everything of the client; 0 in version 1.
        received: u32,
        /// What became of the command.
        outcome: Outcome,
    },
    /// Another session has the peer id now.
    Superseded,
    /// The same session came back on another socket.
    Replaced,
    /// The lease ended.
    Expired,
    /// More waits for the client than is kept: its session is over.
    SessionLost,
}

/// A session is on this socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// Whether it went on.
    pub resumed: bool,
    /// Why it did not, where the client expected it to.
    pub reason: Option<LossReason>,
    /// The highest number up to which the engine has everything of the client.
    pub received: u32,
    /// The highest number up to which the client has acknowledged everything.
    pub acknowledged: u32,
}

/// What became of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It took effect.
    Executed,
    /// It changed nothing; the code says why. The client is told by [`Mail::Refused`], save for a claim, which the
    /// session answers itself.
    Refused(ErrorCode),
    /// A request of this number was executed before; nothing happened.
    Duplicate,
    /// A request before this one is missing; nothing happened.
    Gap,
    /// This socket holds no session (any more): its lease ended or another took it over.
    Unregistered,
}

//! What a session asks its driver to do.

use crate::audit::AuditEvent;
use crate::engine::Command;
use signalpost_protocol::{CloseCode, ErrorCode, Position, SequenceNumber, ServerMessage};

/// One thing to do, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum SessionOutput {
    /// Send this message, with these numbers in its envelope.
    Send {
        /// The message.
        message: ServerMessage,
        /// Its number in the session.
        seq: Option<SequenceNumber>,
        /// The highest number up to which every frame of the client was received. Every frame but `welcome` has it in
        /// version 2.
        ack: Option<Position>,
    },
    /// Let the engine execute this command for the session's socket.
    Execute(Command),
    /// Close the socket; no `Send` follows.
    Close(Close),
    /// Only for logs and metrics: a frame of this type was well-formed and permitted.
    Accepted {
        /// The message type, from the protocol's list.
        kind: &'static str,
    },
    /// Only for logs and metrics: a frame was refused, and its sender got an error.
    Refused {
        /// The code of that error.
        code: ErrorCode,
        /// The field at fault, or empty.
        field: &'static str,
        /// The message type from the protocol's list, or `unknown` or `binary`.
        kind: &'static str,
    },
    /// Only with [`Session::with_audit`](super::Session::with_audit): what became of a frame.
    Audited(AuditEvent),
}

/// How the socket is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Close {
    /// 1000: the peer said `bye`.
    Normal,
    /// A code of the protocol.
    Code(CloseCode),
}

impl Close {
    /// The number on the wire.
    pub const fn as_u16(self) -> u16 {
        match self {
            Self::Normal => 1000,
            Self::Code(code) => code.as_u16(),
        }
    }

    /// The reason on the wire.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Normal => "bye",
            Self::Code(code) => code.reason(),
        }
    }
}

/// What a deadline of the session is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeoutReason {
    /// No `hello` was accepted yet.
    Hello,
    /// The session asks the client for a sign of life, or gives the socket up.
    Liveness,
    /// Received frames are to be acknowledged.
    Ack,
}

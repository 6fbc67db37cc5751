//! How far the client has come with the server.

use crate::ids::{FrameId, SocketId};
use crate::time::Time;
use signalpost_protocol::{CloseCode, LinkMonitor};

/// Normal closure (RFC 6455 §7.4.1).
pub const NORMAL: u16 = 1000;
/// The close code of a socket that the client does not use any more.
pub const REPLACED: u16 = CloseCode::Replaced.as_u16();
/// How long a question may have no answer before the link is suspected, in milliseconds.
pub const SUSPICION_MS: u32 = 500;

/// The longest wait for the next attempt while the path to a peer is silent, in milliseconds.
pub const HASTY_MS: u32 = 1_000;

/// An attempt to open a socket.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    /// The socket.
    pub socket: SocketId,
    /// When it was begun.
    pub began: Time,
    /// When it has taken too long.
    pub deadline: Time,
}

/// What the client does to have a link.
#[derive(Debug)]
pub enum Phase {
    /// Nothing: the application has not asked for a link, or the client gave up.
    Down,
    /// The page is frozen, and the client waits until it goes on.
    Frozen,
    /// The client waits before the next attempt.
    Waiting {
        /// When it makes the attempt.
        until: Time,
    },
    /// A socket is being opened.
    Opening(Attempt),
    /// A socket is open, and `hello` is on its way.
    Registering {
        /// The socket.
        socket: SocketId,
        /// When the attempt has taken too long.
        deadline: Time,
        /// Watches the socket.
        monitor: LinkMonitor,
        /// The frame with `hello`.
        hello: FrameId,
    },
    /// The server accepted `hello`.
    Registered {
        /// The socket.
        socket: SocketId,
        /// Watches the socket.
        monitor: LinkMonitor,
        /// When the link has been good for long enough to forget failed attempts, until they are forgotten.
        good_at: Option<Time>,
    },
    /// The application closed the client.
    Closed,
}

impl Phase {
    /// The socket in use, which may not be open yet.
    pub fn socket(&self) -> Option<SocketId> {
        match self {
            Self::Opening(Attempt { socket, .. })
            | Self::Registering { socket, .. }
            | Self::Registered { socket, .. } => Some(*socket),
            Self::Down | Self::Frozen | Self::Waiting { .. } | Self::Closed => None,
        }
    }

    /// The socket in use and what watches it, if the socket is open.
    pub fn open_socket(&mut self) -> Option<(SocketId, &mut LinkMonitor)> {
        match self {
            Self::Registering { socket, monitor, .. } | Self::Registered { socket, monitor, .. } => {
                Some((*socket, monitor))
            }
            Self::Down | Self::Frozen | Self::Waiting { .. } | Self::Opening(_) | Self::Closed => None,
        }
    }

    /// Whether the server has accepted `hello` on the socket in use.
    pub fn is_registered(&self) -> bool {
        matches!(self, Self::Registered { .. })
    }
}

//! How far the connection has come.

use crate::input::ConnectionState;

/// The state of the connection, and what it was before.
pub struct Progress {
    /// `connectionState`, as the application knows it.
    pub state: ConnectionState,
    /// Whether the pair was ever connected.
    pub was_connected: bool,
    /// Whether data can flow and the browser has not said `connected` yet.
    pub is_ahead: bool,
}

impl Progress {
    /// A connection that was just made.
    pub fn new() -> Self {
        Self { state: ConnectionState::New, was_connected: false, is_ahead: false }
    }

    /// Whether the pair is connected.
    pub fn is_connected(&self) -> bool {
        self.state == ConnectionState::Connected
    }
}

/// Whether the connection is being made.
pub fn is_on_the_way(state: ConnectionState) -> bool {
    matches!(state, ConnectionState::New | ConnectionState::Connecting)
}

//! The two ends of a connection: which objects they are, and which lives of their peers they belong to.

use crate::ids::ConnectionId;
use crate::topology::outlook::Outlook;
use signalpost_protocol::message::Route;

/// Who talks to whom.
pub struct Ends {
    /// The own `RTCPeerConnection`.
    pub connection: ConnectionId,
    /// The other side's, once a signal of it has arrived.
    pub remote_connection: Option<ConnectionId>,
    /// The own incarnation.
    pub incarnation: u32,
    /// The other side's, where a list or a description told it.
    pub remote_incarnation: Option<u32>,
    /// How the networks of both ends map addresses.
    pub outlook: Outlook,
    /// Whether the application was warned that a relay is missing.
    pub has_warned: bool,
    /// Whether this connection ever sent anything: a refusal that comes before is about a former connection to the same peer.
    pub has_sent: bool,
}

impl Ends {
    /// A connection of which the other side has not heard.
    pub fn new(connection: ConnectionId, incarnation: u32, outlook: Outlook) -> Self {
        Self {
            connection,
            remote_connection: None,
            incarnation,
            remote_incarnation: None,
            outlook,
            has_warned: false,
            has_sent: false,
        }
    }

    /// The route of a signal to the other side.
    pub fn route(&self) -> Route {
        Route { connection: self.connection.0, target: self.remote_connection.map(|remote| remote.0) }
    }

    /// Whether the other side was ever heard of, by a list or by a signal.
    pub fn is_remote_known(&self) -> bool {
        self.remote_connection.is_some() || self.remote_incarnation.is_some()
    }
}

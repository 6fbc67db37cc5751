//! Close codes of the signaling socket (RFC 6455 §7.4.2, private range).

/// Why an end closed the socket. 4000–4499: reconnecting may help; 4500–4999: it will not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum CloseCode {
    /// The server is shutting down.
    Shutdown = 4000,
    /// Nothing was received for too long.
    HeartbeatTimeout = 4001,
    /// The receiver reads too slowly.
    Slow = 4002,
    /// No `hello` arrived in time.
    HelloTimeout = 4003,
    /// The peer id belongs to another live session.
    PeerIdTaken = 4004,
    /// A frame of the session is missing: it is sent again after a `hello`.
    SequenceGap = 4005,
    /// More waits for the client than the server keeps: the session is over.
    SessionLost = 4006,
    /// The server has as many sessions as it takes.
    ServerFull = 4007,
    /// The session goes on with another socket.
    Replaced = 4100,
    /// The client's own: the page is frozen or in the back/forward cache, and will resume.
    Suspended = 4101,
    /// Another session has the id now.
    Superseded = 4500,
    /// No common protocol version.
    UpgradeRequired = 4501,
}

impl CloseCode {
    /// The number on the wire.
    pub const fn as_u16(self) -> u16 {
        self as u16
    }

    /// The reason on the wire.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Shutdown => "shutdown",
            Self::HeartbeatTimeout => "heartbeat-timeout",
            Self::Slow => "slow",
            Self::HelloTimeout => "hello-timeout",
            Self::PeerIdTaken => "peer-id-taken",
            Self::SequenceGap => "sequence-gap",
            Self::SessionLost => "session-lost",
            Self::ServerFull => "server-full",
            Self::Replaced => "replaced",
            Self::Suspended => "suspended",
            Self::Superseded => "superseded",
            Self::UpgradeRequired => "upgrade-required",
        }
    }

    /// Whether reconnecting after a close with this number is pointless.
    pub const fn is_terminal(code: u16) -> bool {
        matches!(code, 4500..=4999)
    }
}

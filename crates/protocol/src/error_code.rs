//! Every refusal and failure has one code; the server and the client share this list.

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal, $retryable:literal;)*) => {
        /// Why something was refused or failed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorCode { $($(#[$doc])* $variant,)* }

        impl ErrorCode {
            /// Every code, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code as it is written on the wire and in `SignalingError.code`.
            // Not inlined, or every crate gets a table of its own.
            #[inline(never)]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// Whether the same call can succeed later without a change by the caller.
            pub const fn retryable(self) -> bool {
                match self { $(Self::$variant => $retryable,)* }
            }

            /// The code of that name; `None` for one that this version does not know.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().find(|code| code.as_str() == text).copied()
            }
        }
    };
}

codes! {
    // Refused by the server.
    /// The frame is not JSON.
    InvalidJson = "invalid-json", false;
    /// A field is missing, of the wrong kind or out of its range.
    InvalidMessage = "invalid-message", false;
    /// The message type is not known to the receiver.
    UnknownType = "unknown-type", false;
    /// Binary frames carry nothing in this protocol.
    BinaryFrame = "binary-frame", false;
    /// A message before `hello` was accepted.
    NotRegistered = "not-registered", true;
    /// A second `hello` on one socket.
    AlreadyRegistered = "already-registered", false;
    /// The peer id belongs to another live session.
    PeerIdTaken = "peer-id-taken", false;
    /// No live peer of that id is registered.
    PeerNotFound = "peer-not-found", true;
    /// The frame names a sender that is not the session's own peer.
    ForgedSender = "forged-sender", false;
    /// The frame is larger than its type allows.
    MessageTooLarge = "message-too-large", false;
    /// A candidate does not follow the grammar of RFC 8839.
    InvalidCandidate = "invalid-candidate", false;
    /// A description is not SDP.
    InvalidDescription = "invalid-description", false;
    /// The peer is in as many rooms as it may be.
    TooManyRooms = "too-many-rooms", false;
    /// The peer is not in that room.
    RoomNotJoined = "room-not-joined", false;
    /// The server has as many sessions as it takes.
    ServerFull = "server-full", true;
    /// The target reads too slowly; its queue is full.
    PeerBusy = "peer-busy", true;
    /// A frame of the session before this one is missing.
    SequenceGap = "sequence-gap", true;
    /// The two ends speak no common version of the protocol.
    UpgradeRequired = "upgrade-required", false;
    /// Another session, which holds the key of the peer id, has the id now.
    Superseded = "superseded", false;

    // Told by the remote peer.
    /// The remote browser refused the description.
    DescriptionRejected = "description-rejected", false;
    /// The remote peer closed, replaced or never had the connection that the message was for.
    ConnectionGone = "connection-gone", true;

    // Raised in the client.
    /// An argument or option is not allowed.
    InvalidArgument = "invalid-argument", false;
    /// The call is not possible in the present state.
    InvalidState = "invalid-state", false;
    /// The object was closed.
    Closed = "closed", false;
    /// The caller's `AbortSignal` fired.
    Aborted = "aborted", false;
    /// The time allowed for the call ran out.
    Timeout = "timeout", true;
    /// No connection to the server, and the attempts are used up.
    ServerUnreachable = "server-unreachable", true;
    /// The browser, or the application's transport, cannot make a socket to the server.
    SocketUnavailable = "socket-unavailable", false;
    /// The link to the server was lost before the reply came.
    LinkLost = "link-lost", true;
    /// Too many messages wait for the server.
    OutboxFull = "outbox-full", true;
    /// The application does it more often than the client or the server lets it.
    RateLimited = "rate-limited", true;
    /// The browser refused to construct an `RTCPeerConnection`.
    ConnectionUnavailable = "connection-unavailable", true;
    /// The application's function for ICE servers gave none.
    IceServersUnavailable = "ice-servers-unavailable", true;
    /// No path to the peer was found in time.
    ConnectionFailed = "connection-failed", true;
    /// Hardly any direct path to the peer can work, and no TURN server is set.
    TurnMissing = "turn-missing", false;
    /// The WebAssembly module could not be loaded.
    LoadFailed = "load-failed", true;
    /// The host lacks something that the client needs, such as `WebSocket`.
    Unsupported = "unsupported", false;
    /// A defect in Signalpost.
    Internal = "internal", false;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back() {
        for &code in ErrorCode::ALL {
            assert_eq!(ErrorCode::parse(code.as_str()), Some(code));
        }
        assert_eq!(ErrorCode::parse("no-such-code"), None);
    }

    #[test]
    fn only_what_can_succeed_unchanged_is_retryable() {
        use ErrorCode::*;
        let retryable: Vec<ErrorCode> =
            ErrorCode::ALL.iter().copied().filter(|code| code.retryable()).collect();
        // Not `peer-id-taken`, which needs another id, nor `aborted`, which the application wanted.
        let expected = [
            NotRegistered,
            PeerNotFound,
            ServerFull,
            PeerBusy,
            SequenceGap,
            ConnectionGone,
            Timeout,
            ServerUnreachable,
            LinkLost,
            OutboxFull,
            RateLimited,
            ConnectionUnavailable,
            IceServersUnavailable,
            ConnectionFailed,
            LoadFailed,
        ];
        assert_eq!(retryable, expected);
    }
}

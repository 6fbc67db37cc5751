//! The types of messages: who sends them, whether they are numbered, and how large their frames may be.

use crate::limits::{DESCRIPTION_FRAME_BYTES, FRAME_BYTES};
use Numbering::{AsItsCause, Never, Numbered};
use Sender::{Client, Either, Server};

/// Which end sends messages of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// Only a client.
    Client,
    /// Only the server.
    Server,
    /// Both; a message between peers comes from a client and reaches the other through the server.
    Either,
}

/// Whether messages of a type have a number in a session, which makes them arrive once and in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Numbering {
    Numbered,
    Never,
    /// Where it answers a numbered frame.
    AsItsCause,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $text:literal, $sender:expr, $numbering:expr, $bytes:expr;)*) => {
        /// The type of a message.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind { $($(#[$doc])* $variant,)* }

        impl Kind {
            /// Every type, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The type as it is written on the wire.
            // Not inlined, or every crate gets a table of its own.
            #[inline(never)]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// Which end sends it.
            pub const fn sender(self) -> Sender {
                match self { $(Self::$variant => $sender,)* }
            }

            /// The largest frame of this type, in bytes of UTF-8.
            pub const fn max_frame_bytes(self) -> usize {
                match self { $(Self::$variant => $bytes,)* }
            }

            const fn numbering(self) -> Numbering {
                match self { $(Self::$variant => $numbering,)* }
            }
        }
    };
}

kinds! {
    /// Registers the peer; the first message on every socket.
    Hello = "hello", Client, Never, FRAME_BYTES;
    /// Accepts `hello`.
    Welcome = "welcome", Server, Never, FRAME_BYTES;
    /// Asks for a sign of life.
    Heartbeat = "heartbeat", Either, Never, FRAME_BYTES;
    /// The sign of life that was asked for.
    HeartbeatAck = "heartbeat-ack", Either, Never, FRAME_BYTES;
    /// Carries nothing but the envelope's `ack`.
    Ack = "ack", Either, Never, FRAME_BYTES;
    /// The session ends at once.
    Bye = "bye", Client, Never, FRAME_BYTES;
    /// The page may be about to be left.
    Leaving = "leaving", Client, Never, FRAME_BYTES;
    /// The server closes the link soon, and says when to come back.
    Reconnect = "reconnect", Server, Never, FRAME_BYTES;
    /// Refuses a frame.
    Error = "error", Server, AsItsCause, FRAME_BYTES;

    /// Asks who is there.
    PeerDiscovery = "peer-discovery", Client, Numbered, FRAME_BYTES;
    /// Answers `peer-discovery`.
    Peers = "peers", Server, Numbered, FRAME_BYTES;
    /// The peer describes itself anew.
    Describe = "describe", Client, Numbered, FRAME_BYTES;
    /// Enters a room.
    Join = "join", Client, Numbered, FRAME_BYTES;
    /// Answers `join`.
    Joined = "joined", Server, Numbered, FRAME_BYTES;
    /// Leaves a room.
    Leave = "leave", Client, Numbered, FRAME_BYTES;
    /// Answers `leave`.
    Left = "left", Server, Numbered, FRAME_BYTES;
    /// A peer entered a room of the receiver.
    PeerJoined = "peer-joined", Server, Numbered, FRAME_BYTES;
    /// A peer in a room of the receiver lost the link to the server, and may resume its session.
    PeerAway = "peer-away", Server, Numbered, FRAME_BYTES;
    /// A peer in a room of the receiver has resumed its session.
    PeerBack = "peer-back", Server, Numbered, FRAME_BYTES;
    /// A peer is no longer in a room of the receiver.
    PeerLeft = "peer-left", Server, Numbered, FRAME_BYTES;

    /// An offer (RFC 9429).
    Offer = "offer", Either, Numbered, DESCRIPTION_FRAME_BYTES;
    /// The answer to an offer.
    Answer = "answer", Either, Numbered, DESCRIPTION_FRAME_BYTES;
    /// Trickled candidates (RFC 8838).
    IceCandidate = "ice-candidate", Either, Numbered, FRAME_BYTES;
    /// Asks the other peer for an offer.
    Invite = "invite", Either, Numbered, FRAME_BYTES;
    /// The receiver could not use an offer or an answer.
    Reject = "reject", Either, Numbered, FRAME_BYTES;
    /// The sender closed its connection.
    Close = "close", Either, Numbered, FRAME_BYTES;
    /// Text of the application's own for one peer.
    Message = "message", Either, Numbered, FRAME_BYTES;
    /// Text of the application's own for everybody else in a room.
    Broadcast = "broadcast", Client, Numbered, FRAME_BYTES;
    /// What was sent under this number is in the queue of its receiver.
    Sent = "sent", Server, Numbered, FRAME_BYTES;
    /// What was sent under this number has been received by the other client.
    Received = "received", Server, Numbered, FRAME_BYTES;
}

impl Kind {
    /// The type of that name; `None` for one that this version does not know.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|kind| kind.as_str() == text).copied()
    }

    /// Whether a client may send it.
    pub const fn is_from_client(self) -> bool {
        !matches!(self.sender(), Server)
    }

    /// Whether the server may send it.
    pub const fn is_from_server(self) -> bool {
        !matches!(self.sender(), Client)
    }

    /// Whether it is between two `RTCPeerConnection`s.
    pub const fn is_between_connections(self) -> bool {
        matches!(
            self,
            Self::Offer | Self::Answer | Self::IceCandidate | Self::Invite | Self::Reject | Self::Close
        )
    }

    /// Whether every frame of this type has a number in a session, which makes it arrive once and in order. An `error` has one
    /// only where it answers a numbered frame.
    pub const fn is_numbered(self) -> bool {
        matches!(self.numbering(), Numbered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_reads_back() {
        for &kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Some(kind));
            assert!(kind.is_from_client() || kind.is_from_server());
        }
        assert_eq!(Kind::parse("no-such-type"), None);
        assert_eq!(Kind::parse(""), None);
    }
}

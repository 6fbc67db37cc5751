//! The typed messages of the protocol.

use crate::envelope::PeerInfo;
use crate::id::{Label, PeerId, RoomName};
use crate::kind::Kind;
use crate::reason::{AwayReason, LeaveReason, LossReason, Open};
use crate::sequence::Position;
pub use crate::signal::{CandidateBatch, Description, OwnSignal, Route, Signal};
use alloc::{string::String, vec::Vec};

/// What a client sends.
#[derive(Clone, Debug, PartialEq)]
pub enum ClientMessage {
    /// Registers the peer; the first message on every socket.
    Hello(Hello),
    /// Asks for a sign of life.
    Heartbeat,
    /// The sign of life that was asked for.
    HeartbeatAck,
    /// Carries nothing but the envelope's `ack`.
    Ack,
    /// `peer-discovery`: asks who is there.
    Discover(Query),
    /// Describes the peer anew: how its network maps addresses, or that it does not know (any more).
    Describe(Option<Label>),
    /// Enters a room.
    Join(RoomName),
    /// Leaves a room.
    Leave(RoomName),
    /// Leaves for good: the registration ends at once.
    Bye,
    /// The page may be about to be left: if its socket now closes with 1001, the session waits for it only
    /// [`crate::limits::LEAVING_MS`].
    Leaving,
    /// For another peer.
    Relay {
        /// The receiver.
        to: PeerId,
        /// What it receives.
        signal: Signal,
    },
    /// For everybody else in a room.
    Broadcast {
        /// The room; the sender is in it.
        room: RoomName,
        /// Text of the application's own.
        data: String,
    },
}

/// What the server sends.
#[derive(Clone, Debug, PartialEq)]
pub enum ServerMessage {
    /// `hello` was accepted.
    Welcome {
        /// The version that both speak from here on.
        version: u16,
        /// The server's region.
        region: Option<Label>,
        /// What becomes of the session; `None` in version 1, which has none.
        session: Option<Welcome>,
    },
    /// Asks for a sign of life.
    Heartbeat,
    /// The sign of life that was asked for.
    HeartbeatAck,
    /// Carries nothing but the envelope's `ack`.
    Ack,
    /// The server closes the link soon and wants the client back later.
    Reconnect {
        /// Milliseconds from now.
        after: u32,
    },
    /// The answer to `peer-discovery`.
    Peers {
        /// One page, ordered by id.
        peers: Vec<PeerInfo>,
        /// Where the next page starts, if there is one.
        cursor: Option<String>,
        /// The frame that this answers.
        reference: Option<u32>,
    },
    /// The answer to `join`.
    Joined {
        /// The room.
        room: RoomName,
        /// The first page of those already in it.
        peers: Vec<PeerInfo>,
        /// Where the next page starts, if there is one.
        cursor: Option<String>,
        /// The frame that this answers.
        reference: Option<u32>,
    },
    /// The answer to `leave`.
    Left {
        /// The room.
        room: RoomName,
        /// The frame that this answers.
        reference: Option<u32>,
    },
    /// Somebody entered a room that the receiver is in.
    PeerJoined {
        /// The room.
        room: RoomName,
        /// Who.
        peer: PeerInfo,
    },
    /// What was sent under this number is in the queue of its receiver, or of everybody in the room.
    Sent {
        /// The frame that this answers.
        reference: Option<u32>,
    },
    /// What was sent under this number has been received by the other client.
    Received {
        /// The frame that this is about.
        reference: Option<u32>,
    },
    /// Somebody in a room has lost the link to the server and may resume its session.
    PeerAway {
        /// The room.
        room: RoomName,
        /// Who (travels as the envelope's `from`).
        peer: PeerId,
        /// Why.
        reason: Open<AwayReason>,
    },
    /// Somebody in a room has resumed its session.
    PeerBack {
        /// The room.
        room: RoomName,
        /// Who.
        peer: PeerInfo,
    },
    /// Somebody is no longer in a room that the receiver is in.
    PeerLeft {
        /// The room.
        room: RoomName,
        /// Who (travels as the envelope's `from`).
        peer: PeerId,
        /// Why.
        reason: Open<LeaveReason>,
    },
    /// From another peer.
    Relay {
        /// The sender, stamped by the server.
        from: PeerId,
        /// What it sent.
        signal: Signal,
    },
    /// A frame was refused.
    Error {
        /// The code as text: a newer server may know more codes.
        code: String,
        /// What is wrong, in words.
        message: String,
        /// The `id` of the refused frame, if it had one.
        reference: Option<u32>,
        /// The peer that the refused frame was for (travels as the envelope's `to`).
        about: Option<PeerId>,
        /// When the same frame would be taken, in milliseconds from now, where the server knows.
        after: Option<u32>,
    },
}

/// Registration.
#[derive(Clone, Debug, PartialEq)]
pub struct Hello {
    /// Lowest and highest protocol version of the client.
    pub versions: (u16, u16),
    /// The key that lets this client, and nobody else, take its id over to a new socket.
    pub key: String,
    /// The peer itself.
    pub peer: PeerInfo,
    /// The highest `seq` of the server that the client has; `None`: it was never welcomed.
    pub received: Option<Position>,
    /// How many times this client has said `hello`, so that one that is late is known as such; `None`: it does not count.
    pub attempt: Option<u32>,
}

impl Hello {
    /// The `attempt` before the first one of a page. `pages`: how many have used the key, this one with them. Each has room for
    /// 65,536 attempts. The numbers may begin again at 0 (RFC 1982 §3.2).
    pub const fn attempt_before(pages: u32) -> u32 {
        pages.wrapping_shl(16)
    }
}

/// What becomes of a session when a client registers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Welcome {
    /// The key for the next `hello`.
    pub key: String,
    /// Whether the session goes on.
    pub resumed: bool,
    /// Why it does not; `None` when it does or when there was none.
    pub reason: Option<Open<LossReason>>,
    /// The highest `seq` of the client that the server has.
    pub received: Position,
}

impl ClientMessage {
    /// Its type on the wire.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Hello(_) => Kind::Hello,
            Self::Heartbeat => Kind::Heartbeat,
            Self::HeartbeatAck => Kind::HeartbeatAck,
            Self::Ack => Kind::Ack,
            Self::Discover(_) => Kind::PeerDiscovery,
            Self::Describe(_) => Kind::Describe,
            Self::Join(_) => Kind::Join,
            Self::Leave(_) => Kind::Leave,
            Self::Bye => Kind::Bye,
            Self::Leaving => Kind::Leaving,
            Self::Relay { signal, .. } => signal.kind(),
            Self::Broadcast { .. } => Kind::Broadcast,
        }
    }
}

impl ServerMessage {
    /// Its type on the wire.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Welcome { .. } => Kind::Welcome,
            Self::Heartbeat => Kind::Heartbeat,
            Self::HeartbeatAck => Kind::HeartbeatAck,
            Self::Ack => Kind::Ack,
            Self::Reconnect { .. } => Kind::Reconnect,
            Self::Peers { .. } => Kind::Peers,
            Self::Joined { .. } => Kind::Joined,
            Self::Left { .. } => Kind::Left,
            Self::PeerJoined { .. } => Kind::PeerJoined,
            Self::Sent { .. } => Kind::Sent,
            Self::Received { .. } => Kind::Received,
            Self::PeerAway { .. } => Kind::PeerAway,
            Self::PeerBack { .. } => Kind::PeerBack,
            Self::PeerLeft { .. } => Kind::PeerLeft,
            Self::Relay { signal, .. } => signal.kind(),
            Self::Error { .. } => Kind::Error,
        }
    }
}

/// Which peers to list; every condition that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Only peers of this region.
    pub region: Option<Label>,
    /// Only peers with this capability.
    pub capability: Option<Label>,
    /// Only peers in this room.
    pub room: Option<RoomName>,
    /// Most entries; [`crate::limits::DEFAULT_PAGE`] when absent, at most [`crate::limits::PAGE`].
    pub limit: Option<u16>,
    /// The cursor of the page before.
    pub cursor: Option<String>,
    /// Whether peers that are near the asker come first; otherwise they are ordered by id alone.
    pub nearest: bool,
}

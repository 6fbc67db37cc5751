//! The typed messages of the protocol.

use crate::envelope::{IceCandidateInit, PeerInfo};
use crate::error_code::ErrorCode;
use crate::id::{Label, PeerId, RoomName};
use crate::kind::Kind;
use crate::reason::{AwayReason, LeaveReason, LossReason, Open};
use crate::record::text_bytes;
use crate::sequence::Position;
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

/// What one peer sends another through the server.
#[derive(Clone, Debug, PartialEq)]
pub enum Signal {
    /// An offer (RFC 9429).
    Offer(Description),
    /// The answer to the offer of the same number.
    Answer(Description),
    /// Trickled candidates (RFC 8838).
    Candidates(CandidateBatch),
    /// The sender wants an offer: it makes none itself where that would begin an ICE generation.
    Invite {
        /// Which connections.
        route: Route,
        /// The sender's session number, as its list entry tells it.
        session: Option<u32>,
        /// To restart ICE: the username fragment of the sender's generation that is to end.
        end: Option<String>,
    },
    /// The receiver could not use an offer or an answer.
    Reject {
        /// Which connections.
        route: Route,
        /// The number of the offer, or of the offer that the answer was for.
        number: u32,
        /// Why.
        code: ErrorCode,
    },
    /// The sender closed its connection.
    Close {
        /// Which connections.
        route: Route,
    },
    /// For a connection that the application made itself; the SDK's own are not concerned.
    Own(OwnSignal),
    /// Text of the application's own.
    Message {
        /// The room that it was broadcast in; `None`: it is for the receiver alone.
        room: Option<RoomName>,
        /// At most [`crate::limits::MESSAGE_BYTES`]; the SDK puts JSON into it.
        data: String,
        /// The sender wants to know when it was received; the receiver is not told.
        receipt: bool,
    },
}

/// What an application signals for an `RTCPeerConnection` that it made itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnSignal {
    /// An offer.
    Offer(String),
    /// An answer.
    Answer(String),
    /// Trickled candidates (RFC 8838).
    Candidates {
        /// At most [`crate::limits::CANDIDATES_PER_GENERATION`].
        candidates: Vec<IceCandidateInit>,
        /// There are no more of this generation.
        end: bool,
    },
}

/// Which two `RTCPeerConnection`s a signal is between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The sender's connection id.
    pub connection: u32,
    /// The receiver's, as far as the sender knows it.
    pub target: Option<u32>,
}

/// A numbered session description.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// Which connections.
    pub route: Route,
    /// The sender's session number, as its list entry tells it.
    pub session: Option<u32>,
    /// Offers count up from 1 for each connection; an answer carries the number of its offer.
    pub number: u32,
    /// The description.
    pub sdp: String,
}

/// Candidates of one generation.
#[derive(Clone, Debug, PartialEq)]
pub struct CandidateBatch {
    /// Which connections.
    pub route: Route,
    /// At most [`crate::limits::CANDIDATES_PER_GENERATION`].
    pub candidates: Vec<IceCandidateInit>,
    /// The username fragment of the generation that is complete with this batch.
    pub end: Option<String>,
}

impl Signal {
    /// Its type on the wire.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Offer(_) | Self::Own(OwnSignal::Offer(_)) => Kind::Offer,
            Self::Answer(_) | Self::Own(OwnSignal::Answer(_)) => Kind::Answer,
            Self::Candidates(_) | Self::Own(OwnSignal::Candidates { .. }) => Kind::IceCandidate,
            Self::Invite { .. } => Kind::Invite,
            Self::Reject { .. } => Kind::Reject,
            Self::Close { .. } => Kind::Close,
            Self::Message { .. } => Kind::Message,
        }
    }

    /// How many bytes of text it carries.
    pub fn text_bytes(&self) -> usize {
        let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        match self {
            Self::Offer(description) | Self::Answer(description) => description.sdp.len(),
            Self::Own(OwnSignal::Offer(sdp) | OwnSignal::Answer(sdp)) => sdp.len(),
            Self::Candidates(batch) => candidate_bytes(&batch.candidates).saturating_add(length(&batch.end)),
            Self::Own(OwnSignal::Candidates { candidates, .. }) => candidate_bytes(candidates),
            Self::Message { room, data, .. } => {
                data.len().saturating_add(room.as_ref().map_or(0, |room| room.as_str().len()))
            }
            Self::Invite { end, .. } => length(end),
            Self::Reject { .. } | Self::Close { .. } => 0,
        }
    }

    /// Which of the SDK's connections the signal is between; `None` for what is between applications.
    pub const fn route(&self) -> Option<Route> {
        match self {
            Self::Offer(description) | Self::Answer(description) => Some(description.route),
            Self::Candidates(batch) => Some(batch.route),
            Self::Invite { route, .. } | Self::Reject { route, .. } | Self::Close { route } => Some(*route),
            Self::Own(_) | Self::Message { .. } => None,
        }
    }
}

fn candidate_bytes(candidates: &[IceCandidateInit]) -> usize {
    candidates.iter().fold(0, |bytes, init| bytes.saturating_add(text_bytes(init, str::len)))
}

//! What a session asks of an engine.

use crate::TokenHash;
use signalpost_protocol::{AwayReason, ErrorCode, PeerId, PeerInfo, Query, RoomName, Signal};
use std::borrow::Cow;

/// What a session asks of the engine. Every command but [`Command::Detach`] gets exactly one reply: a
/// [`super::Delivery::Done`], or a [`super::Delivery::Claimed`] for a claim that is granted, or a
/// [`super::Delivery::Replaced`] for one that comes after a later one of its client. Every command of a
/// socket that holds a session renews its lease.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Begins a session on this socket, or resumes one.
    Claim(Box<Claim>),
    /// Renews the lease, and acknowledges where `ack` is given.
    Beat {
        /// The highest number up to which the client has everything, if its frame said so.
        ack: Option<u32>,
    },
    /// Executes a frame of the client.
    Frame(ClientFrame),
    /// The socket ends. No reply.
    Detach(Departure),
}

/// A client wants its session.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// The version that both speak.
    pub version: u16,
    /// The peer. Its id and its session number name the session.
    pub peer: PeerInfo,
    /// Of the key in `hello`.
    pub key: TokenHash,
    /// Of the key for the claim after this one, drawn for this socket; without meaning in version 1.
    pub next: TokenHash,
    /// The highest number of the server that the client has; `None`: it was never welcomed.
    pub received: Option<u32>,
    /// How many times this client has said `hello`, so that one that is late is known as such; `None`: it does not count.
    pub attempt: Option<u32>,
}

/// One frame of a client, with its numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientFrame {
    /// Its number in the session; `None` in version 1.
    pub seq: Option<u32>,
    /// The highest number up to which the client has everything, if the frame said so.
    pub ack: Option<u32>,
    /// The frame's `id`; the answer refers to it.
    pub reference: Option<u32>,
    /// What is to be done.
    pub action: Action,
}

/// What is to be done for a client, and answered by [`super::Mail`].
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Enters a room. Entering one twice is answered as the first time and announced once.
    Join(RoomName),
    /// Leaves a room.
    Leave(RoomName),
    /// Lists peers.
    Discover(Query),
    /// Hands a signal to another peer. A [`Signal::Message`] that asks for a receipt gets one when the receiver has
    /// acknowledged it.
    Send {
        /// The receiver.
        to: PeerId,
        /// What it receives.
        signal: Signal,
    },
    /// Hands a message to every other peer in a room.
    Broadcast {
        /// The room; the sender is in it.
        room: RoomName,
        /// What they receive.
        data: String,
    },
    /// Nothing: the frame cannot be executed. Its number is used up and its sender is told.
    Refuse {
        /// Why.
        code: ErrorCode,
        /// Why, in words.
        text: Cow<'static, str>,
        /// The peer that the frame was for.
        about: Option<PeerId>,
    },
}

/// How a socket ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Departure {
    /// The client said `bye`: the session ends.
    Bye,
    /// The client's page was probably left: the session waits for it only [`signalpost_protocol::limits::LEAVING_MS`], and
    /// then ends as with `bye`. In version 1 it ends.
    Leaving,
    /// Anything else: the session waits for the client. In version 1 it ends.
    Away(AwayReason),
}

/// What an engine's refusal means.
pub(crate) const fn explanation(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::PeerNotFound => "no live peer has this id",
        ErrorCode::PeerBusy => "more waits for the peer than is kept",
        ErrorCode::TooManyRooms => "the peer is in as many rooms as it may be",
        ErrorCode::RoomNotJoined => "the peer is not in this room",
        ErrorCode::PeerIdTaken => "another live session holds this peer id",
        ErrorCode::ServerFull => "the server has as many sessions as it takes: try again later",
        ErrorCode::UpgradeRequired => "the receiver speaks a version without receipts",
        _ => "refused",
    }
}

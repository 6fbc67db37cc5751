//! The commands of a session to its engine.

use crate::TokenHash;
use signalpost_protocol::{
    AwayReason, ErrorCode, Label, PeerId, PeerInfo, Position, Query, RoomName, SequenceNumber, Signal,
};
use std::borrow::Cow;

/// A command of a session to its engine. Every command but [`Command::Detach`] gets exactly one reply: a
/// [`super::Delivery::Done`], or a [`super::Delivery::Claimed`] for a claim that is granted, or a
/// [`super::Delivery::Replaced`] or [`super::Delivery::Superseded`] for a claim that arrives after a later claim of its client.
/// Every command of a socket that holds a session renews its lease.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Begins a session on this socket, or resumes one.
    Claim(Box<Claim>),
    /// Renews the lease, and acknowledges up to `ack` if it is given.
    Beat {
        /// The highest number up to which the client has everything, if its frame said so.
        ack: Option<Position>,
    },
    /// Executes a frame of the client.
    Frame(ClientFrame),
    /// The socket has ended. There is no reply.
    Detach(Departure),
}

/// The claim of a client to its session.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// The protocol version that client and server speak.
    pub version: u16,
    /// The peer. Its id and its session number together name the session.
    pub peer: PeerInfo,
    /// The hash of the key in `hello`.
    pub key: TokenHash,
    /// The hash of the key for the next claim, drawn for this socket. It has no meaning in version 1.
    pub next: TokenHash,
    /// The hash of the half that this key and the next have in common with the keys that servers gave to this client before. It opens
    /// nothing: where an engine has lost the newest keys of a session, it shows that the client had one of them.
    pub root: TokenHash,
    /// The highest number of the server's frames that the client has; `None`: the client was never welcomed.
    pub received: Option<Position>,
    /// How many times this client has said `hello`, which shows a late `hello`; `None`: the client does not count.
    pub attempt: Option<u32>,
}

/// One frame of a client, with its numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientFrame {
    /// The frame's number in the session; `None` in version 1.
    pub seq: Option<SequenceNumber>,
    /// The highest number up to which the client has every frame of the server, if the client's frame says it.
    pub ack: Option<Position>,
    /// The frame's `id`; the answer refers to it.
    pub reference: Option<u32>,
    /// What the frame asks for.
    pub action: Action,
}

/// What a frame asks for. The answer is a [`super::Mail`].
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Says how the peer's network maps addresses, or that the peer does not know any more: lists name it from now on, and the
    /// members of the peer's small rooms are told. There is no answer.
    Describe(Option<Label>),
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
    /// Refuses the frame, which cannot be executed. Its number is used up, and its sender gets an error.
    Refuse {
        /// The code of the error.
        code: ErrorCode,
        /// The explanation for people.
        text: Cow<'static, str>,
        /// The peer that the frame was for.
        about: Option<PeerId>,
    },
}

/// How a socket ended.
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

/// Explains an engine's refusal to people.
pub(crate) const fn explanation(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::PeerNotFound => "no live peer has this id",
        ErrorCode::PeerBusy => "too much waits for the peer already",
        ErrorCode::TooManyRooms => "the peer is in as many rooms as allowed",
        ErrorCode::RoomNotJoined => "the peer is not in this room",
        ErrorCode::PeerIdTaken => "another live session holds this peer id",
        ErrorCode::ServerFull => "the server has as many sessions as allowed: try again later",
        ErrorCode::UpgradeRequired => "the receiver speaks a version without receipts",
        _ => "refused",
    }
}

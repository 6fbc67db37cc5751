//! What the driver tells the core.

use crate::ids::{CallId, ConnectionId, OperationId, SocketId};
use alloc::{boxed::Box, string::String, vec::Vec};
use signalpost_protocol::{Envelope, IceCandidateInit, OwnSignal, PeerId, Query, RoomName};

/// Something happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// The application called.
    Command(Command),
    /// A socket that [`crate::Output::OpenSocket`] asked for did something.
    Socket {
        /// The id that the output gave.
        socket: SocketId,
        /// What it did. Events of a socket that was replaced are ignored.
        event: SocketEvent,
    },
    /// A connection that [`crate::Output::CreateConnection`] asked for did something.
    Connection {
        /// The id that the output gave.
        connection: ConnectionId,
        /// What it did. Events of a closed connection are ignored.
        event: ConnectionEvent,
    },
    /// The page or the network changed.
    Page(PageEvent),
    /// The time that [`crate::Client::poll_timeout`] named has come.
    Timeout,
}

/// A call of the application. `call` names the promise that [`crate::Output::Settle`] settles.
#[derive(Clone, Debug)]
pub enum Command {
    /// Connect to the server and register.
    Connect {
        /// The promise.
        call: CallId,
        /// When to give up, in milliseconds from now.
        timeout_ms: u32,
    },
    /// Stop for good.
    Close,
    /// Forget a promise: the application aborted it.
    Cancel {
        /// The promise.
        call: CallId,
    },
    /// Give a promise of any command that names no time of its own another time limit than the default.
    Limit {
        /// The promise; nothing happens if it is settled.
        call: CallId,
        /// When to give up, in milliseconds from now.
        timeout_ms: u32,
    },
    /// Enter a room.
    Join {
        /// The promise; settled with [`crate::Reply::Peers`].
        call: CallId,
        /// The room.
        room: RoomName,
    },
    /// Leave a room.
    Leave {
        /// The promise.
        call: CallId,
        /// The room.
        room: RoomName,
    },
    /// Look for peers.
    FindPeers {
        /// The promise; settled with [`crate::Reply::Peers`].
        call: CallId,
        /// Which.
        query: Query,
    },
    /// Connections get these STUN and TURN servers from now on, the first ones included.
    IceServers {
        /// Their URLs (`RTCIceServer.urls`); none where only relayed candidates are wanted (`iceTransportPolicy: "relay"`) and there
        /// is nothing to be found out about the network.
        urls: Vec<String>,
    },
    /// Make sure that there is a connection object for this peer; nothing is sent yet.
    OpenPeer {
        /// The peer.
        peer: PeerId,
    },
    /// Connect to a peer.
    ConnectPeer {
        /// The promise; settled when data can flow.
        call: CallId,
        /// The peer.
        peer: PeerId,
        /// When to give up, in milliseconds from now.
        timeout_ms: u32,
    },
    /// Send a text of the application's own.
    Message {
        /// The promise; settled when it is in the receiver's queue.
        call: CallId,
        /// Who receives it.
        to: Receiver,
        /// At most [`signalpost_protocol::limits::MESSAGE_BYTES`].
        data: String,
        /// The promise waits until the receiver has it; not for a room.
        receipt: bool,
    },
    /// Send a signal for a connection that the application made itself.
    OwnSignal {
        /// The promise; settled when it is in the receiver's queue.
        call: CallId,
        /// The receiver.
        to: PeerId,
        /// What it receives. Candidates are batched.
        signal: OwnSignal,
    },
    /// Restart ICE towards a peer (RFC 8445 §9).
    RestartIce {
        /// The peer.
        peer: PeerId,
    },
    /// Close the connection to a peer and tell it.
    ClosePeer {
        /// The peer.
        peer: PeerId,
    },
}

/// Who receives a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receiver {
    /// One peer.
    Peer(PeerId),
    /// Everybody else in a room.
    Room(RoomName),
}

/// What a socket did.
#[derive(Clone, Debug)]
pub enum SocketEvent {
    /// It is open.
    Opened,
    /// It cannot be made: the URL is none, or the page's policy forbids it, or `transport` threw.
    Unavailable {
        /// What the browser or `transport` threw, or which policy it is.
        message: String,
    },
    /// It is closed.
    Closed {
        /// The close code (RFC 6455 §7.4); 1006 when there was no close frame.
        code: u16,
    },
    /// A frame arrived.
    Frame(Box<Envelope>),
    /// A frame arrived that is no envelope.
    Malformed,
}

/// What a connection did.
#[derive(Clone, Debug)]
pub enum ConnectionEvent {
    /// The browser threw when the connection was to be constructed.
    Unavailable {
        /// What it threw.
        message: String,
    },
    /// `negotiationneeded` (W3C WebRTC §4.7.3).
    NegotiationNeeded,
    /// `icecandidate` with a candidate.
    Candidate(IceCandidateInit),
    /// `RTCIceCandidate.url` of the candidate that is reported next, where the browser gives it.
    CandidateUrl {
        /// The URL of the server that the candidate comes from.
        url: String,
    },
    /// `icecandidateerror` (W3C WebRTC §4.8.3).
    CandidateError {
        /// The code of STUN or TURN; 701: no answer.
        code: u16,
        /// The URL of the server.
        url: String,
    },
    /// The end of candidates, however the browser says it.
    EndOfCandidates,
    /// `connectionstatechange`.
    StateChanged(ConnectionState),
    /// The SDK's own data channel opened: data can flow.
    Opened,
    /// The SDK's own data channel closed: the other side is gone, or nothing flows ever again.
    ChannelClosed,
    /// A text arrived on the SDK's own data channel: see [`crate::Output::Ping`].
    Heard {
        /// The text; empty where it is longer than a ping.
        text: String,
    },
    /// What [`crate::Output::AwaitPair`] waited for.
    PairInUse,
    /// What [`crate::Output::Probe`] asked for.
    Probed {
        /// Whether `bytesReceived` of the connection's statistics changed (W3C WebRTC Statistics §8.3).
        is_live: bool,
        /// `currentRoundTripTime` of the candidate pair in use, in milliseconds; `None` where the browser does not know it
        /// (W3C WebRTC Statistics §8.13).
        round_trip_ms: Option<u32>,
    },
    /// An operation that [`crate::Output::Operate`] asked for has ended.
    Done {
        /// The id that the output gave.
        operation: OperationId,
        /// How.
        outcome: Outcome,
    },
}

/// How an operation ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The local description that was set, for operations that set one; or what the browser threw.
    pub result: Result<Option<Description>, String>,
    /// `RTCPeerConnection.signalingState` after it.
    pub signaling_state: SignalingState,
}

/// `RTCSessionDescription`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Its type.
    pub kind: SdpType,
    /// Its text.
    pub sdp: String,
}

/// `RTCSdpType`, without `pranswer`, which Signalpost never makes, and `rollback`, which is an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SdpType {
    /// `offer`
    Offer,
    /// `answer`
    Answer,
}

/// `RTCSignalingState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignalingState {
    /// `stable`
    Stable,
    /// `have-local-offer`
    HaveLocalOffer,
    /// `have-remote-offer`
    HaveRemoteOffer,
    /// `closed`, or a state that Signalpost never enters.
    Closed,
}

/// `RTCPeerConnectionState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionState {
    /// `new`
    New,
    /// `connecting`
    Connecting,
    /// `connected`
    Connected,
    /// `disconnected`
    Disconnected,
    /// `failed`
    Failed,
    /// `closed`
    Closed,
}

impl ConnectionState {
    /// The state as W3C WebRTC spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Disconnected => "disconnected",
            Self::Failed => "failed",
            Self::Closed => "closed",
        }
    }
}

/// What the page or the network did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageEvent {
    /// The network is there (`online`).
    Online,
    /// The network is gone (`offline`).
    Offline,
    /// The page is visible (`visibilitychange`, `pageshow`).
    Visible,
    /// The page is hidden.
    Hidden,
    /// The machine slept, as a jump of the wall clock shows, or a frozen page goes on (`resume`).
    Woke,
    /// The page is frozen, or goes into the back/forward cache (`freeze`, `pagehide`).
    Frozen,
    /// The page may be about to be left (`beforeunload`): a link was followed, which may turn out to be a download.
    MayLeave,
    /// The page is left (`pagehide`); after [`PageEvent::Frozen`] it may come back.
    Leaving,
}

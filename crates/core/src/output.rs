//! What the core asks for.

use crate::failure::Failure;
use crate::ids::{CallId, ConnectionId, OperationId, SocketId};
use crate::input::{ConnectionState, Description};
use crate::network::Verdict;
use alloc::sync::Arc;
use alloc::{string::String, vec::Vec};
use signalpost_protocol::{
    AwayReason, Envelope, IceCandidateInit, LeaveReason, LossReason, Open, OwnSignal, PeerId, PeerInfo,
    Position, RoomName,
};

/// One thing to do, in order.
#[derive(Clone, Debug)]
pub enum Output {
    /// Open a socket to the server.
    OpenSocket {
        /// Its id from now on.
        socket: SocketId,
    },
    /// Send one text frame.
    Send {
        /// On this socket.
        socket: SocketId,
        /// The frame; kept until it is acknowledged, if it is numbered.
        envelope: Arc<Envelope>,
        /// The envelope's `ack`, which each sending has anew.
        ack: Option<Position>,
    },
    /// Close a socket; nothing that it does afterwards matters.
    CloseSocket {
        /// Which.
        socket: SocketId,
        /// 1000, or 3000–4999.
        code: u16,
    },
    /// Construct an `RTCPeerConnection` with the SDK's own negotiated data channel.
    CreateConnection {
        /// Its id from now on.
        connection: ConnectionId,
        /// Whom it is for.
        peer: PeerId,
    },
    /// Construct an `RTCPeerConnection` to nobody with one data channel, and set its local description, so that it gathers. Of its
    /// events only those about candidates matter, and [`crate::ConnectionEvent::Unavailable`].
    Gather {
        /// Its id from now on.
        connection: ConnectionId,
    },
    /// Construct an `RTCPeerConnection` in the place of another one, as for [`Output::CreateConnection`]. Nothing that the old one does
    /// afterwards matters. The driver closes it only after [`Event::PeerReplaced`], so that the application's tracks and channels can
    /// be carried over.
    ReplaceConnection {
        /// Whom both are for.
        peer: PeerId,
        /// The id of the old one, which is over.
        old: ConnectionId,
        /// The id of the new one from now on.
        connection: ConnectionId,
    },
    /// Start an asynchronous operation and report [`crate::ConnectionEvent::Done`] when it ends.
    Operate {
        /// On this connection.
        connection: ConnectionId,
        /// The id to report.
        operation: OperationId,
        /// What to do.
        what: Operation,
    },
    /// Call `restartIce()`.
    RestartIce {
        /// On this connection.
        connection: ConnectionId,
    },
    /// Send something on the SDK's own data channel, which the other side's transport acknowledges without its page (RFC 9260
    /// §6.2), and report [`crate::ConnectionEvent::Probed`].
    Probe {
        /// On this connection.
        connection: ConnectionId,
        /// When to report, in milliseconds from now.
        after_ms: u16,
    },
    /// Report [`crate::ConnectionEvent::PairInUse`] once the two candidates of the pair in use are of the generations that the two
    /// descriptions name.
    AwaitPair {
        /// On this connection.
        connection: ConnectionId,
        /// How long to look for it, in milliseconds.
        within_ms: u16,
    },
    /// Send a text on the SDK's own data channel, where that is open: a sign of life, or the wish for one. No report follows.
    Ping {
        /// On this connection.
        connection: ConnectionId,
        /// The text, of at most [`Output::PING_BYTES`].
        text: &'static str,
    },
    /// Call `close()`; nothing that the connection does afterwards matters.
    CloseConnection {
        /// Which.
        connection: ConnectionId,
    },
    /// Settle a promise of the application.
    Settle {
        /// Which.
        call: CallId,
        /// With what.
        result: Result<Reply, Failure>,
    },
    /// Tell the application.
    Event(Event),
    /// Nothing to do: a step that only the `debug` hook hears of.
    Note {
        /// What happened, such as `ignore`.
        action: &'static str,
        /// The number of the connection that it is about.
        id: Option<u32>,
        /// Details.
        detail: String,
    },
}

impl Output {
    /// The most bytes of a [`Output::Ping`].
    pub const PING_BYTES: usize = 8;
}

/// An asynchronous method of `RTCPeerConnection`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `setLocalDescription()`: the browser makes an offer or an answer, by its state.
    SetLocalDescription,
    /// `createOffer()`: the result is reported as the local description, but it is not set.
    CreateOffer,
    /// `createAnswer()`: the result is reported as the local description, but it is not set.
    CreateAnswer,
    /// `setLocalDescription(…)` of an offer that [`Operation::CreateOffer`] made.
    SetLocalOffer(Description),
    /// Reports the local description with the candidates that it holds by now.
    ReadLocalDescription,
    /// `setLocalDescription({ type: "rollback" })`: takes the own offer back.
    RollbackLocal,
    /// `setRemoteDescription({ type: "rollback" })`: drops the other side's offer. Firefox insists on the side.
    RollbackRemote,
    /// `setRemoteDescription(…)`.
    SetRemoteDescription(Description),
    /// `addIceCandidate(…)`; an empty candidate is the end of candidates.
    AddIceCandidate(IceCandidateInit),
}

/// What a promise resolves with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Nothing.
    Done,
    /// Peers.
    Peers {
        /// Who.
        peers: Vec<PeerInfo>,
        /// Where the next page starts, if there is one.
        cursor: Option<String>,
    },
}

/// What the application learns without having asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The client's own state changed.
    State {
        /// The new state.
        state: ClientState,
        /// Why: an error code, or nothing when it is as it should be.
        reason: String,
    },
    /// The link is back. Whether the session went on, or why it did not: then everything of it that was not settled is lost,
    /// and the client reports rooms and connections anew.
    Resumed {
        /// Whether it did.
        resumed: bool,
        /// Why it did not; `None` when it did or there was none.
        reason: Option<Open<LossReason>>,
    },
    /// The secret that the next registration of this peer id needs, as long as the session lives.
    Key {
        /// What [`crate::Config::key`] would be.
        key: String,
    },
    /// Something went wrong that no promise waits for.
    Error {
        /// With whom, if with a peer.
        peer: Option<PeerId>,
        /// What.
        failure: Failure,
    },
    /// Somebody is in a room.
    PeerJoined {
        /// The room.
        room: RoomName,
        /// Who.
        peer: PeerInfo,
    },
    /// Somebody in a room lost the link to the server, and there is no connection to it. It may come back.
    PeerAway {
        /// The room.
        room: RoomName,
        /// Who.
        peer: PeerId,
        /// Why.
        reason: Open<AwayReason>,
    },
    /// Somebody in a room that was away is back.
    PeerBack {
        /// The room.
        room: RoomName,
        /// Who.
        peer: PeerId,
    },
    /// Somebody is no longer in a room.
    PeerLeft {
        /// The room.
        room: RoomName,
        /// Who.
        peer: PeerId,
        /// Why.
        reason: Open<LeaveReason>,
    },
    /// A text of another application arrived.
    Message {
        /// Who sent it.
        from: PeerId,
        /// The room that it was broadcast in; `None`: it is for us alone.
        room: Option<RoomName>,
        /// What it is.
        data: String,
    },
    /// A signal for a connection that the application made itself arrived.
    OwnSignal {
        /// Who sent it.
        from: PeerId,
        /// What it is.
        signal: OwnSignal,
    },
    /// A remote peer connected to us; its connection object exists.
    Peer {
        /// Who.
        peer: PeerId,
    },
    /// The connection to a remote peer changed its state.
    PeerState {
        /// Who.
        peer: PeerId,
        /// The new state.
        state: ConnectionState,
        /// Why: `path-lost` when it is disconnected, an error code when it is failed or closed, otherwise nothing.
        reason: String,
    },
    /// There is another verdict about the own network, or none any more.
    Network {
        /// The verdict; `None`: the network changed.
        verdict: Option<Verdict>,
    },
    /// Data can flow to a remote peer.
    PeerOpen {
        /// Who.
        peer: PeerId,
    },
    /// A remote peer has another connection object ([`Output::ReplaceConnection`]), which holds nothing of the application yet.
    PeerReplaced {
        /// Who.
        peer: PeerId,
    },
}

/// The state of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientState {
    /// `connect()` was not called, or failed.
    Idle,
    /// The first connection is being made.
    Connecting,
    /// Registered.
    Connected,
    /// The link was lost and is being made anew.
    Reconnecting,
    /// Closed for good.
    Closed,
}

impl ClientState {
    /// The state as the application sees it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Reconnecting => "reconnecting",
            Self::Closed => "closed",
        }
    }
}

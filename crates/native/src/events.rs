//! What the application hears without having asked.

use crate::error::Error;
use futures_util::Stream;
use signalpost_core::protocol::{
    AwayReason, LeaveReason, LossReason, Open, OwnSignal, PeerId, PeerInfo, RoomName,
};
use signalpost_core::{self as core, ClientState};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc;

/// Something happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The client's own state changed.
    State {
        /// The new state.
        state: ClientState,
        /// Why: an error code; empty when the state is as the application wants it.
        reason: String,
    },
    /// The link is back, and the session went on: nothing was lost.
    Resumed,
    /// The link is back, and the session did not go on. Every call that was under way has failed with `link-lost`, and what
    /// others sent meanwhile may be lost; the client enters its rooms anew by itself.
    SessionLost {
        /// Why; `None` when the server gave no reason.
        reason: Option<Open<LossReason>>,
    },
    /// The secret that proves this client's right to its peer id changed. An application that starts anew as the same peer
    /// keeps the secret for [`crate::Key`].
    Key {
        /// The secret.
        secret: String,
    },
    /// Something went wrong that no call waits for.
    Error {
        /// The peer that it is about, if it is about one.
        peer: Option<PeerId>,
        /// What.
        error: Error,
    },
    /// A peer is in a room.
    PeerJoined {
        /// The room.
        room: RoomName,
        /// The peer.
        peer: PeerInfo,
    },
    /// A peer in a room lost its link to the server. It may come back.
    PeerAway {
        /// The room.
        room: RoomName,
        /// The peer.
        peer: PeerId,
        /// Why.
        reason: Open<AwayReason>,
    },
    /// A peer in a room that was away is back.
    PeerBack {
        /// The room.
        room: RoomName,
        /// The peer.
        peer: PeerId,
    },
    /// A peer is no longer in a room.
    PeerLeft {
        /// The room.
        room: RoomName,
        /// The peer.
        peer: PeerId,
        /// Why.
        reason: Open<LeaveReason>,
    },
    /// A message arrived.
    Message {
        /// The peer that sent it.
        from: PeerId,
        /// The room that it was broadcast in; `None` where it is for this client alone.
        room: Option<RoomName>,
        /// JSON text.
        data: String,
    },
    /// A signal arrived for a connection that the application makes itself.
    Signal {
        /// The peer that sent it.
        from: PeerId,
        /// The signal.
        signal: OwnSignal,
    },
}

impl Event {
    /// The event that the application hears; `None` where the core speaks of WebRTC connections, of which this client has none.
    pub(crate) fn of_core(event: core::Event) -> Option<Self> {
        Some(match event {
            core::Event::State { state, reason } => Self::State { state, reason },
            core::Event::Resumed { resumed: true, .. } => Self::Resumed,
            core::Event::Resumed { resumed: false, reason } => Self::SessionLost { reason },
            core::Event::Key { key } => Self::Key { secret: key },
            core::Event::Error { peer, failure } => Self::Error { peer, error: Error::from(&failure) },
            core::Event::PeerJoined { room, peer } => Self::PeerJoined { room, peer },
            core::Event::PeerAway { room, peer, reason } => Self::PeerAway { room, peer, reason },
            core::Event::PeerBack { room, peer } => Self::PeerBack { room, peer },
            core::Event::PeerLeft { room, peer, reason } => Self::PeerLeft { room, peer, reason },
            core::Event::Message { from, room, data } => Self::Message { from, room, data },
            core::Event::OwnSignal { from, signal } => Self::Signal { from, signal },
            core::Event::Network { .. }
            | core::Event::Peer { .. }
            | core::Event::PeerState { .. }
            | core::Event::PeerOpen { .. }
            | core::Event::PeerReplaced { .. } => return None,
        })
    }
}

/// The events of one client, in their order. They end when the client is closed. A program that does not want them drops
/// them; one that keeps them takes them, or the client stops to read.
#[derive(Debug)]
pub struct Events(pub(crate) mpsc::Receiver<Event>);

impl Events {
    /// The next event; `None` when the client is closed.
    pub async fn next(&mut self) -> Option<Event> {
        self.0.recv().await
    }
}

impl Stream for Events {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Event>> {
        self.0.poll_recv(context)
    }
}

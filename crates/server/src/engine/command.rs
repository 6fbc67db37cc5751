//! What a session asks of an engine, and what an engine tells a connection.

use signalpost_protocol::{
    ErrorCode, Hello, IceCandidateInit, OwnSignal, PeerId, PeerInfo, Query, RoomName, Signal,
};
use std::sync::Arc;

/// What a session asks of the engine. Every command but [`Command::Detach`] gets exactly one [`Reply`],
/// and every command of a registered connection renews its lease.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Registers the peer on this connection; a live registration of the same id and key is taken over.
    Claim(Box<Hello>),
    /// Only renews the lease.
    Beat,
    /// Enters a room. Entering one twice is answered as the first time and announced once.
    Join(RoomName),
    /// Leaves a room.
    Leave(RoomName),
    /// Lists peers.
    Discover(Query),
    /// Hands a signal to another peer.
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
    /// The connection ends; what it registered ends with it. No reply.
    Detach(LeaveReason),
}

/// Why a peer is no longer in a room, as `peer-left` tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaveReason {
    /// It left this room and is still there.
    Left,
    /// It said `bye`.
    Closed,
    /// Its socket or its lease ended without `bye`, or another socket took its place.
    Lost,
}

impl LeaveReason {
    /// The reason on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Closed => "closed",
            Self::Lost => "lost",
        }
    }
}

/// One page of peers, ordered by id.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The peers. A page may hold fewer than were asked for even when more follow.
    pub peers: Vec<Arc<PeerInfo>>,
    /// The id after which the next page starts; `None` on the last page.
    pub cursor: Option<PeerId>,
}

/// The answer to a [`Command`].
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// The peer is registered.
    Claimed,
    /// The lease is renewed.
    Beaten,
    /// The peer is in the room.
    Joined {
        /// The room.
        room: RoomName,
        /// The first page of the others in it.
        page: Page,
    },
    /// The peer is no longer in the room.
    Left {
        /// The room.
        room: RoomName,
    },
    /// What was asked for.
    Found(Page),
    /// The signal is in the queue of its receiver, or of every other live peer in the room.
    Sent,
    /// The command changed nothing; the code says why.
    Refused(ErrorCode),
    /// This connection holds no registration (any more): its lease ended or another took it over.
    Unregistered,
}

/// What an engine tells a connection: replies and news in one queue, in the order of their effects.
#[derive(Clone, Debug, PartialEq)]
pub enum Delivery {
    /// The answer to the command of this connection.
    Reply(Reply),
    /// A signal from another peer.
    Relay {
        /// The sender, as the engine knows it.
        from: PeerId,
        /// What it sent.
        signal: Signal,
    },
    /// Somebody entered a room of this peer.
    PeerJoined {
        /// The room.
        room: RoomName,
        /// Who.
        peer: Arc<PeerInfo>,
    },
    /// Somebody is no longer in a room of this peer.
    PeerLeft {
        /// The room.
        room: RoomName,
        /// Who.
        peer: PeerId,
        /// Why.
        reason: LeaveReason,
    },
    /// Another connection took the registration over.
    Superseded,
    /// The lease ended.
    Expired,
}

impl Delivery {
    /// About how many bytes it takes in a queue: the text that it carries and a fixed share.
    pub fn weight(&self) -> usize {
        const FIXED: usize = 128;
        FIXED
            + match self {
                Self::Relay { from, signal } => from.as_str().len() + signal_weight(signal),
                Self::PeerJoined { room, peer } => room.as_str().len() + peer_weight(peer),
                Self::PeerLeft { room, peer, .. } => room.as_str().len() + peer.as_str().len(),
                Self::Reply(_) | Self::Superseded | Self::Expired => 0,
            }
    }
}

fn signal_weight(signal: &Signal) -> usize {
    match signal {
        Signal::Offer(description) | Signal::Answer(description) => description.sdp.len(),
        Signal::Own(OwnSignal::Offer(sdp) | OwnSignal::Answer(sdp)) => sdp.len(),
        Signal::Candidates(batch) => {
            candidates_weight(&batch.candidates) + batch.end.as_ref().map_or(0, String::len)
        }
        Signal::Own(OwnSignal::Candidates { candidates, .. }) => candidates_weight(candidates),
        Signal::Message { room, data, .. } => {
            room.as_ref().map_or(0, |room| room.as_str().len()) + data.len()
        }
        Signal::Invite { end, .. } => end.as_ref().map_or(0, String::len),
        Signal::Reject { .. } | Signal::Close { .. } => 0,
    }
}

fn candidates_weight(candidates: &[IceCandidateInit]) -> usize {
    let texts = candidates.iter().map(|init| {
        init.candidate.len()
            + init.sdp_mid.as_ref().map_or(0, String::len)
            + init.username_fragment.as_ref().map_or(0, String::len)
    });
    texts.sum()
}

fn peer_weight(peer: &PeerInfo) -> usize {
    peer.id.len()
        + peer.region.as_ref().map_or(0, String::len)
        + peer.capabilities.iter().map(String::len).sum::<usize>()
        + peer.metadata.as_ref().map_or(0, String::len)
}

//! Mail: the contents of mailboxes.

use signalpost_protocol::record::text_bytes;
use signalpost_protocol::{
    AwayReason, ErrorCode, LeaveReason, PeerId, PeerInfo, RoomName, ServerMessage, Signal, limits,
};
use std::borrow::Cow;
use std::sync::Arc;

/// One page of peers, ordered by id.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The peers. A page may hold fewer than were asked for even when more follow.
    pub peers: Vec<Arc<PeerInfo>>,
    /// Where the next page starts: behind this id, unless the engine has another order too; `None` on the last page.
    pub cursor: Option<String>,
}

/// One message for a client, which gets it once and in order: an answer, a signal or a notice.
#[derive(Clone, Debug, PartialEq)]
pub enum Mail {
    /// The peer is in the room.
    Joined {
        /// The room.
        room: RoomName,
        /// The first page of the others in it.
        page: Page,
        /// The frame that this answers.
        reference: Option<u32>,
    },
    /// The peer is no longer in the room.
    Left {
        /// The room.
        room: RoomName,
        /// The frame that this answers.
        reference: Option<u32>,
    },
    /// The page of a list that the client asked for.
    Found {
        /// The page.
        page: Page,
        /// The frame that this answers.
        reference: Option<u32>,
    },
    /// The signal is in the mailbox of its receiver, or of every other peer in the room.
    Sent {
        /// The frame that this answers.
        reference: Option<u32>,
    },
    /// The receiver of a message has acknowledged it.
    Received {
        /// The frame that this is about.
        reference: Option<u32>,
    },
    /// The frame changed nothing, or a message whose sender wants a receipt is lost.
    Refused {
        /// The code of the error.
        code: ErrorCode,
        /// The explanation for people.
        text: Cow<'static, str>,
        /// The frame that this answers.
        reference: Option<u32>,
        /// The peer that the frame was for.
        about: Option<PeerId>,
        /// In how many milliseconds the engine would take the frame, where it knows.
        after: Option<u32>,
    },
    /// A signal from another peer.
    Relay {
        /// The sender, as the engine knows it.
        from: PeerId,
        /// What it sent.
        signal: Signal,
    },
    /// Another peer entered a room of this peer.
    PeerJoined {
        /// The room.
        room: RoomName,
        /// The other peer.
        peer: Arc<PeerInfo>,
    },
    /// Another peer in a room of this peer lost its socket, and may resume.
    PeerAway {
        /// The room.
        room: RoomName,
        /// The other peer.
        peer: PeerId,
        /// The reason.
        reason: AwayReason,
    },
    /// Another peer in a room of this peer has resumed. For a member that entered the room meanwhile this is the first
    /// notice about that peer.
    PeerBack {
        /// The room.
        room: RoomName,
        /// The other peer.
        peer: Arc<PeerInfo>,
    },
    /// Another peer is no longer in a room of this peer.
    PeerLeft {
        /// The room.
        room: RoomName,
        /// The other peer.
        peer: PeerId,
        /// The reason.
        reason: LeaveReason,
    },
}

/// The kinds of mail, which differ in what happens when there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailKind {
    /// A signal from another peer: the engine refuses it, and the sender learns that.
    Relay,
    /// A notice about a room: a client that misses it has a wrong picture of the room.
    Notice,
    /// The answer to a frame of the client itself.
    Answer,
}

impl Mail {
    /// Its kind.
    pub const fn kind(&self) -> MailKind {
        match self {
            Self::Relay { .. } => MailKind::Relay,
            Self::PeerJoined { .. }
            | Self::PeerAway { .. }
            | Self::PeerBack { .. }
            | Self::PeerLeft { .. } => MailKind::Notice,
            Self::Joined { .. }
            | Self::Left { .. }
            | Self::Found { .. }
            | Self::Sent { .. }
            | Self::Received { .. }
            | Self::Refused { .. } => MailKind::Answer,
        }
    }

    /// About how many bytes it takes: its text, and a fixed share.
    pub fn weight(&self) -> usize {
        const FIXED: usize = 128;
        FIXED
            + match self {
                Self::Relay { from, signal } => from.as_str().len() + signal.text_bytes(),
                Self::PeerJoined { room, peer } | Self::PeerBack { room, peer, .. } => {
                    room.as_str().len() + peer_weight(peer)
                }
                Self::PeerLeft { room, peer, .. } | Self::PeerAway { room, peer, .. } => {
                    room.as_str().len() + peer.as_str().len()
                }
                Self::Joined { room, page, .. } => room.as_str().len() + page_weight(page),
                Self::Found { page, .. } => page_weight(page),
                Self::Left { room, .. } => room.as_str().len(),
                Self::Refused { text, about, .. } => {
                    text.len() + about.as_ref().map_or(0, |id| id.as_str().len())
                }
                Self::Sent { .. } | Self::Received { .. } => 0,
            }
    }

    /// The message of the protocol.
    pub fn into_message(self) -> ServerMessage {
        match self {
            Self::Joined { room, page, reference } => {
                let (peers, cursor) = to_wire(page);
                ServerMessage::Joined { room, peers, cursor, reference }
            }
            Self::Left { room, reference } => ServerMessage::Left { room, reference },
            Self::Found { page, reference } => {
                let (peers, cursor) = to_wire(page);
                ServerMessage::Peers { peers, cursor, reference }
            }
            Self::Sent { reference } => ServerMessage::Sent { reference },
            Self::Received { reference } => ServerMessage::Received { reference },
            Self::Refused { code, text, reference, about, after } => ServerMessage::Error {
                code: code.as_str().into(),
                message: text.into_owned(),
                reference,
                about,
                after,
            },
            Self::Relay { from, signal } => ServerMessage::Relay { from, signal },
            Self::PeerJoined { room, peer } => {
                ServerMessage::PeerJoined { room, peer: Arc::unwrap_or_clone(peer) }
            }
            Self::PeerAway { room, peer, reason } => {
                ServerMessage::PeerAway { room, peer, reason: reason.into() }
            }
            Self::PeerBack { room, peer } => {
                ServerMessage::PeerBack { room, peer: Arc::unwrap_or_clone(peer) }
            }
            Self::PeerLeft { room, peer, reason } => {
                ServerMessage::PeerLeft { room, peer, reason: reason.into() }
            }
        }
    }
}

fn to_wire(page: Page) -> (Vec<PeerInfo>, Option<String>) {
    let peers = page.peers.into_iter().map(Arc::unwrap_or_clone).collect();
    (peers, page.cursor)
}

fn page_weight(page: &Page) -> usize {
    page.peers.iter().map(|peer| peer_weight(peer)).sum()
}

/// About how many bytes one peer takes in a page, as JSON.
pub(crate) fn peer_weight(peer: &PeerInfo) -> usize {
    const FIXED: usize = 32;
    FIXED.saturating_add(text_bytes(peer, limits::json_bytes))
}

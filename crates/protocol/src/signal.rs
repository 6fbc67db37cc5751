//! What peers send each other through the server.

use crate::envelope::IceCandidateInit;
use crate::error_code::ErrorCode;
use crate::id::RoomName;
use crate::kind::Kind;
use crate::reason::{Mapping, Open};
use crate::record::text_bytes;
use alloc::{string::String, vec::Vec};

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
        /// How the sender's network maps addresses, as far as the sender knows.
        mapping: Option<Open<Mapping>>,
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
    /// How the sender's network maps addresses, as far as the sender knows.
    pub mapping: Option<Open<Mapping>>,
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
        let mapped = |mapping: &Option<Open<Mapping>>| mapping.as_ref().map_or(0, |word| word.as_str().len());
        match self {
            Self::Offer(description) | Self::Answer(description) => {
                description.sdp.len().saturating_add(mapped(&description.mapping))
            }
            Self::Own(OwnSignal::Offer(sdp) | OwnSignal::Answer(sdp)) => sdp.len(),
            Self::Candidates(batch) => candidate_bytes(&batch.candidates).saturating_add(length(&batch.end)),
            Self::Own(OwnSignal::Candidates { candidates, .. }) => candidate_bytes(candidates),
            Self::Message { room, data, .. } => {
                data.len().saturating_add(room.as_ref().map_or(0, |room| room.as_str().len()))
            }
            Self::Invite { mapping, end, .. } => length(end).saturating_add(mapped(mapping)),
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

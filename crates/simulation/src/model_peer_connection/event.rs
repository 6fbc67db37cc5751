//! The words of the model: states, errors, events.

use super::Milliseconds;
use super::description::{MediaKind, SdpType};

/// The caller's own number of an operation.
pub type OperationId = u64;

/// RTCSignalingState, without the states of provisional answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignalingState {
    /// Nothing is pending.
    Stable,
    /// An own offer is pending.
    HaveLocalOffer,
    /// A remote offer is pending.
    HaveRemoteOffer,
    /// After `close()`.
    Closed,
}

impl SignalingState {
    /// As the DOM spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::HaveLocalOffer => "have-local-offer",
            Self::HaveRemoteOffer => "have-remote-offer",
            Self::Closed => "closed",
        }
    }
}

/// RTCPeerConnectionState.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionState {
    /// No check has begun.
    New,
    /// Checks run.
    Connecting,
    /// A pair works.
    Connected,
    /// The pair has fallen silent.
    Disconnected,
    /// No pair works and none will.
    Failed,
    /// After `close()`.
    Closed,
}

impl ConnectionState {
    /// As the DOM spells it.
    pub fn name(self) -> &'static str {
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

/// RTCIceGatheringState.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GatheringState {
    /// Nothing was gathered.
    New,
    /// Candidates come.
    Gathering,
    /// All candidates have come.
    Complete,
}

/// An error of the DOM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DomError {
    /// The state does not allow it.
    InvalidState,
    /// The description does not fit what was agreed on.
    InvalidAccess,
    /// The description was not the one that was created.
    InvalidModification,
    /// It could not be done.
    Operation,
    /// The argument has the wrong shape.
    Type,
}

impl DomError {
    /// As the DOM spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::InvalidState => "InvalidStateError",
            Self::InvalidAccess => "InvalidAccessError",
            Self::InvalidModification => "InvalidModificationError",
            Self::Operation => "OperationError",
            Self::Type => "TypeError",
        }
    }
}

/// RTCIceCandidateInit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CandidateInit {
    /// The candidate line, or `""` for the end.
    pub candidate: String,
    /// The m-section by name.
    pub sdp_mid: Option<String>,
    /// The m-section by place.
    pub sdp_m_line_index: Option<usize>,
    /// The generation.
    pub username_fragment: Option<String>,
}

/// What a connection tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An operation has ended.
    Settled {
        /// The caller's number.
        op: OperationId,
        /// For setLocalDescription, createOffer and createAnswer the description, else nothing.
        result: Result<Option<(SdpType, String)>, DomError>,
        /// The state at that moment.
        signaling_state: SignalingState,
    },
    /// `signalingstatechange`.
    SignalingStateChange(SignalingState),
    /// `negotiationneeded`; the state at that moment, since Chromium fires it outside stable too.
    NegotiationNeeded(SignalingState),
    /// `icecandidate`; `None` is null.
    IceCandidate(Option<CandidateInit>),
    /// `icegatheringstatechange`.
    GatheringStateChange(GatheringState),
    /// `connectionstatechange`.
    ConnectionStateChange(ConnectionState),
    /// `track`.
    Track {
        /// The kind of its track.
        kind: MediaKind,
        /// The m-section.
        mid: String,
    },
    /// `datachannel`: the other side announced a channel.
    DataChannel(usize),
    /// `open` of the channel with this index.
    ChannelOpen(usize),
    /// `close` of the channel with this index.
    ChannelClose(usize),
}

/// An event and its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// When it happened.
    pub at: Milliseconds,
    /// What happened.
    pub event: Event,
}

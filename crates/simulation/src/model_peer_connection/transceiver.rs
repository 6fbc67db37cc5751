//! Transceivers and data channels.

use super::description::{Direction, MediaKind};

/// An RTCRtpSender.
#[derive(Clone, Debug)]
pub(super) struct Sender {
    pub has_track: bool,
    /// Whether it was ever used to send: then addTrack makes a new transceiver.
    pub has_sent: bool,
}

/// An RTCRtpTransceiver.
#[derive(Clone, Debug)]
pub struct Transceiver {
    pub(super) id: usize,
    pub(super) kind: MediaKind,
    pub(super) mid: Option<String>,
    pub(super) direction: Direction,
    pub(super) current_direction: Option<Direction>,
    pub(super) sender: Sender,
    /// Made by addTrack: a remote offer may take it.
    pub(super) added_by_track: bool,
    /// Whether `track` was fired for what is received.
    pub(super) fired: bool,
    /// Made by a remote offer, not by the page.
    pub(super) remote_made: bool,
}

impl Transceiver {
    /// The kind.
    pub fn kind(&self) -> MediaKind {
        self.kind
    }

    /// `mid`, null until a description was applied.
    pub fn mid(&self) -> Option<&str> {
        self.mid.as_deref()
    }

    /// `direction`: what the page wants.
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// `currentDirection`: what was negotiated.
    pub fn current_direction(&self) -> Option<Direction> {
        self.current_direction
    }
}

/// RTCDataChannelState, without `closing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelState {
    /// Not open yet.
    Connecting,
    /// Open.
    Open,
    /// Closed for good.
    Closed,
}

/// An RTCDataChannel.
#[derive(Clone, Debug)]
pub struct Channel {
    /// The label.
    pub label: String,
    /// The id both sides agreed on, for a negotiated channel.
    pub negotiated_id: Option<u16>,
    /// Its state.
    pub state: ChannelState,
    /// Whether the other side knows of it, for a channel that is not negotiated.
    pub(super) announced: bool,
    /// Made by the other side.
    pub(super) remote: bool,
    /// See `Quirk::ForgetsChannelMadeDuringRemote`.
    pub(super) forgotten: bool,
}

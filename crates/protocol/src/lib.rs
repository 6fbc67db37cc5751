//! The wire of Signalpost, shared by the client and the server: message shapes, identifiers, error and
//! close codes, limits, liveness rules and the candidate grammar of RFC 8839.
//!
//! One message is one WebSocket text frame holding one JSON [`Envelope`]. The envelope is a flat, sparse
//! record so that one `serde` implementation serves every type (each variant of a tagged enum would cost
//! the WebAssembly build another copy); [`ClientMessage`] and [`ServerMessage`] are its typed faces.
//! `docs/protocol.md` describes the same for writers of other clients.
#![cfg_attr(not(test), no_std)]
#![allow(clippy::single_char_add_str, reason = "String::push brings the encoding of UTF-8 into the module")]

extern crate alloc;

pub mod candidate;
pub mod close_code;
mod decode;
mod encode;
pub mod envelope;
pub mod error_code;
pub mod id;
pub mod kind;
pub mod limits;
pub mod link_monitor;
pub mod message;
mod odd_entries;
mod pieces;
pub mod reason;
pub mod record;
pub mod sequence;
pub mod session_description;
mod signal;
mod split_mix64;

pub use candidate::{Candidate, CandidateType};
pub use close_code::CloseCode;
pub use decode::Refusal;
pub use envelope::{Envelope, IceCandidateInit, Payload, PeerInfo};
pub use error_code::ErrorCode;
pub use id::{InvalidId, Label, PeerId, RoomName};
pub use kind::Kind;
pub use link_monitor::LinkMonitor;
pub use message::{
    CandidateBatch, ClientMessage, Description, Hello, OwnSignal, Query, ServerMessage, Signal,
};
pub use reason::{AwayReason, LeaveReason, LossReason, Mapping, Open};
pub use sequence::{AckPolicy, AckTimer, Position, Sequence, SequenceNumber};
pub use split_mix64::SplitMix64;

/// The versions of the protocol that this crate speaks, lowest and highest.
pub const VERSIONS: (u16, u16) = (1, 2);
/// The first version with sessions: numbered frames, acknowledgements and resumption.
pub const SESSIONS: u16 = 2;

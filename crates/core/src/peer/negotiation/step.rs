//! What the negotiation hears, and what it wants.

use crate::ids::OfferNumber;
use crate::input::Description;
use crate::output::Operation;
use alloc::{string::String, vec::Vec};
use signalpost_protocol::{ErrorCode, IceCandidateInit};

/// A message of the other side, or what became of one to it.
#[derive(Debug)]
pub enum Remote {
    Offer {
        number: OfferNumber,
        sdp: String,
    },
    Answer {
        number: OfferNumber,
        sdp: String,
    },
    Candidates {
        candidates: Vec<IceCandidateInit>,
        end: Option<String>,
    },
    /// Asks for an offer. If a generation of the other side has this name, the offer shall end it.
    Invite {
        end: String,
    },
    Reject {
        number: OfferNumber,
        code: ErrorCode,
    },
    /// The server, not the other side: it refuses what was sent, and would refuse it again.
    Undelivered {
        code: ErrorCode,
    },
}

/// What the negotiation wants.
#[derive(Debug)]
pub enum Step {
    /// Start this operation. Only candidates do not wait for the one before.
    Operate(Operation),
    /// The description in the making is set: call [`super::Negotiation::handle_gathered`] when it holds what it should.
    Gather,
    /// Ask the other side to offer, because an offer of our own would begin a generation.
    Invite,
    /// Call `restartIce()`: the other side asks for it.
    RestartIce,
    /// From here on candidates are of this local description: it is set, or is being set.
    Described { sdp: String },
    /// Send this local description.
    SendDescription { number: OfferNumber, description: Description },
    /// Send the outstanding description and its candidates again: the other side has not got them.
    SendAgain,
    /// Tell the other side that its description could not be used.
    SendReject { number: OfferNumber },
    /// Tell the `debug` hook: something of the other side was left out.
    Ignore { why: &'static str },
    /// Tell the application, whose calls that wait are not concerned.
    Report { code: ErrorCode, message: String },
    /// Tell the application and the calls that wait for the connection.
    Fail { code: ErrorCode, message: String },
}

/// The operation that the negotiation waits for. Messages of the other side wait until it has ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum InFlight {
    MakingOffer,
    /// The offer that is out is set, because its answer has come.
    SettingOffer,
    ApplyingOffer {
        number: OfferNumber,
    },
    MakingAnswer {
        number: OfferNumber,
    },
    ApplyingAnswer {
        number: OfferNumber,
    },
    RollingBack,
}

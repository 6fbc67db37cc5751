//! What waits in the operations chain, and the tasks that come later.

use super::description::{Description, SessionText};
use super::event::{CandidateInit, OperationId};

/// A call that waits for its turn, or has it.
#[derive(Debug)]
pub(super) struct Operation {
    pub id: OperationId,
    pub call: Call,
    /// The offer as it was made when the operation began.
    pub prepared: Option<SessionText>,
}

/// What was called.
#[derive(Debug)]
pub(super) enum Call {
    CreateOffer { ice_restart: bool },
    CreateAnswer,
    SetLocal(Option<Description>),
    SetRemote(Description),
    AddCandidate(CandidateInit),
}

/// What happens later.
#[derive(Debug)]
pub(super) enum Task {
    FinishOperation,
    NextOperation,
    UpdateNegotiationNeeded,
    Gather(String, Gather),
    Paired { local: String, remote: String },
    ChecksFailed(u64),
    PathSilent { failed: bool },
    OpenChannel(usize),
    RemoteGone,
}

/// One step of gathering.
#[derive(Clone, Copy, Debug)]
pub(super) enum Gather {
    Begin,
    Candidate(u16),
    EmptyCandidate,
    End,
}

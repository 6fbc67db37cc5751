//! When the client wants to be woken, and why.

use crate::time::Time;

/// Why the core wants to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimerName {
    /// The next attempt to reach the server.
    Reconnect,
    /// An attempt to reach the server takes too long.
    Connecting,
    /// The link to the server is to be asked for, or given up.
    Link,
    /// The link has been good for long enough to forget failed attempts.
    GoodLink,
    /// A call of the application runs out of time.
    Call,
    /// A batch of candidates is due.
    CandidateBatch,
    /// A message of the application has no answer from the server.
    Message,
    /// What the server sent is to be acknowledged.
    Ack,
    /// A description has waited long enough for its candidates.
    Gathering,
    /// A candidate behind an mDNS name is to be given, or given again.
    HiddenName,
    /// The network has been looked at for long enough.
    Topology,
    /// A pair that was never connected runs out of time.
    Pair,
    /// Offers may be made again after an ICE restart.
    Renegotiation,
    /// A description that found nobody is sent again.
    Resend,
    /// A connection is quiet: it is to be pinged, or probed.
    Liveness,
    /// A path was lost: something is to be tried, or the pair is given up.
    Ladder,
}

impl TimerName {
    /// The name for logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reconnect => "reconnect",
            Self::Connecting => "connecting",
            Self::Link => "link",
            Self::GoodLink => "good-link",
            Self::Call => "call",
            Self::CandidateBatch => "candidate-batch",
            Self::Message => "message",
            Self::Ack => "ack",
            Self::Gathering => "gathering",
            Self::HiddenName => "hidden-name",
            Self::Topology => "topology",
            Self::Pair => "pair",
            Self::Renegotiation => "renegotiation",
            Self::Resend => "resend",
            Self::Liveness => "liveness",
            Self::Ladder => "ladder",
        }
    }
}

/// Finds the earliest of several deadlines; of equal ones the one that was noted first.
#[derive(Default)]
pub struct Earliest(Option<(Time, TimerName)>);

impl Earliest {
    /// Takes a deadline into account, if there is one.
    // A copy at each caller would weigh more.
    #[inline(never)]
    pub fn note(&mut self, at: Option<Time>, timer: TimerName) {
        if let Some(at) = at
            && self.0.is_none_or(|(earliest, _)| at < earliest)
        {
            self.0 = Some((at, timer));
        }
    }

    /// The earliest deadline and the timer that it is of.
    pub fn first(&self) -> Option<(Time, TimerName)> {
        self.0
    }
}

//! How long each phase of a connection took.

use crate::time::Time;

/// Milliseconds from the start of the connection: when its object was made. `None`: has not happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    /// When the connection was started, on the driver's clock; the zero of the others.
    pub started_ms: u64,
    /// How long the lookup took that found the peer (join or discovery); not part of the others.
    pub discovery_ms: Option<u32>,
    /// An offer was sent, or arrived.
    pub offer_ms: Option<u32>,
    /// An answer was sent, or arrived.
    pub answer_ms: Option<u32>,
    /// The first candidate of the other side arrived.
    pub first_candidate_ms: Option<u32>,
    /// ICE and DTLS are up: `connectionState` is `connected`, or data can flow.
    pub pair_ms: Option<u32>,
    /// Data can flow.
    pub open_ms: Option<u32>,
}

impl Timeline {
    /// A connection starts now.
    pub fn new(now: Time, discovery_ms: Option<u32>) -> Self {
        Self { started_ms: now.0, discovery_ms, ..Self::default() }
    }

    /// Milliseconds since the start.
    pub fn elapsed_ms(&self, now: Time) -> u32 {
        now.ms_since(Time(self.started_ms))
    }
}

/// Notes when a phase ended; the first time counts.
pub fn mark(place: &mut Option<u32>, elapsed_ms: u32) {
    place.get_or_insert(elapsed_ms);
}

//! How long each phase of a connection took (promise M19).

/// Milliseconds from the start of the connection: when its object was made. `None`: has not happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    /// When the connection was started, on the client's clock; the zero of the others.
    pub started: u64,
    /// How long the lookup took that found the peer (join or discovery); not part of the others.
    pub discovery: Option<u32>,
    /// An offer was sent, or arrived.
    pub offer: Option<u32>,
    /// An answer was sent, or arrived.
    pub answer: Option<u32>,
    /// The first candidate of the other side arrived.
    pub first_candidate: Option<u32>,
    /// ICE and DTLS are up: `connectionState` is `connected`, or data can flow.
    pub pair: Option<u32>,
    /// Data can flow.
    pub open: Option<u32>,
}

impl Timeline {
    /// A connection starts now.
    pub fn new(now: u64, discovery: Option<u32>) -> Self {
        Self { started: now, discovery, ..Self::default() }
    }

    /// Milliseconds since the start.
    pub fn elapsed(&self, now: u64) -> u32 {
        u32::try_from(now.saturating_sub(self.started)).unwrap_or(u32::MAX)
    }
}

/// Keeps the first time only.
pub fn mark(place: &mut Option<u32>, elapsed: u32) {
    place.get_or_insert(elapsed);
}

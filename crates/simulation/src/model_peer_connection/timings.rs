//! Simulated time, and how long the steps of a connection take.

/// Simulated time.
pub type Milliseconds = u64;

/// How long things take, each a closed range in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timings {
    /// createOffer, createAnswer, setLocalDescription and setRemoteDescription.
    pub description: (Milliseconds, Milliseconds),
    /// addIceCandidate.
    pub candidate: (Milliseconds, Milliseconds),
    /// From a description to its first candidate and between candidates.
    pub gathering: (Milliseconds, Milliseconds),
    /// From the last candidate to the end of gathering.
    pub gathering_end: (Milliseconds, Milliseconds),
    /// From `connected` to an open data channel.
    pub channel: (Milliseconds, Milliseconds),
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            description: (1, 8),
            candidate: (0, 2),
            gathering: (1, 6),
            gathering_end: (1, 120),
            channel: (1, 5),
        }
    }
}

//! The one clock of a client.

use std::time::Duration;
use tokio::time::Instant;

/// Counts milliseconds from the moment at which it was made.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// Starts to count.
    pub fn start() -> Self {
        Self { start: Instant::now() }
    }

    /// The milliseconds since the start.
    pub fn now_ms(self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The moment so many milliseconds after the start; `None` where the system cannot name it.
    pub fn at(self, ms: u64) -> Option<Instant> {
        self.start.checked_add(Duration::from_millis(ms))
    }
}

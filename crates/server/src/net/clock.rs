//! The one place that reads clocks. Everything else gets the time as an argument.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Both clocks of the process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    start: Instant,
}

impl Clock {
    #[allow(clippy::disallowed_methods, reason = "the clock module")]
    pub(super) fn start() -> Self {
        Self { start: Instant::now() }
    }

    /// Returns the milliseconds of the monotonic clock since the start: the time that sessions and engines get.
    pub(super) fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Returns the instant at which the monotonic clock shows `now`.
    pub(super) fn instant(&self, now: u64) -> tokio::time::Instant {
        // A time that no clock reaches only has to be far ahead.
        const FAR_MS: u64 = 1 << 42;
        tokio::time::Instant::from_std(self.start) + Duration::from_millis(now.min(FAR_MS))
    }

    /// Returns the milliseconds since the Unix epoch, for the `timestamp` of a frame.
    #[allow(clippy::disallowed_methods, reason = "the clock module")]
    pub(super) fn timestamp(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}

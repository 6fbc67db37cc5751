//! How long a description waits for its candidates.

use crate::time::Time;

/// Waits for the candidates of the description that is set.
pub struct GatheringTimer {
    limit_ms: u32,
    until: Option<Time>,
}

impl GatheringTimer {
    /// A timer that waits for nothing yet. `limit_ms`: the option; without it no description waits.
    pub fn new(limit_ms: Option<u32>) -> Self {
        Self { limit_ms: limit_ms.unwrap_or_default(), until: None }
    }

    /// A description is set that waits for its candidates.
    pub fn start(&mut self, now: Time) {
        self.until = Some(now.after_ms(self.limit_ms));
    }

    /// The description is of a connection that is replaced.
    pub fn stop(&mut self) {
        self.until = None;
    }

    /// Returns, once, whether the wait is over: everything was found (`is_complete`), or time is up.
    pub fn take_end(&mut self, now: Time, is_complete: bool) -> bool {
        self.until.take_if(|until| is_complete || now >= *until).is_some()
    }

    /// When time is up.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.until
    }
}

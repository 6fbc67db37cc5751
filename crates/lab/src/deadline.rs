//! Waiting for a condition.

use crate::failure::Failure;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long a waiting loop rests before it looks again.
const REST: Duration = Duration::from_millis(5);

/// The time until which a condition must hold.
#[derive(Clone, Copy)]
pub struct Deadline {
    end: Instant,
}

impl Deadline {
    /// The time in `limit` from now.
    pub fn after(limit: Duration) -> Self {
        Self { end: Instant::now() + limit }
    }

    /// Rests before the next look at a condition.
    ///
    /// # Errors
    /// When the time is over; `missing` says for what the loop has waited.
    pub async fn rest(&self, missing: impl FnOnce() -> String) -> Result<(), Failure> {
        if Instant::now() >= self.end {
            return Err(Failure::new(format!("waited in vain: {}", missing())));
        }
        sleep(REST).await;
        Ok(())
    }
}

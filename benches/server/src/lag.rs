//! How late the load's own threads are: a time that was measured with a late clock says nothing about the server.

use crate::times::{Times, ms};
use core::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Time between two looks.
const TICK: Duration = Duration::from_millis(5);

/// What one thread was late by since it was last asked.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<Mutex<Vec<Duration>>>);

impl Meter {
    /// Measures for as long as it is polled, on the thread that polls it.
    pub async fn run(self) {
        loop {
            let due = Instant::now() + TICK;
            tokio::time::sleep_until(due).await;
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(due.elapsed());
        }
    }

    pub fn take(&self) -> Times {
        Times::new(std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// The lag of both threads while the times of a row were taken: of the one that measures, and of the one that is the crowd.
#[derive(Clone, Debug)]
pub struct Lag {
    pub measuring: Times,
    pub crowd: Times,
}

impl fmt::Display for Lag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = |times: &Times| format!("{} ({})", ms(times.percentile(99)), ms(times.longest()));
        write!(f, "{}; {}", one(&self.measuring), one(&self.crowd))
    }
}

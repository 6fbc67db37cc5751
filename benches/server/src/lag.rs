//! Measures how late the load's own threads are: a time that was measured with a late clock says nothing about the
//! server.

use crate::times::{Times, ms};
use core::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The time between two measurements.
const TICK: Duration = Duration::from_millis(5);

/// How late one thread was since the last call.
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

/// The lag of both threads during the measurement of a row: of the thread that measures and of the crowd's thread.
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

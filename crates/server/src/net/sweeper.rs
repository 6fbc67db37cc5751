//! Plans the next sweep of the engine.

use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Notify;

/// Longest time between two sweeps, in milliseconds.
const SWEEP_MS: u64 = 1_000;

/// The plan of the task that sweeps the engine. A command may ask for an earlier sweep; times are milliseconds of the
/// server's clock.
#[derive(Debug, Default)]
pub(super) struct Sweeper {
    planned: AtomicU64,
    earlier: Notify,
}

impl Sweeper {
    /// Plans the sweep after a sweep that was done at `now` and found that there is work at `due`.
    pub(super) fn plan(&self, due: Option<u64>, now: u64) -> u64 {
        let latest = now.saturating_add(SWEEP_MS);
        let next = due.map_or(latest, |due| due.clamp(now, latest));
        self.planned.store(next, Ordering::Relaxed);
        next
    }

    /// Notes that a sweep begins. A command that makes work meanwhile wakes the next sweep.
    pub(super) fn begin(&self) {
        self.planned.store(u64::MAX, Ordering::Relaxed);
    }

    /// Notes that a command was executed, and there is work at `due`.
    pub(super) fn handle_due(&self, due: Option<u64>) {
        if let Some(due) = due
            && due < self.planned.load(Ordering::Relaxed)
        {
            self.planned.store(due, Ordering::Relaxed);
            self.earlier.notify_one();
        }
    }

    /// Resolves when a command has asked for a sweep that is earlier than planned.
    pub(super) async fn woken(&self) {
        self.earlier.notified().await;
    }
}

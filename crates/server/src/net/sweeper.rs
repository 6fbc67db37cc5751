//! When the engine is swept next.

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
    /// The time of the next sweep after one that was made just now and said when there is `due` work.
    pub(super) fn plan(&self, due: Option<u64>, now: u64) -> u64 {
        let latest = now.saturating_add(SWEEP_MS);
        let next = due.map_or(latest, |due| due.clamp(now, latest));
        self.planned.store(next, Ordering::Relaxed);
        next
    }

    /// A sweep begins: a command that is executed meanwhile and has work wakes the next one.
    pub(super) fn begin(&self) {
        self.planned.store(u64::MAX, Ordering::Relaxed);
    }

    /// A command was executed, after which there is `due` work.
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

//! What a node knows of its ownership of a session, and for how long it relies on that.

use super::config::Config;
use crate::engine::limits::LEASE_MS;
use std::time::Duration;
use tokio::time::Instant;

/// Age from which on an owner asks before it acts. Signs of life are more frequent: only a node that slept, or was cut off, has one
/// that is older.
const FRESH: Duration = Duration::from_millis(LEASE_MS / 2);

/// When Redis said last that this node owns a session.
#[derive(Clone, Copy, Debug)]
pub(super) struct Proof {
    /// The time of the store, in milliseconds.
    time: u64,
    /// The time of this node, which was not later.
    at: Instant,
}

impl Proof {
    /// A proof by a call that began `at` this time, and whose reply has the time of the store.
    pub(super) const fn new(time: u64, at: Instant) -> Self {
        Self { time, at }
    }

    /// Whether the owner may act without asking.
    pub(super) fn is_fresh(&self) -> bool {
        self.at.elapsed() < FRESH
    }

    /// The time of the store until which what the owner does may take effect: if it comes later, nobody waits for it any more, and
    /// it may have been done otherwise.
    pub(super) fn deadline(&self, config: &Config) -> u64 {
        self.time.saturating_add(milliseconds(Self::term(config)))
    }

    /// Returns the time until which what the owner does may take effect, for a server whose clock shows `time` now; `None` when it is
    /// over.
    pub(super) fn deadline_at(&self, config: &Config, time: u64) -> Option<u64> {
        let rest = Self::term(config).checked_sub(self.at.elapsed())?;
        Some(time.saturating_add(milliseconds(rest)))
    }

    fn term(config: &Config) -> Duration {
        FRESH.saturating_add(config.patience).saturating_add(config.step)
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

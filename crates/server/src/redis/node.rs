//! One node: what all steps share.

use super::call::Call;
use super::config::{Clock, Config};
use super::error::StoreError;
use super::keys::Keys;
use super::local::Local;
use super::reply::Reply;
use super::scripts::Script;
use super::seats::Here;
use super::store::Store;
use signalpost_protocol::PeerId;
use std::collections::VecDeque;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Time that the keys of a session live longer than its lease and its window, in milliseconds.
const SLACK_MS: u64 = 30_000;
/// Pauses between two tries of a step: the first, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(500));

/// What the steps of one node share.
pub(super) struct Node {
    pub(super) store: Store,
    pub(super) keys: Keys,
    pub(super) local: Local,
    pub(super) rooms: Here,
    pub(super) config: Config,
    /// The channel of the node's doorbell.
    pub(super) channel: String,
    /// How many sessions the store had when it was last counted.
    pub(super) sessions: AtomicU64,
    /// Sessions, by their numbers, whose mailbox could not take an answer: they end with the command.
    overflowed: Mutex<VecDeque<(PeerId, u64)>>,
}

impl Node {
    pub(super) fn new(store: Store, config: Config, name: &str) -> Self {
        let keys = Keys::new(&config.prefix);
        let channel = keys.doorbells() + name;
        Self {
            store,
            keys,
            local: Local::default(),
            rooms: Here::default(),
            config,
            channel,
            sessions: AtomicU64::new(0),
            overflowed: Mutex::default(),
        }
    }

    /// Begins a call with the time.
    pub(super) fn call(&self, script: &'static Script, now: u64) -> Call {
        let told = (self.config.clock == Clock::Told).then_some(now);
        Call::new(script).optional(told)
    }

    /// How long keys live without a sign of life, in milliseconds.
    pub(super) fn life_ms(&self) -> u64 {
        crate::engine::limits::LEASE_MS.saturating_add(self.config.window_ms).saturating_add(SLACK_MS)
    }

    /// Runs a script, and again while Redis is away, as long as the configured patience lasts. Every script may be repeated.
    ///
    /// # Errors
    /// The last error.
    pub(super) async fn run(&self, call: Call) -> Result<Reply, StoreError> {
        let end = Instant::now().checked_add(self.config.patience);
        let mut pause = PAUSES.0;
        loop {
            match self.store.run(&call).await {
                Err(error) if error.is_temporary() && end.is_some_and(|end| Instant::now() + pause < end) => {
                    sleep(pause).await;
                    pause = (pause * 2).min(PAUSES.1);
                }
                other => return other,
            }
        }
    }

    /// Notes that the mailbox of a session could not take an answer.
    pub(super) fn overflow(&self, id: PeerId, number: u64) {
        self.overflowed.lock().unwrap_or_else(PoisonError::into_inner).push_back((id, number));
    }

    /// Takes a session whose mailbox could not take an answer.
    pub(super) fn next_overflowed(&self) -> Option<(PeerId, u64)> {
        self.overflowed.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

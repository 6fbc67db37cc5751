//! What the tasks of one server share.

use super::admission::Admission;
use super::audit::Audit;
use super::clock::Clock;
use super::sweeper::Sweeper;
use crate::SocketId;
use crate::drain::Drain;
use metrics_exporter_prometheus::PrometheusHandle;
use signalpost_protocol::Label;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What all tasks of a server share.
pub(super) struct Shared<E> {
    pub(super) engine: E,
    pub(super) clock: Clock,
    pub(super) region: Option<Label>,
    pub(super) admission: Admission,
    pub(super) drain: Drain,
    /// Cancelled when the server stops, for its load balancer to see.
    pub(super) leaving: CancellationToken,
    /// Cancelled when the server accepts no more connections and closes its sockets.
    pub(super) shutdown: CancellationToken,
    pub(super) tasks: TaskTracker,
    pub(super) exporter: Option<PrometheusHandle>,
    pub(super) sweeper: Sweeper,
    /// Empty in a server that keeps no audit trail.
    pub(super) audit: OnceLock<Arc<Audit>>,
    sockets: AtomicU64,
}

impl<E> Shared<E> {
    pub(super) fn new(
        engine: E,
        region: Option<Label>,
        admission: Admission,
        drain: Drain,
        exporter: Option<PrometheusHandle>,
    ) -> Self {
        Self {
            engine,
            clock: Clock::start(),
            region,
            admission,
            drain,
            leaving: CancellationToken::new(),
            shutdown: CancellationToken::new(),
            tasks: TaskTracker::new(),
            exporter,
            sweeper: Sweeper::default(),
            audit: OnceLock::new(),
            sockets: AtomicU64::new(1),
        }
    }

    /// Names a socket that has just opened.
    pub(super) fn next_socket(&self) -> SocketId {
        SocketId::new(self.sockets.fetch_add(1, Ordering::Relaxed))
    }
}

//! How many sockets there may be.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// TCP connections beyond the signaling sockets: page loads, health checks, handshakes under way.
const OTHER_CONNECTIONS: usize = 512;

/// Two counters: one for signaling sockets, one for everything that was accepted.
#[derive(Clone, Debug)]
pub(super) struct Admission {
    signaling: Arc<Semaphore>,
    accepted: Arc<Semaphore>,
}

/// A place, given back when it is dropped.
pub(super) type Place = OwnedSemaphorePermit;

impl Admission {
    pub(super) fn new(max_connections: usize) -> Self {
        let most = max_connections.min(Semaphore::MAX_PERMITS - OTHER_CONNECTIONS);
        Self {
            signaling: Arc::new(Semaphore::new(most)),
            accepted: Arc::new(Semaphore::new(most + OTHER_CONNECTIONS)),
        }
    }

    /// A place for an accepted TCP connection until it is upgraded or ends.
    pub(super) fn admit_connection(&self) -> Option<Place> {
        self.accepted.clone().try_acquire_owned().ok()
    }

    /// A place for a signaling socket.
    pub(super) fn admit_signaling(&self) -> Option<Place> {
        self.signaling.clone().try_acquire_owned().ok()
    }
}

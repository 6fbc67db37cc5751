//! Limits the connections of each kind.
//!
//! A connection arrives without a kind, and gets one by its first request. Each kind has places of its own, so that
//! neither takes those of the other: a client that loads files and does not read them keeps no signaling socket out.

use super::counters;
use std::sync::{Arc, OnceLock};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections beyond those of both kinds: connections whose first request is on its way, which has seconds to arrive.
const ARRIVING: usize = 512;

/// Three counters: signaling sockets, connections that are answered over HTTP, and everything that was accepted.
#[derive(Clone, Debug)]
pub(super) struct Admission {
    /// Which listener it is for, in the metrics.
    listener: &'static str,
    signaling: Arc<Semaphore>,
    http: Arc<Semaphore>,
    accepted: Arc<Semaphore>,
}

/// A place, given back when it is dropped.
pub(super) type Place = OwnedSemaphorePermit;

impl Admission {
    pub(super) fn new(listener: &'static str, signaling: usize, http: usize) -> Self {
        let signaling = signaling.min(Semaphore::MAX_PERMITS / 4);
        let http = http.min(Semaphore::MAX_PERMITS / 4);
        Self {
            listener,
            signaling: Arc::new(Semaphore::new(signaling)),
            http: Arc::new(Semaphore::new(http)),
            accepted: Arc::new(Semaphore::new(signaling + http + ARRIVING)),
        }
    }

    /// Gives a place to an accepted TCP connection, until it is upgraded or ends.
    pub(super) fn admit_connection(&self) -> Option<Place> {
        self.accepted.clone().try_acquire_owned().ok()
    }

    /// Gives a place to a signaling socket.
    pub(super) fn admit_signaling(&self) -> Option<Place> {
        self.signaling.clone().try_acquire_owned().ok()
    }

    /// Returns the means by which a new connection takes its place among the HTTP connections.
    pub(super) fn http_place(&self) -> HttpPlace {
        HttpPlace { listener: self.listener, free: self.http.clone(), taken: Arc::default() }
    }
}

/// The place of one connection among those that are answered over HTTP. It is taken with the first answer and kept until
/// the connection ends.
#[derive(Clone, Debug)]
pub(super) struct HttpPlace {
    listener: &'static str,
    free: Arc<Semaphore>,
    taken: Arc<OnceLock<(Place, counters::HttpConnection)>>,
}

impl HttpPlace {
    /// Whether the connection has a place, which it takes if one is free.
    pub(super) fn take(&self) -> bool {
        if self.taken.get().is_some() {
            return true;
        }
        let Ok(place) = self.free.clone().try_acquire_owned() else { return false };
        // One connection answers one request at a time: nothing else can have set it meanwhile.
        self.taken.get_or_init(|| (place, counters::HttpConnection::count(self.listener)));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_over_http_take_their_own_places_only() {
        let admission = Admission::new("test", 1, 1);
        let (first, second) = (admission.http_place(), admission.http_place());
        assert!(first.take() && first.take(), "it keeps what it has");
        assert!(!second.take());
        assert!(admission.admit_signaling().is_some());
        drop(first);
        assert!(second.take());
    }

    #[test]
    fn those_that_arrive_have_room_when_both_kinds_are_full() {
        let admission = Admission::new("test", 2, 1);
        let all: Vec<Place> = (0..2 + 1 + ARRIVING).map_while(|_| admission.admit_connection()).collect();
        assert_eq!(all.len(), 2 + 1 + ARRIVING);
        assert!(admission.admit_connection().is_none());
    }
}

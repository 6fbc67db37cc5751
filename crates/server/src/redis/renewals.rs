//! Signs of life that the agenda does not know yet.

use signalpost_protocol::PeerId;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use tokio::time::Instant;

/// Signs of life that the agenda does not know yet.
#[derive(Debug, Default)]
pub(super) struct Renewals(Mutex<HashMap<PeerId, Instant>>);

impl Renewals {
    /// Notes a sign of life.
    pub(super) fn note(&self, id: &PeerId) {
        let mut renewals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        renewals.insert(id.clone(), Instant::now());
    }

    /// Puts back what could not be written.
    pub(super) fn put_back(&self, id: PeerId, at: Instant) {
        let mut renewals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = renewals.entry(id).or_insert(at);
        *last = at.max(*last);
    }

    /// Takes the last sign of life of every peer that gave one since the last call.
    pub(super) fn take(&self) -> HashMap<PeerId, Instant> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

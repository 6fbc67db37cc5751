//! Notes what the clients say and hear, in the order of one clock.

use crate::history::{At, History};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::time::Instant;

/// Where every client of a run notes what it does.
#[derive(Clone)]
pub struct Recorder {
    history: Arc<Mutex<History>>,
    start: Instant,
}

impl Recorder {
    /// A recorder of a run that begins now.
    pub fn start() -> Self {
        Self { history: Arc::default(), start: Instant::now() }
    }

    /// Notes something. The time is read while nobody else notes anything.
    pub fn note<T>(&self, note: impl FnOnce(&mut History, At) -> T) -> T {
        // A client that panicked ends the run elsewhere.
        let mut history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        let at = At::try_from(self.start.elapsed().as_micros()).unwrap_or(At::MAX);
        note(&mut history, at)
    }

    /// Takes the history; what is noted later is in none.
    pub fn take(&self) -> History {
        self.note(|history, _| std::mem::take(history))
    }
}

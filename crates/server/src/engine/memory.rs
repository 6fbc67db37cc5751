//! The engine of a single process.

use super::{Command, Delivery, Engine, Full, Outlet, Sink};
use crate::ConnectionId;
use crate::registry::Registry;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The contract of [`Engine`] over one [`Registry`] behind one mutex.
///
/// The lock is held for one command and never across an await: a signal costs a few map look-ups, a
/// listing at most [`crate::registry::SCAN`] of them, a join or a departure one push for each member of the
/// room, a claim one for each entry of the mailbox. Waiters are woken by the operating system, without a promise of first come, first served.
/// Nothing survives the process.
#[derive(Default)]
pub struct MemoryEngine {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    registry: Registry,
    sinks: Sinks,
}

#[derive(Default)]
struct Sinks(BTreeMap<ConnectionId, Arc<dyn Sink>>);

impl Outlet for Sinks {
    fn deliver(&mut self, to: ConnectionId, delivery: Delivery) -> Result<(), Full> {
        self.0.get(&to).map_or(Ok(()), |sink| sink.deliver(delivery))
    }
}

impl MemoryEngine {
    /// An engine that knows nobody. `window` is how long a session waits for its client, in milliseconds; `most_away`
    /// how many may wait at a time.
    pub fn new(window: u64, most_away: usize) -> Self {
        let registry = Registry::new(window).with_most_away(most_away);
        let state = State { registry, sinks: Sinks::default() };
        Self { state: Mutex::new(state) }
    }

    // A panic while the lock was held would be a defect; the state is still the best there is.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine for MemoryEngine {
    async fn attach(&self, connection: ConnectionId, sink: Arc<dyn Sink>) {
        self.state().sinks.0.insert(connection, sink);
    }

    async fn execute(&self, now: u64, connection: ConnectionId, command: Command) {
        let mut state = self.state();
        let State { registry, sinks } = &mut *state;
        let ends = matches!(command, Command::Detach(_));
        registry.execute(now, connection, command, sinks);
        if ends {
            sinks.0.remove(&connection);
        }
    }

    async fn sweep(&self, now: u64) {
        let mut state = self.state();
        let State { registry, sinks } = &mut *state;
        registry.sweep(now, sinks);
    }

    async fn registered(&self) -> usize {
        self.state().registry.len()
    }
}

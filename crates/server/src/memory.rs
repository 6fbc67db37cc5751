//! The engine of a single process.

use crate::SocketId;
use crate::engine::{Command, Delivery, DeliveryQueue, Engine, Full, Outlet, Usage};
use crate::registry::{Bounds, Registry};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The contract of [`Engine`] over one [`Registry`] behind one mutex.
///
/// The lock is held for one command and never across an await. A signal costs a few map look-ups, a listing at most
/// 2,000 of them, a change of a room one for each member of a small room and one bit in a large one, a
/// broadcast one push for each member, a claim one for each entry of the mailbox; a sweep does at most
/// [`crate::registry::Pace`] and a few at a time. Waiters are woken by the operating system, without a promise of first come,
/// first served. Nothing survives the process.
#[derive(Default)]
pub struct MemoryEngine {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    registry: Registry,
    queues: Queues,
    longest_hold: Duration,
}

#[derive(Default)]
struct Queues(BTreeMap<SocketId, Arc<dyn DeliveryQueue>>);

impl Outlet for Queues {
    fn deliver(&mut self, to: SocketId, delivery: Delivery) -> Result<(), Full> {
        self.0.get(&to).map_or(Ok(()), |queue| queue.deliver(delivery))
    }
}

impl MemoryEngine {
    /// Creates an engine that knows no peer. `window_ms` is how long a session waits for its client.
    pub fn new(window_ms: u64, bounds: Bounds) -> Self {
        let registry = Registry::new(window_ms).with_bounds(bounds);
        Self { state: Mutex::new(State { registry, ..State::default() }) }
    }

    /// Runs `act` under the lock, and notes how long that took.
    // A panic while the lock was held would be a defect; the state is still the best there is.
    #[allow(
        clippy::disallowed_methods,
        reason = "measures how long the lock is held; nothing is decided by it"
    )]
    fn with_lock<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let since = Instant::now();
        let done = act(&mut state);
        state.longest_hold = state.longest_hold.max(since.elapsed());
        done
    }
}

impl Engine for MemoryEngine {
    async fn attach(&self, socket: SocketId, queue: Arc<dyn DeliveryQueue>) {
        self.with_lock(|state| state.queues.0.insert(socket, queue));
    }

    async fn execute(&self, now: u64, socket: SocketId, command: Command) -> Option<u64> {
        self.with_lock(|State { registry, queues, .. }| {
            let ends = matches!(command, Command::Detach(_));
            registry.execute(now, socket, command, queues);
            if ends {
                queues.0.remove(&socket);
            }
            registry.poll_timeout()
        })
    }

    async fn sweep(&self, now: u64) -> Option<u64> {
        self.with_lock(|State { registry, queues, .. }| {
            registry.sweep(now, queues);
            registry.poll_timeout()
        })
    }

    async fn usage(&self) -> Usage {
        self.with_lock(|state| Usage {
            is_shared: false,
            peers: state.registry.len(),
            away: state.registry.away(),
            mailbox_bytes: state.registry.held(),
            room_bytes: state.registry.view_bytes(),
            longest_hold: state.longest_hold,
        })
    }
}

//! The server: the real registry, and a queue of deliveries for each socket.

use signalpost_server::SocketId;
use signalpost_server::engine::{Command, Delivery, Full, MailKind, Outlet};
use signalpost_server::registry::Pace;
use signalpost_server::registry::Registry;
use std::collections::{BTreeMap, VecDeque};

/// Deliveries that a socket's queue holds, as in the real listener.
const DELIVERIES: usize = 128;

/// One run of the server process.
pub(super) struct Server {
    pub registry: Registry,
    pub queues: Queues,
    /// When a stopped server is there again.
    pub down_until: u64,
    pace: Pace,
    connections: u64,
}

#[derive(Default)]
pub(super) struct Queues(BTreeMap<SocketId, VecDeque<Delivery>>);

impl Queues {
    pub fn is_empty(&self, connection: SocketId) -> bool {
        self.0.get(&connection).is_none_or(VecDeque::is_empty)
    }

    /// How many deliveries the fullest holds.
    pub fn longest(&self) -> Option<usize> {
        self.0.values().map(VecDeque::len).max()
    }

    pub fn pop(&mut self, connection: SocketId) -> Option<Delivery> {
        self.0.get_mut(&connection)?.pop_front()
    }
}

impl Outlet for Queues {
    fn deliver(&mut self, to: SocketId, delivery: Delivery) -> Result<(), Full> {
        let Some(queue) = self.0.get_mut(&to) else { return Ok(()) };
        let is_relay = |delivery: &Delivery| matches!(delivery, Delivery::Mail { seq: None, mail } if mail.kind() == MailKind::Relay);
        if queue.len() >= DELIVERIES && is_relay(&delivery) {
            return Err(Full);
        }
        queue.push_back(delivery);
        Ok(())
    }
}

impl Default for Server {
    fn default() -> Self {
        let (registry, queues) = (Registry::default(), Queues::default());
        Self { registry, queues, down_until: 0, pace: Pace::SERVER, connections: 0 }
    }
}

impl Server {
    /// Nobody is there yet.
    pub fn set_pace(&mut self, pace: Pace) {
        self.pace = pace;
        self.registry = Registry::default().with_pace(pace);
    }

    pub fn next_connection(&mut self) -> SocketId {
        self.connections += 1;
        SocketId::new(self.connections)
    }

    pub fn attach(&mut self, connection: SocketId) {
        self.queues.0.insert(connection, VecDeque::new());
    }

    pub fn execute(&mut self, now: u64, connection: SocketId, command: Command) {
        let ends = matches!(command, Command::Detach(_));
        self.registry.execute(now, connection, command, &mut self.queues);
        if ends {
            self.queues.0.remove(&connection);
        }
    }

    /// The process ends and everything that it knew is gone.
    pub fn restart(&mut self, until: u64) {
        self.registry = Registry::default().with_pace(self.pace);
        self.queues = Queues::default();
        self.down_until = until;
    }
}

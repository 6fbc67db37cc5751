//! Two nodes of two regions as one engine: the clients of a case are on both.

use super::client::Tested;
use signalpost_server::SocketId;
use signalpost_server::engine::{Command, DeliveryQueue, Engine, Usage};
use signalpost_server::redis::RedisEngine;
use std::sync::Arc;

/// A node of each region. Sockets with odd numbers are on the second.
pub struct TwoRegions(pub RedisEngine, pub RedisEngine);

impl TwoRegions {
    fn of(&self, socket: SocketId) -> &RedisEngine {
        if socket.as_u64().is_multiple_of(2) { &self.0 } else { &self.1 }
    }
}

impl Tested for TwoRegions {
    const PATIENCE_MS: u64 = 300;
    const REFUSES_AT_ONCE: bool = false;
}

impl Engine for TwoRegions {
    async fn attach(&self, socket: SocketId, queue: Arc<dyn DeliveryQueue>) {
        self.of(socket).attach(socket, queue).await;
    }

    async fn execute(&self, now: u64, socket: SocketId, command: Command) -> Option<u64> {
        self.of(socket).execute(now, socket, command).await
    }

    async fn sweep(&self, now: u64) -> Option<u64> {
        let due = [self.0.sweep(now).await, self.1.sweep(now).await];
        due.into_iter().flatten().min()
    }

    async fn usage(&self) -> Usage {
        self.0.usage().await
    }
}

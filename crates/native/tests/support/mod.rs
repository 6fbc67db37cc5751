//! A server in this process, a way to it that can be cut, and clients.
#![allow(dead_code, reason = "each test file uses a part")]

mod proxy;
mod server;
#[allow(unused_imports, reason = "each test file uses a part")]
pub use proxy::Proxy;
#[allow(unused_imports, reason = "each test file uses a part")]
pub use server::Server;

use signalpost_native::{Client, Endpoints, Event, Events, PeerId, RoomName, Settings};
use std::net::SocketAddr;
use std::time::Duration;

/// How long a test waits for what must happen.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// How long a test waits for what must not happen.
pub const CALM: Duration = Duration::from_millis(200);

pub fn url(address: SocketAddr) -> String {
    format!("ws://{address}/signal")
}

pub fn peer(id: &str) -> PeerId {
    PeerId::parse(id).unwrap()
}

pub fn room(name: &str) -> RoomName {
    RoomName::parse(name).unwrap()
}

/// A client and what it hears.
pub struct Member {
    pub client: Client,
    pub events: Events,
}

impl Member {
    pub async fn connect(id: &str, endpoints: impl Into<Endpoints>) -> Self {
        Self::connect_with(Settings::new(id, endpoints).unwrap()).await
    }

    pub async fn connect_with(settings: Settings) -> Self {
        let (client, events) = Client::connect(settings).await.unwrap();
        Self { client, events }
    }

    /// Waits for the next event that `wanted` takes; what comes before is dropped.
    pub async fn hear<T>(&mut self, mut wanted: impl FnMut(&Event) -> Option<T>) -> T {
        let hearing = async {
            loop {
                let event = self.events.next().await.expect("the client was closed");
                if let Some(heard) = wanted(&event) {
                    return heard;
                }
            }
        };
        tokio::time::timeout(PATIENCE, hearing).await.expect("it was not heard")
    }

    /// The text of the next message.
    pub async fn message(&mut self) -> String {
        self.hear(|event| match event {
            Event::Message { data, .. } => Some(data.clone()),
            _ => None,
        })
        .await
    }

    /// Shows that no message comes.
    pub async fn hears_no_message(&mut self) {
        let message = tokio::time::timeout(CALM, self.message()).await;
        assert!(message.is_err(), "{message:?}");
    }
}

//! Engines on a Redis of their own.

use super::client::Tested;
use signalpost_lab::{RedisOptions, RedisServer};
use signalpost_server::redis::{Clock, Config, RedisEngine};

impl Tested for RedisEngine {
    const PATIENCE_MS: u64 = 150;
    const REFUSES_AT_ONCE: bool = false;
}

/// An engine on one server, which takes the time from the test.
pub async fn single() -> (RedisServer, RedisEngine) {
    let server = RedisServer::start(RedisOptions::default()).await.unwrap();
    let mut config = Config::parse(&server.url()).unwrap();
    config.clock = Clock::Told;
    let engine = RedisEngine::connect(config).await.unwrap();
    (server, engine)
}

//! Engines on a Redis of their own.

use super::client::Tested;
use signalpost_lab::{RedisOptions, RedisServer};
use signalpost_server::redis::{Clock, Config, RedisEngine};

impl Tested for RedisEngine {
    const PATIENCE_MS: u64 = 150;
}

/// An engine on one server, which takes the time from the test.
pub async fn single() -> (RedisServer, RedisEngine) {
    let server = RedisServer::start(RedisOptions::default()).await.unwrap();
    let engine = RedisEngine::connect(Config { clock: Clock::Told, ..Config::parse(&server.url()).unwrap() });
    (server, engine.await.unwrap())
}

//! Engines on a Redis of their own.

use super::client::Tested;
use signalpost_lab::{RedisOptions, RedisServer};
use signalpost_server::redis::{Clock, Config, RedisEngine, Regions};

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

/// An engine of a mesh over two regions.
pub async fn regions() -> ([RedisServer; 2], RedisEngine) {
    let start = || async { RedisServer::start(RedisOptions::default()).await.unwrap() };
    let servers = [start().await, start().await];
    let urls = format!("eu={},us={}", servers[0].url(), servers[1].url());
    let regions = Regions::parse(Some("us"), &urls).unwrap().with(|config| config.clock = Clock::Told);
    (servers, RedisEngine::connect(regions).await.unwrap())
}

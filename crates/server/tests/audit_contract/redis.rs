//! A store on a Redis of its own, which takes the time from the test.

use signalpost_lab::{RedisOptions, RedisServer};
use signalpost_server::redis::{Clock, Config, RedisAuditStore};

const BYTES: usize = 16 * 1024 * 1024;

pub async fn single() -> (RedisServer, RedisAuditStore) {
    let server = RedisServer::start(RedisOptions::default()).await.unwrap();
    let mut config = Config::parse(&server.url()).unwrap();
    config.clock = Clock::Told;
    let store = RedisAuditStore::connect(config, BYTES).await.unwrap();
    (server, store)
}

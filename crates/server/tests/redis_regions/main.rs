//! Nodes of two regions, each with a Redis of its own: what crosses between them, and what one region does when the other is
//! lost. Needs `redis-server`.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[allow(dead_code, reason = "the contract's tests use the rest of it")]
#[path = "../engine_contract/client.rs"]
mod client;
#[path = "../redis_rooms/course.rs"]
mod course;
mod find;
mod lost;
#[allow(dead_code, reason = "the tests of rooms use the rest of it")]
#[path = "../redis_rooms/peer.rs"]
mod peer;
mod rooms;
mod unique;

use client::{Client, Tested, session};
use signalpost_lab::{RedisOptions, RedisServer, Reply};
use signalpost_protocol::Position;
use signalpost_server::engine::{Action, Claimed, LossReason, Mail, Outcome};
use signalpost_server::redis::{RedisEngine, Regions};
use std::time::Duration;

impl Tested for RedisEngine {
    const PATIENCE_MS: u64 = 3_000;
    const REFUSES_AT_ONCE: bool = false;
}

/// The Redis of each of two regions.
struct Stores {
    eu: RedisServer,
    us: RedisServer,
}

impl Stores {
    async fn start() -> Self {
        let start = || async { RedisServer::start(RedisOptions::default()).await.unwrap() };
        Self { eu: start().await, us: start().await }
    }

    /// A node of a region.
    async fn node(&self, region: &str) -> RedisEngine {
        let urls = format!("eu={},us={}", self.eu.url(), self.us.url());
        let engine = RedisEngine::connect(Regions::parse(Some(region), &urls).unwrap()).await.unwrap();
        // It connects to the other region in the background.
        tokio::time::sleep(Duration::from_millis(300)).await;
        engine
    }
}

/// A session of version 2 that has just begun on a node.
async fn begin<'a>(engine: &'a RedisEngine, number: u64, name: &str) -> Client<'a, RedisEngine> {
    let client = Client::open(engine, number).await;
    assert_eq!(client.resume(0, session(name, "key", "next", None)).await, Ok(fresh(None)));
    client
}

fn fresh(reason: Option<LossReason>) -> Claimed {
    Claimed { resumed: false, reason, received: Position::START, acknowledged: Position::START }
}

fn resumed(received: u32, acknowledged: u32) -> Claimed {
    let (received, acknowledged) = (Position(received), Position(acknowledged));
    Claimed { resumed: true, reason: None, received, acknowledged }
}

/// The ids of a page that a client asks for, and its cursor.
async fn list(
    client: &Client<'_, RedisEngine>,
    seq: u32,
    query: signalpost_protocol::Query,
) -> (Vec<String>, Option<String>) {
    let (mails, outcome) = client.request(0, seq, Action::Discover(query)).await;
    assert_eq!(outcome, Outcome::Executed);
    let Some((_, Mail::Found { page, .. })) = mails.last() else { panic!("{mails:?}") };
    (page.peers.iter().map(|peer| peer.id.clone()).collect(), page.cursor.clone())
}

/// Whether a session of ada lies in a Redis.
async fn has_ada(store: &RedisServer) -> bool {
    store.command(&["EXISTS", "sp:{p:ada}:s"]).await.unwrap() == Reply::Number(1)
}

/// Waits until something is so.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    for _ in 0..200 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{what}");
}

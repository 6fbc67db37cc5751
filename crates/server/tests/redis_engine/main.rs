//! Nodes over one Redis: what crosses between them, and what happens when Redis or a part of it fails. Needs `redis-server`.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod beside;
#[allow(dead_code, reason = "the contract's tests use the rest of it")]
#[path = "../engine_contract/client.rs"]
mod client;
mod nodes;
mod outages;
mod poison;
mod rewound;
mod shapes;
mod trouble;

use client::{Client, Tested, session};
use signalpost_lab::RedisServer;
use signalpost_protocol::{Position, SequenceNumber};
use signalpost_server::engine::{
    Action, Claimed, ClientFrame, Command, Delivery, Engine, LossReason, Outcome,
};
use signalpost_server::redis::{Config, RedisEngine};

impl Tested for RedisEngine {
    const PATIENCE_MS: u64 = 1_000;
    const REFUSES_AT_ONCE: bool = false;
}

/// A node on a server.
async fn node(server: &RedisServer) -> RedisEngine {
    RedisEngine::connect(Config::parse(&server.url()).unwrap()).await.unwrap()
}

/// A session of version 2 that has just begun on a node.
async fn begin<'a>(engine: &'a RedisEngine, number: u64, name: &str) -> Client<'a, RedisEngine> {
    let client = Client::open(engine, number).await;
    assert_eq!(client.resume(0, session(name, "key", "next", None)).await, Ok(fresh(None)));
    client
}

/// A numbered frame.
fn frame(seq: u32, action: Action) -> Command {
    Command::Frame(ClientFrame { seq: Some(SequenceNumber(seq)), ack: None, reference: Some(seq), action })
}

/// Gives a command, and does not wait for its reply.
async fn start(client: &Client<'_, RedisEngine>, command: Command) {
    client.engine.execute(0, client.socket, command).await;
}

/// Makes a request to an engine that may be away for some seconds; the outcome.
async fn patient(client: &Client<'_, RedisEngine>, seq: u32, action: Action) -> Outcome {
    start(client, frame(seq, action)).await;
    for _ in 0..15 {
        if let Some(Delivery::Done { outcome, .. }) = client.awaited().await {
            return outcome;
        }
    }
    panic!("no reply")
}

fn fresh(reason: Option<LossReason>) -> Claimed {
    Claimed { resumed: false, reason, received: Position::START, acknowledged: Position::START }
}

fn resumed(received: u32, acknowledged: u32) -> Claimed {
    let (received, acknowledged) = (Position(received), Position(acknowledged));
    Claimed { resumed: true, reason: None, received, acknowledged }
}

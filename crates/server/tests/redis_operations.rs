//! Server processes whose Redis is away: what they say to a balancer and to the operator. Needs `redis-server` and `haproxy`.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use serde_json::json;
use signalpost_lab::{
    Data, Deadline, Fault, FaultProxy, LoadBalancer, NodeOptions, RedisOptions, RedisServer, ServerNode,
};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use support::Client;
use tokio::net::TcpStream;
use tokio_tungstenite::client_async;

const SOON: Duration = Duration::from_secs(20);
const CONFIGURATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/deploy/haproxy.cfg");

async fn node(redis: &str) -> ServerNode {
    let options = NodeOptions::new(env!("CARGO_BIN_EXE_signalpost-server"), &["--redis", redis]);
    ServerNode::start(options).await.unwrap()
}

/// Waits until the server answers with this status and body.
async fn says(node: &ServerNode, path: &str, status: u16, body: &str) {
    let deadline = Deadline::after(SOON);
    loop {
        let answer = node.ask(path).await.unwrap();
        if answer.status == status && answer.body.starts_with(body) {
            return;
        }
        deadline.rest(|| format!("{path} says {answer:?}")).await.unwrap();
    }
}

#[tokio::test]
async fn a_server_without_its_redis_is_degraded_and_stays_with_its_balancer() {
    let mut redis = RedisServer::start(RedisOptions::default()).await.unwrap();
    let node = node(&redis.url()).await;
    says(&node, "/readyz?strict", 200, "ok").await;
    assert_eq!(node.metric("signalpost_degraded").await.unwrap(), Some(0.0));
    redis.kill().unwrap();
    says(&node, "/readyz", 200, "degraded: redis unreachable").await;
    says(&node, "/readyz?strict", 503, "degraded: redis unreachable").await;
    assert_eq!(node.ask("/livez").await.unwrap().status, 200);
    assert_eq!(node.metric("signalpost_degraded").await.unwrap(), Some(1.0));
    redis.restart(Data::Lost).await.unwrap();
    says(&node, "/readyz?strict", 200, "ok").await;
}

/// A server that reaches its own region serves its clients: no balancer takes it out.
#[tokio::test]
async fn a_lost_region_is_named_and_the_server_is_ready() {
    let eu = RedisServer::start(RedisOptions::default()).await.unwrap();
    let mut us = RedisServer::start(RedisOptions::default()).await.unwrap();
    let urls = format!("eu={},us={}", eu.url(), us.url());
    let options =
        NodeOptions::new(env!("CARGO_BIN_EXE_signalpost-server"), &["--region", "eu", "--redis", &urls]);
    let node = ServerNode::start(options).await.unwrap();
    says(&node, "/readyz", 200, "ok").await;
    us.kill().unwrap();
    says(&node, "/readyz?strict", 200, "degraded: redis of us unreachable").await;
    assert_eq!(node.metric("signalpost_degraded").await.unwrap(), Some(0.0));
    us.restart(Data::Lost).await.unwrap();
    says(&node, "/readyz", 200, "ok").await;
}

/// A frozen Redis keeps its connections: the sweep of each second finds it.
#[tokio::test]
async fn a_silent_redis_is_found_too() {
    let mut redis = RedisServer::start(RedisOptions::default()).await.unwrap();
    let node = node(&redis.url()).await;
    redis.freeze().unwrap();
    says(&node, "/readyz", 200, "degraded: redis unreachable").await;
    redis.thaw().unwrap();
    says(&node, "/readyz", 200, "ok").await;
}

/// Every server of a store reports all of its peers: the metric has a name that nobody adds up with that of a server's own.
#[tokio::test]
async fn peers_of_the_store_are_counted_apart_from_sockets_of_the_server() {
    let redis = RedisServer::start(RedisOptions::default()).await.unwrap();
    let nodes = [node(&redis.url()).await, node(&redis.url()).await];
    let _ada = peer(nodes[0].address(), "ada").await;
    for (node, sockets) in nodes.iter().zip([1.0, 0.0]) {
        assert_eq!(node.metric("signalpost_store_peers").await.unwrap(), Some(1.0));
        assert_eq!(node.metric("signalpost_connections").await.unwrap().unwrap_or_default(), sockets);
        assert_eq!(node.metric("signalpost_peers").await.unwrap(), None);
    }
}

/// A registered peer by way of `address`.
async fn peer(address: SocketAddr, name: &str) -> Client {
    Client::open(address).await.registered(json!({"id": name, "session": 1})).await
}

async fn logged(balancer: &LoadBalancer, text: &str) {
    let deadline = Deadline::after(SOON);
    while !balancer.log().contains(text) {
        deadline.rest(|| format!("{text} is not in the log: {}", balancer.log())).await.unwrap();
    }
}

#[tokio::test]
async fn the_balancer_leaves_one_node_without_redis_and_not_all_of_them() {
    let redis = RedisServer::start(RedisOptions::default()).await.unwrap();
    let mut ways = Vec::new();
    let mut nodes = Vec::new();
    for _ in 0..3 {
        let way = FaultProxy::start(redis.address()).unwrap();
        nodes.push(node(&redis.url_at(way.address())).await);
        ways.push(way);
    }
    let addresses: Vec<SocketAddr> = nodes.iter().map(ServerNode::address).collect();
    let balancer = LoadBalancer::start(Path::new(CONFIGURATION), &addresses).await.unwrap();
    ways[0].set(Fault::Freeze).unwrap();
    logged(&balancer, "nodes/node1 is DOWN").await;
    let mut clients = Vec::new();
    for number in 0..6 {
        clients.push(peer(balancer.address(), &format!("p{number}")).await);
    }
    assert_eq!(nodes[0].metric("signalpost_connections").await.unwrap().unwrap_or_default(), 0.0);
    for way in &ways {
        way.set(Fault::Freeze).unwrap();
    }
    logged(&balancer, "nodes/node2 is DOWN").await;
    logged(&balancer, "nodes/node3 is DOWN").await;
    // A socket opens all the same, and its client waits for Redis.
    let stream = TcpStream::connect(balancer.address()).await.unwrap();
    let url = format!("ws://{}/signal", balancer.address());
    client_async(url, stream).await.unwrap();
    assert!(!balancer.log().contains("any_node/node1 is DOWN"), "{}", balancer.log());
    for way in &ways {
        way.heal().unwrap();
    }
    logged(&balancer, "nodes/node1 is UP").await;
    peer(balancer.address(), "late").await.is_untouched().await;
}

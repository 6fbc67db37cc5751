//! Three nodes behind HAProxy with the configuration of `docs/deploy/haproxy.cfg`, and a node as the laboratory runs it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use serde_json::json;
use signalpost_lab::{Deadline, LoadBalancer, NodeOptions, ServerNode, WaitFor, built_server, get};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use support::Client;

const SOON: Duration = Duration::from_secs(20);
const CONFIGURATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/deploy/haproxy.cfg");

fn options(arguments: &[&str]) -> NodeOptions {
    NodeOptions::new(env!("CARGO_BIN_EXE_signalpost-server"), arguments)
}

async fn nodes(arguments: &[&str]) -> Vec<ServerNode> {
    let mut nodes = Vec::new();
    for _ in 0..3 {
        nodes.push(ServerNode::start(options(arguments)).await.unwrap());
    }
    nodes
}

async fn balancer(nodes: &[ServerNode]) -> LoadBalancer {
    let addresses: Vec<SocketAddr> = nodes.iter().map(ServerNode::address).collect();
    LoadBalancer::start(Path::new(CONFIGURATION), &addresses).await.unwrap()
}

/// A registered peer by way of `address`.
async fn peer(address: SocketAddr, name: &str) -> Client {
    Client::open(address).await.registered(json!({"id": name, "session": 1})).await
}

async fn sockets(node: &ServerNode) -> u32 {
    node.metric("signalpost_connections").await.unwrap().unwrap_or_default() as u32
}

#[tokio::test]
async fn sockets_spread_over_the_nodes_and_work_through_the_balancer() {
    let nodes = nodes(&[]).await;
    let balancer = balancer(&nodes).await;
    let mut clients = Vec::new();
    for number in 0..6 {
        clients.push(peer(balancer.address(), &format!("p{number}")).await);
    }
    for client in &mut clients {
        client.is_untouched().await;
    }
    for node in &nodes {
        assert_eq!(sockets(node).await, 2, "{}", balancer.log());
    }
}

#[tokio::test]
async fn a_node_that_is_killed_costs_its_own_sockets_alone() {
    let mut nodes = nodes(&[]).await;
    let balancer = balancer(&nodes).await;
    let mut clients = Vec::new();
    for number in 0..3 {
        clients.push(peer(balancer.address(), &format!("p{number}")).await);
    }
    nodes[0].kill().unwrap();
    let mut ended = 0;
    for client in &mut clients {
        let next = tokio::time::timeout(SOON, futures_util::StreamExt::next(&mut client.socket));
        // The nodes that live ask for a sign of life.
        ended += u32::from(!matches!(next.await.unwrap(), Some(Ok(message)) if message.is_text()));
    }
    assert_eq!(ended, 1);
    // At once, and not only when the balancer has noticed: it tries another node.
    for number in 3..6 {
        peer(balancer.address(), &format!("p{number}")).await.is_untouched().await;
    }
    nodes[0].restart().await.unwrap();
    let deadline = Deadline::after(SOON);
    let mut late = Vec::new();
    while sockets(&nodes[0]).await == 0 {
        late.push(peer(balancer.address(), &format!("late{}", late.len())).await);
        deadline.rest(|| "the node that is back gets no socket".into()).await.unwrap();
    }
}

#[tokio::test]
async fn a_node_that_stops_is_left_by_the_balancer_and_keeps_its_sockets_in_the_meantime() {
    let mut nodes = nodes(&["--drain-notice", "6", "--drain", "1", "--return-window", "1"]).await;
    let balancer = balancer(&nodes).await;
    let mut clients = Vec::new();
    for number in 0..3 {
        clients.push(peer(balancer.address(), &format!("p{number}")).await);
    }
    nodes[1].terminate().unwrap();
    let deadline = Deadline::after(Duration::from_secs(5));
    while !balancer.log().contains("nodes/node2 is DOWN") {
        deadline.rest(|| format!("node 2 is not down: {}", balancer.log())).await.unwrap();
    }
    for client in &mut clients {
        client.is_untouched().await;
    }
    for number in 3..9 {
        clients.push(peer(balancer.address(), &format!("p{number}")).await);
    }
    assert_eq!(sockets(&nodes[1]).await, 1);
    assert!(nodes[1].exited(SOON).await.unwrap().success());
    let codes = clients.iter_mut().take(3).map(|client| async {
        tokio::time::timeout(Duration::from_millis(500), client.closed()).await.map(|(code, _)| code).ok()
    });
    let mut closed = Vec::new();
    for code in codes {
        closed.extend(code.await);
    }
    assert_eq!(closed, [4000]);
}

#[tokio::test]
async fn a_node_freezes_thaws_and_comes_back_on_its_ports() {
    let mut node = ServerNode::start(options(&[])).await.unwrap();
    assert_eq!(built_server().unwrap().file_name(), Path::new("signalpost-server").file_name());
    let (address, id) = (node.address(), node.process_id());
    let mut client = peer(address, "ada").await;
    node.freeze().unwrap();
    let asking = tokio::spawn(get(node.admin(), "/livez"));
    let silent = tokio::time::timeout(Duration::from_millis(200), client.is_untouched()).await;
    assert!(silent.is_err() && !asking.is_finished());
    node.thaw().unwrap();
    assert_eq!(asking.await.unwrap().unwrap().status, 200);
    node.restart().await.unwrap();
    assert_eq!(node.address(), address);
    assert_ne!(node.process_id(), id);
    peer(address, "ada").await.is_untouched().await;
    node.wait(WaitFor::Alive).await.unwrap();
    node.terminate().unwrap();
    assert!(node.exited(SOON).await.unwrap().success());
}

#[tokio::test]
async fn a_node_that_cannot_start_says_why() {
    let failure = ServerNode::start(options(&["--no-such-flag"])).await.err().unwrap().to_string();
    assert!(failure.contains("--no-such-flag"), "{failure}");
}

//! The contract on every shape in which Redis is run. The cases of a shape share its servers, each under a prefix of its own.

use super::cases;
use super::client::Tested;
use super::regions::TwoRegions;
use futures_util::{FutureExt, StreamExt, stream};
use signalpost_lab::{RedisCluster, RedisOptions, RedisProgram, RedisServer, SentinelGroup};
use signalpost_server::engine::Engine;
use signalpost_server::redis::{Clock, Config, RedisEngine, Regions, Topology};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::time::Duration;

/// A case, which takes an engine of its own.
pub type Case<E> = fn(E) -> Pin<Box<dyn Future<Output = ()>>>;

/// Cases that run at a time. Most of the time they wait for what must not come.
const AT_ONCE: usize = 6;
const USER: &str = "signalpost:change-this-password@";

impl Tested for RedisEngine {
    const PATIENCE_MS: u64 = 200;
    const REFUSES_AT_ONCE: bool = false;
}

/// The users of `docs/deploy/users.acl`, for the prefixes of the cases instead of `sp:`.
fn acl() -> String {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/deploy/users.acl");
    std::fs::read_to_string(file).unwrap().replace("sp:", "case*:")
}

fn with_users(program: RedisProgram) -> RedisOptions {
    RedisOptions { program, acl: Some(acl()), ..RedisOptions::default() }
}

/// The addresses as URLs, with a user if there is one.
fn urls(scheme: &str, user: &str, addresses: &[SocketAddr]) -> Config {
    let urls: Vec<String> = addresses.iter().map(|address| format!("{scheme}://{user}{address}")).collect();
    Config::parse(&urls.join(",")).unwrap()
}

/// Runs every case on an engine of its own, which takes the time from the case.
async fn contract(regions: impl Into<Regions>) {
    let regions = regions.into();
    contract_on(async |number| node(&regions, number).await, None).await;
}

/// Connects a node under the prefix of a case.
async fn node(regions: &Regions, number: usize) -> RedisEngine {
    let regions = regions.clone().with(|config| {
        (config.prefix, config.clock) = (format!("case{number}:"), Clock::Told);
    });
    RedisEngine::connect(regions).await.unwrap()
}

/// Waits until a node is connected to all regions.
async fn reaches_all(node: &RedisEngine) {
    while !node.lost_regions().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Runs every case but one of this name on an engine that is made for it.
async fn contract_on<E: Tested>(make: impl AsyncFn(usize) -> E, but: Option<&str>) {
    let run = async |(number, (name, case)): (usize, (&'static str, Case<E>))| {
        let engine = make(number).await;
        AssertUnwindSafe(case(engine)).catch_unwind().await.err().map(|_| name)
    };
    let failed: Vec<_> = stream::iter(cases().into_iter().filter(|(name, _)| Some(*name) != but).enumerate())
        .map(run)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let failed: Vec<_> = failed.into_iter().flatten().collect();
    assert!(failed.is_empty(), "cases that failed: {failed:?}");
}

/// The user was refused nothing, and used these commands on one of the servers.
async fn nothing_was_refused(servers: &[&RedisServer], used: &[&str]) {
    let mut counts = BTreeSet::new();
    for server in servers {
        let refused = server.command(&["ACL", "LOG"]).await.unwrap();
        assert_eq!(refused.list(), []);
        counts.extend(server.command_counts().await.unwrap().into_keys());
    }
    for name in used {
        assert!(counts.contains(*name), "{name} is not in use: {counts:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_one_server() {
    let server = RedisServer::start(RedisOptions::default()).await.unwrap();
    contract(urls("redis", "", &[server.address()])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_newest_redis_there_is() {
    let program = RedisProgram::all().pop().unwrap();
    let server = RedisServer::start(with_users(program)).await.unwrap();
    contract(urls("redis", USER, &[server.address()])).await;
    nothing_was_refused(&[&server], &["eval", "evalsha", "subscribe", "publish"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_tls_and_the_user_of_the_acl_file() {
    let options = RedisOptions { tls: true, ..with_users(RedisProgram::System) };
    let server = RedisServer::start(options).await.unwrap();
    let mut config = urls("rediss", USER, &[server.address()]);
    config.ca = Some(server.certificates().unwrap().authority.clone());
    contract(config).await;
    nothing_was_refused(&[&server], &["eval", "evalsha", "subscribe", "publish"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_sentinels() {
    let group = SentinelGroup::start(with_users(RedisProgram::System)).await.unwrap();
    let mut config = urls("redis", USER, &group.addresses());
    config.topology = Topology::Sentinel(group.name().into());
    contract(config).await;
    nothing_was_refused(&[&group.servers[0].server], &["eval", "evalsha", "role"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_cluster() {
    let cluster = RedisCluster::start(with_users(RedisProgram::System)).await.unwrap();
    let mut config = urls("redis", USER, &cluster.addresses());
    config.topology = Topology::Cluster;
    contract(config).await;
    let primaries: Vec<&RedisServer> = cluster.servers.iter().take(3).map(|each| &each.server).collect();
    nothing_was_refused(&primaries, &["eval", "evalsha", "ping", "cluster|slots"]).await;
}

/// The clients of a case are on nodes of both regions. The case of the large room moves its clock faster than a node sweeps the other
/// region beside its own.
#[tokio::test(flavor = "multi_thread")]
async fn with_clients_in_two_regions() {
    let eu = RedisServer::start(with_users(RedisProgram::System)).await.unwrap();
    let us = RedisServer::start(with_users(RedisProgram::System)).await.unwrap();
    let urls = format!("eu=redis://{USER}{},us=redis://{USER}{}", eu.address(), us.address());
    let of = |region| Regions::parse(Some(region), &urls).unwrap();
    contract_on(
        async |number| {
            let nodes = TwoRegions(node(&of("eu"), number).await, node(&of("us"), number).await);
            // They connect to each other's region in the background.
            for node in [&nodes.0, &nodes.1] {
                reaches_all(node).await;
            }
            nodes
        },
        Some("a_large_room_hears_of_everybody_in_turns"),
    )
    .await;
    nothing_was_refused(&[&eu, &us], &["eval", "evalsha", "subscribe", "publish"]).await;
}

/// The sessions of a case lie in one of the regions, and every case has the other beside it.
#[tokio::test(flavor = "multi_thread")]
async fn over_two_regions() {
    let eu = RedisServer::start(with_users(RedisProgram::System)).await.unwrap();
    let us = RedisServer::start(with_users(RedisProgram::System)).await.unwrap();
    let urls = format!("eu=redis://{USER}{},us=redis://{USER}{}", eu.address(), us.address());
    let of_us = Regions::parse(Some("us"), &urls).unwrap();
    contract_on(
        async |number| {
            let node = node(&of_us, number).await;
            reaches_all(&node).await;
            node
        },
        None,
    )
    .await;
    nothing_was_refused(&[&eu, &us], &["eval", "evalsha", "subscribe", "publish"]).await;
    assert!(eu.command_counts().await.unwrap().contains_key("evalsha"), "it is asked for strangers");
}

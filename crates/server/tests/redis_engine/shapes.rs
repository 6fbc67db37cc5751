//! Redis as people run it: behind Sentinels and as a cluster, whose promotions the nodes follow without a restart; and with TLS. The
//! contract's suite runs on each shape too (`tests/engine_contract/redis.rs`).

use super::client::{Client, send};
use super::{begin, patient};
use signalpost_lab::{Fault, FaultProxy, RedisCluster, RedisOptions, RedisServer, SentinelGroup};
use signalpost_server::engine::Outcome;
use signalpost_server::redis::{Config, RedisEngine, StoreError, Topology};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::sleep;

pub fn urls(addresses: &[SocketAddr]) -> Config {
    let urls: Vec<String> = addresses.iter().map(|address| format!("redis://{address}")).collect();
    Config::parse(&urls.join(",")).unwrap()
}

/// Sends a message that the receiver, at another node, has soon and once. The nodes may have to find their Redis first.
async fn sends(from: &Client<'_, RedisEngine>, to: &Client<'_, RedisEngine>, seq: u32) {
    assert_eq!(patient(from, seq, send("bob", seq)).await, Outcome::Executed);
    let mut mail = Vec::new();
    for _ in 0..15 {
        mail.append(&mut to.mail().await);
        if !mail.is_empty() {
            break;
        }
    }
    assert_eq!(mail.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [seq]);
    // The replica has it too.
    sleep(Duration::from_millis(500)).await;
}

#[tokio::test]
async fn behind_sentinels_promotions_are_followed() {
    let mut group = SentinelGroup::start(RedisOptions::default()).await.unwrap();
    let mut config = urls(&group.addresses());
    config.topology = Topology::Sentinel(group.name().into());
    let first = RedisEngine::connect(config.clone()).await.unwrap();
    let second = RedisEngine::connect(config).await.unwrap();
    let (ada, bob) = (begin(&first, 1, "ada").await, begin(&second, 2, "bob").await);
    sends(&ada, &bob, 1).await;
    let primary = group.failover().await.unwrap();
    // Until the old primary knows that it is a replica it takes what is lost then.
    group.ready().await.unwrap();
    sends(&ada, &bob, 2).await;
    group.servers[primary].server.kill().unwrap();
    sends(&ada, &bob, 3).await;
    assert_eq!((first.trouble(), second.trouble()), (None, None));
}

#[tokio::test]
async fn in_a_cluster_promotions_are_followed() {
    let mut cluster = RedisCluster::start(RedisOptions::default()).await.unwrap();
    let mut config = urls(&cluster.addresses());
    config.topology = Topology::Cluster;
    let first = RedisEngine::connect(config.clone()).await.unwrap();
    let second = RedisEngine::connect(config).await.unwrap();
    let (ada, bob) = (begin(&first, 1, "ada").await, begin(&second, 2, "bob").await);
    sends(&ada, &bob, 1).await;
    let primary = cluster.primary_of("sp:{p:bob}:s").await.unwrap();
    let primary = cluster.failover(primary).await.unwrap();
    sends(&ada, &bob, 2).await;
    cluster.servers[primary].server.kill().unwrap();
    sends(&ada, &bob, 3).await;
    let sweeps = [
        signalpost_server::engine::Engine::sweep(&first, 0),
        signalpost_server::engine::Engine::sweep(&second, 0),
    ];
    futures_util::future::join_all(sweeps).await;
    assert_eq!((first.trouble(), second.trouble()), (None, None));
}

/// The first of the servers that the node is told swallows everything, as behind a firewall. The node begins, and its doorbell rings.
#[tokio::test]
async fn a_server_of_a_cluster_that_swallows_everything_holds_up_nothing() {
    let cluster = RedisCluster::start(RedisOptions::default()).await.unwrap();
    let mut addresses = cluster.addresses();
    let proxy = FaultProxy::start(addresses[0]).unwrap();
    addresses[0] = proxy.address();
    proxy.set(Fault::Freeze).unwrap();
    let mut config = urls(&addresses);
    config.topology = Topology::Cluster;
    let (first, second) =
        tokio::join!(RedisEngine::connect(config.clone()), RedisEngine::connect(config.clone()));
    let (first, second) = (first.unwrap(), second.unwrap());
    let (ada, bob) = (begin(&first, 1, "ada").await, begin(&second, 2, "bob").await);
    sends(&ada, &bob, 1).await;
}

/// A server that has a certificate for which nobody vouches is none to wait for.
#[tokio::test]
async fn a_certificate_for_which_nobody_vouches_is_refused() {
    let encrypted = RedisServer::start(RedisOptions { tls: true, ..RedisOptions::default() }).await.unwrap();
    let other = RedisServer::start(RedisOptions { tls: true, ..RedisOptions::default() }).await.unwrap();
    let authority = |server: &RedisServer| Some(server.certificates().unwrap().authority.clone());
    for ca in [None, authority(&other)] {
        let mut config = Config::parse(&format!("rediss://{}", encrypted.address())).unwrap();
        config.ca = ca;
        let error = RedisEngine::connect(config).await.err().unwrap();
        assert!(matches!(error, StoreError::Tls(_)) && !error.is_temporary(), "{error:?}");
    }
    let mut config = Config::parse(&format!("rediss://{}", encrypted.address())).unwrap();
    config.ca = authority(&encrypted);
    assert!(RedisEngine::connect(config).await.is_ok());
}

//! Redis as people run it: with TLS and a user of its own, behind Sentinels, as a cluster.

use super::client::{Client, send, session};
use super::{begin, patient, resumed};
use signalpost_lab::{RedisCluster, RedisOptions, RedisServer, SentinelGroup};
use signalpost_server::engine::Outcome;
use signalpost_server::redis::{Config, RedisEngine, Topology};
use std::net::SocketAddr;

/// Two nodes talk, and a session moves from one to the other.
async fn works(config: Config) {
    let first = RedisEngine::connect(config.clone()).await.unwrap();
    let second = RedisEngine::connect(config).await.unwrap();
    let (ada, bob) = (begin(&first, 1, "ada").await, begin(&second, 2, "bob").await);
    for seq in 1..=10 {
        assert_eq!(ada.request(0, seq, send("bob", seq)).await.1, Outcome::Executed);
    }
    assert_eq!(bob.mail().await.len(), 10);
    let again = Client::open(&first, 3).await;
    assert_eq!(again.resume(0, session("bob", "next", "n2", Some(4))).await, Ok(resumed(0, 4)));
    assert_eq!(again.mail().await.len(), 6);
}

pub fn urls(addresses: &[SocketAddr]) -> String {
    let urls: Vec<String> = addresses.iter().map(|address| format!("redis://{address}")).collect();
    urls.join(",")
}

#[tokio::test]
async fn with_tls_and_a_user_of_its_own() {
    let acl = "user default off\nuser signalpost on >secret ~sp:* &sp:* -@all +@hash +@stream +@list +@set +@sortedset +@string \
               +@scripting +@pubsub +@connection +pexpire +exists +del +rename +time +info";
    let options = RedisOptions { tls: true, acl: Some(acl.into()), ..RedisOptions::default() };
    let server = RedisServer::start(options).await.unwrap();
    let mut config = Config::parse(&format!("rediss://signalpost:secret@{}", server.address())).unwrap();
    assert!(RedisEngine::connect(config.clone()).await.is_err(), "nobody vouches for this certificate");
    config.ca = Some(server.certificates().unwrap().authority.clone());
    works(config).await;
}

#[tokio::test]
async fn behind_sentinels_a_promotion_is_followed() {
    let group = SentinelGroup::start(RedisOptions::default()).await.unwrap();
    let mut config = Config::parse(&urls(&group.addresses())).unwrap();
    config.topology = Topology::Sentinel(group.name().into());
    works(config.clone()).await;
    let engine = RedisEngine::connect(config).await.unwrap();
    let (eve, joe) = (begin(&engine, 1, "eve").await, begin(&engine, 2, "joe").await);
    assert_eq!(eve.request(0, 1, send("joe", 1)).await.1, Outcome::Executed);
    assert_eq!(joe.mail().await.len(), 1);
    group.failover().await.unwrap();
    let outcome = patient(&eve, 2, send("joe", 2)).await;
    assert_eq!(outcome, Outcome::Executed, "the sessions are on the replica that is promoted");
}

#[tokio::test]
async fn as_a_cluster() {
    let cluster = RedisCluster::start(RedisOptions::default()).await.unwrap();
    let mut config = Config::parse(&urls(&cluster.addresses())).unwrap();
    config.topology = Topology::Cluster;
    works(config).await;
}

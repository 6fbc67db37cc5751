//! What is written into the agenda, on a real Redis.

use super::agenda::{Plan, plan, renew, write_renewals};
use super::config::{Clock, Config};
use super::node::Node;
use super::store::Store;
use signalpost_lab::{RedisOptions, RedisServer, Reply};
use signalpost_protocol::PeerId;

async fn node(server: &RedisServer, clock: Clock) -> Node {
    let mut config = Config::parse(&server.url()).unwrap();
    config.clock = clock;
    let store = Store::connect(config.clone()).await.unwrap();
    Node::new(store, config, "one")
}

fn ada() -> PeerId {
    PeerId::parse("ada").unwrap()
}

/// The times at which the lease and the window of ada end.
async fn times(server: &RedisServer, node: &Node) -> [Option<String>; 2] {
    let mut times = [None, None];
    for (key, time) in node.keys.agenda(super::keys::shard(&ada())).iter().zip(&mut times) {
        *time = match server.command(&["ZSCORE", key, "ada"]).await.unwrap() {
            Reply::Null => None,
            score => Some(score.text().to_owned()),
        };
    }
    times
}

#[tokio::test]
async fn a_window_stays_until_the_session_is_there_and_no_late_sign_of_life_ends_it() {
    let server = RedisServer::start(RedisOptions::default()).await.unwrap();
    let node = node(&server, Clock::Told).await;
    plan(&node, 1_000, &ada(), Plan::Lease).await.unwrap();
    plan(&node, 2_000, &ada(), Plan::Window(50_000)).await.unwrap();
    let window = Some("52000".to_owned());
    assert_eq!(times(&server, &node).await, [None, window.clone()]);
    renew(&node, 3_000, &ada()).await.unwrap();
    assert_eq!(times(&server, &node).await, [None, window.clone()], "it was away before");
    plan(&node, 4_000, &ada(), Plan::Ahead).await.unwrap();
    assert_eq!(times(&server, &node).await, [Some("34000".into()), window], "the claim may fail");
    plan(&node, 5_000, &ada(), Plan::Lease).await.unwrap();
    renew(&node, 6_000, &ada()).await.unwrap();
    assert_eq!(times(&server, &node).await, [Some("36000".into()), None]);
}

#[tokio::test]
async fn signs_of_life_that_could_not_be_written_are_written_later() {
    let mut server = RedisServer::start(RedisOptions::default()).await.unwrap();
    let node = node(&server, Clock::Redis).await;
    renew(&node, 0, &ada()).await.unwrap();
    server.freeze().unwrap();
    assert!(write_renewals(&node, 0).await.is_err());
    server.thaw().unwrap();
    server.flush_all().await.unwrap();
    while write_renewals(&node, 0).await.is_err() {}
    assert!(matches!(times(&server, &node).await, [Some(_), None]));
}

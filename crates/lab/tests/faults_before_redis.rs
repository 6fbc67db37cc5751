//! The proxy before a Redis server: subscribers and replicas have faults of their own.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use signalpost_lab::{Connection, Deadline, Fault, FaultProxy, RedisOptions, RedisServer, Reply, Which};
use std::time::Duration;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(10);
const SILENCE: Duration = Duration::from_millis(200);

async fn client(proxy: &FaultProxy) -> Connection {
    Connection::open(proxy.address()).await.unwrap()
}

#[tokio::test]
async fn subscribers_freeze_and_are_cut_while_commands_pass() {
    let server = RedisServer::start(RedisOptions::default()).await.unwrap();
    let proxy = FaultProxy::start(server.address()).unwrap();
    let (mut normal, mut subscriber) = (client(&proxy).await, client(&proxy).await);
    subscriber.ask(&["SUBSCRIBE", "bell"]).await.unwrap();
    proxy.set_for(Which::Subscribers, Fault::Freeze).unwrap();
    assert_eq!(normal.ask(&["PUBLISH", "bell", "1"]).await.unwrap(), Reply::Number(1));
    assert!(timeout(SILENCE, subscriber.reply()).await.is_err());
    // A new one is silent from its subscription on.
    let mut other = client(&proxy).await;
    assert_eq!(other.ask(&["PING"]).await.unwrap().text(), "PONG");
    let asking = timeout(SILENCE, other.ask(&["SUBSCRIBE", "bell"])).await;
    assert!(asking.is_err(), "{asking:?}");
    assert_eq!(normal.ask(&["PUBSUB", "NUMSUB", "bell"]).await.unwrap().list()[1], Reply::Number(1));
    proxy.cut(Which::Subscribers).unwrap();
    for cut in [&mut subscriber, &mut other] {
        assert!(timeout(SOON, cut.reply()).await.unwrap().is_err());
    }
    assert_eq!(normal.ask(&["PING"]).await.unwrap().text(), "PONG");
    proxy.cut(Which::Others).unwrap();
    assert!(normal.ask(&["PING"]).await.is_err());
}

#[tokio::test]
async fn subscribers_that_are_wedged_stay_so_and_new_ones_hear() {
    let server = RedisServer::start(RedisOptions::default()).await.unwrap();
    let proxy = FaultProxy::start(server.address()).unwrap();
    let (mut normal, mut wedged) = (client(&proxy).await, client(&proxy).await);
    wedged.ask(&["SUBSCRIBE", "bell"]).await.unwrap();
    proxy.wedge(Which::Subscribers).unwrap();
    let mut other = client(&proxy).await;
    other.ask(&["SUBSCRIBE", "bell"]).await.unwrap();
    proxy.heal().unwrap();
    assert_eq!(normal.ask(&["PUBLISH", "bell", "1"]).await.unwrap(), Reply::Number(2));
    assert_eq!(timeout(SOON, other.reply()).await.unwrap().unwrap().list()[2].text(), "1");
    assert!(timeout(SILENCE, wedged.reply()).await.is_err());
    proxy.cut(Which::Subscribers).unwrap();
    assert!(timeout(SOON, wedged.reply()).await.unwrap().is_err());
}

#[tokio::test]
async fn a_replica_loses_the_tail_of_a_primary_that_dies_behind_a_freeze() {
    let mut primary = RedisServer::start(RedisOptions::default()).await.unwrap();
    let proxy = FaultProxy::start(primary.address()).unwrap();
    let options = RedisOptions { replica_of: Some(proxy.address()), ..RedisOptions::default() };
    let replica = RedisServer::start(options).await.unwrap();
    replica.wait_for_primary().await.unwrap();
    let mut normal = client(&proxy).await;
    normal.ask(&["SET", "a", "1"]).await.unwrap();
    let deadline = Deadline::after(Duration::from_secs(10));
    while replica.command(&["GET", "a"]).await.unwrap().text() != "1" {
        deadline.rest(|| "the replica lacks the first write".into()).await.unwrap();
    }
    proxy.set_for(Which::Replicas, Fault::Freeze).unwrap();
    assert_eq!(normal.ask(&["SET", "a", "2"]).await.unwrap().text(), "OK");
    primary.kill().unwrap();
    proxy.cut(Which::Every).unwrap();
    replica.command(&["REPLICAOF", "NO", "ONE"]).await.unwrap();
    assert_eq!(replica.command(&["GET", "a"]).await.unwrap().text(), "1");
}

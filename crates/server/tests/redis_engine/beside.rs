//! What goes on beside the commands of a client, and does not hold them up.

use super::client::{Client, LOST, peer, send};
use super::shapes::urls;
use super::{begin, node};
use signalpost_lab::{Clients, RedisCluster, RedisOptions, RedisServer};
use signalpost_protocol::Signal;
use signalpost_server::engine::{Action, Command, Delivery, Engine, Mail, Outcome};
use signalpost_server::redis::{RedisEngine, Topology};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// A message that asks for a receipt.
fn ask(to: &str) -> Action {
    Action::Send { to: peer(to), signal: Signal::Message { room: None, data: "x".into(), receipt: true } }
}

/// The references of the receipts among what a client has got.
fn receipts(mail: &[(u32, Mail)]) -> Vec<u32> {
    let reference = |(_, mail): &(u32, Mail)| match mail {
        Mail::Received { reference } => *reference,
        _ => None,
    };
    mail.iter().filter_map(reference).collect()
}

/// The part of the cluster that has the sender's session stands still. The receiver's client does not notice.
#[tokio::test]
async fn a_receipt_for_a_part_that_is_away_holds_up_nobody() {
    let mut cluster = RedisCluster::start(RedisOptions::default()).await.unwrap();
    let mut config = urls(&cluster.addresses());
    config.topology = Topology::Cluster;
    let engine = RedisEngine::connect(config).await.unwrap();
    let there = cluster.primary_of("sp:{p:ada}:s").await.unwrap();
    let mut other = String::new();
    for name in ["bob", "cy", "dan", "eve", "fay", "gus"] {
        if cluster.primary_of(&format!("sp:{{p:{name}}}:s")).await.unwrap() != there {
            other = name.into();
        }
    }
    let (ada, bob) = (begin(&engine, 1, "ada").await, begin(&engine, 2, &other).await);
    assert_eq!(ada.request(0, 1, ask(&other)).await.1, Outcome::Executed);
    assert_eq!(bob.mail().await.len(), 1);
    cluster.servers[there].server.freeze().unwrap();
    let since = Instant::now();
    assert_eq!(bob.ack(0, 1).await, Outcome::Executed);
    assert_eq!(bob.ack(0, 1).await, Outcome::Executed);
    let took = since.elapsed();
    assert!(took < Duration::from_millis(900), "{took:?}");
    cluster.servers[there].server.thaw().unwrap();
    let mut came = Vec::new();
    while receipts(&came).is_empty() {
        assert!(since.elapsed() < Duration::from_secs(30), "no receipt");
        // The next sign of life finds what was put off.
        bob.engine.execute(0, bob.socket, Command::Beat { ack: None }).await;
        came.extend(ada.mail().await);
    }
    assert_eq!(receipts(&came), [1]);
}

/// One step for the acknowledgement, one for all receipts of a sender, one to forget them.
#[tokio::test]
async fn receipts_of_one_sender_go_together() {
    let server = RedisServer::start(RedisOptions::default()).await.unwrap();
    let engine = node(&server).await;
    let (ada, bob) = (begin(&engine, 1, "ada").await, begin(&engine, 2, "bob").await);
    for seq in 1..=20 {
        assert_eq!(ada.request(0, seq, ask("bob")).await.1, Outcome::Executed);
    }
    assert_eq!(bob.mail().await.len(), 20);
    let steps = async || server.command_counts().await.unwrap()["evalsha"];
    let before = steps().await;
    assert_eq!(bob.ack(0, 20).await, Outcome::Executed);
    assert_eq!(receipts(&ada.mail().await), (1..=20).collect::<Vec<_>>());
    let steps = steps().await - before;
    assert!(steps <= 3, "{steps}");
}

/// The engine ends a command of a socket that is gone before it stops.
#[tokio::test]
async fn the_engine_finishes_what_goes_on() {
    let mut server = RedisServer::start(RedisOptions::default()).await.unwrap();
    let engine = node(&server).await;
    let ada = begin(&engine, 1, "ada").await;
    server.freeze().unwrap();
    ada.end(0, LOST).await;
    let thaw = async {
        sleep(Duration::from_millis(300)).await;
        server.thaw().unwrap();
    };
    tokio::join!(engine.finish(), thaw);
    assert_eq!(server.command(&["HGET", "sp:{p:ada}:s", "state"]).await.unwrap().text(), "a");
}

/// A client of version 1 acknowledges nothing, and this one says nothing.
#[tokio::test]
async fn who_only_listens_gets_more_than_a_mailbox_takes() {
    let server = RedisServer::start(RedisOptions::default()).await.unwrap();
    let engine = node(&server).await;
    let ada = begin(&engine, 1, "ada").await;
    let old = Client::claimed(&engine, 2, "old").await;
    for seq in 1..=600 {
        assert_eq!(ada.request(0, seq, send("old", seq)).await.1, Outcome::Executed, "{seq}");
        ada.ack(0, seq).await;
    }
    let mut came = 0;
    while let Some(delivery) = old.next().await {
        assert!(matches!(delivery, Delivery::Mail { .. }), "{delivery:?}");
        came += 1;
    }
    assert_eq!(came, 600);
}

/// The subscription breaks again while the node looks at its sessions because it broke, and that takes long.
#[tokio::test]
async fn a_look_at_all_sessions_does_not_hold_up_the_watch() {
    let server = RedisServer::start(RedisOptions::default()).await.unwrap();
    let engine = node(&server).await;
    let _ada = begin(&engine, 1, "ada").await;
    let subscribers = async || {
        let list = server.command(&["CLIENT", "LIST", "TYPE", "PUBSUB"]).await.unwrap();
        list.text().split_whitespace().next().map(str::to_owned)
    };
    // Scripts wait, and subscriptions do not.
    server.command(&["CLIENT", "PAUSE", "20000", "WRITE"]).await.unwrap();
    for _ in 0..3 {
        let before = subscribers().await;
        assert!(before.is_some());
        server.kill_clients(Clients::Subscribers).await.unwrap();
        let since = Instant::now();
        loop {
            let now = subscribers().await;
            if now.is_some() && now != before {
                break;
            }
            assert!(since.elapsed() < Duration::from_secs(5), "no subscription");
            sleep(Duration::from_millis(20)).await;
        }
        sleep(Duration::from_millis(200)).await;
    }
}

//! A region is lost: its peers are, and nobody else.

use super::client::{Client, refused, send, session};
use super::{Stores, begin, fresh, has_ada, list, until};
use signalpost_lab::{Data, RedisOptions, RedisServer, Reply};
use signalpost_protocol::{ErrorCode, Query};
use signalpost_server::engine::{Delivery, Engine, Outcome};
use signalpost_server::redis::{RedisEngine, Regions};
use std::time::Duration;
use tokio::time::Instant;

/// The clock of the callers: the engine's own is that of Redis.
fn now(begin: Instant) -> u64 {
    u64::try_from(begin.elapsed().as_millis()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_others_go_on_while_a_region_does_not_answer_and_it_comes_back() {
    let mut stores = Stores::start().await;
    let (eu, us) = (stores.node("eu").await, stores.node("us").await);
    let ada = begin(&eu, 1, "ada").await;
    let bob = begin(&eu, 2, "bob").await;
    let cy = begin(&us, 3, "cy").await;
    assert_eq!(ada.request(0, 1, send("cy", 1)).await.1, Outcome::Executed);
    assert!(matches!(cy.next().await, Some(Delivery::Mail { .. })));
    stores.us.freeze().unwrap();
    // The first that needs it waits for a moment. Then it is known to be away, and nobody waits.
    let begun = Instant::now();
    let unreached = ada.request(0, 2, send("cy", 2)).await.1;
    assert!(
        [refused(ErrorCode::PeerBusy), refused(ErrorCode::PeerNotFound)].contains(&unreached),
        "{unreached:?}"
    );
    assert!(begun.elapsed() < Duration::from_millis(2_500), "{:?}", begun.elapsed());
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let begun = Instant::now();
    for seq in 3..=12 {
        assert_eq!(ada.request(0, seq, send("bob", seq)).await.1, Outcome::Executed);
        assert!(matches!(bob.next().await, Some(Delivery::Mail { .. })));
    }
    assert_eq!(ada.request(0, 13, send("cy", 3)).await.1, refused(ErrorCode::PeerNotFound));
    assert_eq!(list(&ada, 14, Query::default()).await.0, ["bob"]);
    assert_eq!(list(&ada, 15, Query { nearest: true, ..Query::default() }).await.0, ["bob"]);
    let dan = begin(&eu, 4, "dan").await;
    eu.sweep(20_000).await;
    assert_eq!(eu.usage().await.peers, 3);
    assert!(begun.elapsed() < Duration::from_millis(800), "{:?}", begun.elapsed());
    assert_eq!(eu.trouble(), None);
    stores.us.thaw().unwrap();
    let mut seq = 0;
    until("the region is back", async || {
        seq += 1;
        dan.request(0, seq, send("cy", seq)).await.1 == Outcome::Executed
    })
    .await;
    assert_eq!(list(&ada, 16, Query::default()).await.0, ["bob", "cy", "dan"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_starts_while_another_region_is_away_and_finds_it_later() {
    let mut stores = Stores::start().await;
    stores.us.kill().unwrap();
    let eu = stores.node("eu").await;
    let ada = begin(&eu, 1, "ada").await;
    assert_eq!(ada.request(0, 1, send("bob", 1)).await.1, refused(ErrorCode::PeerNotFound));
    stores.us.restart(Data::Lost).await.unwrap();
    let us = stores.node("us").await;
    let bob = begin(&us, 2, "bob").await;
    let mut seq = 1;
    until("the region is there", async || {
        seq += 1;
        ada.request(0, seq, send("bob", seq)).await.1 == Outcome::Executed
    })
    .await;
    assert!(matches!(bob.next().await, Some(Delivery::Mail { .. })));
    // Its own it needs at the start.
    let elsewhere = RedisServer::start(RedisOptions::default()).await.unwrap();
    stores.us.kill().unwrap();
    let urls = format!("eu={},us={}", elsewhere.url(), stores.us.url());
    let failed = RedisEngine::connect(Regions::parse(Some("us"), &urls).unwrap()).await;
    assert!(failed.err().unwrap().is_temporary());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_of_a_lost_region_begins_again_in_another() {
    let mut stores = Stores::start().await;
    let (eu, us) = (stores.node("eu").await, stores.node("us").await);
    let ada = begin(&us, 1, "ada").await;
    stores.us.kill().unwrap();
    drop(ada);
    let again = Client::open(&eu, 2).await;
    let claimed = again.resume(0, session("ada", "next", "then", Some(0))).await.unwrap();
    assert_eq!(claimed, fresh(claimed.reason));
    assert!(claimed.reason.is_some(), "its session is lost");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sessions_of_a_region_without_nodes_are_swept_from_others() {
    let stores = Stores::start().await;
    let (eu, us) = (stores.node("eu").await, stores.node("us").await);
    let begun = Instant::now();
    let ada = begin(&us, 1, "ada").await;
    drop(ada);
    drop(us);
    // Its lease is over, and nobody of its region is there to see it.
    let seen = ["HSET", "sp:{p:ada}:s", "seen", "1"];
    stores.us.command(&seen).await.unwrap();
    for shard in 0..16 {
        let agenda = format!("sp:{{l:{shard}}}:lease");
        if stores.us.command(&["ZCARD", &agenda]).await.unwrap() == Reply::Number(1) {
            stores.us.command(&["ZADD", &agenda, "1", "ada"]).await.unwrap();
        }
    }
    until("its session ends", async || {
        eu.sweep(now(begun) + 10_000).await;
        !has_ada(&stores.us).await
    })
    .await;
}

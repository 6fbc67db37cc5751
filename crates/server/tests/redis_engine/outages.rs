//! Redis away for a while, with and without its data.

use super::client::{Client, send, session};
use super::{begin, frame, fresh, node, start};
use signalpost_lab::{Data, RedisOptions, RedisServer};
use signalpost_server::engine::{Delivery, LossReason, Mail, Outcome};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// A command waits for Redis on its own, its socket does not, and it is executed once.
#[tokio::test]
async fn a_command_waits_while_redis_is_away_and_its_socket_does_not() {
    let mut server = RedisServer::start(RedisOptions::default()).await.unwrap();
    let engine = node(&server).await;
    let (ada, bob) = (begin(&engine, 1, "ada").await, begin(&engine, 2, "bob").await);
    server.freeze().unwrap();
    let since = Instant::now();
    start(&ada, frame(1, send("bob", 1))).await;
    assert!(since.elapsed() < Duration::from_secs(1), "the socket waited {:?}", since.elapsed());
    sleep(Duration::from_secs(5)).await;
    server.thaw().unwrap();
    let mut deliveries = Vec::new();
    while let Some(delivery) = ada.next().await {
        deliveries.push(delivery);
    }
    let sent = |delivery: &Delivery| matches!(delivery, Delivery::Mail { mail, .. } if **mail == Mail::Sent { reference: Some(1) });
    assert!(
        matches!(&deliveries[..], [mail, Delivery::Done { outcome: Outcome::Executed, .. }] if sent(mail)),
        "{deliveries:?}"
    );
    assert_eq!(bob.mail().await.len(), 1);
}

/// After the patience of ten seconds the socket is closed. The client comes back and nothing is lost.
#[tokio::test]
async fn a_socket_is_given_up_when_redis_is_away_for_long() {
    let mut server = RedisServer::start(RedisOptions::default()).await.unwrap();
    let engine = node(&server).await;
    let (ada, bob) = (begin(&engine, 1, "ada").await, begin(&engine, 2, "bob").await);
    server.freeze().unwrap();
    let since = Instant::now();
    start(&ada, frame(1, send("bob", 1))).await;
    while ada.next().await != Some(Delivery::Expired) {
        assert!(since.elapsed() < Duration::from_secs(15));
    }
    assert!(since.elapsed() > Duration::from_secs(7), "{:?}", since.elapsed());
    server.thaw().unwrap();
    let again = Client::open(&engine, 3).await;
    let claimed = again.resume(0, session("ada", "next", "n2", Some(0))).await.unwrap();
    assert!(claimed.resumed);
    // The frame may have reached Redis before: it is executed once all the same.
    again.request(0, 1, send("bob", 1)).await;
    assert_eq!(bob.mail().await.len(), 1);
}

#[tokio::test]
async fn a_session_whose_redis_has_lost_everything_begins_anew() {
    let mut server = RedisServer::start(RedisOptions::default()).await.unwrap();
    let engine = node(&server).await;
    let ada = begin(&engine, 1, "ada").await;
    server.restart(Data::Lost).await.unwrap();
    assert_eq!(ada.request(0, 1, send("ada", 1)).await.1, Outcome::Unregistered);
    let again = Client::open(&engine, 2).await;
    let expired = fresh(Some(LossReason::SessionExpired));
    assert_eq!(again.resume(0, session("ada", "next", "n2", Some(0))).await, Ok(expired));
}

#[tokio::test]
async fn a_session_goes_on_after_a_restart_with_the_data() {
    let options = RedisOptions { append_only: true, ..RedisOptions::default() };
    let mut server = RedisServer::start(options).await.unwrap();
    let engine = node(&server).await;
    let (ada, bob) = (begin(&engine, 1, "ada").await, begin(&engine, 2, "bob").await);
    assert_eq!(ada.request(0, 1, send("bob", 1)).await.1, Outcome::Executed);
    server.restart(Data::Kept).await.unwrap();
    assert_eq!(ada.request(0, 2, send("bob", 2)).await.1, Outcome::Executed);
    assert_eq!(bob.mail().await.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [1, 2]);
}

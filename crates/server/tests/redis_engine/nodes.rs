//! Two nodes on one Redis.

use super::client::{Client, peer, send, session};
use super::{begin, frame, node, resumed};
use signalpost_lab::{Fault, FaultProxy, RedisOptions, RedisServer, Which};
use signalpost_protocol::Signal;
use signalpost_protocol::message::Route;
use signalpost_server::engine::{Delivery, Mail, Outcome};
use signalpost_server::redis::{Config, RedisEngine};
use std::time::Duration;
use tokio::time::{Instant, sleep};

fn numbers(mail: &[(u32, Mail)]) -> Vec<u32> {
    mail.iter().map(|(seq, _)| *seq).collect()
}

#[tokio::test]
async fn messages_cross_between_nodes_and_a_session_goes_on_at_the_other() {
    let server = RedisServer::start(RedisOptions::default()).await.unwrap();
    let (first, second) = (node(&server).await, node(&server).await);
    let (ada, bob) = (begin(&first, 1, "ada").await, begin(&second, 2, "bob").await);
    for seq in 1..=100 {
        assert_eq!(ada.request(0, seq, send("bob", seq)).await.1, Outcome::Executed);
        ada.ack(0, seq).await;
    }
    assert_eq!(numbers(&bob.mail().await), (1..=100).collect::<Vec<_>>());
    let again = Client::open(&first, 3).await;
    assert_eq!(again.resume(0, session("bob", "next", "n2", Some(70))).await, Ok(resumed(0, 70)));
    assert_eq!(numbers(&again.mail().await), (71..=100).collect::<Vec<_>>());
    assert_eq!(bob.awaited().await, Some(Delivery::Replaced));
    assert_eq!(bob.request(0, 1, send("ada", 1)).await, (Vec::new(), Outcome::Unregistered));
    assert_eq!(again.request(0, 1, send("ada", 1)).await.1, Outcome::Executed);
    assert_eq!(ada.mail().await.len(), 1);
}

/// A node whose doorbell is silent does not hear that another has the session. Its scripts do not pass.
#[tokio::test]
async fn a_node_that_hears_nothing_is_fenced() {
    let server = RedisServer::start(RedisOptions::default()).await.unwrap();
    let proxy = FaultProxy::start(server.address()).unwrap();
    let deaf = RedisEngine::connect(Config::parse(&server.url_at(proxy.address())).unwrap()).await.unwrap();
    let other = node(&server).await;
    let (bob, ada) = (begin(&deaf, 1, "bob").await, begin(&other, 2, "ada").await);
    proxy.set_for(Which::Subscribers, Fault::Freeze).unwrap();
    let again = Client::open(&other, 3).await;
    assert_eq!(again.resume(0, session("bob", "next", "n2", Some(0))).await, Ok(resumed(0, 0)));
    let (mail, reply) = bob.execute(0, frame(1, send("ada", 7))).await;
    assert_eq!((mail.len(), reply), (0, Delivery::Replaced), "the store says why");
    // The client sends its frame again where its session is now: it is executed once.
    assert_eq!(again.request(0, 1, send("ada", 7)).await.1, Outcome::Executed);
    assert_eq!(again.request(0, 2, send("ada", 8)).await.1, Outcome::Executed);
    let sent = |connection| Mail::Relay { from: peer("bob"), signal: close(connection) };
    assert_eq!(ada.mail().await, [(1, sent(7)), (2, sent(8))]);
    assert_eq!(bob.request(0, 2, send("ada", 9)).await, (Vec::new(), Outcome::Unregistered));
    assert_eq!(ada.mail().await, []);
}

fn close(connection: u32) -> Signal {
    Signal::Close { route: Route { connection, target: None } }
}

/// The node rings itself after five silent seconds, gives itself two to hear it, and subscribes anew.
#[tokio::test]
async fn a_doorbell_that_is_dead_is_found_within_eight_seconds() {
    let server = RedisServer::start(RedisOptions::default()).await.unwrap();
    let proxy = FaultProxy::start(server.address()).unwrap();
    let deaf = RedisEngine::connect(Config::parse(&server.url_at(proxy.address())).unwrap()).await.unwrap();
    let other = node(&server).await;
    let (bob, ada) = (begin(&deaf, 1, "bob").await, begin(&other, 2, "ada").await);
    // This connection stays open, and nothing passes on it any more. The next one is another.
    proxy.wedge(Which::Subscribers).unwrap();
    let since = Instant::now();
    assert_eq!(ada.request(0, 1, send("bob", 1)).await.1, Outcome::Executed);
    sleep(Duration::from_secs(1)).await;
    assert!(bob.line.numbered().is_empty(), "the bell was not heard");
    let mut got = Vec::new();
    while got.is_empty() && since.elapsed() < Duration::from_secs(12) {
        sleep(Duration::from_millis(20)).await;
        got = bob.line.numbered();
    }
    let took = since.elapsed();
    assert_eq!(got.len(), 1);
    assert!(took < Duration::from_secs(8), "{took:?}");
}

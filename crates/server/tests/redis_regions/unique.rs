//! A peer has one session in the whole mesh.

use super::client::{Client, send, session};
use super::{Stores, begin, fresh, has_ada, until};
use signalpost_protocol::ErrorCode;
use signalpost_server::engine::{Command, Delivery, Engine, Outcome};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_of_another_region_is_taken() {
    let stores = Stores::start().await;
    let (eu, us) = (stores.node("eu").await, stores.node("us").await);
    let _ada = begin(&eu, 1, "ada").await;
    let other = Client::open(&us, 2).await;
    let claim = session("ada", "another", "third", None);
    assert_eq!(other.resume(0, claim).await, Err(Outcome::Refused(ErrorCode::PeerIdTaken)));
    assert!(!has_ada(&stores.us).await);
}

/// Begins a session of one id on two nodes at once; whether both were granted, and how many of the sockets are told that they
/// are superseded within two seconds.
async fn both(stores: &Stores) -> (bool, usize) {
    let (eu, us) = (stores.node("eu").await, stores.node("us").await);
    let (first, second) = (Client::open(&eu, 1).await, Client::open(&us, 2).await);
    let claim = |key| Command::Claim(Box::new(session("ada", key, "next", None)));
    tokio::join!(eu.execute(0, first.socket, claim("one")), us.execute(0, second.socket, claim("two")));
    let granted = |delivery| matches!(delivery, Some(Delivery::Claimed(_)));
    let both = granted(first.next().await) & granted(second.next().await);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let lost = |client: &Client<'_, _>| client.line.is_superseded();
    (both, [&first, &second].into_iter().filter(|client| lost(client)).count())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_that_begin_at_once_one_stays() {
    let mut doubled = 0;
    for _ in 0..3 {
        let stores = Stores::start().await;
        let (both, superseded) = both(&stores).await;
        assert_eq!(superseded, usize::from(both));
        doubled += superseded;
        let mut left = 0;
        for store in [&stores.eu, &stores.us] {
            left += usize::from(has_ada(store).await);
        }
        assert_eq!(left, 1);
    }
    assert!(doubled > 0, "they never began at once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_began_while_a_region_was_away_is_found_when_it_is_back() {
    let mut stores = Stores::start().await;
    let (eu, us) = (stores.node("eu").await, stores.node("us").await);
    let ada = begin(&us, 1, "ada").await;
    stores.us.freeze().unwrap();
    let again = Client::open(&eu, 2).await;
    assert_eq!(again.resume(0, session("ada", "key", "later", None)).await, Ok(fresh(None)));
    stores.us.thaw().unwrap();
    until("the older session ends", async || ada.line.is_superseded()).await;
    assert!(!has_ada(&stores.us).await);
    let bob = begin(&us, 3, "bob").await;
    assert_eq!(bob.request(0, 1, send("ada", 1)).await.1, Outcome::Executed);
    assert!(matches!(again.next().await, Some(Delivery::Mail { .. })));
}

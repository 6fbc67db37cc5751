//! Messages and lists over two regions.

use super::client::{refused, send};
use super::{Stores, begin, has_ada, list, resumed};
use crate::client::{Client, session};
use signalpost_lab::RedisServer;
use signalpost_protocol::{ErrorCode, Query};
use signalpost_server::engine::{Delivery, Engine, Mail, Outcome};
use std::time::Duration;

/// How many calls of scripts a server has executed.
async fn calls(server: &RedisServer) -> u64 {
    let counts = server.command_counts().await.unwrap();
    let count = |name: &str| counts.get(name).copied().unwrap_or(0);
    count("evalsha") + count("eval")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_to_another_region_is_one_call_there() {
    let stores = Stores::start().await;
    let (eu, us) = (stores.node("eu").await, stores.node("us").await);
    let ada = begin(&eu, 1, "ada").await;
    let bob = begin(&us, 2, "bob").await;
    assert_eq!(ada.request(0, 1, send("bob", 1)).await.1, Outcome::Executed);
    let relay = |delivery: Option<Delivery>| match delivery {
        Some(Delivery::Mail { mail, .. }) => {
            matches!(&*mail, Mail::Relay { from, .. } if from.as_str() == "ada")
        }
        _ => false,
    };
    assert!(relay(bob.awaited().await));
    // The region is known now: for the next second, every message is one call there. A machine that is too busy for six messages within
    // that second tries again.
    let mut seq = 1;
    let mut made = 0;
    for _ in 0..10 {
        let before = calls(&stores.us).await;
        for _ in 0..6 {
            seq += 1;
            assert_eq!(ada.request(0, seq, send("bob", seq)).await.1, Outcome::Executed);
            assert!(relay(bob.awaited().await));
        }
        made = calls(&stores.us).await - before;
        if made == 6 {
            break;
        }
    }
    assert_eq!(made, 6);
    assert_eq!(bob.request(0, 1, send("ada", 9)).await.1, Outcome::Executed);
    assert!(matches!(ada.awaited().await, Some(Delivery::Mail { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_is_nowhere_is_asked_for_once_and_found_when_it_comes() {
    let stores = Stores::start().await;
    let (eu, us) = (stores.node("eu").await, stores.node("us").await);
    let ada = begin(&eu, 1, "ada").await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let before = calls(&stores.us).await;
    assert_eq!(ada.request(0, 1, send("bob", 1)).await.1, refused(ErrorCode::PeerNotFound));
    assert_eq!(calls(&stores.us).await - before, 1);
    let bob = begin(&us, 2, "bob").await;
    assert_eq!(ada.request(0, 2, send("bob", 2)).await.1, Outcome::Executed, "at once");
    assert!(matches!(bob.awaited().await, Some(Delivery::Mail { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_moves_goes_on_with_its_session_and_gets_its_mail() {
    let stores = Stores::start().await;
    let (eu, us) = (stores.node("eu").await, stores.node("us").await);
    let ada = begin(&eu, 1, "ada").await;
    let bob = begin(&us, 2, "bob").await;
    assert_eq!(bob.request(0, 1, send("ada", 1)).await.1, Outcome::Executed);
    assert!(matches!(ada.awaited().await, Some(Delivery::Mail { .. })));
    // Ada comes to a node of the other region with what she has.
    let moved = Client::open(&us, 3).await;
    let claim = session("ada", "next", "then", Some(1));
    assert_eq!(moved.resume(0, claim).await, Ok(resumed(0, 1)));
    assert_eq!(ada.awaited().await, Some(Delivery::Replaced));
    assert_eq!(bob.request(0, 2, send("ada", 2)).await.1, Outcome::Executed);
    let Some(Delivery::Mail { seq, .. }) = moved.awaited().await else { panic!() };
    assert_eq!(seq.map(|seq| seq.0), Some(2));
    assert_eq!(moved.request(0, 1, send("bob", 7)).await.1, Outcome::Executed);
    assert!(matches!(bob.awaited().await, Some(Delivery::Mail { .. })));
    // She lies where she began, and answers from there.
    assert!(has_ada(&stores.eu).await);
    assert!(!has_ada(&stores.us).await);
    assert_eq!(us.usage().await.peers, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_have_the_peers_of_all_regions_by_id_or_the_nearest_first() {
    let stores = Stores::start().await;
    let (eu, us) = (stores.node("eu").await, stores.node("us").await);
    let (mut clients, names) = (Vec::new(), ["a", "b", "c", "d", "e", "f", "g", "h"]);
    for (number, name) in (10..).zip(names) {
        // Those of eu are b, d, f, h.
        clients.push(begin(if number % 2 == 0 { &us } else { &eu }, number, name).await);
    }
    let asker = begin(&eu, 1, "z").await;
    let seq = std::cell::Cell::new(0);
    let pages = async |nearest: bool, limit: u16| {
        let (mut all, mut cursor) = (String::new(), None);
        loop {
            seq.set(seq.get() + 1);
            let query = Query { limit: Some(limit), cursor, nearest, ..Query::default() };
            let (ids, next) = list(&asker, seq.get(), query).await;
            assert!(ids.len() <= usize::from(limit));
            all += &ids.concat();
            match next {
                Some(_) => cursor = next,
                None => return all,
            }
        }
    };
    for limit in [1, 3, 4, 8] {
        assert_eq!(pages(false, limit).await, "abcdefgh", "{limit}");
        assert_eq!(pages(true, limit).await, "bdfhaceg", "{limit}");
    }
    let first = &clients[0];
    let query = Query { nearest: true, ..Query::default() };
    assert_eq!(list(first, 1, query).await.0.concat(), "cegbdfhz", "near to its own node");
}

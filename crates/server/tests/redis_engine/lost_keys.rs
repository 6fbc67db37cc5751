//! Redis has lost the claim that led to the newest key of a session. Its client comes with that key, which nobody knows.

use super::client::{Client, LOST, claim, session};
use super::rewound::Pair;
use super::{begin, fresh, resumed};
use signalpost_protocol::ErrorCode;
use signalpost_server::TokenHash;
use signalpost_server::engine::{Claim, Departure, LossReason, Outcome};
use std::time::Duration;
use tokio::time::{Instant, sleep};

const TAKEN: Result<signalpost_server::engine::Claimed, Outcome> =
    Err(Outcome::Refused(ErrorCode::PeerIdTaken));

/// A claim of somebody who never had a key of this client.
fn stranger(key: &str) -> Claim {
    Claim { root: TokenHash::of("another"), ..session("bob", key, "s2", Some(0)) }
}

/// Beats until Redis is there again.
async fn beat(client: &Client<'_, signalpost_server::redis::RedisEngine>) -> Outcome {
    let since = Instant::now();
    super::start(client, signalpost_server::engine::Command::Beat { ack: None }).await;
    while since.elapsed() < Duration::from_secs(15) {
        if let Some(signalpost_server::engine::Delivery::Done { outcome, .. }) = client.next().await {
            return outcome;
        }
    }
    panic!("no reply")
}

/// The node that has granted the claim sees nothing of the promotion: it is gone.
#[tokio::test]
async fn who_comes_with_a_lost_key_begins_anew_at_once() {
    let (pair, engine) = Pair::start().await;
    let (_proxy, gone) = pair.other().await;
    let bob = begin(&engine, 1, "bob").await;
    assert_eq!(bob.ack(0, 0).await, Outcome::Executed);
    pair.part().await;
    let moved = Client::open(&gone, 2).await;
    assert_eq!(moved.resume(0, session("bob", "next", "n2", Some(0))).await, Ok(resumed(0, 0)));
    assert_eq!(moved.ack(0, 0).await, Outcome::Executed);
    pair.promote();
    for key in ["key", "n2", "forged"] {
        let thief = Client::open(&engine, 3).await;
        assert_eq!(thief.resume(0, stranger(key)).await, TAKEN, "{key}");
    }
    let again = Client::open(&engine, 4).await;
    let expired = fresh(Some(LossReason::SessionExpired));
    assert_eq!(again.resume(0, session("bob", "n2", "n3", Some(0))).await, Ok(expired));
    // From here on only the keys of this session open it.
    assert_eq!(again.ack(0, 0).await, Outcome::Executed);
    let thief = Client::open(&engine, 5).await;
    assert_eq!(thief.resume(0, session("bob", "old", "s2", Some(0))).await, TAKEN);
}

/// A claim with an older key had waited for Redis on a socket that its client has left. It is granted, and takes nothing from the client.
#[tokio::test]
async fn a_claim_that_nobody_waits_for_locks_nobody_out() {
    let (pair, engine) = Pair::start().await;
    let (_proxy, gone) = pair.other().await;
    let bob = begin(&engine, 1, "bob").await;
    assert_eq!(bob.ack(0, 0).await, Outcome::Executed);
    pair.part().await;
    let moved = Client::open(&gone, 2).await;
    assert_eq!(moved.resume(0, session("bob", "next", "n2", Some(0))).await, Ok(resumed(0, 0)));
    assert_eq!(moved.ack(0, 0).await, Outcome::Executed);
    pair.promote();
    let left = Client::open(&engine, 3).await;
    assert_eq!(left.resume(0, session("bob", "next", "x", Some(0))).await, Ok(resumed(0, 0)));
    left.end(0, LOST).await;
    let again = Client::open(&engine, 4).await;
    let expired = fresh(Some(LossReason::SessionExpired));
    assert_eq!(again.resume(0, session("bob", "n2", "n3", Some(0))).await, Ok(expired));
}

/// An older key of a client whose session has lost nothing opens it no more as soon as the client has said anything.
#[tokio::test]
async fn who_is_heard_after_the_promotion_keeps_the_session() {
    let (pair, engine) = Pair::start().await;
    let bob = begin(&engine, 1, "bob").await;
    pair.part().await;
    pair.promote();
    assert_eq!(beat(&bob).await, Outcome::Executed);
    let thief = Client::open(&engine, 2).await;
    assert_eq!(thief.resume(0, session("bob", "old", "s2", Some(0))).await, TAKEN);
    assert_eq!(bob.beat(0).await, Outcome::Executed);
}

/// The node that has granted the claim is there when the socket ends: nothing is left that would keep the id.
#[tokio::test]
async fn the_id_of_a_session_whose_claim_is_lost_is_free_when_its_socket_ends() {
    for departure in [Departure::Bye, LOST] {
        let (pair, engine) = Pair::start().await;
        let bob = begin(&engine, 1, "bob").await;
        assert_eq!(bob.ack(0, 0).await, Outcome::Executed);
        pair.part().await;
        let again = Client::open(&engine, 2).await;
        assert_eq!(again.resume(0, session("bob", "next", "n2", Some(0))).await, Ok(resumed(0, 0)));
        pair.promote();
        again.end(0, departure).await;
        let newcomer = Claim { version: 2, ..claim("bob", 'x') };
        let newcomer = Claim { root: TokenHash::of("another"), ..newcomer };
        let since = Instant::now();
        loop {
            let socket = Client::open(&engine, 3).await;
            match socket.resume(0, newcomer.clone()).await {
                Err(_) if since.elapsed() < Duration::from_secs(5) => {
                    sleep(Duration::from_millis(50)).await;
                }
                other => {
                    assert_eq!(other, Ok(fresh(None)), "{departure:?}");
                    break;
                }
            }
        }
    }
}

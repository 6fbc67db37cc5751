//! Under load every socket has its turn.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use serde_json::json;
use std::time::{Duration, Instant};
use support::Server;

/// Twice as many sockets are more than the queue of one thread of tokio's runtime of many threads holds, which is 256.
const PAIRS: usize = 200;
const TIME: Duration = Duration::from_secs(4);

#[allow(clippy::disallowed_methods, reason = "a test of time, on a real process")]
fn now() -> Instant {
    Instant::now()
}

#[tokio::test]
async fn of_400_busy_sockets_on_one_thread_none_waits_for_many_rounds_of_the_others() {
    let server = Server::start_with(&["--threads", "1", "--log-level", "info"]).await;
    let mut pairs = Vec::new();
    for number in 0..PAIRS {
        let (a, b) = (format!("a{number}"), format!("b{number}"));
        pairs.push((server.peer(&a).await, server.peer(&b).await, a, b));
    }
    let end = now() + TIME;
    let players: Vec<_> = pairs
        .into_iter()
        .map(|(mut ada, mut bob, a, b)| {
            tokio::spawn(async move {
                let mut rounds = 0_u32;
                while now() < end {
                    ada.send(json!({"type": "message", "to": b, "payload": {"data": "ping"}})).await;
                    assert_eq!(bob.receive().await["type"], "message");
                    bob.send(json!({"type": "message", "to": a, "payload": {"data": "pong"}})).await;
                    assert_eq!(ada.receive().await["type"], "message");
                    rounds += 1;
                }
                rounds
            })
        })
        .collect();
    let mut rounds = Vec::new();
    for player in players {
        rounds.push(player.await.unwrap());
    }
    let (fewest, most) = (*rounds.iter().min().unwrap(), *rounds.iter().max().unwrap());
    assert!(fewest > 5, "only {fewest} rounds");
    assert!(most - fewest <= 2, "{fewest} rounds of one pair, {most} of another");
}

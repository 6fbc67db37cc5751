//! A server that stops empties itself over a while, and tells its clients when to come back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::time::{Duration, Instant};
use support::{Member, Server, get};

const CLIENTS: usize = 400;
const BIN_MS: u64 = 250;

#[allow(clippy::disallowed_methods, reason = "a test of time, on a real process")]
fn now() -> Instant {
    Instant::now()
}

/// The fullest bin, compared with the mean of those between `from` and `to`.
fn peak(times: &[u64], from: u64, to: u64) -> f64 {
    let mut bins = vec![0u32; ((to - from) / BIN_MS) as usize];
    for time in times {
        let bin = time.saturating_sub(from) / BIN_MS;
        // The last one also takes what the scheduler of a busy machine has put off.
        let bin = usize::try_from(bin).unwrap().min(bins.len() - 1);
        bins[bin] += 1;
    }
    let mean = times.len() as f64 / bins.len() as f64;
    f64::from(*bins.iter().max().unwrap()) / mean
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_clients_of_a_server_that_stops_leave_and_come_back_spread() {
    let mut server = Server::start_with(&["--drain", "2", "--return-window", "4"]).await;
    let mut waits = Vec::new();
    for number in 0..CLIENTS {
        let mut member = Member::begin(&server, &format!("p{number}")).await;
        waits.push(tokio::spawn(async move {
            let told = member.client.receive().await;
            assert_eq!(told["type"], "reconnect", "{told}");
            let at = now();
            assert_eq!(member.client.closed().await, (4000, "shutdown".into()));
            (at, told["payload"]["after"].as_u64().unwrap())
        }));
    }
    let mut old = server.peer("old").await;
    let admin = server.admin().await;
    old.is_untouched().await;
    let start = now();
    server.terminate().await;
    while !server.log().contains("draining") {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(get(admin, "/readyz").await.status, 503);
    let (mut leaving, mut coming) = (Vec::new(), Vec::new());
    for wait in waits {
        let (at, after) = wait.await.unwrap();
        let at = u64::try_from((at - start).as_millis()).unwrap();
        leaving.push(at);
        coming.push(at + after);
    }
    assert_eq!(old.closed().await, (4000, "shutdown".into()));
    assert!(peak(&leaving, 0, 2_000) < 2.5, "leaving: {leaving:?}");
    assert!(peak(&coming, 2_000, 6_000) < 2.5, "coming: {coming:?}");
    assert!(*coming.iter().min().unwrap() >= 1_900, "nobody comes before the drain is over");
    let status = tokio::time::timeout(Duration::from_secs(8), server.process.wait()).await.unwrap().unwrap();
    assert!(status.success(), "{}", server.log());
}

#[tokio::test]
async fn without_a_drain_everybody_leaves_at_once() {
    let server = Server::start_with(&["--drain", "0", "--return-window", "0"]).await;
    let mut ada = Member::begin(&server, "ada").await;
    server.terminate().await;
    let told = ada.client.receive().await;
    assert_eq!(told["payload"]["after"], 0, "{told}");
    let closed = tokio::time::timeout(Duration::from_secs(1), ada.client.closed()).await.unwrap();
    assert_eq!(closed.0, 4000);
}

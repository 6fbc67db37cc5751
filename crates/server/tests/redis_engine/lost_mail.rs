//! Only the receiver's part of Redis has lost its newest data, and with it mail whose sender has heard that it is in the mailbox.

use super::client::{Client, LOST, session};
use super::rewound::{ask, has, told};
use super::shapes::urls;
use super::{begin, fresh, resumed};
use signalpost_lab::{Fault, Which};
use signalpost_lab::{RedisCluster, RedisOptions};
use signalpost_protocol::ErrorCode;
use signalpost_server::engine::{Delivery, Engine, LossReason, Mail, Outcome};
use signalpost_server::redis::{RedisEngine, Topology};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Names of peers by the server of the cluster on which they are: one that is alone, and two on another.
async fn names(cluster: &RedisCluster) -> (usize, String, [String; 2]) {
    let mut on = vec![Vec::new(); cluster.servers.len()];
    for number in 0.. {
        let name = format!("peer-{number}");
        let server = cluster.primary_of(&format!("sp:{{p:{name}}}:s")).await.unwrap();
        on[server].push(name);
        let Some(pair) = on.iter().position(|names| names.len() >= 2) else { continue };
        let Some(sender) = (0..on.len()).find(|at| *at != pair && !on[*at].is_empty()) else { continue };
        return (pair, on[sender][0].clone(), [on[pair][0].clone(), on[pair][1].clone()]);
    }
    unreachable!()
}

fn is_missed(heard: &[Delivery], lost: u32) -> bool {
    let missed = |mail: &Mail| matches!(mail, Mail::Refused { code: ErrorCode::PeerNotFound, reference, .. } if *reference == Some(lost));
    has(heard, missed)
}

fn is_received(heard: &[Delivery], number: u32) -> bool {
    has(heard, |mail| *mail == Mail::Received { reference: Some(number) })
}

#[tokio::test]
async fn in_a_cluster_a_tail_that_only_the_receivers_lose_is_missed() {
    let mut cluster = RedisCluster::start(RedisOptions::default()).await.unwrap();
    let mut config = urls(&cluster.addresses());
    config.topology = Topology::Cluster;
    let engine = RedisEngine::connect(config).await.unwrap();
    let (primary, eve, [away, here]) = names(&cluster).await;
    let (eve, first, bob) =
        (begin(&engine, 1, &eve).await, begin(&engine, 2, &away).await, begin(&engine, 3, &here).await);
    first.end(0, LOST).await;
    let send = async |seq, to: &str| eve.request(0, seq, ask(to, "x")).await.1;
    assert_eq!((send(1, &away).await, send(2, &here).await), (Outcome::Executed, Outcome::Executed));
    assert_eq!(bob.mail().await.len(), 1);
    sleep(Duration::from_millis(300)).await;
    cluster.servers[primary].proxy.set_for(Which::Replicas, Fault::Freeze).unwrap();
    assert_eq!((send(3, &away).await, send(4, &here).await), (Outcome::Executed, Outcome::Executed));
    assert_eq!(bob.mail().await.len(), 1);
    assert_eq!(bob.ack(0, 2).await, Outcome::Executed);
    let mut heard = told(&eve).await;
    assert!(is_received(&heard, 4), "{heard:?}");
    assert_eq!(send(5, &here).await, Outcome::Executed);
    cluster.servers[primary].server.kill().unwrap();
    cluster.promoted_after(primary).await.unwrap();
    let since = Instant::now();
    while !(is_missed(&heard, 3) && is_missed(&heard, 5)) {
        assert!(since.elapsed() < Duration::from_secs(20), "{heard:?}");
        engine.sweep(0).await;
        heard.extend(told(&eve).await);
    }
    // Its client had acknowledged that one, and the sender knows.
    assert!(!is_missed(&heard, 4), "{heard:?}");
    assert!(told(&bob).await.contains(&Delivery::SessionLost));
    let again = Client::open(&engine, 4).await;
    let expired = fresh(Some(LossReason::SessionExpired));
    assert_eq!(again.resume(0, session(&away, "next", "n2", Some(0))).await, Ok(expired));
}

/// Mail that the replica has is no reason to end anything.
#[tokio::test]
async fn in_a_cluster_a_promotion_without_a_loss_ends_no_session() {
    let cluster = RedisCluster::start(RedisOptions::default()).await.unwrap();
    let mut config = urls(&cluster.addresses());
    config.topology = Topology::Cluster;
    let engine = RedisEngine::connect(config).await.unwrap();
    let (primary, eve, [away, _]) = names(&cluster).await;
    let (eve, first) = (begin(&engine, 1, &eve).await, begin(&engine, 2, &away).await);
    first.end(0, LOST).await;
    assert_eq!(eve.request(0, 1, ask(&away, "x")).await.1, Outcome::Executed);
    sleep(Duration::from_millis(500)).await;
    cluster.failover(primary).await.unwrap();
    // Others write first, and change the era.
    assert_eq!(super::patient(&eve, 2, ask(&away, "y")).await, Outcome::Executed);
    for _ in 0..3 {
        engine.sweep(0).await;
    }
    let again = Client::open(&engine, 4).await;
    assert_eq!(again.resume(0, session(&away, "next", "n2", Some(0))).await, Ok(resumed(0, 0)));
    assert_eq!(again.mail().await.len(), 2);
    assert!(!is_missed(&told(&eve).await, 1));
}

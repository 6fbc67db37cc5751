//! Redis that has lost the newest writes which it had confirmed: a replica that was promoted without them, or older data.
//! Whatever comes first then, a session that has lost something ends with a word, and nobody gets a wrong receipt.

use super::client::{Client, LOST, peer, session};
use super::shapes::urls;
use super::{begin, frame, fresh, node, patient, resumed, start};
use signalpost_lab::{Data, Fault, FaultProxy, RedisOptions, RedisServer, SentinelGroup, Which};
use signalpost_protocol::{ErrorCode, Position, Signal};
use signalpost_server::engine::{Action, Command, Delivery, Engine, LossReason, Mail, Outcome};
use signalpost_server::redis::{Config, RedisEngine, Topology};
use std::time::Duration;
use tokio::time::{Instant, sleep};

type Peer<'a> = Client<'a, RedisEngine>;

/// A message that asks for a receipt.
fn ask(to: &str, text: &str) -> Action {
    Action::Send { to: peer(to), signal: Signal::Message { room: None, data: text.into(), receipt: true } }
}

/// A primary with a replica. The engine reaches whichever is behind the proxy.
struct Pair {
    primary: RedisServer,
    replica: RedisServer,
    proxy: FaultProxy,
}

impl Pair {
    async fn start() -> (Self, RedisEngine) {
        let primary = RedisServer::start(RedisOptions::default()).await.unwrap();
        let options = RedisOptions { replica_of: Some(primary.address()), ..RedisOptions::default() };
        let replica = RedisServer::start(options).await.unwrap();
        replica.wait_for_primary().await.unwrap();
        let proxy = FaultProxy::start(primary.address()).unwrap();
        let config = Config::parse(&primary.url_at(proxy.address())).unwrap();
        (Self { primary, replica, proxy }, RedisEngine::connect(config).await.unwrap())
    }

    /// Another node, which reaches the primary until its proxy points elsewhere.
    async fn other(&self) -> (FaultProxy, RedisEngine) {
        let proxy = FaultProxy::start(self.primary.address()).unwrap();
        let config = Config::parse(&self.primary.url_at(proxy.address())).unwrap();
        (proxy, RedisEngine::connect(config).await.unwrap())
    }

    /// Lets the replica have all of it, and nothing more from now on.
    async fn part(&self) {
        let offset = |server| async move {
            RedisServer::info(server, "replication").await.unwrap()["master_repl_offset"].clone()
        };
        while offset(&self.primary).await != offset(&self.replica).await {
            sleep(Duration::from_millis(10)).await;
        }
        self.replica.command(&["REPLICAOF", "NO", "ONE"]).await.unwrap();
    }

    /// Puts the replica in the place of its primary.
    fn promote(&self) {
        self.proxy.point_to(self.replica.address()).unwrap();
        self.proxy.cut(Which::Every).unwrap();
    }
}

/// What is told within some seconds, until nothing comes any more.
async fn told(client: &Peer<'_>) -> Vec<Delivery> {
    let mut told = Vec::new();
    while let Some(delivery) = client.next().await {
        told.push(delivery);
    }
    told
}

fn has(told: &[Delivery], is_it: impl Fn(&Mail) -> bool) -> bool {
    told.iter().any(|delivery| matches!(delivery, Delivery::Mail { mail, .. } if is_it(mail)))
}

/// Bob has two messages that the replica has, and two that it has not. Then eve sends him two.
async fn lose_two(eve: &Peer<'_>, bob: &Peer<'_>, part: impl AsyncFnOnce()) {
    for seq in 1..=2 {
        assert_eq!(eve.request(0, seq, ask("bob", "kept")).await.1, Outcome::Executed);
    }
    assert_eq!(bob.mail().await.len(), 2);
    part().await;
}

async fn send_two(joe: &Peer<'_>) {
    for seq in 1..=2 {
        assert_eq!(joe.request(0, seq, ask("bob", "lost")).await.1, Outcome::Executed);
    }
}

#[tokio::test]
async fn who_is_connected_loses_the_session_although_others_wrote_first() {
    let (pair, engine) = Pair::start().await;
    let (proxy, late) = pair.other().await;
    let (eve, joe) = (begin(&engine, 1, "eve").await, begin(&engine, 2, "joe").await);
    let bob = begin(&late, 3, "bob").await;
    lose_two(&eve, &bob, async || pair.part().await).await;
    send_two(&joe).await;
    assert_eq!(bob.mail().await.len(), 2);
    pair.promote();
    // They get the numbers of those that are lost.
    for seq in 3..=4 {
        assert_eq!(patient(&eve, seq, ask("bob", "new")).await, Outcome::Executed);
    }
    proxy.point_to(pair.replica.address()).unwrap();
    proxy.cut(Which::Every).unwrap();
    start(&bob, Command::Beat { ack: Some(Position(4)) }).await;
    let heard = told(&bob).await;
    assert!(heard.contains(&Delivery::SessionLost), "{heard:?}");
    assert!(!has(&heard, |mail| matches!(mail, Mail::Relay { .. })), "{heard:?}");
    late.sweep(0).await;
    let heard = told(&eve).await;
    assert!(!has(&heard, |mail| matches!(mail, Mail::Received { .. })), "{heard:?}");
    for lost in [Some(3), Some(4)] {
        let gone = |mail: &Mail| matches!(mail, Mail::Refused { code: ErrorCode::PeerNotFound, reference, .. } if *reference == lost);
        assert!(has(&heard, gone), "{heard:?}");
    }
}

/// The sender of what is lost has lost the answers too.
#[tokio::test]
async fn who_sent_what_is_lost_loses_the_session() {
    let (pair, engine) = Pair::start().await;
    let (eve, joe, bob) =
        (begin(&engine, 1, "eve").await, begin(&engine, 2, "joe").await, begin(&engine, 3, "bob").await);
    lose_two(&eve, &bob, async || pair.part().await).await;
    send_two(&joe).await;
    pair.promote();
    start(&joe, frame(3, ask("eve", "x"))).await;
    assert!(told(&joe).await.contains(&Delivery::SessionLost));
}

#[tokio::test]
async fn who_is_away_gets_another_session_although_others_wrote_first() {
    let (pair, engine) = Pair::start().await;
    let (eve, joe, bob) =
        (begin(&engine, 1, "eve").await, begin(&engine, 2, "joe").await, begin(&engine, 3, "bob").await);
    lose_two(&eve, &bob, async || pair.part().await).await;
    send_two(&joe).await;
    assert_eq!(bob.mail().await.len(), 2);
    bob.end(0, LOST).await;
    pair.promote();
    for seq in 3..=4 {
        assert_eq!(patient(&eve, seq, ask("bob", "new")).await, Outcome::Executed);
    }
    let again = Client::open(&engine, 4).await;
    let lost = again.resume(0, session("bob", "next", "n2", Some(4))).await;
    assert_eq!(lost, Ok(fresh(Some(LossReason::PositionLost))));
    let heard = told(&eve).await;
    assert!(!has(&heard, |mail| matches!(mail, Mail::Received { .. })), "{heard:?}");
}

/// A session that has lost nothing goes on, connected or away, whether its owner or a sender writes first.
#[tokio::test]
async fn who_has_lost_nothing_goes_on() {
    let (pair, engine) = Pair::start().await;
    let (eve, joe, bob) =
        (begin(&engine, 1, "eve").await, begin(&engine, 2, "joe").await, begin(&engine, 3, "bob").await);
    lose_two(&eve, &bob, async || {
        assert_eq!(eve.request(0, 3, ask("joe", "kept")).await.1, Outcome::Executed);
        assert_eq!(told(&joe).await.len(), 1);
        joe.end(0, LOST).await;
        pair.part().await;
    })
    .await;
    pair.promote();
    assert_eq!(patient(&eve, 4, ask("bob", "new")).await, Outcome::Executed);
    assert_eq!(patient(&eve, 5, ask("joe", "new")).await, Outcome::Executed);
    let since = Instant::now();
    let mut came = bob.mail().await;
    while came.is_empty() && since.elapsed() < Duration::from_secs(12) {
        came = bob.mail().await;
    }
    assert_eq!(came.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [3]);
    assert_eq!(bob.ack(0, 3).await, Outcome::Executed);
    let again = Client::open(&engine, 4).await;
    assert_eq!(again.resume(0, session("joe", "next", "n2", Some(1))).await, Ok(resumed(0, 1)));
    assert_eq!(again.mail().await.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [2]);
    let heard = told(&eve).await;
    assert!(has(&heard, |mail| *mail == Mail::Received { reference: Some(4) }), "{heard:?}");
}

/// The client has a key that Redis has never heard of. Its node knows better, and the id is free.
#[tokio::test]
async fn a_session_whose_resumption_is_lost_ends() {
    let (pair, engine) = Pair::start().await;
    let bob = begin(&engine, 1, "bob").await;
    pair.part().await;
    let again = Client::open(&engine, 2).await;
    assert_eq!(again.resume(0, session("bob", "next", "n2", Some(0))).await, Ok(resumed(0, 0)));
    assert_eq!(bob.awaited().await, Some(Delivery::Replaced));
    assert_eq!(again.ack(0, 0).await, Outcome::Executed);
    pair.promote();
    start(&again, frame(1, ask("bob", "x"))).await;
    assert!(told(&again).await.contains(&Delivery::SessionLost));
    let third = Client::open(&engine, 3).await;
    let expired = fresh(Some(LossReason::SessionExpired));
    assert_eq!(third.resume(0, session("bob", "n2", "n3", Some(0))).await, Ok(expired));
}

/// A primary that was told to be a replica keeps its connections, and takes no writes: the node leaves it.
#[tokio::test]
async fn a_server_that_has_become_a_replica_is_left() {
    let (pair, engine) = Pair::start().await;
    let (eve, bob) = (begin(&engine, 1, "eve").await, begin(&engine, 2, "bob").await);
    pair.part().await;
    let now_primary = pair.replica.address();
    let words = ["REPLICAOF", &now_primary.ip().to_string(), &now_primary.port().to_string()];
    pair.primary.command(&words).await.unwrap();
    pair.proxy.point_to(now_primary).unwrap();
    assert_eq!(patient(&eve, 1, ask("bob", "x")).await, Outcome::Executed);
    assert_eq!(bob.ack(0, 0).await, Outcome::Executed);
    assert_eq!(pair.replica.command(&["HGET", "sp:{p:bob}:s", "top"]).await.unwrap().text(), "1");
}

#[tokio::test]
async fn older_data_after_a_restart_are_found_out() {
    let mut server = RedisServer::start(RedisOptions::default()).await.unwrap();
    let engine = node(&server).await;
    let (eve, joe, bob) =
        (begin(&engine, 1, "eve").await, begin(&engine, 2, "joe").await, begin(&engine, 3, "bob").await);
    lose_two(&eve, &bob, async || {
        server.command(&["SAVE"]).await.unwrap();
    })
    .await;
    send_two(&joe).await;
    assert_eq!(bob.mail().await.len(), 2);
    bob.end(0, LOST).await;
    server.restart(Data::Kept).await.unwrap();
    for seq in 3..=4 {
        assert_eq!(patient(&eve, seq, ask("bob", "new")).await, Outcome::Executed);
    }
    let again = Client::open(&engine, 4).await;
    let lost = again.resume(0, session("bob", "next", "n2", Some(4))).await;
    assert_eq!(lost, Ok(fresh(Some(LossReason::PositionLost))));
}

#[tokio::test]
async fn behind_sentinels_a_lost_tail_is_found_out() {
    let mut group = SentinelGroup::start(RedisOptions::default()).await.unwrap();
    let mut config = urls(&group.addresses());
    config.topology = Topology::Sentinel(group.name().into());
    config.patience = Duration::from_secs(25);
    let engine = RedisEngine::connect(config).await.unwrap();
    let (eve, joe, bob) =
        (begin(&engine, 1, "eve").await, begin(&engine, 2, "joe").await, begin(&engine, 3, "bob").await);
    lose_two(&eve, &bob, async || {
        sleep(Duration::from_millis(300)).await;
        group.servers[0].proxy.set_for(Which::Replicas, Fault::Freeze).unwrap();
    })
    .await;
    send_two(&joe).await;
    assert_eq!(bob.mail().await.len(), 2);
    group.servers[0].server.kill().unwrap();
    assert_eq!(group.promoted_after(0).await.unwrap(), 1);
    for seq in 3..=4 {
        assert_eq!(patient(&eve, seq, ask("bob", "new")).await, Outcome::Executed);
    }
    start(&bob, frame(1, ask("eve", "x"))).await;
    let mut heard = Vec::new();
    let since = Instant::now();
    while !heard.contains(&Delivery::SessionLost) {
        assert!(since.elapsed() < Duration::from_secs(20), "{heard:?}");
        heard.extend(told(&bob).await);
    }
    let heard = told(&eve).await;
    assert!(!has(&heard, |mail| matches!(mail, Mail::Received { .. })), "{heard:?}");
}

//! What becomes of mail that comes again or late, on a real Redis.

use super::codec;
use super::config::{Clock, Config};
use super::mailbox::{Answers, Post, Posted, answer, post};
use super::node::Node;
use super::proof::Proof;
use super::region::Region;
use super::scripts::{BEGIN, MAIL};
use super::store::Store;
use super::{StoreError, call::Call};
use crate::engine::Mail;
use crate::engine::limits::SHARED_RELAYS;
use signalpost_lab::{RedisOptions, RedisServer};
use signalpost_protocol::{PeerId, RoomName, SequenceNumber, Signal};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

const NOW: u64 = 1_000_000;

struct World {
    server: RedisServer,
    node: Node,
}

fn ada() -> PeerId {
    PeerId::parse("ada").unwrap()
}

impl World {
    /// A server with a session of ada.
    async fn new(version: u16) -> Self {
        let server = RedisServer::start(RedisOptions::default()).await.unwrap();
        let mut config = Config::parse(&server.url()).unwrap();
        config.clock = Clock::Told;
        let store = Store::connect(config.clone()).await.unwrap();
        let world = Self { server, node: Node::new(store, config, "one") };
        assert_eq!(world.begin("", version).await, "ok");
        world
    }

    /// Begins a session, unless it is later than a time.
    async fn begin(&self, deadline: &str, version: u16) -> String {
        let call: Call = self.node.call(&BEGIN, NOW).keys(self.node.keys.whole(&ada())).arg("").arg("");
        let call =
            call.arg(deadline).arg(&self.node.channel).arg(format!("seal{deadline}")).arg(100_000).arg(0);
        let mut begun =
            self.node.run(call.arg("version").arg(version)).await.unwrap().into_fields("begin").unwrap();
        begun.text().unwrap()
    }

    /// Posts a relay of bob.
    async fn relay<'a>(&self, number: u64, change: impl FnOnce(&mut Post<'a>)) -> Result<Posted, StoreError> {
        let signal = Signal::Message { room: None, data: "x".into(), receipt: false };
        let mail = Box::leak(Box::new(Mail::Relay { from: PeerId::parse("bob").unwrap(), signal }));
        let to = Box::leak(Box::new(ada()));
        let text = Box::leak(Box::new(codec::encode(mail).unwrap()));
        let mut relay = Post {
            to,
            source: "p:bob".into(),
            home: Region::OWN,
            session: 7,
            number,
            mail,
            text,
            receipt: None,
            proof: Proof::new(NOW, Instant::now()),
            era: None,
            version: 1,
            rooms: &[],
            is_last: false,
        };
        change(&mut relay);
        post(&self.node, NOW, &relay).await
    }

    async fn entries(&self) -> i64 {
        match self.server.command(&["XLEN", "sp:{p:ada}:m"]).await.unwrap() {
            signalpost_lab::Reply::Number(entries) => entries,
            other => panic!("{other:?}"),
        }
    }

    async fn set(&self, words: &[&str]) {
        self.server.command(&[&["HSET", "sp:{p:ada}:s"], words].concat()).await.unwrap();
    }
}

#[tokio::test]
async fn a_relay_that_was_refused_does_not_come_later() {
    let world = World::new(2).await;
    for number in 1..=SHARED_RELAYS as u64 {
        assert_eq!(world.relay(number, |_| ()).await, Ok(Posted::Taken));
    }
    let next = SHARED_RELAYS as u64 + 1;
    assert_eq!(world.relay(next, |_| ()).await, Ok(Posted::Busy));
    world.set(&["rn", "0", "rb", "0"]).await;
    assert_eq!(world.relay(next, |_| ()).await, Ok(Posted::Busy), "its sender knows that it did not arrive");
    assert_eq!(world.relay(next + 1, |_| ()).await, Ok(Posted::Taken));
    assert_eq!(world.relay(next + 1, |_| ()).await, Ok(Posted::Taken), "once");
    // A frame that was answered long ago.
    assert_eq!(world.relay(next, |_| ()).await, Err(StoreError::Rewound));
    let former = world.relay(next + 9, |relay| relay.session = 6).await;
    assert_eq!(former, Err(StoreError::Rewound), "a former session");
    // Its owner has seen the sender's session in another era.
    let era = |era: &str| Some(Arc::from(era));
    assert_eq!(world.relay(next + 2, |relay| relay.era = era("x")).await, Err(StoreError::Rewound));
    let now = world.server.info("replication").await.unwrap()["master_replid"].clone();
    let own = world.relay(next + 2, |relay| relay.era = era(&now[..16])).await;
    assert_eq!(own, Ok(Posted::Taken));
    assert_eq!(world.entries().await, SHARED_RELAYS as i64 + 2);
}

/// An owner says how far it has come, and delivers more mail of the former era before it hears the reply.
#[tokio::test]
async fn mail_of_a_former_era_is_missed_although_the_session_is_sure() {
    let world = World::new(2).await;
    for number in 1..=2 {
        assert_eq!(world.relay(number, |_| ()).await, Ok(Posted::Taken));
    }
    // As if a replica had taken the place of its primary, with two of three.
    world.set(&["era", "former"]).await;
    let mail = async |delivered: u32| {
        let seal = world.server.command(&["HGET", "sp:{p:ada}:s", "seal"]).await.unwrap();
        let call = world.node.call(&MAIL, NOW).keys(world.node.keys.mailbox(&ada())).arg(seal.text());
        let call = call.arg(delivered).arg("former").arg(10);
        world.node.run(call).await.unwrap().into_fields("mail").unwrap().text().unwrap()
    };
    assert_eq!(mail(3).await, "rewound");
    assert_eq!(mail(1).await, "ok");
    for number in 3..=4 {
        assert_eq!(world.relay(number, |_| ()).await, Ok(Posted::Taken));
    }
    assert_eq!((mail(2).await.as_str(), mail(3).await.as_str()), ("ok", "rewound"));
}

/// A room may still name a peer whose session there is over, when the peer has begun another.
#[tokio::test]
async fn a_broadcast_is_for_a_session_that_is_in_the_room() {
    let world = World::new(2).await;
    let room = RoomName::parse("r").unwrap();
    let signal = Signal::Message { room: Some(room), data: "x".into(), receipt: false };
    let mail = &*Box::leak(Box::new(Mail::Relay { from: PeerId::parse("bob").unwrap(), signal }));
    assert_eq!(world.relay(1, |relay| relay.mail = mail).await, Ok(Posted::Outside));
    world.set(&["room:q", "1 1 1"]).await;
    assert_eq!(world.relay(1, |relay| relay.mail = mail).await, Ok(Posted::Outside));
    assert_eq!(world.entries().await, 0);
    world.set(&["room:r", "1 1 1"]).await;
    assert_eq!(world.relay(1, |relay| relay.mail = mail).await, Ok(Posted::Taken));
    assert_eq!(world.entries().await, 1);
}

#[tokio::test]
async fn a_relay_that_a_session_was_too_old_for_does_not_come_later() {
    let world = World::new(1).await;
    assert_eq!(world.relay(1, |relay| relay.version = 2).await, Ok(Posted::Old));
    assert_eq!(world.relay(1, |_| ()).await, Ok(Posted::Old));
    assert_eq!(world.relay(2, |_| ()).await, Ok(Posted::Taken));
    assert_eq!(world.entries().await, 1);
}

/// The sender was told that the receiver is busy because it could not be told the news.
#[tokio::test]
async fn a_relay_behind_news_that_have_no_room_does_not_come_later() {
    let world = World::new(2).await;
    world.set(&["room:r", "3 3 3"]).await;
    let news = [(RoomName::parse("r").unwrap(), 4)];
    let news = &news;
    let behind = async |number, is_last| {
        world.relay(number, |relay| (relay.rooms, relay.is_last) = (news, is_last)).await.unwrap()
    };
    assert!(matches!(behind(1, false).await, Posted::Behind { .. }));
    assert_eq!(behind(1, true).await, Posted::Busy);
    world.set(&["room:r", "4 3 3"]).await;
    assert_eq!(behind(1, false).await, Posted::Busy);
    assert_eq!(behind(2, false).await, Posted::Taken);
}

#[tokio::test]
async fn a_relay_of_a_node_that_slept_is_not_taken() {
    let world = World::new(2).await;
    let long = Duration::from_secs(60);
    let slept = Proof::new(NOW - 60_000, Instant::now().checked_sub(long).unwrap());
    assert_eq!(world.relay(1, |relay| relay.proof = slept).await, Err(StoreError::Stale));
    assert_eq!(world.entries().await, 0);
    // The servers of a cluster have other clocks.
    let other = Proof::new(NOW - 60_000, Instant::now());
    assert_eq!(world.relay(1, |relay| relay.proof = other).await, Ok(Posted::Taken));
}

/// A call that Redis reads from the buffer of an old connection after its session has ended.
#[tokio::test]
async fn a_session_does_not_begin_late() {
    let world = World::new(2).await;
    world.server.flush_all().await.unwrap();
    assert_eq!(world.begin(&(NOW - 1).to_string(), 2).await, "conflict");
    assert_eq!(world.begin(&NOW.to_string(), 2).await, "ok");
}

#[tokio::test]
async fn a_flood_of_new_senders_is_refused_and_the_others_are_not() {
    let world = World::new(2).await;
    assert_eq!(world.relay(1, |_| ()).await, Ok(Posted::Taken));
    let fill = "for n = 2, 4096 do redis.call('HSET', KEYS[1], n, '1 1 ok') end";
    world.server.command(&["EVAL", fill, "1", "sp:{p:ada}:f"]).await.unwrap();
    assert_eq!(world.relay(2, |_| ()).await, Ok(Posted::Taken));
    assert_eq!(world.relay(2, |relay| relay.source = "p:eve".into()).await, Ok(Posted::Busy));
    // Answers are not refused, and the numbers do not grow without bound.
    let fill = "for n = 1, 9000 do redis.call('HSET', KEYS[1], 'r:' .. n, '1 1 ok') end";
    world.server.command(&["EVAL", fill, "1", "sp:{p:ada}:f"]).await.unwrap();
    received(&world, "r:1:eve", &[1], true).await;
    assert_eq!(
        world.server.command(&["HLEN", "sp:{p:ada}:f"]).await.unwrap(),
        signalpost_lab::Reply::Number(1)
    );
}

/// Answers the present session of ada, or the one after it.
async fn received(world: &World, source: &str, numbers: &[u32], is_present: bool) {
    let present = world.server.command(&["HGET", "sp:{p:ada}:s", "num"]).await.unwrap();
    let only = present.text().parse::<u64>().unwrap() + u64::from(!is_present);
    let mail =
        numbers.iter().map(|number| (SequenceNumber(*number), Mail::Received { reference: Some(*number) }));
    let home = Region::OWN;
    let answers = Answers { to: &ada(), source: source.into(), home, session: 1, only, mail: mail.collect() };
    answer(&world.node, NOW, &answers).await.unwrap();
}

#[tokio::test]
async fn answers_come_once_and_to_the_session_that_asked() {
    let world = World::new(2).await;
    received(&world, "r:1:eve", &[1, 2], true).await;
    received(&world, "r:1:eve", &[1, 2, 5], true).await;
    assert_eq!(world.entries().await, 3);
    received(&world, "r:1:joe", &[5], true).await;
    assert_eq!(world.entries().await, 4);
    received(&world, "r:1:joe", &[6], false).await;
    assert_eq!(world.entries().await, 4, "another session asked");
}

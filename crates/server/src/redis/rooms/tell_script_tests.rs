//! The script that tells a member, and the one that posts relays after the news about their senders, on a real Redis.

use crate::engine::Mail;
use crate::redis::call::Call;
use crate::redis::codec;
use crate::redis::config::{Clock, Config};
use crate::redis::mailbox::{Post, Posted, post};
use crate::redis::node::Node;
use crate::redis::proof::Proof;
use crate::redis::reply::{Fields, Reply};
use crate::redis::scripts::{BEGIN, TELL};
use crate::redis::store::Store;
use signalpost_lab::{RedisOptions, RedisServer};
use signalpost_protocol::{PeerId, RoomName, Signal};
use tokio::time::Instant;

const NOW: u64 = 1_000_000;

struct World {
    server: RedisServer,
    node: Node,
    /// The number of ada's session.
    session: u64,
}

fn ada() -> PeerId {
    PeerId::parse("ada").unwrap()
}

fn room() -> RoomName {
    RoomName::parse("r").unwrap()
}

impl World {
    /// A server with a session of ada, whose owner has the seal `mine`.
    async fn new() -> Self {
        let server = RedisServer::start(RedisOptions::default()).await.unwrap();
        let mut config = Config::parse(&server.url()).unwrap();
        config.clock = Clock::Told;
        let store = Store::connect(config.clone()).await.unwrap();
        let node = Node::new(store, config, "one");
        let begin = node.call(&BEGIN, NOW).keys(node.keys.whole(&ada())).arg("").arg("").arg("");
        let begin = begin.arg(&node.channel).arg("mine").arg(100_000).arg(0).arg("version").arg(2);
        let mut begun = node.run(begin).await.unwrap().into_fields("begin").unwrap();
        assert_eq!(begun.text().unwrap(), "ok");
        Self { server, node, session: begun.number().unwrap() }
    }

    fn call(&self, seal: &str, old: &str, new: &str) -> Call {
        let call = self.node.call(&TELL, NOW).keys(self.node.keys.mailbox(&ada())).arg(self.session);
        call.arg(seal).arg(3).arg("n").arg(1).arg(format!("room:{}", room())).arg(old).arg(new)
    }

    async fn tell(&self, seal: &str, old: &str, new: &str, mails: usize) -> (String, Fields) {
        let call = (0..mails).fold(self.call(seal, old, new), |call, _| call.arg(100).arg("{}"));
        let reply: Reply = self.node.run(call).await.unwrap();
        let mut fields = reply.into_fields("tell").unwrap();
        (fields.text().unwrap(), fields)
    }

    async fn entries(&self) -> i64 {
        let key = self.node.keys.mailbox(&ada())[1].clone();
        match self.server.command(&["XLEN", &key]).await.unwrap() {
            signalpost_lab::Reply::Number(entries) => entries,
            other => panic!("{other:?}"),
        }
    }

    async fn relay(&self, number: u64, version: u64) -> Posted {
        let mail = Mail::Relay {
            from: PeerId::parse("bob").unwrap(),
            signal: Signal::Message { room: None, data: "x".into(), receipt: false },
        };
        let news = [(room(), version)];
        let (to, source) = (&ada(), "p:bob".to_owned());
        let relay = Post {
            to,
            home: self.node.region,
            source,
            session: 7,
            number,
            mail: &mail,
            text: &codec::encode(&mail).unwrap(),
            receipt: None,
            proof: Proof::new(NOW, Instant::now()),
            era: None,
            version: 1,
            rooms: &news,
            is_last: false,
        };
        post(&self.node, NOW, &relay).await.unwrap()
    }
}

#[tokio::test]
async fn news_come_once_from_whichever_node() {
    let world = World::new().await;
    assert_eq!(world.tell("mine", "", "0 0 0", 0).await.0, "ok", "the wish to enter");
    let (reply, mut seat) = world.tell("mine", "", "5 5 5", 1).await;
    assert_eq!((reply.as_str(), seat.text().unwrap().as_str()), ("moved", "0 0 0"));
    assert_eq!(world.entries().await, 0);
    let (reply, mut told) = world.tell("mine", "0 0 0", "5 5 5", 2).await;
    let (waiting, last): (u32, u32) = (told.number().unwrap(), told.number().unwrap());
    assert_eq!((reply.as_str(), waiting, last), ("ok", 2, 2));
    // A call that is repeated because its reply was lost, and one of another node that has read the same.
    for seal in ["mine", ""] {
        assert_eq!(world.tell(seal, "0 0 0", "5 5 5", 2).await.0, "moved");
    }
    assert_eq!(world.entries().await, 2);
}

#[tokio::test]
async fn who_owns_the_session_no_more_tells_nothing() {
    let world = World::new().await;
    assert_eq!(world.tell("other", "", "5 5 5", 1).await.0, "gone");
    let later = World { session: world.session + 1, ..world };
    assert_eq!(later.tell("mine", "", "5 5 5", 1).await.0, "gone");
    assert_eq!(later.entries().await, 0);
}

#[tokio::test]
async fn a_mailbox_takes_so_many_notices_and_the_seat_stays_where_they_end() {
    let world = World::new().await;
    assert_eq!(world.tell("mine", "", "5 5 5", 2).await.0, "ok");
    assert_eq!(world.tell("mine", "5 5 5", "6 5 5", 2).await.0, "ok", "it took less than three before");
    let (reply, mut waiting) = world.tell("mine", "6 5 5", "7 5 5", 1).await;
    assert_eq!((reply.as_str(), waiting.number()), ("full", Ok(4)));
    assert_eq!(world.tell("mine", "6 5 5", "7 5 5", 0).await.0, "ok", "where nothing is told");
    assert_eq!(world.entries().await, 4);
}

#[tokio::test]
async fn a_relay_waits_until_its_receiver_was_told_of_the_sender() {
    let world = World::new().await;
    assert_eq!(world.relay(1, 9).await, Posted::Taken, "a stranger to the room");
    world.tell("mine", "", "0 0 0", 0).await;
    assert_eq!(world.relay(2, 9).await, Posted::Taken, "it has not entered yet");
    world.tell("mine", "0 0 0", "8 5 5", 0).await;
    let behind = world.relay(3, 9).await;
    let expected = Posted::Behind { room: room(), seat: "8 5 5".into(), session: world.session, version: 2 };
    assert_eq!(behind, expected);
    world.tell("mine", "8 5 5", r#"8 5 5 {"bob":9}"#, 0).await;
    assert_eq!(world.relay(3, 9).await, Posted::Taken, "told of ahead");
    assert_ne!(world.relay(4, 10).await, Posted::Taken);
    world.tell("mine", r#"8 5 5 {"bob":9}"#, "10 5 5", 0).await;
    assert_eq!(world.relay(4, 10).await, Posted::Taken);
    assert_eq!(world.entries().await, 4);
}

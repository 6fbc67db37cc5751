//! Broadcasts, on a real Redis.

use super::context::Rooms;
use super::steps::{Act, Actor};
use crate::SocketId;
use crate::engine::{Delivery, DeliveryQueue, Full, Outcome};
use crate::redis::config::{Clock, Config};
use crate::redis::local::{Owned, Stream};
use crate::redis::node::Node;
use crate::redis::proof::Proof;
use crate::redis::region::Region;
use crate::redis::seats::{Member, Seat};
use crate::redis::store::Store;
use crate::registry::Pace;
use crate::registry::sessions::frames::Frames;
use signalpost_lab::{RedisOptions, RedisServer};
use signalpost_protocol::{PeerId, PeerInfo, RoomName, SESSIONS};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};

struct Nowhere;

impl DeliveryQueue for Nowhere {
    fn deliver(&self, _: Delivery) -> Result<(), Full> {
        Ok(())
    }
}

/// A broadcast in a large room waits for those that are under way; in a small room it does not.
#[tokio::test]
async fn posts_to_the_members_of_large_rooms_are_bounded() {
    const NOW: u64 = 1_000_000;
    let server = RedisServer::start(RedisOptions::default()).await.unwrap();
    let mut config = Config::parse(&server.url()).unwrap();
    config.clock = Clock::Told;
    let store = Store::connect(config.clone()).await.unwrap();
    let node = Arc::new(Node::new(store, config, "one"));
    let rooms = Rooms::new(&node, NOW);
    let [small, large] = ["small", "large"].map(|name| RoomName::parse(name).unwrap());
    let owned = Owned {
        id: PeerId::parse("p0").unwrap(),
        region: Region::OWN,
        number: 7,
        rev: 1,
        proof: Proof::new(NOW, Instant::now()),
        seal: "seal".into(),
        version: SESSIONS,
        info: Arc::new(PeerInfo::default()),
        frames: Frames::default(),
        unproven: None,
        stream: Stream::default(),
    };
    // It has all news: a look at the others would find that they have no sessions.
    let seat = || Seat::listed_at(1 << 52, 1).to_text();
    let seats = BTreeMap::from([(small.clone(), seat()), (large.clone(), seat())]);
    let member = Arc::new(Member::new(&owned, 1, BTreeMap::from([(owned.region, seats)])));
    node.local.attach(SocketId::new(1), Arc::new(Nowhere));
    node.local.own(SocketId::new(1), owned);
    rooms.here().insert(&member);
    for (room, size) in [(&small, Pace::SERVER.small), (&large, Pace::SERVER.small + 1)] {
        for n in 0..size {
            let peer = PeerId::parse(&format!("p{n}")).unwrap();
            let actor = Actor { peer: &peer, session: 7, turn: 1 };
            let info = format!(r#"{{"id":"{peer}","session":1}}"#);
            rooms.act(room, actor, Act::Join { op: 1, info: &info, deadline: None }).await.unwrap();
        }
    }
    let all = u32::try_from(node.rooms.posts.available_permits()).unwrap();
    let taken = node.rooms.posts.acquire_many(all).await.unwrap();
    let broadcast = async |number, room| {
        rooms.broadcast(&member, number, None, room, "hello".into()).await.map(|step| step.outcome)
    };
    assert_eq!(broadcast(1, &small).await.unwrap(), Outcome::Executed);
    let waiting = timeout(Duration::from_millis(500), broadcast(2, &large)).await;
    assert!(waiting.is_err(), "it waits");
    drop(taken);
    assert_eq!(broadcast(3, &large).await.unwrap(), Outcome::Executed);
}

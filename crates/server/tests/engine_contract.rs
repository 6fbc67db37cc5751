//! The guarantees of `signalpost_server::engine`, checked over the trait: every engine runs this suite.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use signalpost_protocol::message::Route;
use signalpost_protocol::{ErrorCode, Hello, PeerId, PeerInfo, Query, RoomName, Signal};
use signalpost_server::ConnectionId;
use signalpost_server::engine::memory::MemoryEngine;
use signalpost_server::engine::{Command, Delivery, Engine, Full, LeaveReason, Reply, Sink};
use signalpost_server::registry::{LEASE_MS, SWEEP_MS};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A connection of the suite.
#[derive(Default)]
struct Line {
    got: Mutex<VecDeque<Delivery>>,
    full: Mutex<bool>,
}

impl Sink for Line {
    fn deliver(&self, delivery: Delivery) -> Result<(), Full> {
        let refusable = matches!(delivery, Delivery::Relay { .. } | Delivery::PeerJoined { .. });
        if refusable && *self.full.lock().unwrap() {
            return Err(Full);
        }
        self.got.lock().unwrap().push_back(delivery);
        Ok(())
    }
}

struct Client<'a, E> {
    engine: &'a E,
    connection: ConnectionId,
    line: Arc<Line>,
}

impl<'a, E: Engine> Client<'a, E> {
    async fn open(engine: &'a E, number: u64) -> Self {
        let line = Arc::new(Line::default());
        let connection = ConnectionId::new(number);
        engine.attach(connection, line.clone()).await;
        Self { engine, connection, line }
    }

    async fn claimed(engine: &'a E, number: u64, name: &str) -> Self {
        let client = Self::open(engine, number).await;
        assert_eq!(client.run(0, claim(name, 'k')).await, Reply::Claimed);
        client
    }

    /// The next delivery; an engine over a network may take a moment.
    async fn next(&self) -> Option<Delivery> {
        for _ in 0..50 {
            if let Some(delivery) = self.line.got.lock().unwrap().pop_front() {
                return Some(delivery);
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        None
    }

    /// Executes and takes the reply, which is expected to be the next delivery.
    async fn run(&self, now: u64, command: Command) -> Reply {
        self.engine.execute(now, self.connection, command).await;
        match self.next().await {
            Some(Delivery::Reply(reply)) => reply,
            other => panic!("no reply but {other:?}"),
        }
    }

    async fn end(&self, now: u64, reason: LeaveReason) {
        self.engine.execute(now, self.connection, Command::Detach(reason)).await;
    }
}

fn claim(name: &str, key: char) -> Command {
    let peer = PeerInfo { id: name.into(), ..PeerInfo::default() };
    Command::Claim(Box::new(Hello {
        versions: (1, 1),
        key: key.to_string().repeat(32),
        peer,
        received: None,
    }))
}

fn room() -> RoomName {
    RoomName::parse("r").unwrap()
}

fn peer(name: &str) -> PeerId {
    PeerId::parse(name).unwrap()
}

fn send(to: &str, number: u32) -> Command {
    let signal = Signal::Close { route: Route { connection: number, target: None } };
    Command::Send { to: peer(to), signal }
}

fn left(name: &str, reason: LeaveReason) -> Option<Delivery> {
    Some(Delivery::PeerLeft { room: room(), peer: peer(name), reason })
}

async fn signals_arrive_once_in_order_and_stamped<E: Engine>(engine: E) {
    let ada = Client::claimed(&engine, 1, "ada").await;
    let bob = Client::claimed(&engine, 2, "bob").await;
    for number in 0..20 {
        assert_eq!(ada.run(1, send("bob", number)).await, Reply::Sent);
    }
    for number in 0..20 {
        let Some(Delivery::Relay { from, signal }) = bob.next().await else { panic!() };
        assert_eq!((from.as_str(), signal.route().map(|route| route.connection)), ("ada", Some(number)));
    }
    assert_eq!(bob.next().await, None);
}

async fn a_full_or_absent_receiver_is_told_to_the_sender<E: Engine>(engine: E) {
    let ada = Client::claimed(&engine, 1, "ada").await;
    let bob = Client::claimed(&engine, 2, "bob").await;
    assert_eq!(ada.run(1, send("nobody", 1)).await, Reply::Refused(ErrorCode::PeerNotFound));
    *bob.line.full.lock().unwrap() = true;
    assert_eq!(ada.run(1, send("bob", 1)).await, Reply::Refused(ErrorCode::PeerBusy));
    assert_eq!(bob.run(1, Command::Beat).await, Reply::Beaten, "a reply passes a full sink");
    *bob.line.full.lock().unwrap() = false;
    assert_eq!(ada.run(1, send("bob", 2)).await, Reply::Sent);
    bob.end(2, LeaveReason::Lost).await;
    assert_eq!(ada.run(2, send("bob", 3)).await, Reply::Refused(ErrorCode::PeerNotFound));
}

async fn a_broadcast_reaches_every_other_member_and_nobody_else<E: Engine>(engine: E) {
    let ada = Client::claimed(&engine, 1, "ada").await;
    let bob = Client::claimed(&engine, 2, "bob").await;
    let cy = Client::claimed(&engine, 3, "cy").await;
    let eve = Client::claimed(&engine, 4, "eve").await;
    let broadcast = || Command::Broadcast { room: room(), data: "hello".into() };
    assert_eq!(ada.run(1, broadcast()).await, Reply::Refused(ErrorCode::RoomNotJoined));
    for client in [&ada, &bob, &cy] {
        client.run(1, Command::Join(room())).await;
    }
    for client in [&ada, &bob] {
        while client.next().await.is_some() {}
    }
    assert_eq!(ada.run(2, broadcast()).await, Reply::Sent);
    let signal = Signal::Message { room: Some(room()), data: "hello".into(), receipt: false };
    let heard = Some(Delivery::Relay { from: peer("ada"), signal });
    assert_eq!((bob.next().await, cy.next().await), (heard.clone(), heard.clone()));
    *bob.line.full.lock().unwrap() = true;
    assert_eq!(ada.run(3, broadcast()).await, Reply::Refused(ErrorCode::PeerBusy));
    assert_eq!((bob.next().await, cy.next().await), (None, heard));
    assert_eq!((ada.next().await, eve.next().await), (None, None));
    assert_eq!(eve.run(4, broadcast()).await, Reply::Refused(ErrorCode::RoomNotJoined));
}

async fn a_stay_in_a_room_begins_and_ends_with_one_notice<E: Engine>(engine: E) {
    let ada = Client::claimed(&engine, 1, "ada").await;
    ada.run(0, Command::Join(room())).await;
    for (number, reason) in [(2, LeaveReason::Left), (3, LeaveReason::Closed), (4, LeaveReason::Lost)] {
        let bob = Client::claimed(&engine, number, "bob").await;
        for _ in 0..2 {
            let Reply::Joined { page, .. } = bob.run(1, Command::Join(room())).await else { panic!() };
            assert_eq!(page.peers.len(), 1);
        }
        if reason == LeaveReason::Left {
            assert_eq!(bob.run(2, Command::Leave(room())).await, Reply::Left { room: room() });
            bob.end(2, LeaveReason::Lost).await;
        } else {
            bob.end(2, reason).await;
        }
        let joined = ada.next().await;
        assert!(matches!(&joined, Some(Delivery::PeerJoined { peer, .. }) if peer.id == "bob"), "{joined:?}");
        assert_eq!(ada.next().await, left("bob", reason));
        assert_eq!(ada.next().await, None);
    }
}

async fn the_lease_ends_what_the_socket_does_not<E: Engine>(engine: E) {
    let ada = Client::claimed(&engine, 1, "ada").await;
    let bob = Client::claimed(&engine, 2, "bob").await;
    ada.run(0, Command::Join(room())).await;
    bob.run(0, Command::Join(room())).await;
    assert!(ada.next().await.is_some());
    assert_eq!(ada.run(LEASE_MS - 1, Command::Beat).await, Reply::Beaten);
    let Reply::Found(page) = ada.run(LEASE_MS, Command::Discover(Query::default())).await else { panic!() };
    assert!(page.peers.is_empty(), "expired and not swept");
    assert_eq!(ada.run(LEASE_MS, send("bob", 1)).await, Reply::Refused(ErrorCode::PeerNotFound));
    engine.sweep(LEASE_MS).await;
    engine.sweep(LEASE_MS + SWEEP_MS).await;
    assert_eq!(ada.next().await, left("bob", LeaveReason::Lost));
    assert_eq!(ada.next().await, None);
    assert_eq!(bob.next().await, Some(Delivery::Expired));
    assert_eq!(bob.run(LEASE_MS, Command::Beat).await, Reply::Unregistered);
    assert_eq!(engine.registered().await, 1);
}

async fn an_id_belongs_to_one_connection<E: Engine>(engine: E) {
    let first = Client::claimed(&engine, 1, "ada").await;
    let thief = Client::open(&engine, 2).await;
    assert_eq!(thief.run(1, claim("ada", 'x')).await, Reply::Refused(ErrorCode::PeerIdTaken));
    assert_eq!(first.run(1, Command::Beat).await, Reply::Beaten);
    let second = Client::open(&engine, 3).await;
    assert_eq!(second.run(2, claim("ada", 'k')).await, Reply::Claimed);
    assert_eq!(first.next().await, Some(Delivery::Superseded));
    assert_eq!(first.run(2, Command::Beat).await, Reply::Unregistered);
    first.end(3, LeaveReason::Closed).await;
    assert_eq!(second.run(4, Command::Beat).await, Reply::Beaten);
    assert_eq!(engine.registered().await, 1);
}

macro_rules! suite {
    ($engine:ident, $make:expr, [$($test:ident),* $(,)?]) => {
        mod $engine {
            use super::*;
            $(
                #[tokio::test]
                async fn $test() {
                    super::$test($make).await;
                }
            )*
        }
    };
}

suite!(
    memory,
    MemoryEngine::new(),
    [
        signals_arrive_once_in_order_and_stamped,
        a_full_or_absent_receiver_is_told_to_the_sender,
        a_broadcast_reaches_every_other_member_and_nobody_else,
        a_stay_in_a_room_begins_and_ends_with_one_notice,
        the_lease_ends_what_the_socket_does_not,
        an_id_belongs_to_one_connection,
    ]
);

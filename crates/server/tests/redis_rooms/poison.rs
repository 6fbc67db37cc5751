//! What stands in Redis and cannot be read, or is away for a while: it concerns whom it is about, and keeps nobody else from anything.

use super::peer::{LOST, Mesh, Peer, room};
use super::{mesh, names, server, three_members, two_members};
use signalpost_lab::{RedisServer, Reply};
use signalpost_protocol::{ErrorCode, Query, RoomName};
use signalpost_server::engine::{Action, Delivery, Departure, Engine, Outcome};
use signalpost_server::redis::{Clock, Config, RedisEngine};
use std::time::Duration;

/// Puts a text where the engine keeps something else.
async fn ruin(server: &RedisServer, key: &str) {
    server.command(&["DEL", key]).await.unwrap();
    server.command(&["SET", key, "x"]).await.unwrap();
}

async fn enter(mesh: &Mesh, name: &str, node: usize) -> Peer {
    let mut peer = Peer::new(name);
    peer.connect(mesh, node).await;
    peer.join(mesh).await;
    peer
}

/// Bob and Cy are at one node. The session whose seat is broken ends; the others hear all news, and who enters does so.
#[tokio::test]
async fn a_seat_that_cannot_be_read_ends_its_session_and_no_other() {
    let server = server().await;
    let mut mesh = mesh(&server, 2).await;
    let [ada, mut bob, cy] = three_members(&mut mesh).await;
    server.command(&["HSET", "sp:{p:bob}:s", "room:r", "1 2 x"]).await.unwrap();
    let (dan, eve) = (enter(&mesh, "dan", 1).await, enter(&mesh, "eve", 0).await);
    let mut others = [ada, cy, dan, eve];
    mesh.settle(&mut others).await;
    assert_eq!(bob.reply().await, Delivery::SessionLost);
    assert_eq!(others[1].picture.present, names(["ada", "dan", "eve"]));
    assert_eq!((others[1].picture.ends, others[2].picture.ends), (1, 1));
}

/// Eve's seat cannot be read where nobody looks at it but the sender of a message.
#[tokio::test]
async fn who_sends_to_a_broken_seat_goes_on() {
    let server = server().await;
    let mesh = mesh(&server, 2).await;
    for seat in ["1 2 x", "1 2 3 {", "1 2 3 5", r#"1 2 3 {"ada":"x"}"#] {
        let mut peers = two_members(&mesh).await;
        server.command(&["HSET", "sp:{p:bob}:s", "room:r", seat]).await.unwrap();
        let broadcast = || Action::Broadcast { room: room(), data: "x".into() };
        assert!(matches!(peers[0].run(&mesh, broadcast()).await, Outcome::Refused(_)), "{seat}");
        mesh.settle(&mut peers[..1]).await;
        assert_eq!(peers[1].reply().await, Delivery::SessionLost, "{seat}");
        assert_eq!(peers[0].run(&mesh, broadcast()).await, Outcome::Executed, "{seat}");
        server.flush_all().await.unwrap();
    }
}

/// A large room hears late, and not never, of what happened while Redis was away.
#[tokio::test]
async fn a_turn_while_redis_is_away_is_not_lost() {
    let mut server = server().await;
    let mut nodes = Vec::new();
    for _ in 0..2 {
        let mut config = Config::parse(&server.url()).unwrap();
        (config.clock, config.step) = (Clock::Told, Duration::from_millis(300));
        config.patience = config.step;
        nodes.push(RedisEngine::connect(config).await.unwrap());
    }
    let mesh = Mesh { nodes, now: 1_000_000 };
    let mut peers = Vec::new();
    for n in 0..70 {
        peers.push(enter(&mesh, &format!("p{n:02}"), 0).await);
    }
    mesh.settle(&mut peers).await;
    let late = enter(&mesh, "late", 1).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    server.freeze().unwrap();
    let due = mesh.nodes[0].sweep(mesh.now + 100).await;
    server.thaw().unwrap();
    assert!(due.is_some_and(|due| due < mesh.now + 5_000), "the room waits: {due:?}");
    peers.push(late);
    mesh.settle(&mut peers).await;
    let told = peers[..70].iter().filter(|peer| peer.picture.present.contains("late")).count();
    assert_eq!(told, 70);
}

/// Ada is in a room that cannot be read. Another room, which has lost Bob, gets him back although Ada's rooms do not all know that
/// she is back.
#[tokio::test]
async fn a_member_of_a_broken_room_keeps_nobody_from_another() {
    let server = server().await;
    let mut mesh = mesh(&server, 2).await;
    let other = RoomName::parse("q").unwrap();
    let mut peers = [Peer::new("ada"), Peer::new("bob")];
    for peer in &mut peers {
        peer.connect(&mesh, 0).await;
    }
    assert_eq!(peers[0].run(&mesh, Action::Join(other)).await, Outcome::Executed);
    for peer in &mut peers {
        peer.join(&mesh).await;
    }
    mesh.settle(&mut peers).await;
    peers[0].end(&mesh, LOST).await;
    ruin(&server, "sp:{r:q}:h").await;
    assert!(peers[0].connect(&mesh, 0).await);
    mesh.settle(&mut peers).await;
    for (command, part) in [("HDEL", "e"), ("HDEL", "d"), ("ZREM", "v"), ("ZREM", "i")] {
        server.command(&[command, &format!("sp:{{r:r}}:{part}"), "bob"]).await.unwrap();
    }
    mesh.now += 10_000;
    for peer in &mut peers {
        peer.beat(&mesh).await;
    }
    mesh.settle(&mut peers).await;
    let cy = enter(&mesh, "cy", 1).await;
    assert_eq!(cy.picture.present, names(["ada", "bob"]));
    // The end of her session is told where that can be told, and is not found again by every sweep.
    peers[0].end(&mesh, Departure::Bye).await;
    mesh.settle(&mut peers).await;
    assert_eq!(peers[1].picture.present, names(["cy"]));
    assert_eq!(server.command(&["SCARD", "sp:{p:ada}:e"]).await.unwrap(), Reply::Number(0));
}

/// Bob's session is broken. Cy hears what Ada says to all.
#[tokio::test]
async fn a_broadcast_reaches_whom_it_can_reach() {
    let server = server().await;
    let mut mesh = mesh(&server, 2).await;
    let mut peers = three_members(&mut mesh).await;
    server.command(&["HSET", "sp:{p:bob}:s", "version", "x"]).await.unwrap();
    let broadcast = Action::Broadcast { room: room(), data: "x".into() };
    assert_eq!(peers[0].run(&mesh, broadcast).await, Outcome::Refused(ErrorCode::PeerBusy));
    mesh.settle(&mut peers[2..]).await;
    assert_eq!(peers[2].messages, ["x"]);
}

/// The description of a session, or of a member of a room, is another peer's: nobody is listed under an id that is not its own.
#[tokio::test]
async fn a_description_of_another_peer_is_nobodys() {
    let server = server().await;
    let mut mesh = mesh(&server, 2).await;
    let _three = three_members(&mut mesh).await;
    let other = r#"{"id":"zed","session":7}"#;
    server.command(&["HSET", "sp:{p:bob}:s", "info", other]).await.unwrap();
    server.command(&["HSET", "sp:{r:r}:d", "bob", other]).await.unwrap();
    let mut dan = enter(&mesh, "dan", 0).await;
    assert_eq!(dan.picture.present, names(["ada", "cy"]));
    dan.run(&mesh, Action::Leave(room())).await;
    assert_eq!(dan.run(&mesh, Action::Discover(Query::default())).await, Outcome::Executed);
    assert_eq!(dan.picture.present, names(["ada", "cy"]));
}

/// Nobody knows whether Bob, whose session cannot be read, is there. Who enters the room or looks for peers gets its list.
#[tokio::test]
async fn a_session_that_cannot_be_read_is_in_nobodys_way() {
    let server = server().await;
    let mesh = mesh(&server, 2).await;
    let mut peers = two_members(&mesh).await;
    ruin(&server, "sp:{p:bob}:s").await;
    for shard in 0..16 {
        server.command(&["ZREM", &format!("sp:{{l:{shard}}}:lease"), "bob"]).await.unwrap();
    }
    let mut cy = enter(&mesh, "cy", 0).await;
    assert_eq!(cy.picture.present, names(["ada", "bob"]));
    assert_eq!(cy.run(&mesh, Action::Discover(Query::default())).await, Outcome::Executed);
    assert_eq!(cy.picture.present, names(["ada", "bob"]));
    peers[0].settle(&mesh).await;
    assert_eq!(peers[0].picture.present, names(["bob", "cy"]));
}

//! Peers whose sessions have vanished from Redis without anybody's taking note of it, and the lives of keys.

use super::peer::{LOST, Mesh, Peer, room};
use super::{mesh, names, server, three_members, two_members};
use signalpost_lab::{RedisServer, Reply};
use signalpost_protocol::Label;
use signalpost_server::engine::{Action, Engine};
use std::time::Duration;

/// Lets time pass, in steps of a look at the rooms, while these peers give signs of life.
async fn pass(mesh: &mut Mesh, peers: &mut [Peer], looks: usize) {
    for _ in 0..looks {
        mesh.now += 10_000;
        for peer in peers.iter_mut() {
            peer.beat(mesh).await;
        }
        mesh.settle(peers).await;
    }
}

/// Removes every trace of a session, as time does.
async fn wipe(server: &RedisServer, name: &str) {
    for part in ["s", "m", "f", "g", "n", "r", "e", "z"] {
        server.command(&["DEL", &format!("sp:{{p:{name}}}:{part}")]).await.unwrap();
    }
    for shard in 0..16 {
        for kind in ["lease", "window"] {
            server.command(&["ZREM", &format!("sp:{{l:{shard}}}:{kind}"), name]).await.unwrap();
        }
    }
}

async fn members(server: &RedisServer) -> String {
    server.command(&["HGET", "sp:{r:r}:h", "members"]).await.unwrap().text().into()
}

/// How long a key lives, in milliseconds; -1: for ever.
async fn life(server: &RedisServer, key: &str) -> i64 {
    match server.command(&["PTTL", key]).await.unwrap() {
        Reply::Number(left) => left,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn who_has_vanished_has_left() {
    let server = server().await;
    let mut mesh = mesh(&server, 2).await;
    let mut peers = three_members(&mut mesh).await;
    peers[2].end(&mesh, LOST).await;
    mesh.settle(&mut peers).await;
    assert_eq!((&peers[0].picture.present, &peers[0].picture.away), (&names(["bob"]), &names(["cy"])));
    drop(mesh.nodes.pop());
    peers[1].vanish();
    wipe(&server, "bob").await;
    wipe(&server, "cy").await;
    // Who was away is taken for a ghost when its window is over for certain.
    pass(&mut mesh, &mut peers[..1], 24).await;
    let ada = &peers[0].picture;
    assert_eq!((ada.present.len(), ada.away.len(), ada.ends), (0, 0, 2));
    assert_eq!(members(&server).await, "1");
}

/// The agenda is in other slots than the sessions: a server of a cluster may lose it alone.
#[tokio::test]
async fn who_is_not_in_the_agenda_any_more_leaves_all_the_same() {
    let server = server().await;
    let mut mesh = mesh(&server, 2).await;
    let mut peers = two_members(&mesh).await;
    drop(mesh.nodes.pop());
    peers[1].vanish();
    for shard in 0..16 {
        server.command(&["DEL", &format!("sp:{{l:{shard}}}:lease")]).await.unwrap();
    }
    pass(&mut mesh, &mut peers[..1], 4).await;
    assert_eq!((&peers[0].picture.away, peers[0].picture.ends), (&names(["bob"]), 0));
    pass(&mut mesh, &mut peers[..1], 14).await;
    assert_eq!((peers[0].picture.away.len(), peers[0].picture.ends), (0, 1));
    assert_eq!(members(&server).await, "1");
}

/// An outage of all nodes must not outlast what the sweep needs to take sessions out of their rooms.
#[tokio::test]
async fn sessions_outlive_an_outage_and_nothing_lives_for_ever() {
    let server = server().await;
    let mesh = mesh(&server, 1).await;
    let mut peers = two_members_of(&mesh).await;
    peers[0].end(&mesh, LOST).await;
    mesh.settle(&mut peers).await;
    const HOUR_MS: i64 = 3_600_000;
    let keys = server.command(&["KEYS", "*"]).await.unwrap();
    for key in keys.list().iter().map(|key| key.text()) {
        let left = life(&server, key).await;
        let least = if key.ends_with("}:s") || key.contains("{i") { HOUR_MS - 60_000 } else { 1 };
        assert!(left >= least || key.contains("{l:"), "{key} lives {left} ms");
    }
}

async fn two_members_of(mesh: &Mesh) -> [Peer; 2] {
    let mut peers = [Peer::new("ada"), Peer::new("bob")];
    for peer in &mut peers {
        peer.info.region = Some("eu".into());
        peer.connect(mesh, 0).await;
        peer.join(mesh).await;
    }
    peers
}

/// Nobody asks for peers here.
#[tokio::test]
async fn lists_lose_who_has_vanished_and_keep_who_is_there() {
    let server = server().await;
    let mut mesh = mesh(&server, 1).await;
    let mut peers = two_members_of(&mesh).await;
    let lists = ["sp:{i}:all".to_owned(), format!("sp:{{i:r:{}}}:region", Label::parse("eu").unwrap())];
    for list in &lists {
        server.command(&["ZREMRANGEBYLEX", list, "[ada", "[adb"]).await.unwrap();
        for n in 0..300 {
            server.command(&["ZADD", list, "0", &format!("gone{n}\0{n}")]).await.unwrap();
        }
        server.command(&["PEXPIRE", list, "100000"]).await.unwrap();
    }
    pass(&mut mesh, &mut peers, 12).await;
    for list in &lists {
        let entries = server.command(&["ZRANGE", list, "0", "-1"]).await.unwrap();
        let peers: Vec<&str> =
            entries.list().iter().filter_map(|entry| entry.text().split('\0').next()).collect();
        assert_eq!(peers, ["ada", "bob"], "{list}");
        assert!(life(&server, list).await > 100_000);
    }
}

/// A broadcast costs Redis a step for each member: in a large room a member may send less often.
#[tokio::test]
async fn few_members_of_a_large_room_cannot_keep_redis_busy() {
    let server = server().await;
    let mut mesh = mesh(&server, 1).await;
    let mut peers: Vec<Peer> = (0..80).map(|n| Peer::new(&format!("p{n:02}"))).collect();
    for peer in &mut peers {
        peer.connect(&mesh, 0).await;
        peer.join(&mesh).await;
    }
    let say = || Action::Broadcast { room: room(), data: "x".into() };
    let mut sent = 0;
    let wait = loop {
        peers[0].run(&mesh, say()).await;
        if let Some(wait) = peers[0].refused_for.take() {
            break wait;
        }
        sent += 1;
        assert!(sent < 100, "no end");
    };
    mesh.settle(&mut peers).await;
    assert!(sent > 40 && peers[1].messages.len() == sent, "{sent}");
    mesh.now += u64::from(wait) - 1;
    peers[0].run(&mesh, say()).await;
    assert_eq!(peers[0].refused_for.take(), Some(1));
    // The others are held up by their room alone.
    peers[1].run(&mesh, say()).await;
    assert_eq!(peers[1].refused_for, None);
    mesh.now += 1;
    peers[0].run(&mesh, say()).await;
    assert_eq!(peers[0].refused_for, None);
    tokio::time::timeout(Duration::from_secs(5), mesh.nodes[0].usage()).await.unwrap();
}

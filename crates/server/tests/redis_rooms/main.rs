//! Rooms whose members are on different nodes.
#![cfg(feature = "redis")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod course;
mod crowd;
mod ghosts;
mod peer;
mod poison;

use course::course;
use peer::{LOST, Mesh, Peer, room};
use signalpost_lab::{RedisOptions, RedisServer};
use signalpost_protocol::{Label, Query, SplitMix64};
use signalpost_server::engine::limits::{LEASE_MS, RESUME_WINDOW_MS};
use signalpost_server::engine::{Action, Departure, Engine, Outcome};
use signalpost_server::redis::{Clock, Config, RedisEngine};
use std::collections::BTreeSet;

async fn mesh(server: &RedisServer, nodes: usize) -> Mesh {
    let mut all = Vec::new();
    for _ in 0..nodes {
        let mut config = Config::parse(&server.url()).unwrap();
        config.clock = Clock::Told;
        all.push(RedisEngine::connect(config).await.unwrap());
    }
    Mesh { nodes: all, now: 1_000_000 }
}

/// Ada on the first node, Bob and Cy on the second, who have heard of each other.
async fn three_members(mesh: &mut Mesh) -> [Peer; 3] {
    let mut peers = [Peer::new("ada"), Peer::new("bob"), Peer::new("cy")];
    for (peer, node) in peers.iter_mut().zip([0, 1, 1]) {
        peer.connect(mesh, node).await;
        peer.join(mesh).await;
    }
    mesh.settle(&mut peers).await;
    peers
}

async fn server() -> RedisServer {
    RedisServer::start(RedisOptions::default()).await.unwrap()
}

fn names<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.into_iter().map(String::from).collect()
}

/// Lets two peers enter the room, each at a node of its own.
async fn two_members(mesh: &Mesh) -> [Peer; 2] {
    let mut peers = [Peer::new("ada"), Peer::new("bob")];
    for (node, peer) in peers.iter_mut().enumerate() {
        peer.connect(mesh, node).await;
        peer.join(mesh).await;
    }
    mesh.settle(&mut peers).await;
    peers
}

#[tokio::test]
async fn members_on_different_nodes_see_each_other() {
    let server = server().await;
    let mesh = mesh(&server, 2).await;
    let mut peers = two_members(&mesh).await;
    assert_eq!((&peers[0].picture.present, &peers[1].picture.present), (&names(["bob"]), &names(["ada"])));
    let broadcast = Action::Broadcast { room: room(), data: "hello".into() };
    assert_eq!(peers[1].run(&mesh, broadcast).await, Outcome::Executed);
    mesh.settle(&mut peers).await;
    assert_eq!((peers[0].messages.len(), peers[1].messages.len()), (1, 0));
    peers[1].end(&mesh, LOST).await;
    mesh.settle(&mut peers).await;
    assert_eq!(peers[0].picture.away, names(["bob"]));
    assert!(peers[1].connect(&mesh, 0).await, "it goes on, on the other node");
    mesh.settle(&mut peers).await;
    assert_eq!((&peers[0].picture.present, peers[0].picture.away.len()), (&names(["bob"]), 0));
    peers[1].end(&mesh, Departure::Bye).await;
    mesh.settle(&mut peers).await;
    assert_eq!((peers[0].picture.present.len(), peers[0].picture.ends), (0, 1));
}

/// A message comes after the notice about its sender, also where the receiver is away or the room is large.
#[tokio::test]
async fn a_message_comes_after_the_notices_about_its_sender() {
    let server = server().await;
    let mesh = mesh(&server, 2).await;
    let mut peers: Vec<Peer> = (0..90).map(|n| Peer::new(&format!("p{n:02}"))).collect();
    for (n, peer) in peers.iter_mut().enumerate() {
        peer.connect(&mesh, n % 2).await;
        peer.join(&mesh).await;
        // Nobody sweeps: the members of a large room have not heard of it.
        let broadcast = Action::Broadcast { room: room(), data: format!("{n}") };
        assert_eq!(peer.run(&mesh, broadcast).await, Outcome::Executed);
        if n == 40 {
            peer.end(&mesh, LOST).await;
        }
    }
    assert!(peers[40].connect(&mesh, 1).await);
    mesh.settle(&mut peers).await;
    for (n, peer) in peers.iter().enumerate() {
        let expected: Vec<String> = (n + 1..90).map(|later| later.to_string()).collect();
        assert_eq!(peer.messages, expected, "{n}");
        assert_eq!(peer.picture.present.len(), 89, "{n}");
    }
}

#[tokio::test]
async fn what_600_do_while_a_member_is_away_ends_nobodys_session() {
    let server = server().await;
    let mesh = mesh(&server, 2).await;
    let mut peers = vec![Peer::new("ada")];
    peers[0].connect(&mesh, 0).await;
    peers[0].join(&mesh).await;
    peers[0].end(&mesh, LOST).await;
    for n in 0..600 {
        let mut peer = Peer::new(&format!("p{n:03}"));
        peer.connect(&mesh, n % 2).await;
        peer.join(&mesh).await;
        // Some come and go and come, some leave for good; the others are away in the end.
        if n % 3 == 0 {
            peer.run(&mesh, Action::Leave(room())).await;
            peer.join(&mesh).await;
        }
        peer.end(&mesh, if n % 6 == 1 { Departure::Bye } else { LOST }).await;
    }
    assert!(peers[0].connect(&mesh, 1).await, "its session has not ended");
    mesh.settle(&mut peers).await;
    let ada = &peers[0].picture;
    assert_eq!((ada.away.len(), ada.present.len(), ada.lists), (500, 0, 1), "{}", ada.notices);
    // Of each that is there: that it came, and that it is away. Where a part of the story ends, a few that are gone are told.
    assert_eq!(ada.notices, 1_000 + 2 * ada.ends);
    assert!(ada.ends < 20, "{}", ada.ends);
    assert_eq!(mesh.nodes[0].usage().await.peers, 501);
}

#[tokio::test]
async fn a_member_that_has_missed_too_much_gets_the_list() {
    let server = server().await;
    let mesh = mesh(&server, 1).await;
    let mut peers = vec![Peer::new("ada"), Peer::new("bob")];
    for peer in &mut peers {
        peer.connect(&mesh, 0).await;
        peer.join(&mesh).await;
    }
    mesh.settle(&mut peers).await;
    peers[0].end(&mesh, LOST).await;
    // One peer comes and goes more often than its entry keeps.
    let mut storm = Peer::new("storm");
    storm.connect(&mesh, 0).await;
    for _ in 0..20 {
        storm.join(&mesh).await;
        storm.run(&mesh, Action::Leave(room())).await;
        mesh.settle(&mut peers).await;
    }
    storm.join(&mesh).await;
    let before = peers[1].picture.clone();
    assert_eq!((before.lists, before.ends), (1, 20), "who is there hears of each stay");
    assert!(peers[0].connect(&mesh, 0).await);
    mesh.settle(&mut peers).await;
    let ada = &peers[0].picture;
    assert_eq!(
        (ada.lists, &ada.present, ada.notices),
        (2, &names(["bob", "storm"]), 1),
        "the list, and bob's join"
    );
}

#[tokio::test]
async fn a_node_that_dies_leaves_its_members_away_and_then_gone() {
    let server = server().await;
    let mut mesh = mesh(&server, 2).await;
    let mut peers = three_members(&mut mesh).await;
    drop(mesh.nodes.pop());
    peers[1].vanish();
    peers[2].vanish();
    mesh.now += LEASE_MS - 1;
    peers[0].beat(&mesh).await;
    mesh.now += 1;
    // The list is the first to find out, and the member hears of it before.
    let query = Query { room: Some(room()), ..Query::default() };
    assert_eq!(peers[0].run(&mesh, Action::Discover(query)).await, Outcome::Executed);
    assert_eq!((peers[0].picture.present.len(), &peers[0].picture.away), (0, &names(["bob", "cy"])));
    let everybody = Action::Discover(Query::default());
    assert_eq!(peers[0].run(&mesh, everybody).await, Outcome::Executed);
    assert!(peers[0].picture.present.is_empty());
    assert!(peers[1].connect(&mesh, 0).await, "it goes on elsewhere");
    for _ in 0..8 {
        mesh.now += 20_000;
        for peer in &mut peers {
            peer.beat(&mesh).await;
        }
        mesh.settle(&mut peers).await;
    }
    const { assert!(8 * 20_000 > RESUME_WINDOW_MS) };
    let ada = &peers[0].picture;
    assert_eq!((&ada.present, ada.away.len(), ada.ends), (&names(["bob"]), 0, 1));
}

/// What the doorbell does not bring, the next look does.
#[tokio::test]
async fn a_bell_that_is_lost_costs_time_and_nothing_else() {
    let server = server().await;
    let mut mesh = mesh(&server, 2).await;
    let mut peers = two_members(&mesh).await;
    // The room forgets that the first node has a member: no bell rings there.
    let fields = server.command(&["HKEYS", "sp:{r:r}:h"]).await.unwrap();
    for field in fields.list().iter().filter(|field| field.text().starts_with("node:")) {
        server.command(&["HDEL", "sp:{r:r}:h", field.text()]).await.unwrap();
    }
    peers[1].end(&mesh, Departure::Bye).await;
    mesh.settle(&mut peers).await;
    assert_eq!(peers[0].picture.ends, 0, "nobody has told it");
    mesh.now += 10_000;
    peers[0].beat(&mesh).await;
    mesh.settle(&mut peers).await;
    assert_eq!((peers[0].picture.ends, peers[0].picture.present.len()), (1, 0));
}

/// Anybody who may publish can ring: a bell says nothing by itself.
#[tokio::test]
async fn a_bogus_bell_silences_no_room() {
    let server = server().await;
    let mesh = mesh(&server, 2).await;
    let mut peers = two_members(&mesh).await;
    let channels = server.command(&["PUBSUB", "CHANNELS", "sp:n:*"]).await.unwrap();
    assert_eq!(channels.list().len(), 2);
    for channel in channels.list() {
        for version in ["18446744073709551615", "9007199254740991", "0"] {
            server.command(&["PUBLISH", channel.text(), &format!("r\nr\n{version}")]).await.unwrap();
        }
    }
    mesh.settle(&mut peers).await;
    peers[1].end(&mesh, LOST).await;
    mesh.settle(&mut peers).await;
    assert_eq!(peers[0].picture.away, names(["bob"]));
}

/// A replica without the newest changes, or without the room, takes the place of a server: the nodes know their own members.
#[tokio::test]
async fn members_that_a_room_has_lost_enter_it_again() {
    let server = server().await;
    let mut mesh = mesh(&server, 2).await;
    let mut peers: Vec<Peer> = (0..6).map(|n| Peer::new(&format!("p{n}"))).collect();
    for (n, peer) in peers.iter_mut().enumerate() {
        peer.connect(&mesh, n % 2).await;
        peer.join(&mesh).await;
    }
    mesh.settle(&mut peers).await;
    for (lost, reason) in [(&["h", "e", "d", "v", "i", "a", "t"][..], "the whole room"), (&[], "one member")]
    {
        for part in lost {
            server.command(&["DEL", &format!("sp:{{r:r}}:{part}")]).await.unwrap();
        }
        if lost.is_empty() {
            for (command, part) in [("HDEL", "e"), ("HDEL", "d"), ("ZREM", "v"), ("ZREM", "i")] {
                server.command(&[command, &format!("sp:{{r:r}}:{part}"), "p3"]).await.unwrap();
            }
            server.command(&["HINCRBY", "sp:{r:r}:h", "members", "-1"]).await.unwrap();
        }
        mesh.now += 10_000;
        for peer in &mut peers {
            peer.beat(&mesh).await;
        }
        mesh.settle(&mut peers).await;
        for peer in &peers {
            let mut others: BTreeSet<String> = (0..6).map(|n| format!("p{n}")).collect();
            others.remove(&peer.name);
            assert_eq!(peer.picture.present, others, "{} after {reason}", peer.name);
        }
    }
    peers[5].end(&mesh, Departure::Bye).await;
    mesh.settle(&mut peers).await;
    assert!(peers[..5].iter().all(|peer| peer.picture.present.len() == 4));
}

#[tokio::test]
async fn peers_are_found_by_their_labels_page_by_page() {
    let server = server().await;
    let mesh = mesh(&server, 2).await;
    let mut peers: Vec<Peer> = (0..30).map(|n| Peer::new(&format!("p{n:02}"))).collect();
    for (n, peer) in peers.iter_mut().enumerate() {
        peer.info.region = Some(if n % 2 == 0 { "eu" } else { "us" }.into());
        peer.info.capabilities = vec![if n % 3 == 0 { "video" } else { "data" }.into()];
        peer.connect(&mesh, n % 2).await;
        if n % 5 == 0 {
            peer.join(&mesh).await;
        }
    }
    mesh.settle(&mut peers).await;
    let label = |text: &str| Some(Label::parse(text).unwrap());
    let walk = async |peers: &mut Vec<Peer>, query: Query| {
        let mut cursor = None;
        let mut pages = 0;
        peers[1].picture = peer::Picture::default();
        loop {
            let last = peers[1].picture.present.last().cloned();
            let query = Query { cursor: cursor.clone(), limit: Some(4), ..query.clone() };
            assert_eq!(peers[1].run(&mesh, Action::Discover(query)).await, Outcome::Executed);
            pages += 1;
            if !peers[1].picture.is_partial {
                return (peers[1].picture.present.clone(), pages);
            }
            assert_ne!(peers[1].picture.present.last(), last.as_ref(), "no end");
            cursor = peers[1].picture.present.last().cloned();
        }
    };
    let expected = |meets: &dyn Fn(usize) -> bool| -> BTreeSet<String> {
        (0..30).filter(|n| *n != 1 && meets(*n)).map(|n| format!("p{n:02}")).collect()
    };
    let (all, pages) = walk(&mut peers, Query::default()).await;
    assert_eq!((all, pages), (expected(&|_| true), 8));
    let eu = Query { region: label("eu"), ..Query::default() };
    assert_eq!(walk(&mut peers, eu.clone()).await.0, expected(&|n| n % 2 == 0));
    let both = Query { capability: label("video"), ..eu.clone() };
    assert_eq!(walk(&mut peers, both).await.0, expected(&|n| n % 6 == 0));
    let in_room = Query { room: Some(room()), ..eu };
    assert_eq!(walk(&mut peers, in_room).await.0, expected(&|n| n % 10 == 0));
    assert_eq!(walk(&mut peers, Query { region: label("mars"), ..Query::default() }).await.0, names([]));
    // Who is away, gone, or has another label now is not found.
    peers[0].end(&mesh, LOST).await;
    peers[2].end(&mesh, Departure::Bye).await;
    peers[4].end(&mesh, LOST).await;
    peers[4].info.region = Some("us".into());
    assert!(peers[4].connect(&mesh, 0).await);
    let eu = Query { region: label("eu"), ..Query::default() };
    assert_eq!(walk(&mut peers, eu).await.0, expected(&|n| n % 2 == 0 && n > 4));
    let us = Query { region: label("us"), ..Query::default() };
    assert!(walk(&mut peers, us).await.0.contains("p04"));
}

/// After any course of joins, leaves, lost sockets and moves between nodes every member knows who is there and who is away.
#[tokio::test]
async fn after_a_random_course_everybody_knows_who_is_there() {
    let server = server().await;
    for seed in 0..4 {
        server.flush_all().await.unwrap();
        let mesh = mesh(&server, 3).await;
        course(&mesh, SplitMix64::new(seed), false).await;
    }
}

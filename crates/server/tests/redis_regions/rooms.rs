//! Rooms whose members are in two regions.

use super::Stores;
use super::course::course;
use super::peer::{LOST, Mesh, Peer, room};
use signalpost_protocol::{ErrorCode, Query, SplitMix64};
use signalpost_server::engine::{Action, Departure, Engine, Outcome};
use signalpost_server::redis::{Clock, RedisEngine, Regions};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;

/// A node of each of these regions, which take the time from the test.
async fn mesh(stores: &Stores, regions: &[&str]) -> Mesh {
    let urls = format!("eu={},us={}", stores.eu.url(), stores.us.url());
    let mut nodes = Vec::new();
    for region in regions {
        let regions = Regions::parse(Some(region), &urls).unwrap().with(|config| config.clock = Clock::Told);
        nodes.push(RedisEngine::connect(regions).await.unwrap());
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    Mesh { nodes, now: 1_000_000 }
}

/// Peers that enter the room one after the other, each on the node of this number.
async fn members<const N: usize>(mesh: &Mesh, all: [(&str, usize); N]) -> Vec<Peer> {
    let mut peers = Vec::new();
    for (name, node) in all {
        let mut peer = Peer::new(name);
        peer.connect(mesh, node).await;
        peer.join(mesh).await;
        peers.push(peer);
    }
    mesh.settle(&mut peers).await;
    peers
}

fn names<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.into_iter().map(String::from).collect()
}

fn say(data: &str) -> Action {
    Action::Broadcast { room: room(), data: data.into() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_of_two_regions_see_and_hear_each_other() {
    let stores = Stores::start().await;
    let mesh = mesh(&stores, &["eu", "us"]).await;
    let mut peers = members(&mesh, [("ada", 0), ("bob", 1), ("cy", 0)]).await;
    assert_eq!(peers[0].picture.present, names(["bob", "cy"]));
    assert_eq!(peers[1].picture.present, names(["ada", "cy"]));
    assert_eq!(peers[2].picture.present, names(["ada", "bob"]));
    assert_eq!((peers[0].picture.lists, peers[0].picture.notices), (1, 2), "each heard of once");
    for (peer, text) in peers.iter_mut().zip(["a", "b", "c"]) {
        assert_eq!(peer.run(&mesh, say(text)).await, Outcome::Executed);
    }
    mesh.settle(&mut peers).await;
    assert_eq!(peers.iter().map(|peer| peer.messages.concat()).collect::<Vec<_>>(), ["bc", "ac", "ab"]);
    // Bob is away, and comes back in the other region, where he hears of what was meanwhile.
    peers[1].end(&mesh, LOST).await;
    mesh.settle(&mut peers).await;
    assert_eq!((&peers[0].picture.away, &peers[2].picture.away), (&names(["bob"]), &names(["bob"])));
    assert_eq!(peers[2].run(&mesh, say("d")).await, Outcome::Executed);
    peers[2].end(&mesh, Departure::Bye).await;
    assert!(peers[1].connect(&mesh, 0).await, "his session goes on");
    mesh.settle(&mut peers).await;
    assert_eq!((&peers[0].picture.present, peers[0].picture.ends), (&names(["bob"]), 1));
    assert_eq!((&peers[1].picture.present, peers[1].picture.ends), (&names(["ada"]), 1));
    assert_eq!((peers[1].messages.concat().as_str(), peers[1].picture.lists), ("acd", 1));
    // What he does there is done in his own region, and everybody hears of it.
    assert_eq!(peers[1].run(&mesh, Action::Leave(room())).await, Outcome::Executed);
    mesh.settle(&mut peers).await;
    assert_eq!((peers[0].picture.present.len(), peers[0].picture.ends), (0, 2));
    assert_eq!(peers[0].run(&mesh, say("e")).await, Outcome::Executed);
    peers[1].join(&mesh).await;
    mesh.settle(&mut peers).await;
    assert_eq!(peers[1].messages.concat(), "acd");
    assert_eq!((&peers[0].picture.present, &peers[1].picture.present), (&names(["bob"]), &names(["ada"])));
}

/// A message comes after the notice about its sender, in whatever region its receiver is, and where the room is large.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_comes_after_the_notices_about_its_sender() {
    let stores = Stores::start().await;
    let mesh = mesh(&stores, &["eu", "us"]).await;
    let mut peers: Vec<Peer> = (0..80).map(|n| Peer::new(&format!("p{n:02}"))).collect();
    for (n, peer) in peers.iter_mut().enumerate() {
        peer.connect(&mesh, n % 2).await;
        peer.join(&mesh).await;
        assert_eq!(peer.run(&mesh, say(&n.to_string())).await, Outcome::Executed);
    }
    mesh.settle(&mut peers).await;
    for (n, peer) in peers.iter().enumerate() {
        let expected: Vec<String> = (n + 1..80).map(|later| later.to_string()).collect();
        assert_eq!((&peer.messages, peer.picture.present.len()), (&expected, 79), "{n}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pages_of_a_room_have_the_members_of_all_regions_by_id() {
    let stores = Stores::start().await;
    let mesh = mesh(&stores, &["eu", "us"]).await;
    let all = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
    let mut peers = members(&mesh, all.map(|name| (name, usize::from("behi".contains(name))))).await;
    for who in [0, 1] {
        let (mut listed, mut cursor, mut pages) = (String::new(), None, 0);
        loop {
            peers[who].picture.present.clear();
            let query = Query { room: Some(room()), limit: Some(3), cursor, ..Query::default() };
            assert_eq!(peers[who].run(&mesh, Action::Discover(query)).await, Outcome::Executed);
            listed.extend(peers[who].picture.present.iter().cloned());
            pages += 1;
            if !peers[who].picture.is_partial {
                break;
            }
            cursor = peers[who].picture.present.last().cloned();
        }
        let others = "abcdefghi".replace(all[who], "");
        assert_eq!((listed, pages), (others, 3), "{who}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_region_takes_only_its_own_members_along() {
    let mut stores = Stores::start().await;
    let mut mesh = mesh(&stores, &["eu", "us"]).await;
    let mut peers = members(&mesh, [("ada", 0), ("bob", 0), ("cy", 1)]).await;
    stores.us.freeze().unwrap();
    // The first that needs the region waits for a moment. Then it is known to be away.
    let unreached = peers[0].run(&mesh, say("a")).await;
    assert_eq!(unreached, Outcome::Refused(ErrorCode::PeerBusy), "cy was not reached, and ada knows of him");
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let begun = Instant::now();
    let mut dan = Peer::new("dan");
    dan.connect(&mesh, 0).await;
    dan.join(&mesh).await;
    assert_eq!(dan.picture.present, names(["ada", "bob"]), "without those who cannot be asked for");
    assert_eq!(peers[1].run(&mesh, Action::Leave(room())).await, Outcome::Executed);
    peers[0].settle(&mesh).await;
    assert_eq!((&peers[0].picture.present, peers[0].picture.ends), (&names(["cy", "dan"]), 1));
    let query = Query { room: Some(room()), ..Query::default() };
    assert_eq!(peers[0].run(&mesh, Action::Discover(query)).await, Outcome::Executed);
    mesh.nodes[0].sweep(mesh.now).await;
    assert!(begun.elapsed() < Duration::from_millis(800), "{:?}", begun.elapsed());
    // It is back, and so is everything that was in it; who came meanwhile gets a list with it.
    stores.us.thaw().unwrap();
    peers.push(dan);
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        mesh.now += 3_000;
        for peer in &mut peers {
            peer.beat(&mesh).await;
        }
        mesh.settle(&mut peers).await;
        if peers[3].picture.present.contains("cy") {
            break;
        }
    }
    assert_eq!(peers[3].picture.present, names(["ada", "cy"]));
    assert_eq!(peers[0].picture.present, names(["cy", "dan"]));
    assert_eq!(peers[2].picture.present, names(["ada", "dan"]));
    assert_eq!((&peers[2].messages, &peers[2].picture.ends), (&Vec::new(), &1));
    assert_eq!(peers[2].run(&mesh, say("c")).await, Outcome::Executed);
    mesh.settle(&mut peers).await;
    assert_eq!(peers.iter().map(|peer| peer.messages.concat()).collect::<Vec<_>>(), ["c", "a", "", "c"]);
}

/// After any course of joins, leaves, lost sockets and moves between regions every member knows who is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_random_course_everybody_knows_who_is_there() {
    let stores = Stores::start().await;
    for seed in 0..4 {
        stores.eu.flush_all().await.unwrap();
        stores.us.flush_all().await.unwrap();
        let mesh = mesh(&stores, &["eu", "us", "eu"]).await;
        course(&mesh, SplitMix64::new(seed), true).await;
    }
}

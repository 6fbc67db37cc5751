//! A room of thousands: what it costs. `cargo test --release -p signalpost-server --test redis_rooms -- --ignored --nocapture crowd`

use super::peer::{LOST, Mesh, Peer, room};
use super::{mesh, server};
use signalpost_lab::RedisServer;
use signalpost_protocol::{Query, limits};
use signalpost_server::engine::{Action, Engine};
use std::collections::BTreeMap;
use std::time::Instant;

/// Steps on Redis, and microseconds of its time, since the last look.
async fn spent(server: &RedisServer, before: &mut BTreeMap<String, u64>) -> u64 {
    let now = server.command_counts().await.unwrap();
    let steps = |counts: &BTreeMap<String, u64>| counts.get("evalsha").copied().unwrap_or(0);
    let spent = steps(&now) - steps(before);
    *before = now;
    spent
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
#[allow(clippy::disallowed_methods, reason = "measures")]
async fn crowd() {
    let count: usize = std::env::var("PEERS").ok().and_then(|text| text.parse().ok()).unwrap_or(5_000);
    let server = server().await;
    let mesh = mesh(&server, 2).await;
    let mut steps = BTreeMap::new();
    spent(&server, &mut steps).await;
    let mut peers: Vec<Peer> = (0..count).map(|n| Peer::new(&format!("p{n:05}"))).collect();
    let since = Instant::now();
    for (n, peer) in peers.iter_mut().enumerate() {
        peer.connect(&mesh, n % 2).await;
    }
    println!(
        "{count} claims: {:?} each, {} steps",
        since.elapsed() / count as u32,
        spent(&server, &mut steps).await
    );
    let since = Instant::now();
    for peer in &mut peers {
        peer.join(&mesh).await;
    }
    println!(
        "{count} joins: {:?} each, {} steps",
        since.elapsed() / count as u32,
        spent(&server, &mut steps).await
    );
    let since = Instant::now();
    for peer in peers.iter_mut().take(100) {
        let query = Query { room: Some(room()), limit: Some(limits::PAGE), ..Query::default() };
        peer.run(&mesh, Action::Discover(query)).await;
    }
    println!(
        "100 lists of the room: {:?} each, {} steps",
        since.elapsed() / 100,
        spent(&server, &mut steps).await
    );
    let told = tell(&mesh, &mut peers, &server, &mut steps, "everybody is told of everybody").await;
    println!("{} notices", told);
    peers[0].end(&mesh, LOST).await;
    tell(&mesh, &mut peers, &server, &mut steps, "everybody is told that one is away").await;
    let since = Instant::now();
    for peer in peers.iter_mut().skip(1).step_by(2) {
        peer.end(&mesh, LOST).await;
    }
    println!(
        "half of them lose their sockets: {:?} each, {} steps",
        since.elapsed() / (count as u32 / 2),
        spent(&server, &mut steps).await
    );
    tell(&mesh, &mut peers, &server, &mut steps, "the others are told").await;
}

/// Lets the nodes tell what they have to tell; the longest sweep, and how long all took.
async fn tell(
    mesh: &Mesh,
    peers: &mut [Peer],
    server: &RedisServer,
    steps: &mut BTreeMap<String, u64>,
    what: &str,
) -> usize {
    let before: usize = peers.iter().map(|peer| peer.picture.notices).sum();
    #[allow(clippy::disallowed_methods, reason = "measures")]
    let (since, mut longest) = (Instant::now(), std::time::Duration::ZERO);
    let mut now = mesh.now;
    loop {
        let mut is_quiet = true;
        for node in &mesh.nodes {
            #[allow(clippy::disallowed_methods, reason = "measures")]
            let began = Instant::now();
            let due = node.sweep(now).await;
            longest = longest.max(began.elapsed());
            is_quiet &= due.is_none();
            now = now.max(due.unwrap_or(0));
        }
        for peer in peers.iter_mut() {
            is_quiet &= !peer.settle(mesh).await;
        }
        if is_quiet {
            break;
        }
    }
    let told: usize = peers.iter().map(|peer| peer.picture.notices).sum::<usize>() - before;
    let all = since.elapsed();
    println!(
        "{what}: {all:?}, the longest sweep {longest:?}, {told} notices, {} steps",
        spent(server, steps).await
    );
    told
}

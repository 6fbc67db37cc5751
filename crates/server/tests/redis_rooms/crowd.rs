//! A room of thousands: what it costs. `PEERS=5000 cargo test --release -p signalpost-server --test redis_rooms -- --ignored --nocapture
//! crowd`

use super::peer::{LOST, Mesh, Peer, room};
use super::{mesh, server};
use signalpost_lab::RedisServer;
use signalpost_protocol::{Query, limits};
use signalpost_server::engine::{Action, Engine};
use std::ops::Sub;
use std::time::{Duration, Instant};

/// What Redis has done.
#[derive(Clone, Copy, Debug, Default)]
struct Spent {
    steps: u64,
    /// Processor time of Redis, in microseconds.
    cpu: u64,
    /// Bytes that Redis has read and written.
    read: u64,
    written: u64,
}

impl Sub for Spent {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            steps: self.steps - before.steps,
            cpu: self.cpu - before.cpu,
            read: self.read - before.read,
            written: self.written - before.written,
        }
    }
}

/// Measures one thing after another.
struct Meter<'a> {
    server: &'a RedisServer,
    before: Spent,
    since: Instant,
}

impl<'a> Meter<'a> {
    #[allow(clippy::disallowed_methods, reason = "measures")]
    async fn begin(server: &'a RedisServer) -> Self {
        Self { server, before: spent(server).await, since: Instant::now() }
    }

    /// Prints what `count` of these took, each.
    #[allow(clippy::disallowed_methods, reason = "measures")]
    async fn print(&mut self, what: &str, count: usize) {
        let (took, now) = (self.since.elapsed(), spent(self.server).await);
        let all = now - self.before;
        let each = |number: u64| number as f64 / count as f64;
        println!(
            "{what}: {count}, each {:.3} ms, {:.2} steps, {:.0} µs of Redis, {:.0} B to it, {:.0} B from it",
            took.as_secs_f64() * 1000.0 / count as f64,
            each(all.steps),
            each(all.cpu),
            each(all.read),
            each(all.written)
        );
        (self.before, self.since) = (now, Instant::now());
    }
}

async fn spent(server: &RedisServer) -> Spent {
    let steps = server.command_counts().await.unwrap().get("evalsha").copied().unwrap_or(0);
    let all = server.command(&["INFO", "everything"]).await.unwrap();
    let number = |name: &str| -> f64 {
        let line = all.text().lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.unwrap().trim().parse().unwrap()
    };
    let cpu = number("used_cpu_user") + number("used_cpu_sys");
    let (read, written) = (number("total_net_input_bytes"), number("total_net_output_bytes"));
    Spent { steps, cpu: (cpu * 1e6) as u64, read: read as u64, written: written as u64 }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn crowd() {
    let count: usize = std::env::var("PEERS").ok().and_then(|text| text.parse().ok()).unwrap_or(5_000);
    let server = server().await;
    let mut mesh = mesh(&server, 2).await;
    let mut peers: Vec<Peer> = (0..count).map(|n| Peer::new(&format!("p{n:05}"))).collect();
    let mut meter = Meter::begin(&server).await;
    for (n, peer) in peers.iter_mut().enumerate() {
        peer.connect(&mesh, n % 2).await;
    }
    meter.print("claims", count).await;
    let (few, last) = peers.split_at_mut(count - 100);
    for peer in &mut *few {
        peer.join(&mesh).await;
    }
    meter.print("joins", count - 100).await;
    for peer in last {
        peer.join(&mesh).await;
    }
    meter.print("the last joins", 100).await;
    for peer in peers.iter_mut().take(100) {
        let query = Query { room: Some(room()), limit: Some(limits::PAGE), ..Query::default() };
        peer.run(&mesh, Action::Discover(query)).await;
    }
    meter.print("lists of the room", 100).await;
    tell(&mesh, &mut peers, &mut meter, "everybody is told of everybody").await;
    for peer in peers.iter_mut().take(100) {
        let query = Query { room: Some(room()), limit: Some(limits::PAGE), ..Query::default() };
        peer.run(&mesh, Action::Discover(query)).await;
    }
    meter.print("lists for members that know everything", 100).await;
    mesh.now += 10_000;
    for peer in &mut peers {
        peer.beat(&mesh).await;
    }
    meter.print("signs of life", count).await;
    peers[0].end(&mesh, LOST).await;
    meter.print("loses its socket", 1).await;
    tell(&mesh, &mut peers, &mut meter, "everybody is told that one is away").await;
    for peer in peers.iter_mut().skip(1).take(3) {
        peer.run(&mesh, Action::Broadcast { room: room(), data: "x".repeat(100) }).await;
    }
    meter.print("broadcasts", 3).await;
    tell(&mesh, &mut peers, &mut meter, "what is acknowledged").await;
    for peer in peers.iter_mut().skip(1).step_by(2) {
        peer.end(&mesh, LOST).await;
    }
    meter.print("lose their sockets", count / 2).await;
    tell(&mesh, &mut peers, &mut meter, "the others are told").await;
    let pictures = peers.iter().step_by(2).skip(1).map(|peer| peer.picture.away.len());
    println!("away, as the others know: {:?} at least", pictures.min());
}

/// Lets the nodes tell what they have to tell; prints the longest sweep, and what a notice cost.
async fn tell(mesh: &Mesh, peers: &mut [Peer], meter: &mut Meter<'_>, what: &str) {
    let notices = |peers: &[Peer]| -> usize { peers.iter().map(|peer| peer.picture.notices).sum() };
    let before = notices(peers);
    let (mut longest, mut now, mut turns) = (Duration::ZERO, mesh.now, 0);
    loop {
        let mut is_quiet = true;
        for node in &mesh.nodes {
            #[allow(clippy::disallowed_methods, reason = "measures")]
            let began = Instant::now();
            let due = node.sweep(now).await;
            longest = longest.max(began.elapsed());
            is_quiet &= due.is_none();
            now = now.max(due.unwrap_or(0));
            turns += 1;
        }
        for peer in peers.iter_mut() {
            is_quiet &= !peer.settle(mesh).await;
        }
        if is_quiet {
            break;
        }
    }
    let told = notices(peers) - before;
    println!("{what}: {} ms of the pace, {turns} sweeps, the longest {longest:?}", now - mesh.now);
    meter.print("  notices", told.max(1)).await;
}

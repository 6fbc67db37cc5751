//! What two servers on one Redis cost, measured on loopback while nothing goes wrong: how long a client takes to go on with its session
//! on another server, and what two servers add to a message, beside the time that Redis itself takes.

use crate::options::Options;
use signalpost_lab::{
    Connection, Failure, FaultProxy, NodeOptions, RedisOptions, RedisServer, Reply, ServerNode, Which,
    built_server,
};
use signalpost_native::{Client, Endpoints, Event, Events, PeerId, ReconnectOptions, Settings};
use std::error::Error;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// How often each thing is measured.
const TIMES: usize = 300;
/// The pause between two messages: nobody sends faster than it is allowed to.
const PAUSE: Duration = Duration::from_millis(60);
const PATIENCE: Duration = Duration::from_secs(20);
/// What a script does to ring a node: nothing else, so that this is the least that Redis can take.
const RING: &str = "return redis.call('PUBLISH', KEYS[1], ARGV[1])";

/// Measures, and prints what came out.
///
/// # Errors
/// When a process does not start, or something does not come.
pub async fn measure(options: &Options) -> Result<(), Box<dyn Error>> {
    let program = options.server.clone().map_or_else(built_server, Ok)?;
    let redis = RedisServer::start(RedisOptions::default()).await?;
    let url = redis.url();
    let node = async |more: &[&str]| {
        let arguments = [&["--log-level", "warn"], more].concat();
        ServerNode::start(NodeOptions::new(&program, &arguments)).await
    };
    let nodes = [node(&["--redis", &url]).await?, node(&["--redis", &url]).await?];
    let alone = node(&[]).await?;

    let mut across = Pair::connect([nodes[0].url(), nodes[1].url()]).await?;
    let mut beside = Pair::connect([alone.url(), alone.url()]).await?;
    let mut ring = Ring::open(&redis).await?;
    let (mut two, mut one, mut replies, mut rings) =
        (Times::default(), Times::default(), Times::default(), Times::default());
    for _ in 0..TIMES {
        // In turn: the machine is not steady.
        two.0.push(across.message().await?);
        one.0.push(beside.message().await?);
        replies.0.push(ring.reply().await?);
        rings.0.push(ring.ring().await?);
        sleep(PAUSE).await;
    }
    let work = work_of_redis(&redis, &mut across).await?;
    let resumed = resume([nodes[0].url(), nodes[1].url()]).await?;
    let added = two.at(50).saturating_sub(one.at(50));
    println!("a message over two servers:    {two}");
    println!("a message over one, in memory: {one}");
    println!("a script of Redis replies:     {replies}");
    println!("a script of Redis rings:       {rings}");
    let times = |floor: &Times| added.as_secs_f64() / floor.at(50).as_secs_f64();
    println!(
        "two servers add {:.0} µs (p50): {:.2} times the reply of Redis, {:.2} times its ring",
        added.as_secs_f64() * 1e6,
        times(&replies),
        times(&rings)
    );
    println!(
        "for a message Redis works      {:.0} µs, in the scripts of both servers",
        work.as_secs_f64() * 1e6
    );
    println!("a session on another server:   {resumed}");
    Ok(())
}

/// Returns the time that Redis itself takes for a message, which includes the receipt for its sender.
async fn work_of_redis(redis: &RedisServer, pair: &mut Pair) -> Result<Duration, Box<dyn Error>> {
    redis.command(&["CONFIG", "RESETSTAT"]).await?;
    for _ in 0..TIMES {
        pair.message().await?;
        sleep(PAUSE).await;
    }
    let statistics = redis.info("commandstats").await?;
    let scripts = statistics.get("cmdstat_evalsha").map_or("", String::as_str);
    let spent = scripts.split(',').find_map(|part| part.strip_prefix("usec=")?.parse().ok());
    let spent = Duration::from_micros(spent.ok_or("Redis does not count its commands")?);
    Ok(spent / u32::try_from(TIMES)?)
}

/// Times of one thing.
#[derive(Default)]
struct Times(Vec<Duration>);

impl Times {
    /// The time within which so many of a hundred were.
    fn at(&self, percent: usize) -> Duration {
        let mut ordered = self.0.clone();
        ordered.sort_unstable();
        let last = ordered.len().saturating_sub(1);
        ordered.get(last * percent / 100).copied().unwrap_or_default()
    }
}

impl std::fmt::Display for Times {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [p50, p99] = [50, 99].map(|percent| self.at(percent).as_secs_f64() * 1000.0);
        write!(formatter, "p50 {p50:.2} ms, p99 {p99:.2} ms ({} times)", self.0.len())
    }
}

/// Two clients, of which the first sends to the second.
struct Pair {
    sender: Client,
    receiver: PeerId,
    events: Events,
    // Its client lives as long.
    _receiver: Client,
    _sender_events: Events,
}

impl Pair {
    async fn connect([first, second]: [String; 2]) -> Result<Self, Box<dyn Error>> {
        let (sender, _sender_events) = Client::connect(Settings::new("sender", first)?).await?;
        let (_receiver, events) = Client::connect(Settings::new("receiver", second)?).await?;
        let receiver = _receiver.peer_id().clone();
        Ok(Self { sender, receiver, events, _receiver, _sender_events })
    }

    /// The time from the call to the event.
    async fn message(&mut self) -> Result<Duration, Box<dyn Error>> {
        let began = Instant::now();
        let call = self.sender.send(&self.receiver, "x");
        let heard = async {
            while let Some(event) = self.events.next().await {
                if matches!(event, Event::Message { .. }) {
                    return Ok(began.elapsed());
                }
            }
            Err(Failure::new("the client has ended"))
        };
        let took = timeout(PATIENCE, heard).await.map_err(|_| Failure::new("a message did not come"))??;
        call.await?;
        Ok(took)
    }
}

/// Redis alone: a script that replies, and one that rings.
struct Ring {
    caller: Connection,
    listener: Connection,
    sha: [String; 2],
}

impl Ring {
    async fn open(redis: &RedisServer) -> Result<Self, Failure> {
        let mut caller = Connection::open(redis.address()).await?;
        let mut listener = Connection::open(redis.address()).await?;
        listener.ask(&["SUBSCRIBE", "bell"]).await?;
        let mut sha = [String::new(), String::new()];
        for (sha, script) in sha.iter_mut().zip(["return 1", RING]) {
            *sha = caller.ask(&["SCRIPT", "LOAD", script]).await?.text().to_owned();
        }
        Ok(Self { caller, listener, sha })
    }

    /// The time from a call to its reply.
    async fn reply(&mut self) -> Result<Duration, Failure> {
        let began = Instant::now();
        self.caller.ask(&["EVALSHA", &self.sha[0], "0"]).await?;
        Ok(began.elapsed())
    }

    /// The time from a call to what its listener hears.
    async fn ring(&mut self) -> Result<Duration, Failure> {
        let began = Instant::now();
        let Self { caller, listener, sha } = self;
        let words = ["EVALSHA", &sha[1], "1", "bell", "x"];
        let (called, heard) = tokio::join!(caller.ask(&words), async {
            let heard = listener.reply().await;
            heard.map(|_| began.elapsed())
        });
        match called? {
            Reply::Error(error) => Err(Failure::new(error)),
            _ => heard,
        }
    }
}

/// Cuts the socket of a client again and again, which then goes to the other server; the times from each attempt until its session goes
/// on.
async fn resume(urls: [String; 2]) -> Result<Times, Box<dyn Error>> {
    let mut addresses = Vec::new();
    for url in &urls {
        let address = url.trim_start_matches("ws://").trim_end_matches("/signal");
        addresses.push(address.parse::<std::net::SocketAddr>()?);
    }
    let first = *addresses.first().ok_or("there is no server")?;
    let proxy = Arc::new(FaultProxy::start(first)?);
    let began = Arc::new(Mutex::new(Instant::now()));
    let (count, there, noted) = (AtomicUsize::new(0), proxy.clone(), began.clone());
    let endpoints = Endpoints::chosen_by(move || {
        let next = count.fetch_add(1, Ordering::Relaxed) % addresses.len().max(1);
        if let Some(address) = addresses.get(next) {
            // A proxy that has ended leads nowhere.
            let _ = there.point_to(*address);
        }
        *noted.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        format!("ws://{}/signal", there.address())
    });
    let mut settings = Settings::new("traveller", endpoints)?;
    // The wait before an attempt is not what is measured.
    settings.reconnect =
        ReconnectOptions { base_ms: 50, max_ms: 50, max_visible_ms: 50, ..settings.reconnect };
    let (client, mut events) = Client::connect(settings).await?;
    let mut times = Times::default();
    for _ in 0..TIMES {
        proxy.cut(Which::Every)?;
        let resumed = async {
            loop {
                match events.next().await {
                    Some(Event::Resumed) => return Ok(()),
                    Some(Event::SessionLost { .. }) | None => {
                        return Err(Failure::new("the session is lost"));
                    }
                    Some(_) => {}
                }
            }
        };
        timeout(PATIENCE, resumed).await.map_err(|_| Failure::new("the client did not come back"))??;
        times.0.push(began.lock().unwrap_or_else(PoisonError::into_inner).elapsed());
    }
    client.close().await;
    Ok(times)
}

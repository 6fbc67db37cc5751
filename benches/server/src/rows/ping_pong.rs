//! A8: pairs play ping-pong as fast as they can with a server that has one processor, against an unparsed relay.

use crate::bench::Bench;
use crate::client::{Claim, Client, Socket, open};
use crate::failure::Failure;
use crate::frame::Kind;
use crate::processors::Processors;
use crate::report::Line;
use crate::server_process::{ServerProcess, processor_time};
use crate::times::Times;
use futures_util::{SinkExt, StreamExt};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::{Sender, channel};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::Message;

/// The sizes of a frame as it is sent, in bytes.
const SIZES: [usize; 2] = [300, 3_000];
/// The relay and the server take turns.
const ROUNDS: usize = 3;
/// The longest time until all pairs are there, and until all have ended.
const GATHERING: Duration = Duration::from_secs(20);
const ENDING: Duration = Duration::from_secs(5);
const WARM_UP: Duration = Duration::from_millis(500);
const MEASURE: Duration = Duration::from_secs(3);
/// The approximate size of a session's frame without its text.
const ENVELOPE_BYTES: usize = 90;
const NUMBERS_BYTES: usize = 22;

pub async fn run(bench: &Bench, pairs: usize) -> Result<Vec<Line>, Failure> {
    let processors = Processors::find();
    let mut why_shared = None;
    let wrapper = match &processors {
        Some(processors) => match processors.leave_the_first().await {
            Ok(()) => Some(processors.of_server()),
            Err(failure) => {
                why_shared = Some(failure.to_string());
                None
            }
        },
        None => {
            why_shared = Some("one processor only".into());
            None
        }
    };
    let mut lines = Vec::new();
    for size in SIZES {
        let line = play(bench, pairs, size, wrapper.as_deref()).await;
        let mut line = line.unwrap_or_else(|failure| Line::failed("A8", failure));
        if let Some(why) = &why_shared {
            line.saw(format!("the server shares its processor ({why})"));
        }
        lines.push(line);
    }
    if let Some(processors) = processors.filter(|_| wrapper.is_some()) {
        processors.take_all().await?;
    }
    Ok(lines)
}

/// The results of the rounds of one contender.
#[derive(Default)]
struct Played {
    times: Vec<Duration>,
    processor_time: Duration,
    /// Of the load itself.
    own_time: Duration,
    time: Duration,
}

impl Played {
    fn microseconds_each(&self) -> f64 {
        self.processor_time.as_secs_f64() * 1e6 / self.times.len().max(1) as f64
    }

    fn describe(&self, name: &str) -> String {
        let seconds = self.time.as_secs_f64().max(f64::MIN_POSITIVE);
        let rate = self.times.len() as f64 / seconds;
        let busy = |time: Duration| time.as_secs_f64() * 100.0 / seconds;
        let (its, own) = (busy(self.processor_time), busy(self.own_time));
        let each = self.microseconds_each();
        format!(
            "{name}: {each:.1} µs of processor a message, {rate:.0} messages/s, {its:.0} % busy (the load {own:.0} %)"
        )
    }
}

async fn play(bench: &Bench, pairs: usize, size: usize, processor: Option<&str>) -> Result<Line, Failure> {
    let text = "one processor, ping-pong of";
    let mut line = Line::new("A8", format!("{text} {pairs} pairs with {size} B; before = unparsed relay"));
    let wrapper: Vec<&str> = processor.map(|processor| vec!["taskset", "-c", processor]).unwrap_or_default();
    let own = std::env::current_exe()?;
    let (mut floor, mut server) = (Played::default(), Played::default());
    let mut last = None;
    bench.lag();
    for _ in 0..ROUNDS {
        let relay = ServerProcess::spawn(&wrapper, &own, &["relay"], false).await?;
        round(bench, &relay, pairs, size, true, &mut floor).await?;
        drop(relay);
        if let Some(server) = last.take() {
            let _ended = ServerProcess::stop(server).await;
        }
        let process = start(&wrapper, &bench.server).await?;
        round(bench, &process, pairs, size, false, &mut server).await?;
        last = Some(process);
    }
    let ratio = server.microseconds_each() / floor.microseconds_each().max(f64::MIN_POSITIVE);
    line.saw(floor.describe("relay"));
    line.saw(server.describe("server"));
    line.saw(format!("{ratio:.2} times the relay's processor time"));
    let times = Times::new(server.times);
    let median = times.percentile(50).as_secs_f64().max(f64::MIN_POSITIVE);
    line.saw(format!("p99 is {:.1} times p50", times.percentile(99).as_secs_f64() / median));
    line.before(&Times::new(floor.times));
    line.during(&times, &bench.lag());
    match last {
        Some(server) => Ok(line.finish(server).await),
        None => Ok(line),
    }
}

async fn start(wrapper: &[&str], binary: &Path) -> Result<ServerProcess, Failure> {
    let arguments = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--drain", "0"];
    ServerProcess::spawn(wrapper, binary, &arguments, true).await
}

const WARM: u8 = 0;
const MEASURED: u8 = 1;
const OVER: u8 = 2;

async fn round(
    bench: &Bench,
    process: &ServerProcess,
    pairs: usize,
    size: usize,
    is_relay: bool,
    played: &mut Played,
) -> Result<(), Failure> {
    let phase = Arc::new(AtomicU8::new(WARM));
    let (ready, mut are_ready) = channel(pairs.max(1));
    let mut players = JoinSet::new();
    for number in 0..pairs {
        let game = pair(process.address, number, size, is_relay, phase.clone(), ready.clone());
        players.spawn_on(game, &bench.crowd.handle);
    }
    drop(ready);
    // Each pair sends one message; the channel ends when the last pair has sent it, or has failed.
    let _in_time = timeout(GATHERING, async { while are_ready.recv().await.is_some() {} }).await;
    sleep(WARM_UP).await;
    phase.store(MEASURED, Ordering::Relaxed);
    let (begin, at_begin, own_at_begin) = (Instant::now(), process.processor_time(), own_time());
    sleep(MEASURE).await;
    phase.store(OVER, Ordering::Relaxed);
    let (time, at_end, own_at_end) = (begin.elapsed(), process.processor_time(), own_time());
    let (mut ended, mut first) = (0, None);
    let all = async {
        while let Some(player) = players.join_next().await {
            match player {
                Ok(Ok(times)) => {
                    ended += 1;
                    played.times.extend(times);
                }
                Ok(Err(failure)) => first = first.take().or(Some(failure)),
                Err(error) => first = first.take().or(Some(error.into())),
            }
        }
    };
    // A pair whose message was lost would wait for ever.
    let _in_time = timeout(ENDING, all).await;
    if ended * 10 < pairs * 9 {
        return Err(first.unwrap_or(Failure::Late("the end of a game")));
    }
    played.processor_time += at_end.unwrap_or_default().saturating_sub(at_begin.unwrap_or_default());
    played.own_time += own_at_end.unwrap_or_default().saturating_sub(own_at_begin.unwrap_or_default());
    played.time += time;
    Ok(())
}

fn own_time() -> Option<Duration> {
    processor_time(std::process::id())
}

/// One end of a game.
enum Player {
    Relayed(Box<Socket>),
    Registered(Box<Client>),
}

impl Player {
    async fn begin(address: SocketAddr, own: &str, partner: &str, is_relay: bool) -> Result<Self, Failure> {
        if is_relay {
            let mut socket = open(address).await?;
            socket.send(Message::Text(format!("{own} {partner}").into())).await?;
            let mut player = Self::Relayed(Box::new(socket));
            player.hear().await?;
            return Ok(player);
        }
        let (client, _) = Client::begin(address, Claim::new(own)).await?;
        Ok(Self::Registered(Box::new(client)))
    }

    async fn say(&mut self, to: &str, data: &str) -> Result<(), Failure> {
        match self {
            Self::Relayed(socket) => {
                let text = format!(r#"{{"type":"message","to":"{to}","payload":{{"data":"{data}"}}}}"#);
                Ok(socket.send(Message::Text(text.into())).await?)
            }
            Self::Registered(client) => {
                client.send("message", &format!(r#","to":"{to}","payload":{{"data":"{data}"}}"#)).await
            }
        }
    }

    async fn hear(&mut self) -> Result<(), Failure> {
        loop {
            match self {
                Self::Relayed(socket) => match socket.next().await {
                    Some(Ok(Message::Text(_))) => return Ok(()),
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return Err(error.into()),
                    None => return Err(Failure::Closed(None)),
                },
                Self::Registered(client) => match client.next().await?.kind {
                    Kind::Message => return Ok(()),
                    Kind::Error => return Err(Failure::Refused("a message".into())),
                    _ => {}
                },
            }
        }
    }
}

/// Both ends of a game; one of them has the ball. The measured time is from one end through the server to the other.
async fn pair(
    address: SocketAddr,
    number: usize,
    size: usize,
    is_relay: bool,
    phase: Arc<AtomicU8>,
    ready: Sender<()>,
) -> Result<Vec<Duration>, Failure> {
    let (here, there) = (format!("left-{number:04}"), format!("right-{number:04}"));
    let mut sender = Player::begin(address, &here, &there, is_relay).await?;
    let mut receiver = Player::begin(address, &there, &here, is_relay).await?;
    let mut to = (&there, &here);
    // After a while, the row no longer waits for it.
    let _late = ready.send(()).await;
    drop(ready);
    // A session's frames contain its numbers; the relay's frames have the same length.
    let own_bytes = if is_relay { ENVELOPE_BYTES - NUMBERS_BYTES } else { ENVELOPE_BYTES };
    let data = "x".repeat(size.saturating_sub(own_bytes));
    let mut times = Vec::new();
    loop {
        let begin = Instant::now();
        sender.say(to.0, &data).await?;
        receiver.hear().await?;
        match phase.load(Ordering::Relaxed) {
            MEASURED => times.push(begin.elapsed()),
            OVER => return Ok(times),
            _ => {}
        }
        std::mem::swap(&mut sender, &mut receiver);
        to = (to.1, to.0);
    }
}

//! Pairs of clients that play ping-pong as fast as they can, through the server or through the relay that is the floor.

use crate::bench::Bench;
use crate::client::{Claim, Client, Socket, open};
use crate::failure::Failure;
use crate::frame::Kind;
use crate::server_process::{ServerProcess, processor_time};
use futures_util::{SinkExt, StreamExt};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::{Sender, channel};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::Message;

/// The longest time until all pairs are there, and until all have ended.
const GATHERING: Duration = Duration::from_secs(20);
const ENDING: Duration = Duration::from_secs(5);
const WARM_UP: Duration = Duration::from_millis(500);
const MEASURE: Duration = Duration::from_secs(3);
/// The approximate size of a session's frame without its text.
const ENVELOPE_BYTES: usize = 90;
const NUMBERS_BYTES: usize = 22;

/// The results of the rounds of one contender.
#[derive(Default)]
pub struct Played {
    pub times: Vec<Duration>,
    processor_time: Duration,
    /// Of the process in which the contender keeps its state, if that is another.
    store_time: Duration,
    /// Of the load itself.
    own_time: Duration,
    time: Duration,
}

impl Played {
    /// Returns the processor time of the contender for each message, in microseconds.
    pub fn microseconds_each(&self) -> f64 {
        self.processor_time.as_secs_f64() * 1e6 / self.times.len().max(1) as f64
    }

    /// Returns the processor time of the contender's store for each message, in microseconds.
    pub fn store_microseconds_each(&self) -> f64 {
        self.store_time.as_secs_f64() * 1e6 / self.times.len().max(1) as f64
    }

    pub fn describe(&self, name: &str) -> String {
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

const WARM: u8 = 0;
const MEASURED: u8 = 1;
const OVER: u8 = 2;

/// Plays one round, and adds it to those before.
///
/// # Errors
/// When too few pairs come to the end of the game.
pub async fn round(
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
    let store_at_begin = process.processor_time_of_store();
    sleep(MEASURE).await;
    phase.store(OVER, Ordering::Relaxed);
    let (time, at_end, own_at_end) = (begin.elapsed(), process.processor_time(), own_time());
    let store_at_end = process.processor_time_of_store();
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
    played.store_time += store_at_end.unwrap_or_default().saturating_sub(store_at_begin.unwrap_or_default());
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

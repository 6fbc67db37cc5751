//! A2: one socket sends pings as fast as it can, and reads nothing.

use crate::bench::{BEFORE, Bench};
use crate::client::{self, Claim, Client};
use crate::failure::Failure;
use crate::others::Others;
use crate::report::{Line, megabytes};
use crate::server_process::ServerProcess;
use crate::times::ms;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

const FLOOD: Duration = Duration::from_secs(20);
const MOST_SENT: u64 = 3_000_000_000;
/// The flood ends before it harms the machine.
const MOST_RESIDENT: u64 = 3_000_000_000;
/// The largest payload of a control frame (RFC 6455 §5.5).
const PING_BYTES: usize = 125;
const LOOK: Duration = Duration::from_millis(100);
const PINGS_PER_WRITE: usize = 500;
/// The time after the flood in which the server may close the socket.
const CLOSING: Duration = Duration::from_secs(10);

/// With `says_hello` the socket belongs to a registered peer, for which the time limit of a `hello` does not hold.
pub async fn run(bench: &Bench, says_hello: bool) -> Result<Line, Failure> {
    let who = if says_hello { "one registered peer" } else { "one socket without hello" };
    let mut line = Line::new("A2", format!("{who} floods 125-byte pings and reads nothing"));
    let server = ServerProcess::start(&bench.server, &[]).await?;
    let others = Others::start(server.address).await?;
    line.before(&others.talk(BEFORE, bench.patience).await);
    let resident = server.resident().unwrap_or_default();
    let before = closes(&server).await.unwrap_or_default();

    bench.lag();
    let begin = Instant::now();
    let flood = Arc::new(Flood::default());
    let flooding = bench.crowd.handle.spawn(flood.clone().run(server.address, says_hello));
    let mut closed = None;
    // The server's metrics say it: on a socket that nobody reads, the end arrives behind everything that waits there.
    while closed.is_none() && begin.elapsed() < FLOOD + CLOSING {
        sleep(LOOK).await;
        if server.resident().unwrap_or_default() > MOST_RESIDENT {
            line.saw(format!("stopped after {}: the server has 3 GB", ms(begin.elapsed())));
            break;
        }
        let after = closes(&server).await.unwrap_or_default();
        closed =
            after.into_iter().find(|close| !before.contains(close)).map(|close| (close, begin.elapsed()));
    }
    let is_over = flood.is_over.load(Ordering::Relaxed);
    sleep(LOOK).await;
    flooding.abort();
    let times = others.settle(begin, bench.patience).await;
    line.during(&times, &bench.lag());
    line.saw(format!("{} of pings sent", megabytes(flood.sent.load(Ordering::Relaxed))));
    let when = if is_over { "when it was over" } else { "while it went on" };
    line.saw(match closed {
        Some((close, time)) => format!("closed {} after it began, {when}: `{close}`", ms(time)),
        None => "not closed".into(),
    });
    let most = server.most_resident().unwrap_or_default();
    line.saw(format!("memory grew by {}", megabytes(most.saturating_sub(resident))));
    line.saw_all(others.remarks());
    drop(others);
    Ok(line.finish(server).await)
}

/// The progress of the flood.
#[derive(Default)]
struct Flood {
    sent: AtomicU64,
    /// Whether the flood ended by its own bounds, and not because the server closed the socket.
    is_over: AtomicBool,
}

impl Flood {
    /// Floods until the flood is over or the server closes the socket, and keeps the socket as long as the load
    /// watches the server.
    async fn run(self: Arc<Self>, address: SocketAddr, says_hello: bool) -> Result<(), Failure> {
        let socket = if says_hello {
            Client::begin(address, Claim::new("flooder")).await?.0.into_socket()
        } else {
            client::open(address).await?
        };
        let mut stream = socket.into_inner();
        // A mask of zeros leaves the payload as it is.
        let mut ping = vec![0x89, 0x80 | 125, 0, 0, 0, 0];
        ping.resize(6 + PING_BYTES, b'x');
        let pings = ping.repeat(PINGS_PER_WRITE);
        let end = Instant::now() + FLOOD;
        while self.sent.load(Ordering::Relaxed) < MOST_SENT {
            match timeout_at(end, stream.write_all(&pings)).await {
                Ok(Ok(())) => {
                    self.sent.fetch_add(u64::try_from(pings.len()).unwrap_or_default(), Ordering::Relaxed);
                }
                Ok(Err(hung_up)) => return Err(hung_up.into()),
                Err(_) => break,
            }
        }
        self.is_over.store(true, Ordering::Relaxed);
        sleep_until(end + CLOSING).await;
        Ok(())
    }
}

/// Returns how many sockets have ended with which code so far.
async fn closes(server: &ServerProcess) -> Option<Vec<String>> {
    let metrics = server.metrics().await?;
    let closes = metrics.lines().filter_map(|line| line.strip_prefix("signalpost_closes_total"));
    Some(closes.map(str::to_owned).collect())
}

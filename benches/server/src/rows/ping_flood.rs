//! A2: one socket that never says `hello` sends pings as fast as it can, and reads nothing.

use crate::bench::{BEFORE, Bench};
use crate::client;
use crate::failure::Failure;
use crate::others::Others;
use crate::report::{Line, megabytes};
use crate::server_process::ServerProcess;
use crate::times::ms;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, sleep, timeout};

const FLOOD: Duration = Duration::from_secs(20);
const MOST_SENT: u64 = 3_000_000_000;
/// The flood ends before it harms the machine.
const MOST_RESIDENT: u64 = 3_000_000_000;
/// The largest payload of a control frame (RFC 6455 §5.5).
const PING_BYTES: usize = 125;
const PINGS_PER_WRITE: usize = 500;
/// After the flood: the time to be closed.
const CLOSING: Duration = Duration::from_secs(10);

pub async fn run(bench: &Bench) -> Result<Line, Failure> {
    let mut line = Line::new("A2", "one socket floods 125-byte pings and reads nothing");
    let server = ServerProcess::start(&bench.server, &[]).await?;
    let others = Others::start(server.address).await?;
    line.before(&others.talk(BEFORE, bench.patience).await);
    let resident = server.resident().unwrap_or_default();
    let before = closes(&server).await;

    bench.lag();
    let begin = Instant::now();
    let mut flood = bench.crowd.handle.spawn(flood(server.address));
    let flooded = loop {
        tokio::select! {
            flooded = &mut flood => break Some(flooded??),
            () = sleep(Duration::from_millis(50)) => {
                if server.resident().unwrap_or_default() > MOST_RESIDENT {
                    flood.abort();
                    line.saw(format!("stopped after {}: the server has 3 GB", ms(begin.elapsed())));
                    break None;
                }
            }
        }
    };
    let times = others.settle(begin, bench.patience).await;
    line.during(&times, &bench.lag());
    if let Some(Flooded { sent, closed }) = flooded {
        line.saw(format!("{} of pings sent", megabytes(sent)));
        line.saw(match closed {
            Some((time, true)) => format!("closed {} after it began, while it went on", ms(time)),
            Some((time, false)) => format!("closed {} after it began, when it was over", ms(time)),
            None => "not closed within 10 s of its end".into(),
        });
    }
    let most = server.most_resident().unwrap_or_default();
    line.saw(format!("memory grew by {}", megabytes(most.saturating_sub(resident))));
    let after = closes(&server).await;
    line.saw_all(after.into_iter().filter(|close| !before.contains(close)));
    line.saw_all(others.remarks());
    drop(others);
    Ok(line.finish(server).await)
}

struct Flooded {
    sent: u64,
    /// When the server hung up, and whether the flood went on at that time.
    closed: Option<(Duration, bool)>,
}

async fn flood(address: SocketAddr) -> Result<Flooded, Failure> {
    let mut stream = client::open(address).await?.into_inner();
    // Masked with zeros, which leaves the payload as it is.
    let mut ping = vec![0x89, 0x80 | 125, 0, 0, 0, 0];
    ping.resize(6 + PING_BYTES, b'x');
    let pings = ping.repeat(PINGS_PER_WRITE);
    let begin = Instant::now();
    let mut sent = 0_u64;
    while sent < MOST_SENT {
        let Some(left) = FLOOD.checked_sub(begin.elapsed()) else { break };
        match timeout(left, stream.write_all(&pings)).await {
            Ok(Ok(())) => sent = sent.saturating_add(u64::try_from(pings.len()).unwrap_or_default()),
            Ok(Err(_)) => return Ok(Flooded { sent, closed: Some((begin.elapsed(), true)) }),
            Err(_) => break,
        }
    }
    // Nothing is read now either: the socket tells by itself that it was reset.
    let closed = timeout(CLOSING, stream.ready(tokio::io::Interest::ERROR)).await;
    Ok(Flooded { sent, closed: closed.is_ok().then(|| (begin.elapsed(), false)) })
}

/// How many sockets ended with which code, so far.
async fn closes(server: &ServerProcess) -> Vec<String> {
    let metrics = server.metrics().await.unwrap_or_default();
    let closes = metrics.lines().filter(|line| line.starts_with("signalpost_closes_total{"));
    closes.map(|line| format!("`{line}`")).collect()
}

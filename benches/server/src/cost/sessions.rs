//! The memory of the server for one idle session: what many of them add to its resident memory.

use super::contender::Contender;
use super::{row, spread};
use crate::bench::Bench;
use crate::client::{Claim, Client, open};
use crate::failure::Failure;
use futures_util::{SinkExt, StreamExt};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Message;

/// Rounds of each contender in turn.
const ROUNDS: usize = 2;
/// Sessions that begin at a time.
const BATCH: usize = 50;
/// The longest time until a batch is there.
const GATHERING: Duration = Duration::from_secs(30);
/// How long the sessions are idle before the measurement: the server has asked each for a sign of life, and has got it.
const IDLE: Duration = Duration::from_secs(10);

/// Measures every contender in turn, and writes the table.
///
/// # Errors
/// When a session cannot begin, or ends by itself.
pub async fn table(
    bench: &Bench,
    contenders: &[Contender],
    processor: &str,
    sessions: usize,
) -> Result<String, Failure> {
    let lines = Contender::lines(contenders);
    let mut figures = vec![Vec::new(); lines.len()];
    for number in 1..=ROUNDS {
        let mut of_round = Vec::new();
        for contender in contenders {
            eprintln!("{sessions} idle sessions, round {number} of {ROUNDS}: {}", contender.name);
            let [own, of_store] = bytes_each(bench, contender, processor, sessions).await?;
            of_round.extend(contender.figures(own, of_store));
        }
        for (figures, figure) in figures.iter_mut().zip(of_round) {
            figures.push(figure);
        }
    }
    let head = [format!("memory for each of {sessions} idle sessions"), "bytes".to_owned()];
    let rows =
        lines.iter().zip(&figures).map(|(name, figures)| row(&[(*name).to_owned(), spread(figures, 0)]));
    let rule = row(&["---".to_owned(), "---".to_owned()]);
    Ok([row(&head), rule].into_iter().chain(rows).collect())
}

/// Returns what each session adds to the memory of the server, and to that of its Redis.
async fn bytes_each(
    bench: &Bench,
    contender: &Contender,
    processor: &str,
    sessions: usize,
) -> Result<[f64; 2], Failure> {
    let running = contender.start(&bench.server, processor).await?;
    let process = &running.process;
    let mut idle = JoinSet::new();
    // What the server needs once and for all is not part of a session.
    begin(bench, &mut idle, process.address, contender.is_relay(), 0..1).await?;
    let resident = || process.resident().ok_or(Failure::Late("the memory of the server"));
    let (before, store_before) = (resident()?, process.resident_store().unwrap_or_default());
    let mut begun = 1;
    while begun <= sessions {
        let end = (begun + BATCH).min(sessions + 1);
        begin(bench, &mut idle, process.address, contender.is_relay(), begun..end).await?;
        begun = end;
    }
    sleep(IDLE).await;
    let (after, store_after) = (resident()?, process.resident_store().unwrap_or_default());
    if let Some(ended) = idle.try_join_next() {
        return Err(ended.unwrap_or_else(Failure::from));
    }
    idle.shutdown().await;
    let _ended = running.process.stop().await;
    let each = |after: u64, before: u64| after.saturating_sub(before) as f64 / sessions as f64;
    Ok([each(after, before), each(store_after, store_before)])
}

/// Begins some sessions, and returns when all are there.
async fn begin(
    bench: &Bench,
    idle: &mut JoinSet<Failure>,
    address: SocketAddr,
    is_relay: bool,
    numbers: std::ops::Range<usize>,
) -> Result<(), Failure> {
    let mut all_there = Vec::new();
    for number in numbers {
        let (there, is_there) = oneshot::channel();
        all_there.push(is_there);
        idle.spawn_on(
            async move {
                let living = async {
                    if is_relay {
                        live_relayed(address, number, there).await
                    } else {
                        live(address, number, there).await
                    }
                };
                match living.await {
                    Ok(never) => match never {},
                    Err(failure) => failure,
                }
            },
            &bench.crowd.handle,
        );
    }
    for is_there in all_there {
        match timeout(GATHERING, is_there).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => {
                return Err(idle
                    .join_next()
                    .await
                    .map_or(Failure::Closed(None), |ended| ended.unwrap_or_else(Failure::from)));
            }
            Err(_) => return Err(Failure::Late("an idle session")),
        }
    }
    Ok(())
}

type Never = core::convert::Infallible;

/// Only answers signs of life.
async fn live(address: SocketAddr, number: usize, there: oneshot::Sender<()>) -> Result<Never, Failure> {
    let (mut client, _) = Client::begin(address, Claim::new(format!("idle-{number:06}"))).await?;
    let _late = there.send(());
    loop {
        client.next().await?;
    }
}

async fn live_relayed(
    address: SocketAddr,
    number: usize,
    there: oneshot::Sender<()>,
) -> Result<Never, Failure> {
    let mut socket = open(address).await?;
    socket.send(Message::Text(format!("idle-{number:06} nobody").into())).await?;
    let mut there = Some(there);
    loop {
        match socket.next().await {
            // It says `ready`.
            Some(Ok(_)) => {
                let _late = there.take().map(|there| there.send(()));
            }
            Some(Err(error)) => return Err(error.into()),
            None => return Err(Failure::Closed(None)),
        }
    }
}

//! A4: thousands of peers register and lose their sockets, while an honest client is away.

use crate::bench::{BEFORE, Bench};
use crate::client::{Claim, Client};
use crate::failure::Failure;
use crate::others::Others;
use crate::report::{Line, megabytes};
use crate::server_process::ServerProcess;
use crate::times::ms;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

/// The longest time of the flood.
const FLOOD: Duration = Duration::from_secs(60);
/// How many newcomers come at a time.
const AT_A_TIME: usize = 32;

pub async fn run(bench: &Bench, count: usize) -> Result<Line, Failure> {
    let mut line =
        Line::new("A4", format!("{count} newcomers say hello and drop the socket while a client is away"));
    let server = ServerProcess::start(&bench.server, &[]).await?;
    let others = Others::start(server.address).await?;
    line.before(&others.talk(BEFORE, bench.patience).await);
    let resident = server.resident().unwrap_or_default();
    let (honest, _) = Client::begin(server.address, Claim::new("honest")).await?;
    let honest = honest.leave();

    bench.lag();
    let begin = Instant::now();
    let next = Arc::new(AtomicUsize::new(0));
    let mut workers = JoinSet::new();
    for _ in 0..AT_A_TIME {
        workers.spawn_on(newcomers(server.address, next.clone(), count), &bench.crowd.handle);
    }
    let mut answers: BTreeMap<String, usize> = BTreeMap::new();
    let all = async {
        while let Some(answered) = workers.join_next().await {
            for (answer, times) in answered.unwrap_or_default() {
                *answers.entry(answer).or_default() += times;
            }
        }
    };
    if timeout(FLOOD, all).await.is_err() {
        line.saw(format!("the flood did not end within {} s", FLOOD.as_secs()));
    }
    let flooded = begin.elapsed();
    let times = others.settle(begin, bench.patience).await;
    line.during(&times, &bench.lag());
    line.saw(match Client::begin(server.address, honest).await {
        Ok((_, welcome)) if welcome.resumed => "the honest client is resumed".into(),
        Ok((_, welcome)) => {
            format!("the honest client is not resumed: {}", welcome.reason.unwrap_or_default())
        }
        Err(failure) => format!("the honest client is not resumed: {failure}"),
    });
    line.saw(format!("newcomers in {}: {answers:?}", ms(flooded)));
    let grown = server.resident().unwrap_or_default().saturating_sub(resident);
    line.saw(format!("memory grew by {}", megabytes(grown)));
    line.saw_all(others.remarks());
    drop(others);
    Ok(line.finish(server).await)
}

/// Sends one newcomer after the other; returns how many got which answer.
async fn newcomers(address: SocketAddr, next: Arc<AtomicUsize>, count: usize) -> BTreeMap<String, usize> {
    let mut answers = BTreeMap::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= count {
            return answers;
        }
        let answer = match Client::begin(address, Claim::new(format!("newcomer-{number}"))).await {
            Ok(_) => "welcomed".into(),
            Err(failure) => failure.to_string(),
        };
        *answers.entry(answer).or_default() += 1;
    }
}

//! A3: one peer of a small room joins and leaves as fast as it can.

use crate::bench::{BEFORE, Bench};
use crate::client::{Claim, Client};
use crate::crowd_thread::CrowdThread;
use crate::failure::Failure;
use crate::frame::Kind;
use crate::observer::Observer;
use crate::others::Others;
use crate::report::Line;
use crate::server_process::ServerProcess;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout};

const STORM: Duration = Duration::from_secs(6);
/// How many requests are outstanding at a time.
const OUT: usize = 64;
/// The most requests, however the server handles them.
const MOST_REQUESTS: usize = 200_000;
const MOST_ATTACKERS: usize = 1_000;

pub async fn run(bench: &Bench, honest: usize) -> Result<Line, Failure> {
    let mut line = Line::new("A3", format!("one peer of a room of {} joins and leaves for 6 s", honest + 1));
    let server = ServerProcess::start(&bench.server, &[]).await?;
    let others = Others::start(server.address).await?;
    let mut members = Vec::new();
    for number in 0..honest {
        // On the other thread, so that their notices do not keep the measuring thread busy.
        let entering = enter(server.address, number);
        members.push(bench.crowd.handle.spawn(entering).await??);
    }
    line.before(&others.talk(BEFORE, bench.patience).await);

    bench.lag();
    let begin = Instant::now();
    // On a separate thread: the notices of the honest members would slow it down.
    let attack = CrowdThread::start()?;
    let mut storm = attack.handle.spawn(storm(server.address));
    let told = timeout(STORM + bench.patience, &mut storm).await;
    let times = others.settle(begin, bench.patience).await;
    line.during(&times, &bench.lag());
    match told {
        Ok(told) => told?.tell(&mut line),
        Err(_) => {
            storm.abort();
            line.saw("the storm did not end in time");
        }
    }
    let mut ended: BTreeMap<String, usize> = BTreeMap::new();
    let (mut heard, mut told_to_list) = (0, 0);
    for member in &members {
        let fate = member.fate();
        heard += fate.heard;
        told_to_list += fate.told_to_list;
        let anew =
            fate.begun_anew.into_iter().map(|(reason, times)| (format!("session over, {reason}"), times));
        for (what, times) in
            fate.ended.into_iter().map(|(failure, times)| (failure.to_string(), times)).chain(anew)
        {
            *ended.entry(what).or_default() += times;
        }
    }
    line.saw(if ended.is_empty() {
        "no honest session ended".into()
    } else {
        format!("honest members: {ended:?}")
    });
    line.saw(format!("{heard} frames told to them"));
    if told_to_list > 0 {
        line.saw(format!("they were told to list {told_to_list} times"));
    }
    line.saw_all(others.remarks());
    drop((members, others));
    Ok(line.finish(server).await)
}

async fn enter(address: SocketAddr, number: usize) -> Result<Observer, Failure> {
    Observer::enter(address, &format!("honest-{number}"), "storm").await
}

/// The answers that the attacker got.
#[derive(Default)]
struct Told {
    requests: usize,
    done: usize,
    refused: BTreeMap<(String, bool), usize>,
    ended: BTreeMap<Failure, usize>,
}

impl Told {
    fn tell(self, line: &mut Line) {
        let per_second = self.done as f64 / STORM.as_secs_f64();
        line.saw(format!("{} changes done of {} asked for ({per_second:.0}/s)", self.done, self.requests));
        for ((code, has_wait), times) in self.refused {
            let wait = if has_wait { " with a time to wait" } else { "" };
            line.saw(format!("the attacker was told {code}{wait} {times} times"));
        }
        for (failure, times) in self.ended {
            line.saw(format!("the attacker: {failure}, {times} times"));
        }
    }
}

/// Runs one attacker after the other, if the server ends one.
async fn storm(address: SocketAddr) -> Told {
    let mut told = Told::default();
    let end = Instant::now() + STORM;
    for number in 0..MOST_ATTACKERS {
        let blown = match Client::begin(address, Claim::new(format!("attacker-{number}"))).await {
            Ok((mut client, _)) => blow(&mut client, &mut told, end).await,
            Err(failure) => Err(failure),
        };
        match blown {
            Ok(()) => break,
            Err(failure) => *told.ended.entry(failure).or_default() += 1,
        }
        if Instant::now() >= end {
            break;
        }
    }
    told
}

async fn blow(client: &mut Client, told: &mut Told, end: Instant) -> Result<(), Failure> {
    let mut out = 0;
    while Instant::now() < end {
        // In two halves, so that many frames go in one write.
        if out <= OUT / 2 && told.requests < MOST_REQUESTS {
            while out < OUT {
                let kind = if told.requests.is_multiple_of(2) { "join" } else { "leave" };
                client.feed(kind, r#","id":1,"payload":{"room":"storm"}"#).await?;
                (out, told.requests) = (out + 1, told.requests + 1);
            }
            client.flush().await?;
        }
        let heard = tokio::select! {
            heard = client.next() => heard?,
            () = sleep_until(end) => break,
        };
        match heard.kind {
            Kind::Joined | Kind::Left => told.done += 1,
            Kind::Error => {
                let payload = heard.payload()?;
                let code = (payload.code.unwrap_or_default(), payload.after.is_some());
                *told.refused.entry(code).or_default() += 1;
            }
            _ => continue,
        }
        out = out.saturating_sub(1);
    }
    Ok(())
}

//! Native load on loopback for the rows A1 to A8 of the server: what one client can do to all others; and what a message and
//! an idle session cost the server. `npm run bench:server` and `npm run bench:relay` build and run it; README.md describes both.
#![forbid(unsafe_code)]

mod bench;
mod client;
mod cost;
mod crowd;
mod crowd_thread;
mod failure;
mod frame;
mod game;
mod lag;
mod numbers;
mod observer;
mod options;
mod others;
mod processors;
mod relay;
mod report;
mod room_member;
mod room_view;
mod rows;
mod server_process;
mod times;

use bench::Bench;
use crowd_thread::CrowdThread;
use failure::Failure;
use lag::Meter;
use options::Options;
use report::Line;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;

/// The longest time of a row: every wait in a row has a shorter limit.
const ROW: Duration = Duration::from_secs(420);
/// The longest time for the costs of a message and of a session.
const COST: Duration = Duration::from_secs(30 * 60);
/// How many descriptors 4,000 sockets and everything else take here.
const DESCRIPTORS: u64 = 6_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ended = runtime.map_err(Failure::from).and_then(|runtime| {
        runtime.block_on(async {
            if arguments.first().is_some_and(|first| first == "relay") {
                return relay::serve().await;
            }
            let mut terminate = signal(SignalKind::terminate())?;
            let mut interrupt = signal(SignalKind::interrupt())?;
            let measuring = async {
                match arguments.first() {
                    Some(first) if first == "cost" => {
                        measure_cost(cost::Options::parse(arguments.into_iter().skip(1))?).await
                    }
                    _ => run(Options::parse(arguments)?).await,
                }
            };
            // Dropping these values ends their processes.
            tokio::select! {
                ended = measuring => ended,
                _ = terminate.recv() => Err(Failure::Broken("terminated".into())),
                _ = interrupt.recv() => Err(Failure::Broken("interrupted".into())),
            }
        })
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("signalpost-bench-server: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn start(server: PathBuf, patience: Duration) -> Result<Bench, Failure> {
    raise_descriptors()?;
    let measuring = Meter::default();
    tokio::spawn(measuring.clone().run());
    Ok(Bench { server, patience, crowd: CrowdThread::start()?, measuring })
}

async fn measure_cost(options: cost::Options) -> Result<(), Failure> {
    let bench = start(options.server.clone(), Duration::ZERO)?;
    match timeout(COST, cost::run(&bench, &options)).await {
        Ok(measured) => measured,
        Err(_) => Err(Failure::Late("the whole measurement")),
    }
}

async fn run(options: Options) -> Result<(), Failure> {
    let bench = start(options.server, options.patience)?;
    let mut lines = Vec::new();
    for (row, size) in options.rows {
        eprintln!("{row} …");
        match timeout(ROW, rows::run(&bench, &row, size)).await {
            Ok(Ok(found)) => lines.extend(found),
            Ok(Err(failure)) => lines.push(Line::failed(&row, failure)),
            Err(_) => lines.push(Line::failed(&row, format!("not over after {} s", ROW.as_secs()))),
        }
    }
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    println!(
        "{processors} processors, load average at the end {}\n",
        load.split(' ').next().unwrap_or_default()
    );
    print!("{}", report::table(&lines));
    Ok(())
}

/// Raises the limit of descriptors as far as the system allows, up to the number that the load and the server need;
/// the server inherits it.
fn raise_descriptors() -> Result<(), Failure> {
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(u64::MAX);
    if limit.current.is_some_and(|current| current < DESCRIPTORS) {
        let current = Some(most.min(DESCRIPTORS * 2));
        setrlimit(Resource::Nofile, Rlimit { current, maximum: limit.maximum })
            .map_err(std::io::Error::from)?;
    }
    if most < DESCRIPTORS {
        eprintln!(
            "the large rows need {DESCRIPTORS} descriptors here and in the server; the system allows {most} (ulimit -Hn)"
        );
    }
    Ok(())
}

//! A8: pairs play ping-pong as fast as they can with a server that has one processor, against an unparsed relay.

use crate::bench::Bench;
use crate::failure::Failure;
use crate::game::{Played, round};
use crate::processors::Processors;
use crate::report::Line;
use crate::server_process::ServerProcess;
use crate::times::Times;
use std::path::Path;

/// The sizes of a frame as it is sent, in bytes.
const SIZES: [usize; 2] = [300, 3_000];
/// The relay and the server take turns.
const ROUNDS: usize = 3;

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

//! One run: everything is started, the clients act and faults happen, the faults end, and what the clients heard is checked.

use crate::actor::{Cast, Names};
use crate::balancer::Way;
use crate::faults::{Limits, Tally, Word, trouble_clients, trouble_servers};
use crate::options::Options;
use crate::random::Random;
use crate::recorder::Recorder;
use crate::world::World;
use std::error::Error;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

/// How long the clients have to hear what is under way when no fault happens any more. A dead socket is found within 15 s, and the
/// next attempt follows within 3.5 s.
const SETTLING: Duration = Duration::from_secs(60);
/// How often the state of the run is printed.
const REPORT: Duration = Duration::from_secs(10);
/// How long clients still listen for what must not come.
const LISTENING: Duration = Duration::from_secs(1);

/// Runs, prints what came out, and returns whether the contract was kept.
///
/// # Errors
/// When a process does not start, or a client cannot connect.
pub async fn run(options: &Options) -> Result<bool, Box<dyn Error>> {
    let Options { seed, clients, rooms, .. } = *options;
    let mut random = Random::new(seed);
    let window = options.window.map(|seconds| seconds.to_string());
    let more: Vec<&str> = window.iter().flat_map(|window| ["--resume-window", window]).collect();
    let mut world = World::start(options, &more).await?;
    let names = Arc::new(Names::new(&format!("chaos-{seed}"), clients, rooms)?);
    let recorder = Recorder::start();
    let tally = Tally::default();
    let balancer = world.balancer.clone();
    let ways = (0..clients).map(|_| Way::begin(&balancer, &mut random)).collect::<Result<Vec<_>, _>>()?;
    let pause = Duration::from_secs_f64(1.0 / options.rate);
    let mut choices = random.fork();
    let cast = Cast::begin(&names, &recorder, &mut random, pause, |peer| match ways.get(usize::from(peer)) {
        Some(way) => way.endpoints(&balancer, choices.fork()),
        None => "".into(),
    });
    let cast = cast.await?;
    let store = if options.redis { "Redis" } else { "memory" };
    println!("seed {seed}: {clients} clients, {} servers on {store}, {} min", world.nodes(), options.minutes);

    let longest = options.longest_fault();
    let (stop, stopped) = watch::channel(false);
    let client_random = random.fork();
    let for_clients = async {
        match options.client_pause() {
            Some(pause) => trouble_clients(&ways, client_random, pause, longest, &tally).await,
            None => pending().await,
        }
    };
    let limits = Limits { kinds: options.happenings(), longest, stopped };
    let for_servers = trouble_servers(&mut world, random, options.server_pause(), limits, &tally, |word| {
        recorder.note(|history, at| match word {
            Word::Loses(outage) => history.outage(at, Some(outage)),
            Word::HasLost => history.outage(at, None),
            Word::WedgeUnfound => history.odd("a wedged subscription was not found within 8 s".into()),
        });
    });
    let clock = async {
        sleep(options.duration()).await;
        stop.send_replace(true);
    };
    tokio::select! {
        ended = for_clients => ended?,
        // What happens to a server when the time is over goes on until the server runs again.
        (ended, ()) = async { tokio::join!(for_servers, clock) } => ended?,
        () = report(&recorder, &tally) => {}
    }

    cast.settle();
    for way in &ways {
        way.proxy.heal()?;
    }
    let began = Instant::now();
    let settled = async {
        while recorder.note(|history, _| history.under_way()) > 0 {
            sleep(Duration::from_millis(50)).await;
        }
    };
    let is_settled = tokio::select! {
        settled = timeout(SETTLING, settled) => settled.is_ok(),
        () = report(&recorder, &tally) => false,
    };
    sleep(LISTENING).await;
    println!("faults:   {tally}");
    println!("settled:  {} after {:.1} s", is_settled, began.elapsed().as_secs_f64());
    let verdict = recorder.take().finish();
    print!("{verdict}");
    cast.end().await;
    world.keep_logs()?;
    Ok(verdict.is_kept())
}

/// Prints the state of the run every now and then, without end.
async fn report(recorder: &Recorder, tally: &Tally) {
    let began = Instant::now();
    loop {
        sleep(REPORT).await;
        let (sent, heard, under_way) = recorder.note(|history, _| {
            let verdict = history.so_far();
            (verdict.sent + verdict.broadcasts, verdict.received, history.under_way())
        });
        let seconds = began.elapsed().as_secs();
        println!("{seconds:>5} s: {sent} sent, {heard} heard, {under_way} under way; faults: {tally}");
    }
}

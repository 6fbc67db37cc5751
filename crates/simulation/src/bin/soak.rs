//! Runs the stories of so many seeds, from this one on, and prints what became of every message: one JSON object in one line.
//! Seeds from 1,000,000 on tell of other tabs and of the lives of pages as well, those from 2,000,000 on of room storms and
//! mass absences, and of clients that drive two sockets. With WHOLE in the environment it prints the whole story of a seed that fails, not its tail. `npm run soak` runs it for a given time. With a third argument it goes on after a seed that fails.

use serde_json::{Map, Value, json};
use signalpost_simulation::runner;
use signalpost_simulation::story;
use signalpost_simulation::world::Totals;
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

/// The seed whose story runs, for the message of a panic, which may end the process.
static SEED: AtomicU64 = AtomicU64::new(0);

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let mut number = || arguments.next().and_then(|text| text.parse::<u64>().ok());
    let (Some(first), Some(count)) = (number(), number()) else {
        eprintln!("soak FIRST COUNT [1]");
        return ExitCode::from(2);
    };
    let goes_on = number().is_some();
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        eprintln!("SEED={} panics", SEED.load(Ordering::Relaxed));
        before(info);
    }));
    let mut totals = Totals::default();
    let mut refusals = BTreeMap::<String, u64>::new();
    let mut failed = Vec::new();
    let mut seeds = 0;
    for seed in first..first + count {
        SEED.store(seed, Ordering::Relaxed);
        let (world, verdict) = runner::run(seed, std::env::var_os("WHOLE").is_some(), story::tell);
        seeds += 1;
        totals.add(world.totals());
        for (code, count) in world.refusals() {
            *refusals.entry(code.into()).or_default() += count;
        }
        if let Err(problem) = verdict {
            failed.push(json!({ "seed": seed, "problem": problem }));
            if !goes_on {
                eprintln!("{}", world.trace.text());
                break;
            }
        }
    }
    let refusals: Map<String, Value> =
        refusals.into_iter().map(|(code, count)| (code, count.into())).collect();
    let Totals { sent, delivered, voided, ended, lost, doubled, reordered } = totals;
    println!(
        "{}",
        json!({
            "seeds": seeds, "sent": sent, "delivered": delivered, "voided": voided, "ended": ended,
            "lost": lost, "doubled": doubled, "reordered": reordered, "refusals": refusals, "failed": failed,
        })
    );
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

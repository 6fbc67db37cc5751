//! Runs a scenario over many seeds. It reports the first that fails, with its seed and the tail of its story;
//! `SEED=n` in the environment runs that seed alone and prints all of it; `SEEDS=n` runs n times as many seeds.

use crate::world::World;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a scenario says when it ends.
pub type Verdict = Result<(), String>;

/// Runs one seed; answers the world as it is at the end, and whether all went well.
pub fn run(seed: u64, whole: bool, scenario: impl Fn(&mut World) -> Verdict) -> (World, Verdict) {
    let mut world = World::new(seed, whole);
    let result = catch_unwind(AssertUnwindSafe(|| scenario(&mut world)));
    let verdict = match (result, &world.violation) {
        (Err(_), _) => Err("it panicked".into()),
        (Ok(_), Some(violation)) => Err(violation.clone()),
        (Ok(verdict), None) => verdict,
    };
    (world, verdict)
}

/// Runs every seed of the range.
///
/// # Panics
/// When a seed fails, or two runs of the first seed differ.
#[expect(clippy::panic, reason = "this is how a test fails")]
pub fn check_seeds(name: &str, seeds: Range<u64>, scenario: impl Fn(&mut World) -> Verdict) {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let chosen = number("SEED");
    let (first, seeds) = match chosen {
        Some(seed) => (seed, seed..seed + 1),
        None => {
            (seeds.start, seeds.start..seeds.start + (seeds.end - seeds.start) * number("SEEDS").unwrap_or(1))
        }
    };
    for seed in seeds {
        let (world, verdict) = run(seed, chosen.is_some(), &scenario);
        if let Err(problem) = verdict {
            panic!("{name}, SEED={seed}: {problem}\n{}", world.trace.text());
        }
        if chosen.is_some() {
            println!("{}", world.trace.text());
        }
    }
    let hash = || run(first, false, &scenario).0.trace.hash();
    if hash() != hash() {
        panic!("{name}: the seed {first} tells two stories");
    }
}

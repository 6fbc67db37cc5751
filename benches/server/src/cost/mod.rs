//! What a relayed message and an idle session cost the server, for each engine, beside a floor: the relay that inspects
//! nothing. `npm run bench:relay` builds and runs it.

mod contender;
mod messages;
mod sessions;

use crate::bench::Bench;
use crate::failure::Failure;
use crate::processors::Processors;
use contender::Contender;
use std::path::PathBuf;

/// Pairs that play at a time, unless the command line says otherwise.
const PAIRS: usize = 200;
/// Rounds of each contender in turn.
const ROUNDS: usize = 5;
/// Idle sessions.
const SESSIONS: usize = 5_000;

/// What to measure.
#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    pub server: PathBuf,
    pairs: usize,
    rounds: usize,
    sessions: usize,
}

impl Options {
    /// `--server PATH [--pairs COUNT] [--rounds COUNT] [--sessions COUNT]`
    ///
    /// # Errors
    /// When the arguments have another form.
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, Failure> {
        let mut arguments = arguments.into_iter();
        let mut options = Self { server: PathBuf::new(), pairs: PAIRS, rounds: ROUNDS, sessions: SESSIONS };
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or_else(|| Failure::Broken(format!("{name} wants a value")))?;
            let count = || match value.parse::<usize>() {
                Ok(count) if count > 0 => Ok(count),
                _ => Err(Failure::Broken(format!("{value} is not a number above 0"))),
            };
            match name.as_str() {
                "--server" => options.server = value.into(),
                "--pairs" => options.pairs = count()?,
                "--rounds" => options.rounds = count()?,
                "--sessions" => options.sessions = count()?,
                _ => return Err(Failure::Broken(format!("no option {name}"))),
            }
        }
        if options.server.as_os_str().is_empty() {
            return Err(Failure::Broken("--server PATH is missing".into()));
        }
        Ok(options)
    }
}

/// Measures everything and prints the tables, in Markdown.
///
/// # Errors
/// When something cannot be measured: a table with a gap would be taken for a result.
pub async fn run(bench: &Bench, options: &Options) -> Result<(), Failure> {
    let contenders = Contender::all();
    let processors =
        Processors::find().ok_or_else(|| Failure::Broken("two processors are needed, and Linux".into()))?;
    processors.leave_the_first().await?;
    let processor = processors.of_server();
    let messages = messages::table(bench, &contenders, &processor, options.pairs, options.rounds).await?;
    let sessions = sessions::table(bench, &contenders, &processor, options.sessions).await?;
    processors.take_all().await?;
    println!("{messages}\n{sessions}");
    Ok(())
}

/// Writes one line of a table.
fn row(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

/// Writes the median of some figures, and their range.
fn spread(figures: &[f64], digits: usize) -> String {
    let mut ordered = figures.to_vec();
    ordered.sort_by(f64::total_cmp);
    let at = |index: usize| ordered.get(index).copied().unwrap_or(f64::NAN);
    let (lowest, highest) = (at(0), at(ordered.len().saturating_sub(1)));
    format!("{:.digits$} ({lowest:.digits$}–{highest:.digits$})", median(&ordered))
}

/// Returns the median of ordered figures: the lower one of two in the middle.
fn median(ordered: &[f64]) -> f64 {
    ordered.get(ordered.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Options, Failure> {
        Options::parse(text.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn the_sizes_can_be_chosen() {
        let options = parse("--server x --sessions 50").unwrap();
        assert_eq!((options.sessions, options.rounds), (50, ROUNDS));
        for wrong in ["", "--server", "--server x --rounds 0", "--server x --pairs many", "--server x --to y"]
        {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn figures_are_told_by_their_median_and_range() {
        assert_eq!(spread(&[3.0, 1.04, 2.0], 1), "2.0 (1.0–3.0)");
        assert_eq!(spread(&[7.0], 0), "7 (7–7)");
        assert_eq!(median(&[1.0, 2.0, 3.0, 4.0]), 2.0);
    }
}

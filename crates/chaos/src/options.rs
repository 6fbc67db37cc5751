//! The command line.

use crate::happening::Happening;
use crate::history::Outage;
use clap::{Args, Parser};
use std::path::PathBuf;
use std::time::Duration;

/// The options of a run.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "chaos",
    about = "Load and faults against real servers, and a check of what the clients heard."
)]
pub struct Options {
    /// The seed from which the load and the faults are drawn.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How long the load and the faults last, in minutes. The clients then have time to hear what is under way.
    #[arg(long, default_value_t = 2.0, value_parser = positive)]
    pub minutes: f64,
    /// Number of clients.
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u16).range(2..=2000))]
    pub clients: u16,
    /// Number of rooms; each client is in about half of them, each guest of `--presence` in one.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u16).range(0..=32))]
    pub rooms: u16,
    /// How many things each client does in a second on average.
    #[arg(long, default_value_t = 6.0, value_parser = positive)]
    pub rate: f64,
    /// Number of servers. More than one need a store.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=16))]
    pub nodes: u16,
    /// The server keeps everything in its own memory.
    #[arg(long, conflicts_with = "redis")]
    pub memory: bool,
    /// The servers share a Redis server, which is started for them.
    #[arg(long)]
    pub redis: bool,
    /// How long the servers keep the session of a client that is away, in seconds. By default as long as servers do,
    /// with `--presence` 30; there no fault lasts longer than a quarter of it.
    #[arg(long, value_parser = clap::value_parser!(u32).range(4..=600), value_name = "SECONDS")]
    pub window: Option<u32>,
    /// The folder to which the logs of the servers and of Redis are copied in the end. Without it the servers log little.
    #[arg(long, value_name = "FOLDER")]
    pub logs: Option<PathBuf>,
    /// Instead of messages, check what others see of so many guests who come and go; `--clients` is how many are there at once.
    #[arg(long, value_name = "GUESTS")]
    pub presence: Option<u32>,
    /// Instead, measure what two servers on one Redis cost while nothing goes wrong.
    #[arg(long)]
    pub figures: bool,
    /// What goes wrong.
    #[command(flatten)]
    pub faults: Faults,
    /// The program of the servers. By default the one that cargo built beside this one.
    #[arg(long, value_name = "FILE")]
    pub server: Option<PathBuf>,
}

/// What goes wrong, and how often.
#[derive(Clone, Debug, Args)]
pub struct Faults {
    /// How often the socket of some client is cut or frozen, in times a second on average; 0: never.
    #[arg(long, default_value_t = 4.0, value_parser = not_negative)]
    pub client_faults: f64,
    /// How often something happens to a server or to its store, in times a minute on average; 0: never.
    #[arg(long, default_value_t = 6.0, value_parser = not_negative)]
    pub server_faults: f64,
    /// Redis also loses data now and then: all of it, or, when a replica takes its place, what the replica did not have yet. Then
    /// sessions end. The clients hear of it, and what goes with a session is counted and is no offence.
    #[arg(long, requires = "redis", value_delimiter = ',', value_name = "KINDS")]
    pub losses: Vec<Outage>,
    /// Of what can happen to servers and Redis only this happens.
    #[arg(long, value_delimiter = ',', value_name = "KINDS")]
    pub only: Vec<Happening>,
    /// The longest that one fault lasts, in seconds. By default a third of the run, and never more.
    #[arg(long, default_value_t = 60.0, value_parser = positive, value_name = "SECONDS")]
    pub longest: f64,
}

impl Options {
    /// How long the load and the faults last.
    pub fn duration(&self) -> Duration {
        Duration::from_secs_f64(self.minutes * 60.0)
    }

    /// The longest that one fault lasts.
    pub fn longest_fault(&self) -> Duration {
        Duration::from_secs_f64(self.faults.longest).min(self.duration() / 3)
    }

    /// The pause between two things that happen to sockets of clients, on average; `None` where nothing does.
    pub fn client_pause(&self) -> Option<Duration> {
        (self.faults.client_faults > 0.0).then(|| Duration::from_secs(1).div_f64(self.faults.client_faults))
    }

    /// What can happen to servers and their store.
    pub fn happenings(&self) -> Vec<Happening> {
        let Faults { only, losses, .. } = &self.faults;
        if only.is_empty() { Happening::all(self.redis, losses) } else { only.clone() }
    }

    /// The pause between two things that happen to servers or their store, on average; `None` where nothing does.
    pub fn server_pause(&self) -> Option<Duration> {
        (self.faults.server_faults > 0.0).then(|| Duration::from_secs(60).div_f64(self.faults.server_faults))
    }
}

/// More than this many minutes, or times, is a mistake.
const MOST: f64 = 100_000.0;

fn not_negative(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number| (0.0..=MOST).contains(number));
    number.ok_or_else(|| format!("must be a number from 0 to {MOST}"))
}

fn positive(text: &str) -> Result<f64, String> {
    not_negative(text)
        .and_then(|number| if number > 0.0 { Ok(number) } else { Err("must be more than 0".into()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_positive_numbers() {
        let options = Options::try_parse_from(["chaos", "--minutes", "0.5", "--client-faults", "0"]).unwrap();
        assert_eq!((options.duration(), options.faults.client_faults), (Duration::from_secs(30), 0.0));
        for wrong in [["--minutes", "0"], ["--minutes", "NaN"], ["--rate", "-1"], ["--clients", "1"]] {
            assert!(Options::try_parse_from(["chaos"].iter().chain(&wrong)).is_err(), "{wrong:?}");
        }
        assert!(Options::try_parse_from(["chaos", "--memory", "--redis"]).is_err());
        let options = Options::try_parse_from(["chaos", "--redis", "--losses", "wiped,tail"]).unwrap();
        assert_eq!(options.faults.losses, [Outage::Wiped, Outage::LostTail]);
    }
}

//! The result of a row, and the table of all rows.

use crate::lag::Lag;
use crate::server_process::{ServerProcess, value};
use crate::times::{Times, ms};
use std::time::Duration;

/// The gauge of the server that says how long the engine's lock was held at most.
const LONGEST_HOLD: &str = "signalpost_engine_longest_hold_seconds";
const UNKNOWN: &str = "–";

/// One line of the table.
#[derive(Debug)]
pub struct Line {
    row: String,
    what: String,
    before: String,
    during: String,
    longest: String,
    memory: String,
    hold: String,
    lag: String,
    seen: Vec<String>,
}

impl Line {
    pub fn new(row: &str, what: impl Into<String>) -> Self {
        let unknown = || UNKNOWN.to_owned();
        Self {
            row: row.into(),
            what: what.into(),
            before: unknown(),
            during: unknown(),
            longest: unknown(),
            memory: unknown(),
            hold: unknown(),
            lag: unknown(),
            seen: Vec::new(),
        }
    }

    pub fn before(&mut self, times: &Times) {
        self.before = times.to_string();
    }

    pub fn during(&mut self, times: &Times, lag: &Lag) {
        self.during = times.to_string();
        if times.count() > 0 {
            self.longest = ms(times.longest());
        }
        self.lag = lag.to_string();
    }

    /// A note that fits into no column.
    pub fn saw(&mut self, what: impl Into<String>) {
        self.seen.push(what.into());
    }

    pub fn saw_all(&mut self, what: impl IntoIterator<Item = String>) {
        self.seen.extend(what);
    }

    /// Asks the server and the system for the remaining figures, and ends the server.
    pub async fn finish(mut self, server: ServerProcess) -> Self {
        if let Some(bytes) = server.most_resident() {
            self.memory = megabytes(bytes);
        }
        match server.metrics().await {
            Some(metrics) => {
                if let Some(seconds) = value(&metrics, LONGEST_HOLD) {
                    self.hold = ms(Duration::try_from_secs_f64(seconds).unwrap_or_default());
                }
                let is_of_mailboxes = |line: &&str| !line.starts_with('#') && line.contains("mailbox");
                self.seen.extend(metrics.lines().filter(is_of_mailboxes).map(|line| format!("`{line}`")));
            }
            None => self.saw("/metrics does not answer within 5 s"),
        }
        match server.stop().await {
            Some(time) if time < Duration::from_secs(3) => {}
            Some(time) => self.saw(format!("ends {} after SIGTERM", ms(time))),
            None => self.saw("does not end within 20 s of SIGTERM"),
        }
        self
    }

    /// Makes the line of a row that could not run.
    pub fn failed(row: &str, why: impl core::fmt::Display) -> Self {
        let mut line = Self::new(row, "");
        line.saw(format!("not measured: {why}"));
        line
    }

    fn cells(&self) -> [String; 8] {
        let row =
            if self.what.is_empty() { self.row.clone() } else { format!("{}: {}", self.row, self.what) };
        [
            row,
            self.before.clone(),
            self.during.clone(),
            self.longest.clone(),
            self.memory.clone(),
            self.hold.clone(),
            self.seen.join("; "),
            self.lag.clone(),
        ]
    }
}

/// Bytes, in MB.
pub fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// The table, in Markdown.
pub fn table(lines: &[Line]) -> String {
    let head = [
        "row",
        "others before, p50 / p99 ms",
        "others during, p50 / p99 ms",
        "longest, ms",
        "most memory",
        "longest hold of the lock, ms",
        "what happened",
        "own lag, p99 (most) ms: measuring; crowd",
    ]
    .map(str::to_owned);
    let rule = [(); 8].map(|()| "---".to_owned());
    let rows = [head, rule].into_iter().chain(lines.iter().map(Line::cells));
    rows.map(|cells| format!("| {} |\n", cells.join(" | "))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_a_line_for_each_row() {
        let mut line = Line::new("A1", "2,000 members");
        line.before(&Times::new(vec![Duration::from_millis(2)]));
        line.saw("one");
        line.saw("two");
        let table = table(&[line, Line::failed("A8", "no taskset")]);
        let rows: Vec<&str> = table.lines().collect();
        assert_eq!(rows.len(), 4);
        assert_eq!(rows[2], "| A1: 2,000 members | 2.0 / 2.0 | – | – | – | – | one; two | – |");
        assert!(rows[3].contains("not measured: no taskset"));
        assert!(rows.iter().all(|row| row.matches('|').count() == 9));
    }
}

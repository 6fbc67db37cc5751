//! What happened: lines for a reader, and a hash that two runs of one seed must share.

use std::collections::VecDeque;
use std::fmt::{self, Write as _};

/// Lines that are kept unless all are wanted.
const TAIL: usize = 160;

/// The story so far.
#[derive(Debug)]
pub struct Trace {
    lines: VecDeque<String>,
    most: usize,
    hash: u64,
}

impl Trace {
    /// An empty story; `whole` keeps every line.
    pub fn new(whole: bool) -> Self {
        let most = if whole { usize::MAX } else { TAIL };
        Self { lines: VecDeque::new(), most, hash: 0xcbf2_9ce4_8422_2325 }
    }

    /// Notes what somebody did.
    pub fn note(&mut self, now: u64, who: &str, what: fmt::Arguments<'_>) {
        let mut line = format!("{now:>7} {who:<8} ");
        // Writing to a String does not fail.
        let _written = line.write_fmt(what);
        for byte in line.bytes() {
            // FNV-1a
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        if self.lines.len() >= self.most {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    /// The hash of every line there ever was.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// The lines that were kept.
    pub fn text(&self) -> String {
        self.lines.iter().fold(String::new(), |text, line| text + line + "\n")
    }
}

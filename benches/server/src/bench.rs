//! The parts that all rows share.

use crate::crowd_thread::CrowdThread;
use crate::lag::{Lag, Meter};
use std::path::PathBuf;
use std::time::Duration;

/// How long the others talk before the load begins.
pub const BEFORE: Duration = Duration::from_secs(3);
/// How long the others talk at least while the load goes on.
pub const DURING: Duration = Duration::from_secs(5);

/// The server's binary, the two threads of the load, and how long it waits for a server that does not answer.
pub struct Bench {
    pub server: PathBuf,
    pub patience: Duration,
    pub crowd: CrowdThread,
    pub measuring: Meter,
}

impl Bench {
    /// Returns how late both threads were since the last call.
    pub fn lag(&self) -> Lag {
        Lag { measuring: self.measuring.take(), crowd: self.crowd.lag.take() }
    }
}

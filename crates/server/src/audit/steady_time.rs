//! A time of day for what must be gone in time.

/// The time of day, in milliseconds since the Unix epoch, that is never slower than either clock of the process: it takes part
/// in every step of the monotonic clock, and follows the wall clock forward, also over a sleep of the machine. So a wall clock
/// that is set back delays no expiry. After a wall clock was wrong and ahead, this time stays ahead until the process ends.
#[derive(Debug, Default)]
pub struct SteadyTime {
    monotonic: u64,
    unix: u64,
}

impl SteadyTime {
    /// Takes what both clocks show, in milliseconds.
    pub fn tell(&mut self, monotonic: u64, wall: u64) {
        let passed = monotonic.saturating_sub(self.monotonic);
        self.monotonic = self.monotonic.max(monotonic);
        self.unix = self.unix.saturating_add(passed).max(wall);
    }

    /// Returns the time of day at the last call of [`SteadyTime::tell`].
    pub const fn now(&self) -> u64 {
        self.unix
    }

    /// Returns the time of day at which the monotonic clock showed `monotonic`.
    pub fn at(&self, monotonic: u64) -> u64 {
        self.unix.saturating_sub(self.monotonic.saturating_sub(monotonic))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_clock_can_hold_it_up() {
        let mut time = SteadyTime::default();
        let mut tell = |monotonic, wall| {
            time.tell(monotonic, wall);
            (time.now(), time.at(5_500))
        };
        assert_eq!(tell(5_000, 1_000_000).0, 1_000_000);
        assert_eq!(tell(6_000, 1_001_000), (1_001_000, 1_000_500));
        // The wall clock is set back; then the machine sleeps.
        assert_eq!(tell(8_000, 0), (1_003_000, 1_000_500));
        assert_eq!(tell(8_000, 9_000_000).0, 9_000_000);
        // An older reading takes nothing back.
        assert_eq!(tell(7_000, 8_999_000).0, 9_000_000);
        assert_eq!(tell(9_000, 9_000_500).0, 9_001_000);
    }
}

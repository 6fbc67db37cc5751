//! How a client notices that the machine slept: timers stand still meanwhile, the wall clock goes on.

/// How far the wall clock may move against the monotonic clock before it counts as a sleep, in milliseconds.
const JUMP_MS: f64 = 2_000.0;

/// How often a page that is seen looks at its clocks, in milliseconds.
const LOOK_EVERY_MS: u32 = 2_000;

/// Compares the wall clock (`Date.now()`) with the monotonic clock (`performance.now()`), which may stand still in a sleep.
#[derive(Clone, Copy, Debug)]
pub struct SleepWatch {
    /// How far the wall clock is ahead of the monotonic clock.
    ahead_ms: f64,
}

impl SleepWatch {
    /// Starts to watch.
    pub fn new(wall_ms: f64, monotonic_ms: f64) -> Self {
        Self { ahead_ms: wall_ms - monotonic_ms }
    }

    /// Returns whether the wall clock jumped, forwards or backwards, since the last look.
    pub fn jumped(&mut self, wall_ms: f64, monotonic_ms: f64) -> bool {
        let before = core::mem::replace(&mut self.ahead_ms, wall_ms - monotonic_ms);
        (before - self.ahead_ms).abs() > JUMP_MS
    }
}

/// Returns how long a timer waits that is due in `milliseconds`: a page that is seen is woken at least every two seconds, to look
/// at the clocks.
pub fn wait_ms(milliseconds: u32, is_page_visible: bool) -> u32 {
    if is_page_visible { milliseconds.min(LOOK_EVERY_MS) } else { milliseconds }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_that_go_on_together_are_no_sleep() {
        let mut watch = SleepWatch::new(1_000_000.0, 50.0);
        assert!(!watch.jumped(1_060_000.0, 60_050.0));
        // NTP corrects the wall clock by less.
        assert!(!watch.jumped(1_062_000.0, 60_050.0));
    }

    #[test]
    fn a_jump_in_either_direction_is_noticed_once() {
        let mut watch = SleepWatch::new(1_000_000.0, 0.0);
        assert!(watch.jumped(1_003_500.0, 0.0));
        assert!(!watch.jumped(1_003_510.0, 10.0));
        assert!(watch.jumped(1_000_000.0, 20.0));
        assert!(!watch.jumped(1_000_000.0, 20.0));
    }

    #[test]
    fn only_a_page_that_is_seen_looks_early() {
        assert_eq!(wait_ms(60_000, true), 2_000);
        assert_eq!(wait_ms(60_000, false), 60_000);
        assert_eq!(wait_ms(5, true), 5);
    }
}

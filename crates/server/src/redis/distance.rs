//! How far a region's Redis is from this node.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Round trips that count.
const KEPT: usize = 5;

/// The last round trips to the Redis of one region.
#[derive(Debug, Default)]
pub(super) struct Distance(Mutex<VecDeque<Duration>>);

impl Distance {
    /// Notes a round trip.
    pub(super) fn note(&self, took: Duration) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.len() >= KEPT {
            last.pop_front();
        }
        last.push_back(took);
    }

    /// Returns the median of the last round trips; [`Duration::MAX`] if there was none.
    pub(super) fn median(&self) -> Duration {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut last: Vec<Duration> = last.iter().copied().collect();
        last.sort_unstable();
        last.get(last.len() / 2).copied().unwrap_or(Duration::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slow_answer_does_not_make_a_region_far() {
        let distance = Distance::default();
        assert_eq!(distance.median(), Duration::MAX);
        for took in [10, 11, 900, 12, 10] {
            distance.note(Duration::from_millis(took));
        }
        assert_eq!(distance.median(), Duration::from_millis(11));
        for _ in 0..3 {
            distance.note(Duration::from_millis(80));
        }
        assert_eq!(distance.median(), Duration::from_millis(80), "old ones are forgotten");
    }
}

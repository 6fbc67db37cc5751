//! Everything random of a run, from its seed.

use signalpost_protocol::SplitMix64;
use std::time::Duration;

/// Draws what happens in a run. The same seed draws the same.
#[derive(Clone, Debug)]
pub struct Random(SplitMix64);

impl Random {
    /// A generator whose sequence depends on `seed` alone.
    pub const fn new(seed: u64) -> Self {
        Self(SplitMix64::new(seed))
    }

    /// A generator of its own for something that happens beside this, so that neither depends on the other's pace.
    pub const fn fork(&mut self) -> Self {
        Self::new(self.0.next_u64())
    }

    /// A number below `end`; 0 where `end` is 0.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX);
        usize::try_from(self.0.next_u64().checked_rem(end).unwrap_or(0)).unwrap_or(0)
    }

    /// One of `all`.
    ///
    /// Returns `None` where there is none.
    pub fn choose<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        all.get(self.below(all.len()))
    }

    /// Whether something happens that happens so many times in a hundred.
    pub fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    /// A time from `least` to `most` milliseconds, short ones more often: each doubling is as likely as the next.
    pub fn time(&mut self, least: u32, most: u32) -> Duration {
        let exponent = self.fraction() * (f64::from(most) / f64::from(least)).ln();
        Duration::from_secs_f64(f64::from(least) * exponent.exp() / 1000.0)
    }

    /// A pause between things that happen by themselves, so often on average; at most ten times as long.
    pub fn pause(&mut self, mean: Duration) -> Duration {
        mean.mul_f64((-(1.0 - self.fraction()).ln()).min(10.0))
    }

    /// A number from 0 to 1, without 1.
    fn fraction(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_lies_in_its_range() {
        let mut random = Random::new(1);
        let mut sum = Duration::ZERO;
        for _ in 0..10_000 {
            assert!(random.below(3) < 3);
            let time = random.time(10, 1000);
            assert!((10..=1000).contains(&time.as_millis()), "{time:?}");
            sum += random.pause(Duration::from_millis(100));
        }
        let mean = sum / 10_000;
        assert!((95..105).contains(&mean.as_millis()), "{mean:?}");
        assert_eq!((random.below(0), random.choose::<u8>(&[])), (0, None));
    }

    #[test]
    fn a_fork_does_not_depend_on_what_is_drawn_beside_it() {
        let drawn = |beside: usize| {
            let mut random = Random::new(7);
            let mut fork = random.fork();
            (0..beside).for_each(|_| assert!(random.below(9) < 9));
            [(); 8].map(|()| fork.below(1000))
        };
        assert_eq!(drawn(0), drawn(5));
    }
}

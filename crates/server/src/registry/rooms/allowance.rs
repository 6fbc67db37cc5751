//! Limits how often a peer may do something.

/// A bucket (a token bucket) that holds a number of uses and gets one back after each pause.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    left: u32,
    max: u32,
    pause_ms: u64,
    /// When the next use comes back.
    next_ms: u64,
}

impl Allowance {
    /// Creates a full bucket of `max` uses, of which one comes back each `pause_ms`.
    pub(crate) fn new(max: u32, pause_ms: u64) -> Self {
        Self { left: max, max, pause_ms, next_ms: 0 }
    }

    /// Takes one use.
    ///
    /// # Errors
    /// The milliseconds until there is one again.
    pub(crate) fn take(&mut self, now: u64) -> Result<(), u64> {
        if self.next_ms <= now {
            let missing = u64::from(self.max.saturating_sub(self.left));
            let came = now
                .saturating_sub(self.next_ms)
                .checked_div(self.pause_ms)
                .unwrap_or(missing)
                .saturating_add(1);
            let back = came.min(missing);
            self.left = self.left.saturating_add(u32::try_from(back).unwrap_or(u32::MAX));
            self.next_ms = self.next_ms.saturating_add(back.saturating_mul(self.pause_ms));
        }
        match self.left.checked_sub(1) {
            Some(left) => {
                if self.left >= self.max {
                    self.next_ms = now.saturating_add(self.pause_ms);
                }
                self.left = left;
                Ok(())
            }
            None => Err(self.next_ms.saturating_sub(now)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_come_back_one_by_one() {
        let mut allowance = Allowance::new(3, 100);
        for _ in 0..3 {
            assert_eq!(allowance.take(1_000), Ok(()));
        }
        assert_eq!(allowance.take(1_000), Err(100));
        assert_eq!(allowance.take(1_099), Err(1));
        assert_eq!(allowance.take(1_100), Ok(()));
        assert_eq!(allowance.take(1_100), Err(100));
        assert_eq!([allowance.take(1_350), allowance.take(1_350)], [Ok(()), Ok(())]);
        assert_eq!(allowance.take(1_350), Err(50));
    }

    #[test]
    fn a_rest_gives_no_more_than_the_bucket_holds() {
        let mut allowance = Allowance::new(2, 10);
        for start in [0, 1_000_000, u64::MAX / 2] {
            assert_eq!([allowance.take(start), allowance.take(start)], [Ok(()), Ok(())]);
            assert_eq!(allowance.take(start), Err(10));
        }
    }
}

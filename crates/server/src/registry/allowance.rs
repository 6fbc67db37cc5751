//! How often a peer may do something.

/// A bucket that holds a number of goes and gets one back after each pause.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowance {
    left: u32,
    most: u32,
    pause: u64,
    /// When the next go comes back, in milliseconds.
    next: u64,
}

impl Allowance {
    /// A full bucket of `most` goes, of which one comes back each `pause` milliseconds.
    pub(super) fn new(most: u32, pause: u64) -> Self {
        Self { left: most, most, pause, next: 0 }
    }

    /// Uses one go.
    ///
    /// # Errors
    /// How many milliseconds later there is one again.
    pub(super) fn take(&mut self, now: u64) -> Result<(), u64> {
        if self.next <= now {
            let missing = u64::from(self.most.saturating_sub(self.left));
            let came =
                now.saturating_sub(self.next).checked_div(self.pause).unwrap_or(missing).saturating_add(1);
            let back = came.min(missing);
            self.left = self.left.saturating_add(u32::try_from(back).unwrap_or(u32::MAX));
            self.next = self.next.saturating_add(back.saturating_mul(self.pause));
        }
        match self.left.checked_sub(1) {
            Some(left) => {
                if self.left >= self.most {
                    self.next = now.saturating_add(self.pause);
                }
                self.left = left;
                Ok(())
            }
            None => Err(self.next.saturating_sub(now)),
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

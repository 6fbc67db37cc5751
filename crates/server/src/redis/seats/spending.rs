//! What broadcasts in large rooms cost, and who may make more of it.

/// How far ahead of its time somebody may spend, in milliseconds.
const AHEAD_MS: u64 = 4_000;

/// What somebody has spent: posts to members, at so many a second. A single broadcast may take more than is left, however large its
/// room is.
#[derive(Debug, Default)]
pub(in crate::redis) struct Spending {
    /// Until when everything is paid, in milliseconds.
    paid_until: u64,
}

impl Spending {
    /// Returns in how many milliseconds there is something to spend; 0: now.
    pub(in crate::redis) fn wait(&self, now: u64) -> u64 {
        self.paid_until.saturating_sub(now.saturating_add(AHEAD_MS))
    }

    /// Spends so many posts.
    pub(in crate::redis) fn spend(&mut self, now: u64, posts: usize, a_second: u64) {
        let posts = u64::try_from(posts).unwrap_or(u64::MAX);
        let cost = posts.saturating_mul(1_000).checked_div(a_second).unwrap_or(0);
        self.paid_until = self.paid_until.max(now).saturating_add(cost);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_spent_too_much_waits_until_it_is_paid() {
        let mut spending = Spending::default();
        assert_eq!(spending.wait(1_000), 0);
        spending.spend(1_000, 4_000, 1_000);
        assert_eq!(spending.wait(1_000), 0, "four seconds ahead");
        spending.spend(1_000, 5_000, 1_000);
        assert_eq!((spending.wait(1_000), spending.wait(5_999), spending.wait(6_000)), (5_000, 1, 0));
        // What was not spent long ago does not count.
        spending.spend(100_000, 4_001, 1_000);
        assert_eq!((spending.wait(100_000), spending.wait(100_001)), (1, 0));
        spending.spend(u64::MAX, usize::MAX, 1);
        assert_eq!(spending.wait(u64::MAX), 0);
    }
}

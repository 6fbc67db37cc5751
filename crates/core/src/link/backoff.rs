//! When the client tries the server again: exponential backoff with full jitter.

use crate::config::ReconnectOptions;
use crate::rng::Rng;

/// Longest wait before the first retry after a link is lost, in milliseconds: enough to spread the clients of
/// a node that died, short enough that nobody notices.
pub const FIRST_RETRY_MS: u32 = 500;
/// How long a link must last before the failed attempts are forgotten, in milliseconds.
pub const GOOD_LINK_MS: u32 = 5_000;
/// How long the first, second and every further attempt may take to open a socket, in milliseconds.
const CONNECTING_MS: [u32; 3] = [5_000, 10_000, 20_000];

/// Counts attempts and draws the waits between them.
#[derive(Clone, Debug)]
pub struct Backoff {
    options: ReconnectOptions,
    attempts: u32,
    openings: usize,
}

impl Backoff {
    /// A policy that has seen no attempt.
    pub const fn new(options: ReconnectOptions) -> Self {
        Self { options, attempts: 0, openings: 0 }
    }

    /// How long the client waits before the next attempt, in milliseconds; `None` when the attempts are used up.
    /// `watched`: whether the page is visible and online.
    pub fn next_wait_ms(&mut self, watched: bool, rng: &mut Rng) -> Option<u32> {
        if self.attempts >= self.options.max_attempts {
            return None;
        }
        let ceiling = match self.attempts {
            0 => FIRST_RETRY_MS,
            retries => self.ceiling(retries, watched),
        };
        self.attempts = self.attempts.saturating_add(1);
        Some(rng.up_to(ceiling))
    }

    /// How long the attempt that starts now may take, in milliseconds.
    pub fn next_connecting_ms(&mut self) -> u32 {
        let [.., further] = CONNECTING_MS;
        let most = CONNECTING_MS.get(self.openings).copied().unwrap_or(further);
        self.openings = self.openings.saturating_add(1);
        most
    }

    /// The link was good for 5 s, or the application started anew.
    pub const fn reset(&mut self) {
        self.attempts = 0;
        self.openings = 0;
    }

    fn ceiling(&self, retries: u32, watched: bool) -> u32 {
        let most =
            if watched { self.options.max_ms.min(self.options.max_visible_ms) } else { self.options.max_ms };
        let mut ceiling = f64::from(self.options.base_ms);
        let most = f64::from(most);
        for _ in 1..retries {
            if ceiling >= most {
                break;
            }
            ceiling *= self.options.factor;
        }
        ceiling.min(most) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ceilings(watched: bool) -> Vec<u32> {
        let policy = Backoff::new(ReconnectOptions::default());
        (1..=7).map(|retries| policy.ceiling(retries, watched)).collect()
    }

    #[test]
    fn ceilings_double_up_to_the_cap_of_the_page() {
        assert_eq!(ceilings(false), [1000, 2000, 4000, 8000, 16000, 30000, 30000]);
        assert_eq!(ceilings(true), [1000, 2000, 3500, 3500, 3500, 3500, 3500]);
    }

    #[test]
    fn waits_fill_the_whole_range_and_the_first_is_short() {
        let mut rng = Rng::new(7);
        let mut highest = [0; 4];
        let mut lowest = [u32::MAX; 4];
        for _ in 0..2000 {
            let mut policy = Backoff::new(ReconnectOptions::default());
            for i in 0..4 {
                let wait = policy.next_wait_ms(false, &mut rng).unwrap();
                highest[i] = highest[i].max(wait);
                lowest[i] = lowest[i].min(wait);
            }
        }
        for (i, ceiling) in [500, 1000, 2000, 4000].into_iter().enumerate() {
            assert!(highest[i] <= ceiling && highest[i] > ceiling * 99 / 100, "{i}: {}", highest[i]);
            assert!(lowest[i] < ceiling / 100, "{i}: {}", lowest[i]);
        }
    }

    #[test]
    fn attempts_run_out_only_when_limited() {
        let mut rng = Rng::new(1);
        let mut policy = Backoff::new(ReconnectOptions { max_attempts: 2, ..ReconnectOptions::default() });
        assert!(policy.next_wait_ms(true, &mut rng).is_some());
        assert!(policy.next_wait_ms(true, &mut rng).is_some());
        assert!(policy.next_wait_ms(true, &mut rng).is_none());
        policy.reset();
        assert!(policy.next_wait_ms(true, &mut rng).is_some());
    }

    #[test]
    fn an_absurd_factor_does_not_overflow() {
        let options = ReconnectOptions { factor: f64::INFINITY, ..ReconnectOptions::default() };
        assert_eq!(Backoff::new(options).ceiling(1_000_000, false), 30_000);
    }
}

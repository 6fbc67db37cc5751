//! Which of several deadlines comes first.

use crate::output::TimerName;

/// What is kept of the reason for a deadline: its name, or nothing where nobody reads it.
pub trait Reason: Default {
    fn of(name: TimerName) -> Self;
}

impl Reason for Option<TimerName> {
    fn of(name: TimerName) -> Self {
        Some(name)
    }
}

impl Reason for () {
    fn of(_: TimerName) -> Self {}
}

/// The earliest deadline that was noted, and its reason; of equal ones the first. The end of time is none.
pub struct Earliest<R> {
    pub at: u64,
    pub why: R,
}

impl<R: Reason> Earliest<R> {
    pub fn new() -> Self {
        Self { at: u64::MAX, why: R::default() }
    }

    /// A deadline, if there is one.
    // A copy at each caller would weigh more.
    #[inline(never)]
    pub fn note(&mut self, at: Option<u64>, why: TimerName) {
        if let Some(at) = at
            && at < self.at
        {
            *self = Self { at, why: R::of(why) };
        }
    }
}

//! When the client wants to be woken, and why.

use crate::output::TimerName;
use crate::time::Time;

/// Finds the earliest of several deadlines; of equal ones the one that was noted first.
#[derive(Default)]
pub struct Earliest(Option<(Time, TimerName)>);

impl Earliest {
    /// Takes a deadline into account, if there is one.
    // A copy at each caller would weigh more.
    #[inline(never)]
    pub fn note(&mut self, at: Option<Time>, timer: TimerName) {
        if let Some(at) = at
            && self.0.is_none_or(|(earliest, _)| at < earliest)
        {
            self.0 = Some((at, timer));
        }
    }

    /// The earliest deadline and the timer that it is of.
    pub fn first(&self) -> Option<(Time, TimerName)> {
        self.0
    }
}

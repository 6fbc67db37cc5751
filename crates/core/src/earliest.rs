//! Which of several deadlines comes first.

use crate::output::TimerName;

/// The earliest deadline that was noted, and its reason; of equal ones the first.
#[derive(Default)]
pub struct Earliest(pub Option<(u64, TimerName)>);

impl Earliest {
    /// A deadline, if there is one.
    pub fn note(&mut self, at: Option<u64>, why: TimerName) {
        if let Some(at) = at
            && self.0.is_none_or(|(earliest, _)| at < earliest)
        {
            self.0 = Some((at, why));
        }
    }

    /// A deadline of another part, with the reason that it gives.
    pub fn note_of(&mut self, part: Option<(u64, TimerName)>) {
        if let Some((at, why)) = part {
            self.note(Some(at), why);
        }
    }
}

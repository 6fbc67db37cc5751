//! One timer: wakes once, at the deadline that was set last.

use crate::browser::{self, Heard};
use alloc::rc::Rc;
use core::cell::Cell;

/// Wakes at a deadline.
pub struct Timer {
    deadline: Rc<Cell<Option<u64>>>,
    timer: browser::Timer,
    _heard: Heard,
}

impl Timer {
    /// A timer that is not set. It calls `wake` when its time comes.
    pub fn new(wake: impl Fn() + 'static) -> Self {
        let deadline = Rc::new(Cell::new(None));
        let reached = Rc::clone(&deadline);
        let heard = Heard::new(move |_, _, _, _| {
            reached.set(None);
            wake();
        });
        Self { deadline, timer: browser::Timer::new(&heard), _heard: heard }
    }

    /// Sets the deadline; `None`: there is nothing to wake for.
    pub fn set(&self, now: u64, deadline: Option<u64>) {
        if self.deadline.replace(deadline) != deadline {
            let wait = |at: u64| i32::try_from(at.saturating_sub(now)).unwrap_or(i32::MAX);
            self.timer.set(deadline.map_or(-1, wait));
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.timer.close();
    }
}

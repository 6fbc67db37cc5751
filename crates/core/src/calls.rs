//! Promises of the application that wait for one thing, each with its deadline.

use crate::context::Context;
use crate::deadline::{Earliest, TimerName};
use crate::failure::Failure;
use crate::ids::CallId;
use crate::output::Reply;
use crate::time::Time;
use alloc::vec::Vec;

/// The promises that wait, each with the time at which it is rejected.
#[derive(Default)]
pub struct Calls(Vec<(CallId, Time)>);

impl Calls {
    /// One promise, which waits for at most `timeout_ms` from `now`.
    pub fn one(now: Time, call: CallId, timeout_ms: u32) -> Self {
        let mut calls = Self::default();
        calls.push(now, call, timeout_ms);
        calls
    }

    /// Adds a promise that waits for at most `timeout_ms` from `now`.
    pub fn push(&mut self, now: Time, call: CallId, timeout_ms: u32) {
        self.0.push((call, now.after_ms(timeout_ms)));
    }

    /// Gives a promise another deadline, if it waits here.
    pub fn set_deadline(&mut self, call: CallId, deadline: Time) {
        for entry in self.0.iter_mut().filter(|(waiting, _)| *waiting == call) {
            entry.1 = deadline;
        }
    }

    /// The earliest deadline.
    pub fn deadline(&self) -> Option<Time> {
        self.0.iter().map(|(_, deadline)| *deadline).min()
    }

    /// Whether no promise waits.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets a promise that the application aborted. Returns whether it waited.
    pub fn cancel(&mut self, call: CallId) -> bool {
        let at = self.0.iter().position(|(waiting, _)| *waiting == call);
        at.map(|at| self.0.remove(at)).is_some()
    }

    /// Settles all promises. Returns whether there were any.
    pub fn settle_all(&mut self, result: &Result<Reply, Failure>, context: &mut Context) -> bool {
        self.settle(result, context, |_, _| true)
    }

    /// Rejects the promises whose time has run out. Returns whether there were any.
    pub fn reject_late(&mut self, failure: &Failure, context: &mut Context) -> bool {
        self.settle(&Err(failure.clone()), context, |now, deadline| now >= deadline)
    }

    /// Notes the deadline of each promise.
    pub fn note_timeouts(&self, earliest: &mut Earliest) {
        for (_, deadline) in &self.0 {
            earliest.note(Some(*deadline), TimerName::Call);
        }
    }

    fn settle(
        &mut self,
        result: &Result<Reply, Failure>,
        context: &mut Context,
        is_over: fn(Time, Time) -> bool,
    ) -> bool {
        let before = self.0.len();
        for _ in 0..before {
            let (call, deadline) = self.0.remove(0);
            if is_over(context.now, deadline) {
                context.settle(call, result.clone());
            } else {
                self.0.push((call, deadline));
            }
        }
        self.0.len() != before
    }
}

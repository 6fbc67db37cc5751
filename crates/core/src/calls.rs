//! Promises of the application that wait for one thing, each with its deadline.

use crate::collections::queue::Queue;
use crate::deadline::{Earliest, Reason};
use crate::ids::CallId;
use crate::output::{Failure, Output, Reply, TimerName};
use alloc::vec::Vec;

#[derive(Default)]
pub struct Calls(Vec<(CallId, u64)>);

impl Calls {
    /// One promise, which waits for at most `timeout_ms` from `now`.
    pub fn one(now: u64, call: CallId, timeout_ms: u32) -> Self {
        let mut calls = Self::default();
        calls.push(now, call, timeout_ms);
        calls
    }

    /// A promise waits for at most `timeout_ms` from `now`.
    pub fn push(&mut self, now: u64, call: CallId, timeout_ms: u32) {
        self.0.push((call, now.saturating_add(u64::from(timeout_ms))));
    }

    /// Gives a promise another deadline. Returns whether it waits here.
    pub fn set_deadline(&mut self, call: CallId, deadline: u64) -> bool {
        let entry = self.0.iter_mut().find(|(waiting, _)| *waiting == call);
        entry.map(|entry| entry.1 = deadline).is_some()
    }

    /// The earliest deadline.
    pub fn deadline(&self) -> Option<u64> {
        self.0.iter().map(|(_, deadline)| *deadline).min()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The application no longer waits. Returns whether it did.
    pub fn cancel(&mut self, call: CallId) -> bool {
        let at = self.0.iter().position(|(waiting, _)| *waiting == call);
        at.map(|at| self.0.remove(at)).is_some()
    }

    /// Settles all. Returns whether there were any.
    pub fn settle_all(&mut self, result: &Result<Reply, Failure>, out: &mut Queue<Output>) -> bool {
        self.settle(u64::MAX, result, out)
    }

    /// Settles those whose time has run out. Returns whether there were any.
    pub fn settle_late(&mut self, now: u64, failure: &Failure, out: &mut Queue<Output>) -> bool {
        self.settle(now, &Err(failure.clone()), out)
    }

    pub fn note_timeouts<R: Reason>(&self, earliest: &mut Earliest<R>) {
        for (_, deadline) in &self.0 {
            earliest.note(Some(*deadline), TimerName::Call);
        }
    }

    fn settle(&mut self, now: u64, result: &Result<Reply, Failure>, out: &mut Queue<Output>) -> bool {
        let before = self.0.len();
        for _ in 0..before {
            let (call, deadline) = self.0.remove(0);
            if now >= deadline {
                out.push_back(Output::Settle { call, result: result.clone() });
            } else {
                self.0.push((call, deadline));
            }
        }
        self.0.len() != before
    }
}

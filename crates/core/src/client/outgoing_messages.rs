//! What the application sends to other peers through the server, until the server has answered.
//!
//! The session sees to it that each letter arrives once and in order. When a session ends, a letter that was on its way may
//! have arrived, so it is not sent again: its promise rejects with `link-lost`.

use crate::calls::Calls;
use crate::collections::queue::Queue;
use crate::deadline::{Earliest, Reason};
use crate::ids::CallId;
use crate::output::{Failure, Output, Reply, TimerName};
use alloc::vec::Vec;

/// How long an answer may take, in milliseconds: as long as the session of either side may be away, and a lease.
pub const ANSWER_MS: u32 = 150_000;
/// Most letters without an answer.
const MOST: usize = 256;
/// What one message costs of the allowance, in milliseconds: 20 a second.
const MESSAGE_MS: u64 = 50;
/// How far ahead the allowance may be used, in milliseconds: 40 messages at once.
const MOST_AHEAD_MS: u64 = 2_000;

struct Letter {
    id: u32,
    calls: Calls,
    /// Until when an answer may come although no promise waits for it any more.
    forget_at: u64,
    /// Its receiver has to say that it has it.
    receipt: bool,
}

#[derive(Default)]
pub struct Letters {
    letters: Vec<Letter>,
    /// Until when the messages sent so far use the allowance up.
    paid_until: u64,
}

impl Letters {
    /// Takes a message out of the allowance; false when the application sends too fast.
    pub fn admit(&mut self, now: u64) -> bool {
        let until = self.paid_until.max(now).saturating_add(MESSAGE_MS);
        let admitted = until <= now.saturating_add(MOST_AHEAD_MS);
        if admitted {
            self.paid_until = until;
        }
        admitted
    }

    /// Whether one more is too many.
    pub fn is_full(&self) -> bool {
        self.letters.len() >= MOST
    }

    /// These calls wait for an answer to the message of this number.
    pub fn push(&mut self, now: u64, id: u32, calls: Calls, receipt: bool) {
        self.letters.push(Letter { id, calls, forget_at: now.saturating_add(ANSWER_MS.into()), receipt });
    }

    /// Gives a promise another deadline, if it waits here.
    pub fn set_deadline(&mut self, call: CallId, deadline: u64) {
        for letter in &mut self.letters {
            letter.calls.set_deadline(call, deadline);
        }
    }

    /// The application no longer waits for this call. Returns the number of its message, if no other call waits for that.
    pub fn cancel(&mut self, call: CallId) -> Option<u32> {
        let letter =
            self.letters.iter_mut().find_map(|letter| letter.calls.cancel(call).then_some(letter))?;
        letter.calls.is_empty().then_some(letter.id)
    }

    /// Forgets a message that will not be sent.
    pub fn forget(&mut self, id: u32) {
        self.letters.retain(|letter| letter.id != id);
    }

    /// The server answered a message. `is_final`: no receipt follows. Returns whether it was one of these.
    pub fn handle_answer(
        &mut self,
        reference: Option<u32>,
        is_final: bool,
        result: &Result<Reply, Failure>,
        out: &mut Queue<Output>,
    ) -> bool {
        let Some(at) = self.letters.iter().position(|letter| Some(letter.id) == reference) else {
            return false;
        };
        if is_final || self.letters.get(at).is_some_and(|letter| !letter.receipt) {
            self.letters.remove(at).calls.settle_all(result, out);
        }
        true
    }

    /// Gives up those of which it is so; nothing will be answered any more.
    pub fn fail(&mut self, which: &mut dyn FnMut(u32) -> bool, failure: &Failure, out: &mut Queue<Output>) {
        for _ in 0..self.letters.len() {
            let mut letter = self.letters.remove(0);
            if which(letter.id) {
                letter.calls.settle_all(&Err(failure.clone()), out);
            } else {
                self.letters.push(letter);
            }
        }
    }

    /// Rejects the promises whose time has run out. Returns the numbers of the messages for which no promise waits any more.
    pub fn handle_timeout(&mut self, now: u64, late: &Failure, out: &mut Queue<Output>) -> Vec<u32> {
        let mut abandoned = Vec::new();
        for letter in &mut self.letters {
            if letter.calls.settle_late(now, late, out) && letter.calls.is_empty() {
                abandoned.push(letter.id);
            }
        }
        self.letters.retain(|letter| !letter.calls.is_empty() || now < letter.forget_at);
        abandoned
    }

    pub fn note_timeouts<R: Reason>(&self, earliest: &mut Earliest<R>) {
        for letter in &self.letters {
            let deadline = letter.calls.deadline().unwrap_or(letter.forget_at);
            earliest.note(Some(deadline), TimerName::Letter);
        }
    }
}

//! The messages of the application that are on their way to other peers, until the server has answered.
//!
//! The stream sees to it that each message arrives once and in order. When a session ends, a message that was on its way may
//! have arrived, so it is not sent again: its promise rejects with `link-lost`.

use crate::calls::Calls;
use crate::context::Context;
use crate::deadline::{Earliest, TimerName};
use crate::failure::Failure;
use crate::ids::{CallId, FrameId};
use crate::output::Reply;
use crate::time::Time;
use alloc::vec::Vec;

/// How long an answer may take, in milliseconds: as long as the session of either side may be away, and a lease.
pub const ANSWER_MS: u32 = 150_000;
/// Most messages without an answer.
const MAX: usize = 256;
/// What one message costs of the allowance, in milliseconds: 20 a second.
const MESSAGE_MS: u32 = 50;
/// How far ahead the allowance may be used, in milliseconds: 40 messages at once.
const MAX_AHEAD_MS: u32 = 2_000;

struct OutgoingMessage {
    id: FrameId,
    /// The calls that wait for the answer.
    calls: Calls,
    /// Until when an answer may come although no call waits for it any more.
    forget_at: Time,
    /// Its receiver has to say that it has it.
    receipt: bool,
}

/// The messages without an answer, and the allowance for further ones.
#[derive(Default)]
pub struct OutgoingMessages {
    messages: Vec<OutgoingMessage>,
    /// Until when the messages sent so far use the allowance up.
    paid_until: Option<Time>,
}

impl OutgoingMessages {
    /// Takes a message out of the allowance.
    ///
    /// # Errors
    /// In how many milliseconds the allowance has room, when the application sends too fast.
    pub fn admit(&mut self, now: Time) -> Result<(), u32> {
        let until = self.paid_until.map_or(now, |paid| paid.max(now)).after_ms(MESSAGE_MS);
        match until.ms_since(now.after_ms(MAX_AHEAD_MS)) {
            0 => {
                self.paid_until = Some(until);
                Ok(())
            }
            wait_ms => Err(wait_ms),
        }
    }

    /// Whether one more is too many.
    pub fn is_full(&self) -> bool {
        self.messages.len() >= MAX
    }

    /// Notes a message for whose answer these calls wait.
    pub fn push(&mut self, now: Time, id: FrameId, calls: Calls, receipt: bool) {
        self.messages.push(OutgoingMessage { id, calls, forget_at: now.after_ms(ANSWER_MS), receipt });
    }

    /// Gives a call another deadline, if it waits here.
    pub fn set_deadline(&mut self, call: CallId, deadline: Time) {
        for message in &mut self.messages {
            message.calls.set_deadline(call, deadline);
        }
    }

    /// The application no longer waits for this call. Returns its message, if no other call waits for that.
    pub fn cancel(&mut self, call: CallId) -> Option<FrameId> {
        let mut messages = self.messages.iter_mut();
        let message = messages.find_map(|message| message.calls.cancel(call).then_some(message))?;
        message.calls.is_empty().then_some(message.id)
    }

    /// Forgets a message that will not be sent.
    pub fn forget(&mut self, id: FrameId) {
        self.messages.retain(|message| message.id != id);
    }

    /// Settles the calls of the message that the server answered. `is_final`: no receipt follows. Returns whether the answer is
    /// to one of these messages.
    pub fn handle_answer(
        &mut self,
        reference: Option<u32>,
        is_final: bool,
        result: &Result<Reply, Failure>,
        context: &mut Context,
    ) -> bool {
        let Some(at) = self.messages.iter().position(|message| Some(message.id.0) == reference) else {
            return false;
        };
        if is_final || self.messages.get(at).is_some_and(|message| !message.receipt) {
            self.messages.remove(at).calls.settle_all(result, context);
        }
        true
    }

    /// Rejects the calls of every message that `which` selects; nothing will be answered any more.
    pub fn fail(&mut self, which: &mut dyn FnMut(FrameId) -> bool, failure: &Failure, context: &mut Context) {
        for _ in 0..self.messages.len() {
            let mut message = self.messages.remove(0);
            if which(message.id) {
                message.calls.settle_all(&Err(failure.clone()), context);
            } else {
                self.messages.push(message);
            }
        }
    }

    /// Rejects the calls whose time has run out. Returns the messages for which no call waits any more.
    pub fn handle_timeout(&mut self, late: &Failure, context: &mut Context) -> Vec<FrameId> {
        let mut abandoned = Vec::new();
        for message in &mut self.messages {
            if message.calls.reject_late(late, context) && message.calls.is_empty() {
                abandoned.push(message.id);
            }
        }
        self.messages.retain(|message| {
            let stays = !message.calls.is_empty() || context.now < message.forget_at;
            if !stays {
                abandoned.push(message.id);
            }
            stays
        });
        abandoned
    }

    /// Notes the deadline of each message.
    pub fn note_timeouts(&self, earliest: &mut Earliest) {
        for message in &self.messages {
            let deadline = message.calls.deadline().unwrap_or(message.forget_at);
            earliest.note(Some(deadline), TimerName::Message);
        }
    }
}

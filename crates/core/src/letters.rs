//! What the application sends to other peers through the server, until the server has answered.
//!
//! Each letter is put on a socket once, in the order of the calls; while there is no link it waits. One that was on its
//! way when the link was lost may have arrived, so it is not sent again: its promise rejects with `link-lost`.

use crate::output::{Failure, Output, Reply};
use crate::queue::Queue;
use alloc::vec::Vec;
use signalpost_protocol::{ClientMessage, ErrorCode};

/// How long an answer may take, in milliseconds.
const ANSWER_MS: u64 = 15_000;
/// Most letters without an answer.
const MOST: usize = 256;
/// Most bytes of letters that wait for a link.
const MOST_BYTES: usize = 1024 * 1024;
/// What one message costs of the allowance, in milliseconds: 20 a second.
const MESSAGE_MS: u64 = 50;
/// How far ahead the allowance may be used, in milliseconds: 40 messages at once.
const MOST_AHEAD_MS: u64 = 2_000;

enum Stage {
    Waiting { message: ClientMessage, bytes: usize },
    Sent { socket: u32, frame: u32 },
}

struct Letter {
    calls: Vec<u32>,
    deadline: u64,
    stage: Stage,
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

    /// Takes a letter of this many bytes, for which these calls wait.
    pub fn push(
        &mut self,
        now: u64,
        calls: Vec<u32>,
        message: ClientMessage,
        bytes: usize,
        out: &mut Queue<Output>,
    ) {
        let waiting: usize = self.letters.iter().map(Letter::waiting_bytes).sum();
        if self.letters.len() >= MOST || waiting.saturating_add(bytes) > MOST_BYTES {
            settle(&calls, &Err(ErrorCode::OutboxFull.into()), out);
            return;
        }
        let deadline = now.saturating_add(ANSWER_MS);
        self.letters.push(Letter { calls, deadline, stage: Stage::Waiting { message, bytes } });
    }

    /// Puts what waits on the socket in use; `send` answers the number of the frame. Gives up what was on its way on
    /// another one.
    pub fn advance(
        &mut self,
        socket: Option<u32>,
        out: &mut Queue<Output>,
        send: &mut dyn FnMut(ClientMessage, &mut Queue<Output>) -> Option<u32>,
    ) {
        self.fail(&mut |letter| letter.is_lost(socket), &ErrorCode::LinkLost.into(), out);
        let Some(socket) = socket else { return };
        for letter in &mut self.letters {
            let Stage::Waiting { message, .. } = &mut letter.stage else { continue };
            let message = core::mem::replace(message, ClientMessage::Heartbeat);
            if let Some(frame) = send(message, out) {
                letter.stage = Stage::Sent { socket, frame };
            }
        }
    }

    /// The server answered a frame. Returns whether it was one of these.
    pub fn handle_answer(
        &mut self,
        reference: Option<u32>,
        result: &Result<Reply, Failure>,
        out: &mut Queue<Output>,
    ) -> bool {
        let Some(answered) = reference else { return false };
        let is_it = |letter: &Letter| matches!(letter.stage, Stage::Sent { frame, .. } if frame == answered);
        let Some(at) = self.letters.iter().position(is_it) else { return false };
        settle(&self.letters.remove(at).calls, result, out);
        true
    }

    /// Nothing will be answered any more.
    pub fn fail_all(&mut self, failure: &Failure, out: &mut Queue<Output>) {
        self.fail(&mut |_| true, failure, out);
    }

    pub fn handle_timeout(&mut self, now: u64, out: &mut Queue<Output>) {
        self.fail(&mut |letter| now >= letter.deadline, &ErrorCode::Timeout.into(), out);
    }

    pub fn poll_timeout(&self) -> Option<u64> {
        self.letters.iter().map(|letter| letter.deadline).min()
    }

    fn fail(&mut self, which: &mut dyn FnMut(&Letter) -> bool, failure: &Failure, out: &mut Queue<Output>) {
        for letter in core::mem::take(&mut self.letters) {
            if which(&letter) {
                settle(&letter.calls, &Err(failure.clone()), out);
            } else {
                self.letters.push(letter);
            }
        }
    }
}

impl Letter {
    fn waiting_bytes(&self) -> usize {
        match self.stage {
            Stage::Waiting { bytes, .. } => bytes,
            Stage::Sent { .. } => 0,
        }
    }

    fn is_lost(&self, in_use: Option<u32>) -> bool {
        matches!(self.stage, Stage::Sent { socket, .. } if in_use != Some(socket))
    }
}

fn settle(calls: &[u32], result: &Result<Reply, Failure>, out: &mut Queue<Output>) {
    for call in calls {
        out.push_back(Output::Settle { call: *call, result: result.clone() });
    }
}

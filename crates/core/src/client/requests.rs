//! What was asked of the server and has no answer yet. A lost link does not lose it: it is asked again.

use crate::collections::queue::Queue;
use crate::deadline::{Earliest, Reason};
use crate::ids::CallId;
use crate::output::{Failure, Output, TimerName};
use alloc::{string::String, vec::Vec};
use signalpost_protocol::{ClientMessage, Query, RoomName};

/// How long an answer may take, in milliseconds.
const ANSWER_MS: u64 = 15_000;
/// Most questions without an answer.
const MOST: usize = 256;

#[derive(Clone, Debug, PartialEq)]
pub enum Question {
    Join(RoomName),
    Leave(RoomName),
    Find(Query),
    /// A further page of a room's list.
    Page(RoomName, String),
}

impl Question {
    /// The room that the question is to enter.
    pub fn joins(&self) -> Option<&RoomName> {
        match self {
            Self::Join(room) | Self::Page(room, _) => Some(room),
            Self::Leave(_) | Self::Find(_) => None,
        }
    }

    pub fn message(&self) -> ClientMessage {
        match self {
            Self::Join(room) => ClientMessage::Join(room.clone()),
            Self::Leave(room) => ClientMessage::Leave(room.clone()),
            Self::Find(query) => ClientMessage::Discover(query.clone()),
            Self::Page(room, cursor) => ClientMessage::Discover(Query {
                room: Some(room.clone()),
                cursor: Some(cursor.clone()),
                limit: Some(signalpost_protocol::limits::PAGE),
                ..Query::default()
            }),
        }
    }
}

pub struct Request {
    /// The promise that waits; a room that is entered again after a reconnect has none.
    pub call: Option<CallId>,
    pub question: Question,
    pub asked_at: u64,
    /// The link was lost before the answer came: the server may have done it already.
    pub is_repeated: bool,
    /// The number that it was sent under.
    pub frame: u32,
    pub deadline: u64,
}

#[derive(Default)]
pub struct Requests(Vec<Request>);

impl Requests {
    /// Whether one more is too many.
    pub fn is_full(&self) -> bool {
        self.0.len() >= MOST
    }

    /// Notes a question that is sent under the number `frame`. `deadline`: that of the question before, which this one goes on
    /// with.
    pub fn push(
        &mut self,
        now: u64,
        call: Option<CallId>,
        question: Question,
        frame: u32,
        deadline: Option<u64>,
    ) {
        let deadline = deadline.unwrap_or(now.saturating_add(ANSWER_MS));
        self.0.push(Request { call, question, asked_at: now, is_repeated: false, frame, deadline });
    }

    /// The question that a reply to this frame answers.
    pub fn take(&mut self, frame: Option<u32>) -> Option<Request> {
        let at = self.0.iter().position(|request| Some(request.frame) == frame)?;
        Some(self.0.remove(at))
    }

    /// The question for a further page of this room's list, if one is out.
    pub fn take_page(&mut self, room: &RoomName) -> Option<Request> {
        let asks = |request: &Request| matches!(&request.question, Question::Page(of, _) if of == room);
        let at = self.0.iter().position(asks)?;
        Some(self.0.remove(at))
    }

    /// The session is new: everything that an application waits for is asked again.
    pub fn ask_again(&mut self, mut ask: impl FnMut(&Question) -> u32) {
        for _ in 0..self.0.len() {
            let mut request = self.0.remove(0);
            if request.call.is_none() {
                continue;
            }
            // The pages of a list belong to the link on which it began: begin again.
            if let Question::Page(room, _) = &request.question {
                request.question = Question::Join(room.clone());
            }
            request.is_repeated = true;
            request.frame = ask(&request.question);
            self.0.push(request);
        }
    }

    pub fn is_joining(&self, room: &RoomName) -> bool {
        self.0.iter().any(|request| request.question.joins() == Some(room))
    }

    /// Whether a room is being left, behind everything that was answered so far.
    pub fn is_leaving(&self, room: &RoomName) -> bool {
        self.0.iter().any(|request| matches!(&request.question, Question::Leave(left) if left == room))
    }

    /// Gives a promise another deadline, if it waits here.
    pub fn set_deadline(&mut self, call: CallId, deadline: u64) {
        for request in self.0.iter_mut().filter(|request| request.call == Some(call)) {
            request.deadline = deadline;
        }
    }

    /// The application no longer waits for this call; returns what it asked.
    pub fn cancel(&mut self, call: CallId) -> Option<Request> {
        let at = self.0.iter().position(|request| request.call == Some(call))?;
        Some(self.0.remove(at))
    }

    /// Nothing will be answered any more; returns what was asked.
    pub fn fail_all(&mut self, failure: &Failure, out: &mut Queue<Output>) -> Vec<Request> {
        self.fail(u64::MAX, failure, out)
    }

    /// Returns what is not answered in time.
    pub fn handle_timeout(&mut self, now: u64, late: &Failure, out: &mut Queue<Output>) -> Vec<Request> {
        self.fail(now, late, out)
    }

    pub fn note_timeouts<R: Reason>(&self, earliest: &mut Earliest<R>) {
        for request in &self.0 {
            earliest.note(Some(request.deadline), TimerName::Call);
        }
    }

    fn fail(&mut self, now: u64, failure: &Failure, out: &mut Queue<Output>) -> Vec<Request> {
        let mut failed = Vec::new();
        for _ in 0..self.0.len() {
            let request = self.0.remove(0);
            if now < request.deadline {
                self.0.push(request);
                continue;
            }
            if let Some(call) = request.call {
                out.push_back(Output::Settle { call, result: Err(failure.clone()) });
            }
            failed.push(request);
        }
        failed
    }
}

//! What was asked of the server and has no answer yet. A lost link does not lose it: it is asked again.

use crate::context::Context;
use crate::deadline::{Earliest, TimerName};
use crate::failure::Failure;
use crate::ids::{CallId, FrameId};
use crate::time::Time;
use alloc::{string::String, vec::Vec};
use signalpost_protocol::{ClientMessage, Query, RoomName};

/// How long an answer may take, in milliseconds.
const ANSWER_MS: u32 = 15_000;
/// Most questions without an answer.
const MAX: usize = 256;

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
    /// When it was asked.
    pub asked_at: Time,
    /// The link was lost before the answer came: the server may have done it already.
    pub is_repeated: bool,
    /// The frame that an answer refers to.
    pub frame: FrameId,
    /// When it is given up.
    pub deadline: Time,
}

#[derive(Default)]
pub struct Requests(Vec<Request>);

impl Requests {
    /// Whether one more is too many.
    pub fn is_full(&self) -> bool {
        self.0.len() >= MAX
    }

    /// Notes a question that is sent with the id `frame`. `deadline`: that of the question before, which this one goes on
    /// with.
    pub fn push(
        &mut self,
        now: Time,
        call: Option<CallId>,
        question: Question,
        frame: FrameId,
        deadline: Option<Time>,
    ) {
        let deadline = deadline.unwrap_or(now.after_ms(ANSWER_MS));
        self.0.push(Request { call, question, asked_at: now, is_repeated: false, frame, deadline });
    }

    /// The question that a reply to this frame answers.
    pub fn take(&mut self, frame: Option<u32>) -> Option<Request> {
        let at = self.0.iter().position(|request| Some(request.frame.0) == frame)?;
        Some(self.0.remove(at))
    }

    /// The question for a further page of this room's list, if one is out.
    pub fn take_page(&mut self, room: &RoomName) -> Option<Request> {
        let asks = |request: &Request| matches!(&request.question, Question::Page(of, _) if of == room);
        let at = self.0.iter().position(asks)?;
        Some(self.0.remove(at))
    }

    /// The session is new: everything that an application waits for is asked again.
    pub fn ask_again(&mut self, mut ask: impl FnMut(&Question) -> FrameId) {
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
    pub fn set_deadline(&mut self, call: CallId, deadline: Time) {
        for request in self.0.iter_mut().filter(|request| request.call == Some(call)) {
            request.deadline = deadline;
        }
    }

    /// The application no longer waits for this call; returns what it asked.
    pub fn cancel(&mut self, call: CallId) -> Option<Request> {
        let at = self.0.iter().position(|request| request.call == Some(call))?;
        Some(self.0.remove(at))
    }

    /// Rejects every question: nothing will be answered any more. Returns them.
    pub fn fail_all(&mut self, failure: &Failure, context: &mut Context) -> Vec<Request> {
        self.fail(failure, context, |_, _| true)
    }

    /// Rejects every question that is not answered in time. Returns them.
    pub fn handle_timeout(&mut self, late: &Failure, context: &mut Context) -> Vec<Request> {
        self.fail(late, context, |now, deadline| now >= deadline)
    }

    pub fn note_timeouts(&self, earliest: &mut Earliest) {
        for request in &self.0 {
            earliest.note(Some(request.deadline), TimerName::Call);
        }
    }

    fn fail(
        &mut self,
        failure: &Failure,
        context: &mut Context,
        is_over: fn(Time, Time) -> bool,
    ) -> Vec<Request> {
        let mut failed = Vec::new();
        for _ in 0..self.0.len() {
            let request = self.0.remove(0);
            if !is_over(context.now, request.deadline) {
                self.0.push(request);
                continue;
            }
            if let Some(call) = request.call {
                context.settle(call, Err(failure.clone()));
            }
            failed.push(request);
        }
        failed
    }
}

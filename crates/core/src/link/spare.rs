//! A second socket in parallel: opened at the first suspicion against the one in use, so that a dead one costs no more time
//! than it takes to be sure. Whichever speaks first stays.

use super::Link;
use super::phase::{Attempt, Phase, REPLACED, SUSPICION_MS};
use crate::context::Context;
use crate::ids::SocketId;
use crate::input::SocketEvent;
use crate::output::Output;
use crate::stream::Stream;
use crate::time::Time;

/// How long the second socket may take to open, in milliseconds.
const CONNECTING_MS: u32 = 5_000;

impl Link {
    /// A socket that is not the one in use did something. Events of a socket that was replaced are ignored.
    pub fn handle_spare(
        &mut self,
        socket: SocketId,
        event: &SocketEvent,
        stream: &mut Stream,
        context: &mut Context,
    ) {
        let is_opened = matches!(event, SocketEvent::Opened);
        let is_over = matches!(event, SocketEvent::Closed { .. } | SocketEvent::Unavailable { .. });
        let is_news = is_opened || is_over;
        if let Some(attempt) = self.spare.attempt.take_if(|spare| is_news && spare.socket == socket)
            && is_opened
        {
            // `hello` claims the session, and fences the other socket at the server.
            self.forget_failures(context.now);
            self.drop_socket(REPLACED, context);
            self.phase = Phase::Opening(attempt);
            self.handle_opened(stream, context);
        }
    }

    /// A question waits for its answer. A hidden page may not be woken again in time: there, and where silence is found late,
    /// the spare does not wait for another timer.
    pub(super) fn suspect(&mut self, now: Time, late: bool) {
        let patience_ms = if late || !self.page.is_visible() { 0 } else { SUSPICION_MS };
        self.spare.suspect_at = Some(now.after_ms(patience_ms));
    }

    /// Opens the second socket if the first has been silent for too long.
    pub(super) fn handle_suspicion(&mut self, context: &mut Context) {
        if self.spare.suspect_at.is_some_and(|at| context.now >= at) {
            self.open_spare(context);
        }
    }

    /// Opens a second socket, unless there is one.
    pub(super) fn open_spare(&mut self, context: &mut Context) {
        self.spare.suspect_at = None;
        if self.spare.attempt.is_none() {
            self.spare.attempt = Some(self.begin_attempt(CONNECTING_MS, context));
        }
    }

    /// Closes the second socket: the one in use has proved itself, or is not wanted either.
    pub(super) fn drop_spare(&mut self, context: &mut Context) {
        if let Some(Attempt { socket, .. }) = core::mem::take(&mut self.spare).attempt {
            context.out.push_back(Output::CloseSocket { socket, code: REPLACED });
        }
    }
}

//! A second socket in parallel: opened at the first suspicion against the one in use, so that a dead one costs no more time
//! than it takes to be sure. Whichever speaks first stays.

use super::{Attempt, Link, REPLACED, Session};
use crate::collections::queue::Queue;
use crate::ids::SocketId;
use crate::input::SocketEvent;
use crate::output::Output;

/// How long a question may have no answer before the link is suspected, in milliseconds.
pub(super) const SUSPICION_MS: u64 = 500;
/// How long the second socket may take to open, in milliseconds.
const CONNECTING_MS: u64 = 5_000;

impl Session {
    /// Another socket than the one in use did something. What one does that was replaced is ignored.
    pub fn handle_spare(&mut self, now: u64, socket: SocketId, event: &SocketEvent, out: &mut Queue<Output>) {
        let is_opened = matches!(event, SocketEvent::Opened);
        let is_over = matches!(event, SocketEvent::Closed { .. } | SocketEvent::Unavailable { .. });
        let is_news = is_opened || is_over;
        if let Some(spare) = self.spare.take_if(|spare| is_news && spare.socket == socket)
            && is_opened
        {
            // `hello` claims the session, and fences the other socket at the server.
            self.forget_failures(now);
            self.drop_socket(REPLACED, out);
            self.link = Link::Opening(spare);
            self.handle_opened(now, out);
        }
    }

    /// A question waits for its answer. A hidden page may not be woken again in time: there, and where silence is found late,
    /// the spare does not wait for another timer.
    pub(super) fn suspect(&mut self, now: u64, late: bool) {
        let patience = if late || !self.visible { 0 } else { SUSPICION_MS };
        self.suspect_at = Some(now.wrapping_add(patience));
    }

    pub(super) fn handle_suspicion(&mut self, now: u64, out: &mut Queue<Output>) {
        if self.suspect_at.is_some_and(|at| now >= at) {
            self.open_spare(now, out);
        }
    }

    pub(super) fn open_spare(&mut self, now: u64, out: &mut Queue<Output>) {
        self.suspect_at = None;
        if self.spare.is_none() {
            self.spare = Some(self.attempt(now, CONNECTING_MS, out));
        }
    }

    /// The socket in use has proved itself, or is not wanted either.
    pub(super) fn drop_spare(&mut self, out: &mut Queue<Output>) {
        self.suspect_at = None;
        self.woke = false;
        if let Some(Attempt { socket, .. }) = self.spare.take() {
            out.push_back(Output::CloseSocket { socket, code: REPLACED });
        }
    }
}

//! Losing the link, and giving it up.

use super::phase::{HASTY_MS, Phase, REPLACED};
use super::{Change, Link};
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{ClientState, Output};
use crate::stream::Stream;
use crate::time::Time;
use alloc::format;
use alloc::string::String;
use signalpost_protocol::{CloseCode, ErrorCode};

const SUPERSEDED: u16 = CloseCode::Superseded.as_u16();
const UPGRADE_REQUIRED: u16 = CloseCode::UpgradeRequired.as_u16();

/// As much as a browser tells of a socket that did not become a link.
fn closed_with(code: u16, when: &str) -> String {
    format!("the socket closed with {code}{when}")
}

impl Link {
    /// The socket in use was closed.
    pub fn handle_closed(&mut self, code: u16, stream: &mut Stream, context: &mut Context) -> Option<Change> {
        self.forget_failures(context.now);
        // The socket is closed already: nothing is left to drop.
        let phase = core::mem::replace(&mut self.phase, Phase::Down);
        if CloseCode::is_terminal(code) {
            let (why, message) = match code {
                SUPERSEDED => (ErrorCode::Superseded, "the server closed the link for good".into()),
                UPGRADE_REQUIRED => {
                    (ErrorCode::UpgradeRequired, "the server closed the link for good".into())
                }
                // A newer server, or a gateway, knows more codes; what they mean is not known here.
                _ => (ErrorCode::ServerUnreachable, closed_with(code, " for good")),
            };
            return Some(self.give_up(Failure::new(why, &message), stream, context));
        }
        let unreachable = |when| Failure::new(ErrorCode::ServerUnreachable, &closed_with(code, when));
        let failure = match phase {
            Phase::Opening(_) => unreachable(" before it opened"),
            Phase::Registering { .. } => unreachable(" before the server said welcome"),
            _ => ErrorCode::LinkLost.into(),
        };
        self.lose(failure, REPLACED, stream, context)
    }

    /// There is no socket, and the same attempt again would end in the same way. A client that was connected goes on all the
    /// same: what was possible once may be so again.
    pub(super) fn handle_unavailable(
        &mut self,
        message: &str,
        stream: &mut Stream,
        context: &mut Context,
    ) -> Option<Change> {
        self.phase = Phase::Down;
        let failure = Failure::new(ErrorCode::SocketUnavailable, message);
        if self.was_registered {
            self.lose(failure, REPLACED, stream, context)
        } else {
            Some(self.give_up(failure, stream, context))
        }
    }

    /// Closes the socket in use.
    pub(super) fn drop_socket(&mut self, code: u16, context: &mut Context) {
        if let Some(socket) = self.phase.socket() {
            context.out.push_back(Output::CloseSocket { socket, code });
        }
    }

    /// Closes the socket in use and the spare.
    pub(super) fn drop_sockets(&mut self, code: u16, context: &mut Context) {
        self.drop_spare(context);
        self.drop_socket(code, context);
    }

    /// Drops the socket in use, and goes on with the spare, or with another attempt if the options allow one.
    pub fn lose(
        &mut self,
        failure: Failure,
        code: u16,
        stream: &mut Stream,
        context: &mut Context,
    ) -> Option<Change> {
        let now = context.now;
        self.forget_failures(now);
        self.drop_socket(code, context);
        self.phase = Phase::Down;
        let spare = core::mem::take(&mut self.spare);
        self.spare.is_hasty = spare.is_hasty;
        if let Some(attempt) = spare.attempt {
            self.phase = Phase::Opening(attempt);
        } else if let Some(wait_ms) = self.backoff.next_wait_ms(self.page.is_watched(), &mut context.rng) {
            // The client hears only when the page wakes that a socket was dead: nobody else comes at this moment. And a page
            // that the server takes for left has no time to lose.
            let is_urgent = self.page.take_leaving(now) || spare.woke;
            let wait_ms = if spare.is_hasty { wait_ms.min(HASTY_MS) } else { wait_ms };
            let wait_ms = self.away_ms.take().unwrap_or(if is_urgent { 0 } else { wait_ms });
            self.phase = Phase::Waiting { until: now.after_ms(wait_ms) };
        } else {
            let failure = Failure::new(ErrorCode::ServerUnreachable, &failure.message);
            return Some(self.give_up(failure, stream, context));
        }
        self.report_lost(&failure.code, context);
        self.last_failure = Some(failure);
        None
    }

    /// Tells the application that there is no link.
    pub(super) fn report_lost(&mut self, reason: &str, context: &mut Context) {
        let state = if self.was_registered { ClientState::Reconnecting } else { ClientState::Connecting };
        self.set_state(state, reason, context);
    }

    /// An attempt that took too long is followed at once by the next: it has waited enough.
    pub(super) fn retry_at_once(&mut self, stream: &mut Stream, context: &mut Context) -> Option<Change> {
        let failure = Failure::new(ErrorCode::ServerUnreachable, "the server does not answer");
        let change = self.lose(failure, REPLACED, stream, context);
        if matches!(self.phase, Phase::Waiting { .. }) {
            self.open(context);
        }
        change
    }

    /// Makes no further attempt, and rejects the calls that wait for the link.
    pub(super) fn give_up(&mut self, failure: Failure, stream: &mut Stream, context: &mut Context) -> Change {
        self.leave(stream, context);
        self.phase = Phase::Down;
        self.was_registered = false;
        stream.void_all();
        self.calls.settle_all(&Err(failure.clone()), context);
        self.set_state(ClientState::Idle, &failure.code, context);
        Change::GaveUp(failure)
    }

    /// Forgets the failed attempts once the link has been good for long enough.
    pub(super) fn forget_failures(&mut self, now: Time) {
        if let Phase::Registered { good_at, .. } = &mut self.phase
            && good_at.take_if(|at| now >= *at).is_some()
        {
            self.backoff.reset();
        }
    }
}

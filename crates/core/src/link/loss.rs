//! Losing the link, and giving it up.

use super::{Change, Link, REPLACED, Session};
use crate::collections::queue::Queue;
use crate::output::{ClientState, Failure, Output};
use crate::rng::Rng;
use alloc::format;
use alloc::string::String;
use signalpost_protocol::{CloseCode, ErrorCode};

const SUPERSEDED: u16 = CloseCode::Superseded.as_u16();
const UPGRADE_REQUIRED: u16 = CloseCode::UpgradeRequired.as_u16();

/// As much as a browser tells of a socket that did not become a link.
fn closed_with(code: u16, when: &str) -> String {
    format!("the socket closed with {code}{when}")
}

impl Session {
    pub fn handle_closed(
        &mut self,
        now: u64,
        code: u16,
        rng: &mut Rng,
        out: &mut Queue<Output>,
    ) -> Option<Change> {
        self.forget_failures(now);
        // The socket is closed already: nothing is left to drop.
        let link = core::mem::replace(&mut self.link, Link::Down);
        if CloseCode::is_terminal(code) {
            let (why, message) = match code {
                SUPERSEDED => (ErrorCode::Superseded, "the server closed the link for good".into()),
                UPGRADE_REQUIRED => {
                    (ErrorCode::UpgradeRequired, "the server closed the link for good".into())
                }
                // A newer server, or a gateway, knows more codes; what they mean is not known here.
                _ => (ErrorCode::ServerUnreachable, closed_with(code, " for good")),
            };
            return self.give_up(now, Failure::new(why, &message), out);
        }
        let unreachable = |when| Failure::new(ErrorCode::ServerUnreachable, &closed_with(code, when));
        let failure = match link {
            Link::Opening(_) => unreachable(" before it opened"),
            Link::Registering { .. } => unreachable(" before the server said welcome"),
            _ => ErrorCode::LinkLost.into(),
        };
        self.lose(now, failure, REPLACED, rng, out)
    }

    /// There is no socket, and the same attempt again would end in the same way. A client that was connected goes on all the
    /// same: what was possible once may be so again.
    pub(super) fn handle_unavailable(
        &mut self,
        now: u64,
        message: &str,
        rng: &mut Rng,
        out: &mut Queue<Output>,
    ) -> Option<Change> {
        self.link = Link::Down;
        let failure = Failure::new(ErrorCode::SocketUnavailable, message);
        if self.was_registered {
            self.lose(now, failure, REPLACED, rng, out)
        } else {
            self.give_up(now, failure, out)
        }
    }

    pub(super) fn drop_socket(&mut self, code: u16, out: &mut Queue<Output>) {
        if let Some(socket) = self.socket() {
            out.push_back(Output::CloseSocket { socket, code });
        }
    }

    /// Drops both.
    pub(super) fn drop_sockets(&mut self, code: u16, out: &mut Queue<Output>) {
        self.drop_spare(out);
        self.drop_socket(code, out);
    }

    pub(super) fn lose(
        &mut self,
        now: u64,
        failure: Failure,
        code: u16,
        rng: &mut Rng,
        out: &mut Queue<Output>,
    ) -> Option<Change> {
        self.forget_failures(now);
        self.drop_socket(code, out);
        self.link = Link::Down;
        self.suspect_at = None;
        let woke = core::mem::take(&mut self.woke);
        if let Some(spare) = self.spare.take() {
            self.link = Link::Opening(spare);
        } else if let Some(wait) = self.policy.next_wait(self.visible && self.online, rng) {
            // A socket that was dead when the page woke is told so only now: nobody else comes at this moment. And a page that
            // the server takes for left has no time to lose.
            let may_have_left = core::mem::take(&mut self.said_leaving) && now < self.may_leave_until;
            let wait = self.away_ms.take().unwrap_or(if woke || may_have_left { 0 } else { wait });
            self.link = Link::Waiting { until: now.saturating_add(u64::from(wait)) };
        } else {
            return self.give_up(now, Failure::new(ErrorCode::ServerUnreachable, &failure.message), out);
        }
        self.tell_lost(&failure.code, out);
        self.last_failure = Some(failure);
        None
    }

    pub(super) fn tell_lost(&mut self, reason: &str, out: &mut Queue<Output>) {
        let state = if self.was_registered { ClientState::Reconnecting } else { ClientState::Connecting };
        self.set_state(state, reason, out);
    }

    /// An attempt that took too long is followed at once by the next: it has waited enough.
    pub(super) fn retry_at_once(
        &mut self,
        now: u64,
        rng: &mut Rng,
        out: &mut Queue<Output>,
    ) -> Option<Change> {
        let failure = Failure::new(ErrorCode::ServerUnreachable, "the server does not answer");
        let change = self.lose(now, failure, REPLACED, rng, out);
        if matches!(self.link, Link::Waiting { .. }) {
            self.open(now, out);
        }
        change
    }

    pub(super) fn give_up(&mut self, now: u64, failure: Failure, out: &mut Queue<Output>) -> Option<Change> {
        self.leave(now, out);
        self.link = Link::Down;
        self.was_registered = false;
        self.void_all();
        self.calls.settle_all(&Err(failure.clone()), out);
        self.set_state(ClientState::Idle, &failure.code, out);
        Some(Change::GaveUp(failure))
    }

    pub(super) fn forget_failures(&mut self, now: u64) {
        if let Link::Registered { good_at, .. } = &mut self.link
            && good_at.is_some_and(|at| now >= at)
        {
            *good_at = None;
            self.policy.reset();
        }
    }
}

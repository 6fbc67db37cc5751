//! When the link wants to be looked at, and what is done then.

use super::spare::SUSPICION_MS;
use super::{Attempt, Change, Link, Session};
use crate::collections::queue::Queue;
use crate::deadline::{Earliest, Reason};
use crate::output::{Failure, Output, TimerName};
use crate::rng::Rng;
use signalpost_protocol::link_monitor::Verdict;
use signalpost_protocol::{ClientMessage, CloseCode, ErrorCode};

impl Session {
    pub fn handle_timeout(&mut self, now: u64, rng: &mut Rng, out: &mut Queue<Output>) -> Option<Change> {
        let change = match &mut self.link {
            Link::Waiting { until } if now >= *until => {
                self.open(now, out);
                None
            }
            Link::Opening(Attempt { deadline, .. }) | Link::Registering { deadline, .. }
                if now >= *deadline =>
            {
                self.retry_at_once(now, rng, out)
            }
            Link::Registering { monitor, .. } | Link::Registered { monitor, .. } => {
                let late = now >= monitor.poll_timeout().saturating_add(SUSPICION_MS);
                match monitor.poll(now) {
                    Verdict::Alive => {
                        self.forget_failures(now);
                        None
                    }
                    Verdict::Ask => {
                        self.send(now, ClientMessage::Heartbeat, out);
                        // A server that is slow to welcome gains nothing from another `hello`.
                        if late || matches!(self.link, Link::Registered { .. }) {
                            self.suspect(now, late);
                        }
                        None
                    }
                    Verdict::Dead => {
                        let was_link = matches!(self.link, Link::Registered { .. });
                        let code = if was_link { ErrorCode::LinkLost } else { ErrorCode::ServerUnreachable };
                        let failure = Failure::new(code, "the server does not answer");
                        self.lose(now, failure, CloseCode::HeartbeatTimeout.as_u16(), rng, out)
                    }
                }
            }
            Link::Down | Link::Waiting { .. } | Link::Opening(_) | Link::Closed => None,
        };
        self.handle_suspicion(now, out);
        if change.is_none() { self.handle_late_calls(now, out) } else { change }
    }

    pub fn note_timeouts<R: Reason>(&self, earliest: &mut Earliest<R>) {
        match &self.link {
            Link::Down | Link::Closed => {}
            Link::Waiting { until } => earliest.note(Some(*until), TimerName::Reconnect),
            Link::Opening(attempt) => earliest.note(Some(attempt.deadline), TimerName::Connecting),
            Link::Registering { deadline, monitor, .. } => {
                earliest.note(Some(monitor.poll_timeout().min(*deadline)), TimerName::Connecting);
            }
            Link::Registered { monitor, good_at, .. } => {
                earliest.note(Some(monitor.poll_timeout()), TimerName::Link);
                earliest.note(*good_at, TimerName::GoodLink);
                earliest.note(self.delivery.poll_timeout(), TimerName::Ack);
            }
        }
        earliest.note(self.suspect_at, TimerName::Link);
        self.calls.note_timeouts(earliest);
    }

    /// The failure of a call that ran out of time: its details are the code for why there is no link, if there is none.
    pub fn late(&self) -> Failure {
        let why = self.last_failure.as_ref().filter(|_| !self.is_registered());
        Failure::new(ErrorCode::Timeout, why.map_or("", |failure| &failure.code))
    }

    fn handle_late_calls(&mut self, now: u64, out: &mut Queue<Output>) -> Option<Change> {
        // Time ran out, but why the server was not reached is known, unless its socket was only lost.
        let known = self.last_failure.clone().filter(|failure| failure.code != ErrorCode::LinkLost.as_str());
        let failure = known.unwrap_or_else(|| self.late());
        let late = self.calls.settle_late(now, &failure, out);
        if late && self.calls.is_empty() && !self.was_registered {
            return self.give_up(now, failure, out);
        }
        None
    }
}

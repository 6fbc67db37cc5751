//! When the link wants to be looked at, and what is done then.

use super::phase::{Attempt, Phase, SUSPICION_MS};
use super::{Change, Link};
use crate::context::Context;
use crate::deadline::{Earliest, TimerName};
use crate::failure::Failure;
use crate::stream::Stream;
use crate::time::Time;
use signalpost_protocol::link_monitor::Verdict;
use signalpost_protocol::{ClientMessage, CloseCode, ErrorCode};

impl Link {
    /// A deadline that [`Link::note_timeouts`] noted may have come.
    pub fn handle_timeout(&mut self, stream: &mut Stream, context: &mut Context) -> Option<Change> {
        let now = context.now;
        let change = match &mut self.phase {
            Phase::Waiting { until } if now >= *until => {
                self.open(context);
                None
            }
            Phase::Opening(Attempt { deadline, .. }) | Phase::Registering { deadline, .. }
                if now >= *deadline =>
            {
                self.retry_at_once(stream, context)
            }
            Phase::Registering { monitor, .. } | Phase::Registered { monitor, .. } => {
                let late = now >= Time(monitor.poll_timeout()).after_ms(SUSPICION_MS);
                let verdict = monitor.poll(now.0);
                self.handle_verdict(verdict, late, stream, context)
            }
            Phase::Down | Phase::Frozen | Phase::Waiting { .. } | Phase::Opening(_) | Phase::Closed => None,
        };
        self.handle_suspicion(context);
        if change.is_none() { self.reject_late_calls(stream, context) } else { change }
    }

    fn handle_verdict(
        &mut self,
        verdict: Verdict,
        late: bool,
        stream: &mut Stream,
        context: &mut Context,
    ) -> Option<Change> {
        match verdict {
            Verdict::Alive => {
                self.forget_failures(context.now);
                None
            }
            Verdict::Ask => {
                self.send(ClientMessage::Heartbeat, stream, context);
                // A server that is slow to welcome gains nothing from another `hello`.
                if late || self.is_registered() {
                    self.suspect(context.now, late);
                }
                None
            }
            Verdict::Dead => {
                let code =
                    if self.is_registered() { ErrorCode::LinkLost } else { ErrorCode::ServerUnreachable };
                let failure = Failure::new(code, "the server does not answer");
                self.lose(failure, CloseCode::HeartbeatTimeout.as_u16(), stream, context)
            }
        }
    }

    /// Notes when the link wants to be looked at.
    pub fn note_timeouts(&self, stream: &Stream, earliest: &mut Earliest) {
        match &self.phase {
            Phase::Down | Phase::Frozen | Phase::Closed => {}
            Phase::Waiting { until } => earliest.note(Some(*until), TimerName::Reconnect),
            Phase::Opening(attempt) => earliest.note(Some(attempt.deadline), TimerName::Connecting),
            Phase::Registering { deadline, monitor, .. } => {
                earliest.note(Some(Time(monitor.poll_timeout()).min(*deadline)), TimerName::Connecting);
            }
            Phase::Registered { monitor, good_at, .. } => {
                earliest.note(Some(Time(monitor.poll_timeout())), TimerName::Link);
                earliest.note(*good_at, TimerName::GoodLink);
                earliest.note(stream.poll_timeout(), TimerName::Ack);
            }
        }
        earliest.note(self.spare.suspect_at, TimerName::Link);
        self.calls.note_timeouts(earliest);
    }

    /// The failure of a call that ran out of time: its details are the code for why there is no link, if there is none.
    pub fn late(&self) -> Failure {
        let why = self.last_failure.as_ref().filter(|_| !self.is_registered());
        Failure::new(ErrorCode::Timeout, why.map_or("", |failure| &failure.code))
    }

    fn reject_late_calls(&mut self, stream: &mut Stream, context: &mut Context) -> Option<Change> {
        // Time ran out, but why the server was not reached is known, unless its socket was only lost.
        let known = self.last_failure.clone().filter(|failure| failure.code != ErrorCode::LinkLost.as_str());
        let failure = known.unwrap_or_else(|| self.late());
        let late = self.calls.reject_late(&failure, context);
        if late && self.calls.is_empty() && !self.was_registered {
            return Some(self.give_up(failure, stream, context));
        }
        None
    }
}

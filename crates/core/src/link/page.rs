//! What the page and the network do to the link. After a wake-up the client believes nothing that was there before: a dead
//! socket says that it is open, for ever.

use super::phase::{HASTY_MS, Phase, REPLACED, SUSPICION_MS};
use super::{Change, Link};
use crate::context::Context;
use crate::input::PageEvent;
use crate::stream::Stream;
use signalpost_protocol::{ClientMessage, CloseCode, ErrorCode};

impl Link {
    /// The page or the network changed.
    pub fn handle_page(
        &mut self,
        event: PageEvent,
        stream: &mut Stream,
        context: &mut Context,
    ) -> Option<Change> {
        match event {
            PageEvent::Online | PageEvent::Visible | PageEvent::Woke => {
                self.page.handle_event(event);
                self.wake_up(event, stream, context);
            }
            PageEvent::Hidden => self.page.handle_event(event),
            PageEvent::Offline => {
                self.page.handle_event(event);
                if self.phase.open_socket().is_some() {
                    self.drop_spare(context);
                    self.report_lost("offline", context);
                    return self.lose(ErrorCode::LinkLost.into(), REPLACED, stream, context);
                }
            }
            PageEvent::Frozen => {
                if self.page.releases_when_frozen() && !matches!(self.phase, Phase::Down | Phase::Closed) {
                    self.drop_sockets(CloseCode::Suspended.as_u16(), context);
                    self.phase = Phase::Frozen;
                    self.report_lost("suspended", context);
                }
            }
            PageEvent::MayLeave => {
                self.page.handle_may_leave(context.now);
                self.say_leaving(stream, context);
            }
            // Should the page come back, the server's close is a lost link like any other.
            PageEvent::Leaving => {
                self.send(ClientMessage::Bye, stream, context);
            }
        }
        None
    }

    /// Tells the server that the page may be left. Servers without sessions end the registration with the socket, whatever the
    /// page does.
    pub(super) fn say_leaving(&mut self, stream: &mut Stream, context: &mut Context) {
        if stream.has_session() && self.page.may_leave(context.now) {
            self.send(ClientMessage::Leaving, stream, context);
            self.page.handle_said_leaving();
        }
    }

    /// The path to a peer is silent: the network may have changed, and the link with it.
    pub fn doubt(&mut self, stream: &mut Stream, context: &mut Context) {
        self.spare.is_hasty = true;
        if let Phase::Waiting { until } = &mut self.phase {
            *until = (*until).min(context.now.after_ms(HASTY_MS));
        }
        if let Some((_, monitor)) = self.phase.open_socket()
            && monitor.probe(context.now.0)
        {
            self.send(ClientMessage::Heartbeat, stream, context);
            self.suspect(context.now, false);
        }
    }

    fn wake_up(&mut self, event: PageEvent, stream: &mut Stream, context: &mut Context) {
        let now = context.now;
        match &mut self.phase {
            Phase::Down | Phase::Closed => {}
            Phase::Waiting { .. } => self.open(context),
            Phase::Frozen => {
                // The network alone does not bring a frozen page back.
                if event != PageEvent::Online {
                    self.open(context);
                }
            }
            Phase::Opening(attempt) => {
                // What was begun before the machine slept hangs, however young it is.
                if event == PageEvent::Woke || now >= attempt.began.after_ms(SUSPICION_MS) {
                    self.open_spare(context);
                }
            }
            Phase::Registering { monitor, .. } | Phase::Registered { monitor, .. } => {
                if monitor.probe(now.0) {
                    self.send(ClientMessage::Heartbeat, stream, context);
                    self.suspect(now, false);
                    self.spare.woke = true;
                }
            }
        }
    }
}

//! What the page and the network do to the link. After a wake-up nothing is believed that was there before: a dead socket
//! says that it is open, for ever.

use super::spare::SUSPICION_MS;
use super::{Change, Link, REPLACED, Session};
use crate::collections::queue::Queue;
use crate::input::PageEvent;
use crate::output::Output;
use crate::rng::Rng;
use signalpost_protocol::{ClientMessage, CloseCode, ErrorCode, limits};

impl Session {
    pub fn handle_page(
        &mut self,
        now: u64,
        event: PageEvent,
        rng: &mut Rng,
        out: &mut Queue<Output>,
    ) -> Option<Change> {
        match event {
            PageEvent::Online | PageEvent::Visible | PageEvent::Woke => {
                self.online |= event == PageEvent::Online;
                self.visible |= event == PageEvent::Visible;
                self.wake_up(now, event, out);
            }
            PageEvent::Hidden => self.visible = false,
            PageEvent::Offline => {
                self.online = false;
                if matches!(self.link, Link::Registering { .. } | Link::Registered { .. }) {
                    self.drop_spare(out);
                    self.tell_lost("offline", out);
                    return self.lose(now, ErrorCode::LinkLost.into(), REPLACED, rng, out);
                }
            }
            PageEvent::Frozen => {
                if self.release_when_frozen && !matches!(self.link, Link::Down | Link::Closed) {
                    self.drop_sockets(CloseCode::Suspended.as_u16(), out);
                    self.link = Link::Waiting { until: u64::MAX };
                    self.tell_lost("suspended", out);
                }
            }
            PageEvent::MayLeave => {
                self.may_leave_until = now.saturating_add(limits::LEAVING_HINT_MS);
                self.say_leaving(now, out);
            }
            // Should the page come back, the server's close is a lost link like any other.
            PageEvent::Leaving => {
                self.send(now, ClientMessage::Bye, out);
            }
        }
        None
    }

    /// Servers without sessions end the registration with the socket, whatever the page does.
    pub(super) fn say_leaving(&mut self, now: u64, out: &mut Queue<Output>) {
        if self.has_session == Some(true) && now < self.may_leave_until {
            self.send(now, ClientMessage::Leaving, out);
            self.said_leaving = true;
        }
    }

    fn wake_up(&mut self, now: u64, event: PageEvent, out: &mut Queue<Output>) {
        match &mut self.link {
            Link::Down | Link::Closed => {}
            Link::Waiting { until } => {
                // The network alone does not bring a frozen page back.
                if event != PageEvent::Online || *until < u64::MAX {
                    self.open(now, out);
                }
            }
            Link::Opening(attempt) => {
                // What was begun before the machine slept hangs, however young it is.
                if event == PageEvent::Woke || now >= attempt.began.wrapping_add(SUSPICION_MS) {
                    self.open_spare(now, out);
                }
            }
            Link::Registering { monitor, .. } | Link::Registered { monitor, .. } => {
                if monitor.probe(now) {
                    self.send(now, ClientMessage::Heartbeat, out);
                    self.suspect(now, false);
                    self.woke = true;
                }
            }
        }
    }
}

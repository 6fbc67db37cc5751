//! The state of the page, as far as it matters to the link.

use crate::input::PageEvent;
use crate::time::Time;
use signalpost_protocol::limits;

/// What the client knows of the page and the network.
pub struct PageState {
    is_visible: bool,
    is_online: bool,
    /// Whether the socket is closed while the page is frozen.
    releases_when_frozen: bool,
    /// Until when the browser may close the socket because it takes the page for left.
    may_leave_until: Option<Time>,
    /// Whether the socket in use has told the server that the page may be left.
    said_leaving: bool,
}

impl PageState {
    /// A page that is visible and online.
    pub fn new(releases_when_frozen: bool) -> Self {
        Self {
            is_visible: true,
            is_online: true,
            releases_when_frozen,
            may_leave_until: None,
            said_leaving: false,
        }
    }

    /// Whether the user sees the page.
    pub fn is_visible(&self) -> bool {
        self.is_visible
    }

    /// Whether the user sees the page, and the network is there.
    pub fn is_watched(&self) -> bool {
        self.is_visible && self.is_online
    }

    /// Whether the user may be leaving the page at this moment.
    pub fn may_leave(&self, now: Time) -> bool {
        self.may_leave_until.is_some_and(|until| now < until)
    }

    /// Whether the server may have taken the page for left when the link was lost. It is asked once for each link.
    pub fn take_leaving(&mut self, now: Time) -> bool {
        core::mem::take(&mut self.said_leaving) && self.may_leave(now)
    }

    /// Whether the socket is closed while the page is frozen.
    pub fn releases_when_frozen(&self) -> bool {
        self.releases_when_frozen
    }

    /// Takes into account what the event says of the page and the network.
    pub fn handle_event(&mut self, event: PageEvent) {
        match event {
            PageEvent::Online => self.is_online = true,
            PageEvent::Offline => self.is_online = false,
            PageEvent::Visible => self.is_visible = true,
            PageEvent::Hidden => self.is_visible = false,
            PageEvent::Woke | PageEvent::Frozen | PageEvent::MayLeave | PageEvent::Leaving => {}
        }
    }

    /// The user may be leaving the page.
    pub fn handle_may_leave(&mut self, now: Time) {
        self.may_leave_until = Some(now.after_ms(limits::LEAVING_HINT_MS));
    }

    /// The client has told the server, on the socket in use, that the page may be left.
    pub fn handle_said_leaving(&mut self) {
        self.said_leaving = true;
    }
}

//! What fate does to sockets, networks, tabs and machines.

use super::World;
use super::action::Direction;
use super::link::{Lane, Packet, Socket};
use super::sockets::{ABNORMAL, GOING_AWAY};
use signalpost_core::{ClientState, Input, PageEvent};

impl World {
    /// The sockets of a page that may still do something.
    fn sockets_of(&mut self, page: usize) -> impl Iterator<Item = &mut Socket> {
        let incarnation = self.pages[page].incarnation;
        self.sockets.iter_mut().filter(move |it| it.page == page && it.incarnation == incarnation && !it.cut)
    }

    pub(super) fn lanes(
        &mut self,
        page: usize,
        direction: Option<Direction>,
        mut each: impl FnMut(&mut Lane),
    ) {
        for socket in self.sockets_of(page) {
            if direction != Some(Direction::Down) {
                each(&mut socket.up);
            }
            if direction != Some(Direction::Up) {
                each(&mut socket.down);
            }
        }
    }

    /// Nothing passes any more, and nobody is told.
    pub(super) fn vanish(&mut self, page: usize) {
        for socket in self.sockets_of(page) {
            socket.cut = true;
            socket.up.clear();
            socket.down.clear();
        }
    }

    /// A socket breaks between two frames, and both ends are told.
    pub(super) fn break_socket(&mut self, place: usize) {
        let now = self.now;
        let socket = &mut self.sockets[place];
        socket.cut = true;
        socket.up.clear();
        socket.down.clear();
        socket.down.push(now, Packet::Close(ABNORMAL), &mut self.random);
        socket.noticed_at = Some(now);
        let name = self.pages[socket.page].id.as_str();
        self.trace.note(now, name, format_args!("loses socket {}", socket.id));
    }

    /// The sockets of a page are closed with 1001, and the page lives on: its browser does so when a download begins, and what it had
    /// sent still arrives; or a gateway does so to both ends, and nothing does.
    pub(super) fn close_going_away(&mut self, page: usize, by_gateway: bool) {
        let (now, incarnation) = (self.now, self.pages[page].incarnation);
        for socket in &mut self.sockets {
            let is_its = socket.page == page && socket.incarnation == incarnation;
            if !is_its || socket.cut || socket.closing || !socket.heard || !socket.open {
                continue;
            }
            socket.closing = true;
            socket.down.clear();
            if by_gateway {
                socket.up.clear();
            }
            socket.up.push(now, Packet::Close(GOING_AWAY), &mut self.random);
            socket.down.push(now, Packet::Close(GOING_AWAY), &mut self.random);
        }
    }

    pub(super) fn go_offline(&mut self, page: usize, ms: u64, is_told: bool) {
        let until = self.now + ms;
        self.pages[page].tab.offline = Some((until, is_told));
        if self.random.number() & 1 == 0 {
            self.vanish(page);
        } else {
            self.lanes(page, None, |lane| lane.freeze(until));
        }
        if is_told {
            self.pages[page].inbox.push_back(Input::Page(PageEvent::Offline));
            self.work(page);
        }
    }

    pub(super) fn come_online(&mut self, page: usize) {
        let Some((_, is_told)) = self.pages[page].tab.offline.take() else { return };
        self.trace.note(self.now, self.pages[page].id.as_str(), format_args!("has a network again"));
        if is_told {
            self.pages[page].inbox.push_back(Input::Page(PageEvent::Online));
            self.work(page);
        }
    }

    pub(super) fn suspend(&mut self, page: usize, ms: u64) {
        let until = self.now + ms;
        let before = self.pages[page].tab.suspended_until.unwrap_or_default();
        self.pages[page].tab.suspended_until = Some(until.max(before));
    }

    /// The tab runs again; what waited comes before or after the event that says so.
    pub(super) fn resume(&mut self, page: usize) {
        self.trace.note(self.now, self.pages[page].id.as_str(), format_args!("runs again"));
        self.pages[page].tab.suspended_until = None;
        // Meanwhile nothing could answer, and the link may long be dead.
        let now = self.now;
        self.pages[page].standing.linked_at = self.pages[page].standing.linked_at.map(|_| now);
        let tells_first = self.random.number() & 1 == 0;
        let event = core::mem::replace(&mut self.pages[page].tab.wakes_by, PageEvent::Visible);
        if tells_first {
            self.pages[page].inbox.push_front(Input::Page(event));
        } else {
            self.pages[page].inbox.push_back(Input::Page(event));
        }
        self.work(page);
    }

    pub(super) fn sleep(&mut self, page: usize, ms: u64) {
        let until = self.now + ms;
        self.suspend(page, ms);
        if self.settings.has_tabs {
            self.pages[page].tab.wakes_by = PageEvent::Woke;
        }
        self.lanes(page, None, |lane| lane.freeze(until));
        self.pages[page].tab.lag += ms;
    }
}

/// The end of a story.
impl World {
    /// When the last tab runs and the last page has a network.
    pub fn quiet_at(&self) -> u64 {
        let until = |page: &super::Page| {
            let offline = page.tab.offline.map_or(0, |(until, _)| until);
            offline.max(page.tab.suspended_until.unwrap_or_default())
        };
        self.pages.iter().map(until).max().unwrap_or_default().max(self.server.down_until)
    }

    /// Nothing breaks by itself any more. Where a frame was garbled, or may still be, the link is made anew: no transport does that,
    /// and a gap is only seen when a frame comes after it.
    pub fn calm_down(&mut self) {
        for place in 0..self.sockets.len() {
            let now = self.now;
            let socket = &mut self.sockets[place];
            let was_mangled = socket.up.was_mangled || socket.down.was_mangled;
            for lane in [&mut socket.up, &mut socket.down] {
                lane.budget = None;
                lane.mangles = None;
                lane.thaw(now);
            }
            if was_mangled && !socket.cut {
                self.break_socket(place);
            }
        }
    }

    /// From now on no client opens another socket without a cause. Such a client is away for a moment where the end of its former
    /// socket reaches the server before its `hello` on the next one.
    pub fn end_doubts(&mut self) {
        for page in &mut self.pages {
            page.client.trust_link();
        }
    }

    /// Whether a page is registered and has been in a room without a break, by its events.
    pub fn is_steady(&self, page: usize, room: &str) -> bool {
        let page = &self.pages[page];
        let is_here = page.client.state() == ClientState::Connected && !page.tab.is_gone;
        is_here && page.standing.steady_rooms.iter().any(|it| it.as_str() == room)
    }

    /// Returns the members of a room, and whether each is away, by the events of a page.
    pub fn members(&self, page: usize, room: &str) -> Vec<(signalpost_protocol::PeerId, bool)> {
        let room = signalpost_protocol::RoomName::parse(room);
        room.map_or(Vec::new(), |room| self.pages[page].standing.presence.members(&room))
    }
}

//! Pages come and go: what browsers tell them of it, and other tabs under their ids.
//!
//! Another tab is a page of its own under the same id, in no room. Without the key it is refused as long as the first one's session
//! lives, and the first does not notice. With it, it takes the session's place, and the first hears of it.

use super::link::Socket;
use super::{Action, World};
use signalpost_core::{ClientState, Event, Failure, Input, PageEvent, Reply};
use signalpost_protocol::ErrorCode;
use signalpost_server::SocketId;

impl World {
    pub(super) fn tell_page(&mut self, page: usize, event: PageEvent) {
        if !self.pages[page].tab.is_gone {
            self.pages[page].inbox.push_back(Input::Page(event));
            self.work(page);
        }
    }

    /// The client of a page lets go of its socket while the page is frozen.
    pub fn release_when_frozen(&mut self, page: usize) {
        self.pages[page].client_kind.releases = true;
        self.pages[page].begin(&mut self.random);
    }

    /// The page says goodbye, and nothing of it is left.
    pub(super) fn leave_page(&mut self, page: usize, comes_back: bool) {
        self.tell_page(page, PageEvent::Leaving);
        self.reload(page, false);
        self.pages[page].tab.is_gone = !comes_back;
        self.pages[page].application.is_closed = !comes_back;
    }

    pub(super) fn open_tab(&mut self, first: usize, has_key: bool) {
        let is_open = |it: &super::Page| it.first() == Some(first) && !it.application.is_closed;
        if self.pages.iter().any(is_open) || self.pages[first].application.is_closed {
            return;
        }
        let id = self.pages[first].id.clone();
        let tab = self.add_page(id.as_str());
        self.pages[tab].tab.first = Some((first, has_key));
        if has_key {
            self.pages[tab].stored.key = self.pages[first].stored.key.clone();
            self.pages[first].stored.loads += 1;
            self.pages[tab].stored.loads = self.pages[first].stored.loads;
            self.pages[tab].begin(&mut self.random);
        }
        self.act(Action::Connect(tab));
    }

    /// The other tabs close, and who lost the id to them comes back.
    pub(super) fn close_tabs(&mut self, first: usize) {
        for tab in 0..self.pages.len() {
            if self.pages[tab].first() == Some(first) && !self.pages[tab].application.is_closed {
                self.act(Action::Close(tab));
            }
        }
        if !self.pages[first].application.is_closed {
            self.act(Action::Connect(first));
        }
    }

    /// A new key of a session; tabs that share their storage share it.
    pub(super) fn note_key(&mut self, page: usize, key: String) {
        if let Some((first, true)) = self.pages[page].tab.first {
            self.pages[first].stored.key.clone_from(&key);
        }
        self.pages[page].stored.key = key;
    }

    /// Which connection holds the session of the id of a socket's page.
    pub(super) fn held(&self, place: usize) -> Option<SocketId> {
        let id = &self.pages[self.sockets[place].page].id;
        self.server.registry.mailboxes().find(|(it, ..)| *it == id).and_then(|(_, holder, _)| holder)
    }

    /// A frame was executed; has it given the socket its session?
    pub(super) fn note_claim(&mut self, place: usize, before: Option<SocketId>) {
        let (now, socket) = (self.now, &self.sockets[place]);
        let (page, connection) = (socket.page, Some(socket.connection));
        if !self.settings.has_tabs || before == connection || self.held(place) != connection {
            return;
        }
        // A hello of the client before a reload may come after that of the one behind it.
        let is_late = socket.incarnation != self.pages[page].incarnation;
        let incarnation = self.pages[page].incarnation;
        let held_it =
            |it: &Socket| Some(it.connection) == before && (it.page, it.incarnation) == (page, incarnation);
        if is_late && self.sockets.iter().any(held_it) {
            return self.violate(format!("a late hello takes the session of {}", self.pages[page].id));
        }
        // Nor can a client tell its own hello, on a socket that it has given up, from another tab's.
        self.pages[page].tab.lost_id = is_late;
        if is_late {
            self.checks.endings.note_taken(page, self.pages[page].name());
            self.forget(page);
        }
        let Some((first, has_key)) = self.pages[page].tab.first else {
            // No other tab gets what one tab got under this id, and the other tabs have lost the id.
            for tab in 0..self.pages.len() {
                if self.pages[tab].first() == Some(page) {
                    self.pages[tab].tab.lost_id = true;
                    self.checks.endings.note_taken(tab, self.pages[tab].name());
                    let id = self.pages[page].id.clone();
                    self.checks.delivery.forgive(&id, false);
                }
            }
            return;
        };
        let name = self.pages[first].name();
        let is_here = !self.pages[first].application.is_closed;
        if !self.pages[first].tab.lost_id && is_here && !has_key && self.checks.endings.lives(now, &name) {
            return self.violate(format!("another tab without the key takes the session of {}", name.0));
        }
        self.pages[first].tab.lost_id = true;
        self.checks.endings.note_taken(first, name);
        self.forget(first);
    }

    /// Nothing is left of a session whose client said goodbye.
    pub(super) fn check_goodbye(&mut self, place: usize, before: Option<SocketId>, text: &str) {
        let says_so = text.starts_with("{\"type\":\"bye\"") && before == Some(self.sockets[place].connection);
        let id = &self.pages[self.sockets[place].page].id;
        if says_so && self.server.registry.mailboxes().any(|(it, ..)| it == id) {
            self.violate(format!("{id} said goodbye, and its session lives"));
        }
    }

    /// Notes a state of a page's link: it may be `superseded` only when another tab has the page's id.
    pub(super) fn note_state(&mut self, page: usize, state: ClientState, reason: &str) {
        let is_told = state == ClientState::Idle && reason == ErrorCode::Superseded.as_str();
        if is_told && self.settings.has_tabs && !self.pages[page].tab.lost_id && !self.has_newer(page) {
            self.violate(format!("{} is told that another tab has its id", self.pages[page].id));
        }
        if !is_told || !self.settings.has_tabs {
            return;
        }
        self.pages[page].tab.lost_id = false;
        let has_tab = self.pages.iter().any(|it| it.first() == Some(page) && !it.application.is_closed);
        if self.pages[page].tab.first.is_none() && !has_tab {
            // The other is gone already.
            self.schedule(500, Action::Connect(page));
        }
    }

    /// Whether a tab that shares its key is newer: as long as the server believes that it is there, it has the id.
    fn has_newer(&self, page: usize) -> bool {
        let own = &self.pages[page];
        let shares = |it: &super::Page| it.tab.first.is_none_or(|(_, has_key)| has_key);
        shares(own)
            && self
                .pages
                .iter()
                .any(|it| it.id == own.id && shares(it) && it.stored.client_loads > own.stored.client_loads)
    }

    /// Whether a page heard that another tab has its id.
    pub fn was_superseded(&self, page: usize) -> bool {
        let is_so = |event: &Event| matches!(event, Event::State { state: ClientState::Idle, reason } if reason == ErrorCode::Superseded.as_str());
        self.pages[page].events.iter().any(|(_, event)| is_so(event))
    }

    /// How the first attempt of the newest tab beside a page ended.
    pub fn tab_result(&self, page: usize) -> Option<&Result<Reply, Failure>> {
        let tab = self.pages.iter().rev().find(|it| it.first() == Some(page))?;
        tab.calls.get(&signalpost_core::CallId(1))?.result.as_ref()
    }
}

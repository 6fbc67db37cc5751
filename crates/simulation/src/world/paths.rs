//! The paths between connections: who reaches whom, what is sent on the SDK's own data channel, and what breaks.

use super::World;
use super::action::{Action, PathLoss};
use super::browser_connection::BrowserConnection;
use crate::model_peer_connection::{Network, can_connect};
use signalpost_core::{ConnectionEvent, Input};

impl World {
    /// Lets the connections that were touched notice those that they may reach.
    pub(super) fn observe_paths(&mut self) {
        while let Some(place) = self.reach.touched.pop_first() {
            for other in 0..self.connections.len() {
                let (low, high) = (place.min(other), place.max(other));
                if place == other || !self.are_for_each_other(low, high) {
                    continue;
                }
                let now = self.now;
                let is_out = self.reach.is_out(self.connections[low].page, self.connections[high].page);
                let Ok([a, b]) = self.connections.get_disjoint_mut([low, high]) else { continue };
                if let Some(path) = self.reach.paths.get_mut(&(low, high)) {
                    path.is_out = is_out;
                    path.observe(now, &mut a.model, &mut b.model);
                } else if !is_out && can_connect(&a.model, &b.model) {
                    let delay = self.random.within((0, 40));
                    let path = self.reach.paths.entry((low, high)).or_insert(Network::new(delay));
                    path.observe(now, &mut a.model, &mut b.model);
                }
                self.hear(low);
                self.hear(high);
            }
        }
    }

    /// Whether anything arrived while a connection was probed: the transport at the other end answers without its page.
    pub(super) fn tell_probed(&mut self, place: usize) {
        self.connections[place].probed_at = None;
        let path = self.open_path(place);
        let round_trip_ms = path.and_then(|(_, delay)| u32::try_from(delay * 2).ok());
        let BrowserConnection { page, id, heard, .. } = self.connections[place];
        if heard {
            let event = ConnectionEvent::Probed { is_live: path.is_some(), round_trip_ms };
            self.pages[page].inbox.push_back(Input::Connection { connection: id, event });
            self.work(page);
        }
    }

    fn are_for_each_other(&self, a: usize, b: usize) -> bool {
        let (a, b) = (&self.connections[a], &self.connections[b]);
        self.pages[b.page].id == a.peer && self.pages[a.page].id == b.peer
    }

    /// The connection at the other end of a path that works, and how long the way is.
    fn open_path(&self, place: usize) -> Option<(usize, u64)> {
        let flows = |place: usize| {
            let connection = &self.connections[place];
            connection.is_open() && connection.model.has_path()
        };
        let of = |(pair, path): (&(usize, usize), &Network)| {
            let other = if pair.0 == place { pair.1 } else { pair.0 };
            let is_its = pair.0 == place || pair.1 == place;
            (is_its && !path.cut && !path.is_out && flows(other)).then_some((other, path.delay))
        };
        self.reach.paths.iter().find_map(of).filter(|_| flows(place))
    }

    /// A core sends a text on its data channel, which the transport does not send again in this world.
    pub(super) fn send_text(&mut self, place: usize, text: &str) {
        if let Some((other, delay)) = self.open_path(place) {
            self.reach.texts.insert((self.now + delay, self.reach.next_text), (other, text.into()));
            self.reach.next_text += 1;
        }
    }

    pub(super) fn tell_text(&mut self) {
        let Some((_, (place, text))) = self.reach.texts.pop_first() else { return };
        let BrowserConnection { page, id, heard, .. } = self.connections[place];
        if heard && self.connections[place].is_open() {
            let event = ConnectionEvent::Heard { text };
            self.pages[page].inbox.push_back(Input::Connection { connection: id, event });
            self.work(page);
        }
    }

    /// The path between two pages is lost, and there is one again after this time.
    pub(super) fn lose_path(&mut self, page: usize, peer: usize, ms: u64, how: PathLoss) {
        let until = self.reach.outages.entry((page.min(peer), page.max(peer))).or_default();
        *until = (*until).max(self.now + ms);
        for place in self.between(page, peer) {
            let connection = &mut self.connections[place];
            if let PathLoss::NewAddress { vanishes } = how {
                connection.model.lose_pair();
                if vanishes && connection.page == page {
                    let late = self.random.within((0, 54));
                    self.schedule(late, Action::LoseAddress(place));
                }
            }
        }
        self.touch_between(page, peer);
    }

    pub(super) fn lose_address(&mut self, place: usize) {
        self.connections[place].model.lose_address(self.now);
        self.reach.touched.insert(place);
        self.hear(place);
    }

    pub(super) fn end_outage(&mut self, page: usize, peer: usize) {
        self.trace.note(self.now, "path", format_args!("between {page} and {peer} is there again"));
        self.reach.outages.remove(&(page, peer));
        self.touch_between(page, peer);
    }

    fn touch_between(&mut self, page: usize, peer: usize) {
        self.reach.touched.extend(self.between(page, peer));
        self.observe_paths();
    }

    fn between(&self, page: usize, peer: usize) -> Vec<usize> {
        let ids = (&self.pages[page].id, &self.pages[peer].id);
        let is_between = |place: &usize| {
            let connection = &self.connections[*place];
            (connection.page == page && connection.peer == *ids.1)
                || (connection.page == peer && connection.peer == *ids.0)
        };
        (0..self.connections.len()).filter(is_between).collect()
    }
}

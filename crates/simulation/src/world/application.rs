//! The application of each page, its user, and fate.

use super::{Action, Direction, World};
use crate::model_peer_connection::MediaKind;
use signalpost_core::{CallId, ClientState, Command, ConnectionState, Event, Failure, PageEvent, Reply};
use signalpost_protocol::{PeerId, RoomName};

/// How long the application waits for the server, and for a peer.
const PATIENCE_MS: u32 = 30_000;

impl World {
    pub(super) fn act(&mut self, action: Action) {
        let now = self.now;
        self.trace.note(now, "script", format_args!("{action:?}"));
        match action {
            Action::Connect(page) => {
                let call = self.pages[page].call("connect".into());
                self.command(page, Command::Connect { call, timeout_ms: PATIENCE_MS });
            }
            Action::Join(page, room) => {
                let Ok(room) = RoomName::parse(room) else { return };
                let call = self.pages[page].call(format!("join {room}"));
                self.command(page, Command::Join { call, room });
            }
            Action::Open(page, peer) => {
                self.open(page, peer);
            }
            // No application runs in a suspended tab, nor could it add its tracks to what is only made later.
            Action::ConnectPeer(page, _) | Action::ReconnectPeer(page, _)
                if self.pages[page].is_suspended(now) =>
            {
                let until = self.pages[page].tab.suspended_until.unwrap_or_default();
                self.schedule(until - now, action);
            }
            Action::ConnectPeer(page, peer) => {
                let peer = self.open(page, peer);
                self.pages[page].application.wants.insert(peer.clone());
                let call = self.pages[page].call(format!("connect {peer}"));
                self.command(page, Command::ConnectPeer { call, peer, timeout_ms: PATIENCE_MS });
            }
            Action::ReconnectPeer(page, peer) => {
                if self.pages[page].application.wants.contains(&self.pages[peer].id) {
                    self.act(Action::ConnectPeer(page, peer));
                }
            }
            Action::AddTrack(page, peer, kind) => {
                let peer = self.open(page, peer);
                self.pages[page].application.tracks.entry(peer.clone()).or_default().push(kind);
                self.add_track(page, &peer, kind);
            }
            Action::RemoveTrack(page, peer, kind) => {
                let peer = self.pages[peer].id.clone();
                let tracks = self.pages[page].application.tracks.entry(peer.clone()).or_default();
                let Some(at) = tracks.iter().position(|it| *it == kind) else { return };
                tracks.remove(at);
                if let Some(place) = self.connection_place(page, &peer) {
                    self.connections[place].remove_track(now, kind);
                    self.reach.touched.insert(place);
                    self.hear(place);
                }
            }
            Action::RestartIce(page, peer) => {
                let peer = self.open(page, peer);
                self.command(page, Command::RestartIce { peer });
            }
            Action::ClosePeer(page, peer) => {
                let peer = self.pages[peer].id.clone();
                self.pages[page].application.wants.remove(&peer);
                self.command(page, Command::ClosePeer { peer });
            }
            Action::Leave(page, room) => {
                let Ok(room) = RoomName::parse(room) else { return };
                let id = self.pages[page].id.clone();
                self.pages[page].standing.steady_rooms.remove(&room);
                self.pages[page].standing.presence.note_left(&room);
                self.checks.delivery.forgive_broadcasts(&id);
                // A member that misses it may hear of it as a loss.
                self.checks.endings.note_end(self.pages[page].name());
                let call = self.pages[page].call(format!("leave {room}"));
                self.command(page, Command::Leave { call, room });
            }
            Action::Send { page, peer, count, receipt, bytes } => {
                for _ in 0..count {
                    self.send(page, peer, receipt, bytes);
                }
            }
            Action::Broadcast(page, room, count) => {
                let Ok(room) = RoomName::parse(room) else { return };
                for _ in 0..count {
                    self.broadcast(page, &room);
                }
            }
            Action::Close(page) => {
                self.note_end(page);
                self.pages[page].application.wants.clear();
                self.command(page, Command::Close);
            }
            Action::Tell(page, event) => self.tell_page(page, event),
            Action::FreezePage(page, ms) => {
                self.tell_page(page, PageEvent::Frozen);
                self.suspend(page, ms);
            }
            Action::LeavePage(page, comes_back) => self.leave_page(page, comes_back),
            Action::OpenTab(page, has_key) => self.open_tab(page, has_key),
            Action::CloseTabs(page) => self.close_tabs(page),
            Action::Reload(page, keeps_key) => self.reload(page, keeps_key),
            Action::CutSocket(page, notice) => self.cut_sockets(Some(page), Some(notice)),
            Action::CutAfter(page, direction, bytes) => {
                self.lanes(page, Some(direction), |lane| lane.budget = Some(bytes));
            }
            Action::CloseGoingAway(page, by_gateway) => self.close_going_away(page, by_gateway),
            Action::Vanish(page) => self.vanish(page),
            Action::Freeze(page, direction, ms) => {
                self.lanes(page, direction, |lane| lane.freeze(now + ms));
            }
            Action::Delay(page, direction, ms) => {
                self.lanes(page, Some(direction), |lane| lane.delay(now, ms));
            }
            Action::Mangle(page, direction, after) => {
                self.pages[page].was_mangled |= direction == Direction::Up;
                self.lanes(page, Some(direction), |lane| lane.mangles = Some(after));
            }
            Action::LosePath(page, peer, ms, how) => self.lose_path(page, peer, ms, how),
            Action::LoseAddress(place) => self.lose_address(place),
            Action::Offline(page, ms, is_told) => self.go_offline(page, ms, is_told),
            Action::Suspend(page, ms) => self.suspend(page, ms),
            Action::Sleep(page, ms) => self.sleep(page, ms),
            Action::RestartServer(pause) => {
                self.cut_sockets(None, None);
                self.server.restart(now + pause);
                self.note_end_of_all();
            }
            Action::DropSockets(pause, is_noticed) => {
                self.cut_sockets(None, is_noticed.then_some(0));
                self.server.down_until = now + pause;
            }
        }
    }

    /// The application asks for a connection to a peer; a new one gets the tracks that it sends to that peer.
    fn open(&mut self, page: usize, peer: usize) -> PeerId {
        let peer = self.pages[peer].id.clone();
        let before = self.connection_place(page, &peer);
        self.command(page, Command::OpenPeer { peer: peer.clone() });
        if before.is_none() {
            self.add_tracks(page, &peer);
        }
        peer
    }

    fn add_tracks(&mut self, page: usize, peer: &PeerId) {
        for kind in self.pages[page].tracks(peer).to_vec() {
            self.add_track(page, peer, kind);
        }
    }

    fn add_track(&mut self, page: usize, peer: &PeerId, kind: MediaKind) {
        if let Some(place) = self.connection_place(page, peer) {
            self.connections[place].add_track(self.now, kind);
            self.reach.touched.insert(place);
            self.hear(place);
        }
    }

    pub(super) fn reload(&mut self, page: usize, keeps_key: bool) {
        let now = self.now;
        self.abandon_sockets(page);
        // Some browsers say goodbye to the other side, some just vanish.
        let says_goodbye = self.random.number() & 1 == 0;
        let incarnation = self.pages[page].incarnation;
        for place in 0..self.connections.len() {
            let connection = &mut self.connections[place];
            if connection.page != page || connection.incarnation != incarnation || !connection.heard {
                continue;
            }
            connection.heard = false;
            if !says_goodbye {
                self.reach
                    .paths
                    .iter_mut()
                    .filter(|((a, b), _)| *a == place || *b == place)
                    .for_each(|(_, it)| it.cut = true);
                self.observe_silence(place);
            }
            self.connections[place].model.close(now);
            self.reach.touched.insert(place);
        }
        self.note_end(page);
        self.pages[page].reload(keeps_key, &mut self.random);
    }

    /// The path is cut while both ends are there to see it.
    fn observe_silence(&mut self, place: usize) {
        let now = self.now;
        for (&(a, b), path) in &mut self.reach.paths {
            if a == place || b == place {
                let Ok([a, b]) = self.connections.get_disjoint_mut([a, b]) else { continue };
                path.observe(now, &mut a.model, &mut b.model);
            }
        }
    }

    pub(super) fn settle(&mut self, page: usize, call: CallId, result: Result<Reply, Failure>) {
        let now = self.now;
        let known = self.pages[page].calls.get_mut(&call);
        let text = known.as_ref().map_or(String::new(), |it| it.what.clone());
        let before = known.map(|it| it.result.replace(result.clone()));
        self.trace.note(now, self.pages[page].id.as_str(), format_args!("{text}: {result:?}"));
        match before {
            Some(None) => {}
            _ => self.violate(format!("the promise {call} ({text}) is settled twice, or was never made")),
        }
        self.note_settled(page, call, &text, &result);
        let retries = !self.pages[page].application.is_closed && self.pages[page].tab.first.is_none();
        if result.is_err() && !self.expects_peace && text == "connect" && retries {
            self.schedule(500, Action::Connect(page));
        }
    }

    /// The application learns something and reacts.
    pub(super) fn tell(&mut self, page: usize, event: Event) {
        let now = self.now;
        let name = self.pages[page].id.clone();
        self.trace.note(now, name.as_str(), format_args!("is told {event:?}"));
        self.pages[page].events.push((now, event.clone()));
        let number = |id: &PeerId, world: &Self| world.pages.iter().position(|page| page.id == *id);
        if let Event::State { state, reason } = &event {
            self.note_state(page, *state, reason);
            self.pages[page].standing.linked_at = (*state == ClientState::Connected).then_some(now);
        }
        match event {
            Event::Peer { peer } | Event::PeerReplaced { peer } => self.add_tracks(page, &peer),
            Event::Error { peer, failure } if self.expects_peace => {
                self.violate(format!("{name} is told of an error with {peer:?}: {failure:?}"));
            }
            Event::PeerState { peer, state: ConnectionState::Closed, reason } => {
                if self.expects_peace && self.pages[page].application.wants.contains(&peer) {
                    return self.violate(format!("{name} loses {peer}: {reason}"));
                }
                if self.pages[page].application.persists && self.pages[page].application.wants.contains(&peer)
                {
                    let delay = self.random.within((0, 800));
                    if let Some(peer) = number(&peer, self) {
                        self.schedule(delay, Action::ReconnectPeer(page, peer));
                    }
                }
            }
            Event::PeerJoined { room, peer } => {
                self.note_peer_joined(page, &room, &peer);
                if !self.pages[page].application.meshes {
                    return;
                }
                let other = PeerId::parse(&peer.id).ok().and_then(|id| number(&id, self));
                if let Some(other) = other {
                    self.schedule(0, Action::ConnectPeer(page, other));
                }
            }
            Event::State { state: ClientState::Connected, .. } if !self.pages[page].standing.was_welcomed => {
                self.pages[page].standing.was_welcomed = true;
                // What was sent to a session of its id before this one is lost with that.
                self.checks.delivery.forgive(&name, false);
            }
            Event::Resumed { resumed, .. } => self.note_resumed(page, resumed),
            Event::Key { key } => self.note_key(page, key),
            Event::PeerAway { room, peer, .. } => self.note_away(page, &room, &peer, true),
            Event::PeerBack { room, peer } => self.note_away(page, &room, &peer, false),
            Event::PeerLeft { room, peer, reason } => {
                self.note_peer_left(page, &room, &peer, reason.as_str())
            }
            Event::Message { from, room, data } => self.note_message(page, &from, room.as_ref(), &data),
            _ => {}
        }
    }
}

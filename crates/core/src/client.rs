//! The client: hands each input to the part that it concerns.

mod application_signals;
mod networks;
mod outgoing_messages;
mod own_candidates;
mod reception;
mod requests;

use crate::config::Config;
use crate::context::Context;
use crate::deadline::{Earliest, TimerName};
use crate::failure::Failure;
use crate::ids::{CallId, ConnectionId};
use crate::input::{Command, Input, PageEvent, SocketEvent};
use crate::link::{Change, Link};
use crate::output::{ClientState, Output};
use crate::peer::directory::Directory;
use crate::peer::own::Own;
use crate::peer::peers::Peers;
use crate::peer::timeline::Timeline;
use crate::rng::Rng;
use crate::rooms::Rooms;
use crate::stream::Stream;
use crate::time::Time;
use crate::topology::Topology;
use alloc::vec::Vec;
use outgoing_messages::OutgoingMessages;
use own_candidates::OwnCandidates;
use requests::{Question, Request, Requests};
use signalpost_protocol::{ClientMessage, ErrorCode, PeerId};

/// The whole client, without I/O. See the crate's front page for how to drive it.
pub struct Client {
    own: PeerId,
    context: Context,
    link: Link,
    stream: Stream,
    requests: Requests,
    rooms: Rooms,
    directory: Directory,
    peers: Peers,
    topology: Topology,
    outgoing_messages: OutgoingMessages,
    own_candidates: OwnCandidates,
    /// Whether there was a link when [`Peers`] last heard of it.
    was_linked: bool,
}

impl Client {
    /// A client that does nothing yet. `seed` decides jitter and connection ids.
    pub fn new(config: Config, seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let incarnation = rng.next_id();
        let own = Own::new(&config, incarnation);
        Self {
            link: Link::new(&config),
            stream: Stream::new(&config, incarnation),
            peers: Peers::new(own),
            topology: Topology::default(),
            outgoing_messages: OutgoingMessages::default(),
            own_candidates: OwnCandidates::new(config.candidates),
            own: config.peer_id,
            context: Context::new(rng),
            requests: Requests::default(),
            rooms: Rooms::default(),
            directory: Directory::default(),
            was_linked: false,
        }
    }

    /// Tells the client what happened at `now_ms`. Time never goes back.
    pub fn handle_input(&mut self, now_ms: u64, input: Input) {
        self.context.now = Time(now_ms);
        self.context.link_heard = self.link.heard_at();
        match input {
            Input::Command(command) => self.handle_command(command),
            Input::Socket { socket, event } => {
                if self.link.is_current(socket) {
                    self.handle_socket(event);
                } else {
                    self.link.handle_spare(socket, &event, &mut self.stream, &mut self.context);
                }
            }
            Input::Connection { connection, event } => self.handle_connection(connection, event),
            Input::Page(event) => {
                if event == PageEvent::Online {
                    self.handle_other_network();
                }
                let change = self.link.handle_page(event, &mut self.stream, &mut self.context);
                self.handle_change(change);
                if matches!(event, PageEvent::Online | PageEvent::Visible | PageEvent::Woke) {
                    let is_sure = event == PageEvent::Online;
                    self.peers
                        .with_all(&mut self.context, |peer, effects| peer.handle_change(is_sure, effects));
                }
            }
            Input::Timeout => self.handle_timeout(),
        }
        self.tell_mapping();
        self.send_messages();
        self.review_link();
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.context.out.pop_front()
    }

    /// When to come back with [`Input::Timeout`], in milliseconds of the driver's clock, and which timer it is.
    pub fn poll_timeout(&self) -> Option<(u64, TimerName)> {
        let mut earliest = Earliest::default();
        self.link.note_timeouts(&self.stream, &mut earliest);
        self.requests.note_timeouts(&mut earliest);
        self.peers.note_timeouts(&mut earliest);
        self.outgoing_messages.note_timeouts(&mut earliest);
        self.own_candidates.note_timeouts(&mut earliest);
        earliest.note(self.topology.poll_timeout(), TimerName::Topology);
        earliest.first().map(|(at, timer)| (at.0, timer))
    }

    /// The client's own state.
    pub fn state(&self) -> ClientState {
        self.link.state()
    }

    /// What the server has not acknowledged, what waits for a link included: the messages of the
    /// application, all messages, and the bytes of all. For tests: the browser does not ask.
    pub fn outbox(&self) -> (usize, usize, usize) {
        self.stream.size()
    }

    /// How long each phase of the connection to a peer took; `None` when there is none.
    pub fn timeline(&self, peer: &PeerId) -> Option<Timeline> {
        self.peers.peer(peer).map(|peer| peer.timeline)
    }

    /// The id of the connection to a peer; `None` when there is none.
    pub fn connection(&self, peer: &PeerId) -> Option<ConnectionId> {
        self.peers.peer(peer).map(|peer| peer.ends.connection)
    }

    fn handle_command(&mut self, command: Command) {
        if self.link.state() == ClientState::Closed {
            self.refuse_after_close(command);
            return;
        }
        if let Command::Join { call, .. } | Command::Leave { call, .. } = command
            && self.is_full()
        {
            // The room stays as it is: a question before this one may still be answered.
            return self.context.reject(call, ErrorCode::OutboxFull);
        }
        let context = &mut self.context;
        match command {
            Command::Connect { call, timeout_ms } => self.link.connect(call, timeout_ms, context),
            Command::Close => self.close(),
            Command::Cancel { call } => {
                self.link.cancel(call, &mut self.stream, context);
                self.peers.with_all(context, |peer, _| peer.cancel(call));
                if let Some(cancelled) = self.requests.cancel(call) {
                    self.abandon_all(&[cancelled]);
                }
                self.cancel_message(call);
            }
            Command::Limit { call, timeout_ms } => {
                let deadline = context.now.after_ms(timeout_ms);
                self.requests.set_deadline(call, deadline);
                self.outgoing_messages.set_deadline(call, deadline);
                self.own_candidates.set_deadline(call, deadline);
            }
            Command::Join { call, room } => {
                self.rooms.enter(&room);
                self.ask(Some(call), Question::Join(room));
            }
            Command::Leave { call, room } => {
                self.rooms.leave(&room);
                self.ask(Some(call), Question::Leave(room));
            }
            Command::FindPeers { call, query } => self.ask(Some(call), Question::Find(query)),
            Command::Message { call, to, data, receipt } => self.send_text(call, to, data, receipt),
            Command::OwnSignal { call, to, signal } => self.send_own_signal(call, to, signal),
            Command::IceServers { urls } => self.handle_servers(&urls),
            Command::OpenPeer { peer } => self.open_peer(&peer),
            Command::ConnectPeer { call, peer, timeout_ms } => {
                if peer == self.own {
                    let failure = Failure::new(ErrorCode::InvalidArgument, "a peer cannot connect to itself");
                    return context.settle(call, Err(failure));
                }
                self.open_peer(&peer);
                self.peers.with(&peer, &mut self.context, |peer, effects| {
                    peer.connect(call, timeout_ms, effects);
                });
            }
            Command::RestartIce { peer } => {
                self.peers.with(&peer, context, |peer, effects| peer.restart_ice(effects));
            }
            Command::ClosePeer { peer } => {
                self.peers.with(&peer, context, |peer, effects| {
                    peer.hang_up(ErrorCode::Closed.into(), effects);
                });
            }
        }
    }

    fn refuse_after_close(&mut self, command: Command) {
        let (Command::Connect { call, .. }
        | Command::Join { call, .. }
        | Command::Leave { call, .. }
        | Command::FindPeers { call, .. }
        | Command::Message { call, .. }
        | Command::OwnSignal { call, .. }
        | Command::ConnectPeer { call, .. }) = command
        else {
            return;
        };
        self.context.reject(call, ErrorCode::Closed);
    }

    fn open_peer(&mut self, id: &PeerId) {
        if *id != self.own {
            let listed = self.directory.listed(id);
            self.peers.open(id, listed, &mut self.context);
        }
    }

    fn close(&mut self) {
        self.peers.with_all(&mut self.context, |peer, effects| {
            peer.hang_up(ErrorCode::Closed.into(), effects);
        });
        self.send_messages();
        self.requests.fail_all(&ErrorCode::Closed.into(), &mut self.context);
        self.fail_messages(&ErrorCode::Closed.into());
        self.rooms = Rooms::default();
        self.topology.close(&mut self.context);
        self.link.close(&mut self.stream, &mut self.context);
    }

    /// Tells the peers how the link is, and asks the link for a sign of life where a peer's path has none.
    fn review_link(&mut self) {
        self.context.link_heard = self.link.heard_at();
        let is_linked = self.link.is_registered();
        if is_linked != core::mem::replace(&mut self.was_linked, is_linked) {
            self.peers.handle_link(is_linked, &mut self.context);
        } else if is_linked {
            self.peers.handle_link_heard(&mut self.context);
        }
        self.send_messages();
        if core::mem::take(&mut self.context.doubts_link) {
            self.link.doubt(&mut self.stream, &mut self.context);
        }
    }

    /// Tells the application who is away and who is not. That depends on the server and on the connections; a connection
    /// to a peer that the server calls away is asked for a sign of life.
    fn review_presence(&mut self) {
        let Self { rooms, peers, context, .. } = self;
        for id in rooms.away() {
            peers.handle_away(id, context);
        }
        rooms.review(&|id| peers.is_live(id), context);
    }

    fn handle_socket(&mut self, event: SocketEvent) {
        let change = self.link.handle_socket(&event, &mut self.stream, &mut self.context);
        self.handle_change(change);
        match event {
            SocketEvent::Frame(envelope) => self.handle_frame(*envelope),
            SocketEvent::Malformed => self.context.report(None, ErrorCode::InvalidJson.into()),
            SocketEvent::Opened | SocketEvent::Unavailable { .. } | SocketEvent::Closed { .. } => {}
        }
    }

    fn handle_change(&mut self, change: Option<Change>) {
        match change {
            Some(Change::Registered { anew }) => {
                if anew {
                    self.fail_sent_messages();
                }
                self.link.flush(&mut self.stream, &mut self.context);
                if anew {
                    self.ask_again();
                }
                self.topology.handle_registered(&mut self.context);
            }
            Some(Change::GaveUp(failure)) => {
                let failed = self.requests.fail_all(&failure, &mut self.context);
                self.abandon_all(&failed);
                self.fail_messages(&failure);
            }
            None => {}
        }
    }

    /// Says again what the application wants: the session is new, and the server knows nothing of it.
    fn ask_again(&mut self) {
        self.rooms.handle_new_session();
        let Self { requests, link, stream, context, rooms, .. } = self;
        requests.ask_again(|question| link.send(question.message(), stream, context));
        let mut again = Vec::new();
        for room in rooms.names() {
            if !requests.is_joining(room) {
                again.push(room.clone());
            }
        }
        for room in again {
            self.ask(None, Question::Join(room));
        }
        self.peers.with_all(&mut self.context, |peer, effects| peer.resend(effects));
    }

    fn handle_timeout(&mut self) {
        let change = self.link.handle_timeout(&mut self.stream, &mut self.context);
        self.handle_change(change);
        self.link.handle_ack_timeout(&mut self.stream, &mut self.context);
        let failed = self.requests.handle_timeout(&self.link.late(), &mut self.context);
        self.abandon_all(&failed);
        self.handle_message_timeout();
        self.topology.handle_timeout(&mut self.context);
        self.peers.with_all(&mut self.context, |peer, effects| peer.handle_timeout(effects));
    }

    fn ask(&mut self, call: Option<CallId>, question: Question) {
        self.ask_until(call, question, None);
    }

    /// Whether one more question is too many.
    fn is_full(&self) -> bool {
        self.requests.is_full() || self.stream.is_full(0)
    }

    fn ask_until(&mut self, call: Option<CallId>, question: Question, deadline: Option<Time>) {
        if self.is_full() {
            if let Some(call) = call {
                self.context.reject(call, ErrorCode::OutboxFull);
            }
            return self.abandon(&question);
        }
        let frame = self.link.send(question.message(), &mut self.stream, &mut self.context);
        self.requests.push(self.context.now, call, question, frame, deadline);
    }

    /// Gives up what these requests were for: a room whose `join()` is rejected is not entered later.
    fn abandon_all(&mut self, failed: &[Request]) {
        for Request { question, frame, .. } in failed {
            // A client that gave a room up does not want to be in it, whether or not a call waits for the answer.
            if !matches!(question, Question::Leave(_)) {
                self.stream.void(*frame);
            }
            self.abandon(question);
        }
    }

    fn abandon(&mut self, failed: &Question) {
        if let Some(room) = failed.joins()
            && !self.requests.is_joining(room)
            && self.rooms.abandon(room)
        {
            // The server may have let the client in, or be about to.
            self.context.messages.push_back(ClientMessage::Leave(room.clone()));
        }
    }

    /// Sends the messages that were collected while the input was handled.
    fn send_messages(&mut self) {
        while let Some(message) = self.context.messages.pop_front() {
            if let ClientMessage::Relay { to, .. } = &message
                && self.stream.is_overfull()
            {
                let failure = Failure::from(ErrorCode::OutboxFull);
                self.peers.with(to, &mut self.context, |peer, effects| peer.handle_refusal(failure, effects));
            } else {
                self.link.send(message, &mut self.stream, &mut self.context);
            }
        }
    }
}

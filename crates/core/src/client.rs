//! The client: hands each input to the part that it concerns.

mod correspondence;
mod outgoing_messages;
mod own_candidates;
mod reception;
mod requests;

use crate::client::outgoing_messages::Letters;
use crate::client::own_candidates::OwnCandidates;
use crate::client::requests::{Question, Request, Requests};
use crate::collections::queue::Queue;
use crate::config::Config;
use crate::deadline::{Earliest, Reason};
use crate::ids::{CallId, ConnectionId};
use crate::input::{Command, Input, SocketEvent};
use crate::link::{Change, Session};
use crate::output::{ClientState, Event, Failure, Output, Reply, TimerName};
use crate::peer::peers::{Own, Peers, Sink};
use crate::peer::timeline::Timeline;
use crate::rng::Rng;
use crate::rooms::Rooms;
use crate::rooms::directory::Directory;
use alloc::vec::Vec;
use signalpost_protocol::{ClientMessage, ErrorCode, PeerId};

/// The whole client, without I/O. See the crate's front page for how to drive it.
pub struct Client {
    own: PeerId,
    rng: Rng,
    session: Session,
    requests: Requests,
    rooms: Rooms,
    directory: Directory,
    peers: Peers,
    letters: Letters,
    own_candidates: OwnCandidates,
    outputs: Queue<Output>,
    /// Messages of the peers that have not been handed to the session.
    messages: Queue<ClientMessage>,
    /// Whether the link was there when the peers were told last.
    was_linked: bool,
}

impl Client {
    /// A client that does nothing yet. `seed` decides jitter and connection ids.
    pub fn new(config: Config, seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let session = rng.next_id();
        let own =
            Own { id: config.peer_id.clone(), session, candidates: config.candidates, is_linked: false };
        Self {
            session: Session::new(&config, session),
            peers: Peers::new(own),
            letters: Letters::default(),
            own_candidates: OwnCandidates::new(config.candidates),
            own: config.peer_id,
            rng,
            requests: Requests::default(),
            rooms: Rooms::default(),
            directory: Directory::default(),
            outputs: Queue::default(),
            messages: Queue::default(),
            was_linked: false,
        }
    }

    /// Tells the client what happened at `now`. Time never goes back.
    pub fn handle_input(&mut self, now: u64, input: Input) {
        match input {
            Input::Command(command) => self.handle_command(now, command),
            Input::Socket { socket, event } => {
                if self.session.is_current(socket) {
                    self.handle_socket(now, event);
                } else {
                    self.session.handle_spare(now, socket, &event, &mut self.outputs);
                }
            }
            Input::Connection { connection, event } => {
                self.with_peers(|peers, sink, _| peers.handle_event(now, connection, event, sink));
                self.review_presence();
            }
            Input::Page(event) => {
                let change = self.session.handle_page(now, event, &mut self.rng, &mut self.outputs);
                self.handle_change(now, change);
            }
            Input::Timeout => self.handle_timeout(now),
        }
        self.send_messages(now);
        let is_linked = self.session.is_registered();
        if is_linked != self.was_linked {
            self.was_linked = is_linked;
            self.with_peers(|peers, sink, _| peers.handle_link(now, is_linked, sink));
        }
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to come back with [`Input::Timeout`], and why.
    pub fn poll_timeout(&self) -> Option<(u64, TimerName)> {
        let Earliest { at, why } = self.earliest::<Option<_>>();
        why.map(|why| (at, why))
    }

    /// When to come back, without the reason: the browser has no use for it, and it weighs something.
    pub fn deadline(&self) -> Option<u64> {
        let at = self.earliest::<()>().at;
        (at < u64::MAX).then_some(at)
    }

    fn earliest<R: Reason>(&self) -> Earliest<R> {
        let mut earliest = Earliest::new();
        self.session.note_timeouts(&mut earliest);
        self.requests.note_timeouts(&mut earliest);
        self.peers.note_timeouts(&mut earliest);
        self.letters.note_timeouts(&mut earliest);
        self.own_candidates.note_timeouts(&mut earliest);
        earliest
    }

    /// The client's own state.
    pub fn state(&self) -> ClientState {
        self.session.state()
    }

    /// What the server has not acknowledged, what waits for a link included: those of the
    /// application, all, and the bytes of all. For tests: the browser does not ask.
    pub fn outbox(&self) -> (usize, usize, usize) {
        self.session.outbox()
    }

    /// How long each phase of the connection to a peer took; `None` when there is none.
    pub fn timeline(&self, peer: &PeerId) -> Option<Timeline> {
        self.peers.peer(peer).map(|peer| peer.timeline)
    }

    /// The id of the connection to a peer; `None` when there is none.
    pub fn connection(&self, peer: &PeerId) -> Option<ConnectionId> {
        self.peers.peer(peer).map(|peer| peer.connection)
    }

    fn handle_command(&mut self, now: u64, command: Command) {
        if self.session.state() == ClientState::Closed {
            self.refuse_after_close(command);
            return;
        }
        match command {
            Command::Connect { call, timeout_ms } => {
                self.session.connect(now, call, timeout_ms, &mut self.outputs);
            }
            Command::Close => self.close(now),
            Command::Cancel { call } => {
                self.session.cancel(now, call, &mut self.outputs);
                if let Some(cancelled) = self.requests.cancel(call) {
                    self.abandon_all(&[cancelled]);
                }
                self.cancel_letter(call);
                self.with_peers(|peers, sink, _| peers.with_all(sink, |peer, _| peer.cancel(call)));
            }
            Command::Limit { call, timeout_ms } => {
                let deadline = now.saturating_add(timeout_ms.into());
                self.requests.set_deadline(call, deadline);
                self.letters.set_deadline(call, deadline);
                self.own_candidates.set_deadline(call, deadline);
            }
            Command::Join { call, room } => {
                self.rooms.enter(&room);
                self.ask(now, Some(call), Question::Join(room));
            }
            Command::Leave { call, room } => {
                self.rooms.leave(&room);
                self.ask(now, Some(call), Question::Leave(room));
            }
            Command::FindPeers { call, query } => self.ask(now, Some(call), Question::Find(query)),
            Command::Message { call, to, data, receipt } => self.write(now, call, to, data, receipt),
            Command::OwnSignal { call, to, signal } => self.signal(now, call, to, signal),
            Command::OpenPeer { peer } => self.open_peer(now, &peer),
            Command::ConnectPeer { call, peer, timeout_ms } => {
                if peer == self.own {
                    let failure = Failure::new(ErrorCode::InvalidArgument, "a peer cannot connect to itself");
                    self.outputs.push_back(Output::Settle { call, result: Err(failure) });
                    return;
                }
                self.open_peer(now, &peer);
                self.with_peers(|peers, sink, _| {
                    peers.with(&peer, sink, |peer, effects| peer.connect(now, call, timeout_ms, effects));
                });
            }
            Command::RestartIce { peer } => self.with_peers(|peers, sink, _| {
                peers.with(&peer, sink, |peer, effects| peer.restart_ice(now, effects));
            }),
            Command::ClosePeer { peer } => self.with_peers(|peers, sink, _| {
                peers.with(&peer, sink, |peer, effects| peer.hang_up(ErrorCode::Closed.into(), effects));
            }),
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
        self.outputs.push_back(Output::Settle { call, result: Err(ErrorCode::Closed.into()) });
    }

    fn open_peer(&mut self, now: u64, id: &PeerId) {
        if *id != self.own {
            let known = self.directory.known(id);
            self.with_peers(|peers, sink, rng| peers.open(now, id, known, rng, sink));
        }
    }

    fn close(&mut self, now: u64) {
        self.with_peers(|peers, sink, _| {
            peers.with_all(sink, |peer, effects| peer.hang_up(ErrorCode::Closed.into(), effects));
        });
        self.send_messages(now);
        self.requests.fail_all(&ErrorCode::Closed.into(), &mut self.outputs);
        self.fail_letters(&ErrorCode::Closed.into());
        self.rooms = Rooms::default();
        self.session.close(now, &mut self.outputs);
    }

    /// Who is away depends on the server and on the connections.
    fn review_presence(&mut self) {
        self.rooms.review(&mut self.peers, &mut self.outputs);
    }

    fn handle_socket(&mut self, now: u64, event: SocketEvent) {
        let change = self.session.handle_socket(now, &event, &mut self.rng, &mut self.outputs);
        self.handle_change(now, change);
        match event {
            SocketEvent::Frame(envelope) => self.handle_frame(now, *envelope),
            SocketEvent::Malformed => self.report(None, ErrorCode::InvalidJson.into()),
            SocketEvent::Opened | SocketEvent::Unavailable { .. } | SocketEvent::Closed { .. } => {}
        }
    }

    fn handle_change(&mut self, now: u64, change: Option<Change>) {
        match change {
            Some(Change::Registered { anew }) => {
                if anew {
                    self.fail_sent_letters();
                }
                self.session.flush(now, &mut self.outputs);
                if anew {
                    self.ask_again(now);
                }
            }
            Some(Change::GaveUp(failure)) => {
                let failed = self.requests.fail_all(&failure, &mut self.outputs);
                self.abandon_all(&failed);
                self.fail_letters(&failure);
            }
            None => {}
        }
    }

    /// The session is new, and the server knows nothing of what was said before.
    fn ask_again(&mut self, now: u64) {
        self.rooms.handle_new_session();
        let Self { requests, session, outputs, rooms, .. } = self;
        requests.ask_again(|question| session.send(now, question.message(), outputs));
        let mut again = Vec::new();
        for room in rooms.names() {
            if !requests.is_joining(room) {
                again.push(room.clone());
            }
        }
        for room in &again {
            self.ask(now, None, Question::Join(room.clone()));
        }
        self.with_peers(|peers, sink, _| peers.with_all(sink, |peer, effects| peer.resend(now, effects)));
    }

    fn handle_timeout(&mut self, now: u64) {
        let change = self.session.handle_timeout(now, &mut self.rng, &mut self.outputs);
        self.handle_change(now, change);
        self.session.handle_ack_timeout(now, &mut self.outputs);
        let failed = self.requests.handle_timeout(now, &self.session.late(), &mut self.outputs);
        self.abandon_all(&failed);
        self.handle_letter_timeout(now);
        self.with_peers(|peers, sink, _| {
            peers.with_all(sink, |peer, effects| peer.handle_timeout(now, effects));
        });
    }

    fn ask(&mut self, now: u64, call: Option<CallId>, question: Question) {
        self.ask_until(now, call, question, None);
    }

    fn ask_until(&mut self, now: u64, call: Option<CallId>, question: Question, deadline: Option<u64>) {
        if self.requests.is_full() || self.session.is_full(0) {
            self.settle(call, Err(ErrorCode::OutboxFull.into()));
            return self.abandon(&question);
        }
        let frame = self.session.send(now, question.message(), &mut self.outputs);
        self.requests.push(now, call, question, frame, deadline);
    }

    /// These failed: a room whose `join()` is rejected is not entered later.
    fn abandon_all(&mut self, failed: &[Request]) {
        for Request { question, frame, .. } in failed {
            // Who gave a room up does not want to be in it, whether or not anybody waits for the answer.
            if !matches!(question, Question::Leave(_)) {
                self.session.void(*frame);
            }
            self.abandon(question);
        }
    }

    fn abandon(&mut self, failed: &Question) {
        if let Some(room) = failed.joins()
            && !self.requests.is_joining(room)
            && self.rooms.abandon(room)
        {
            // The server may have let us in, or be about to.
            self.messages.push_back(ClientMessage::Leave(room.clone()));
        }
    }

    fn settle(&mut self, call: Option<CallId>, result: Result<Reply, Failure>) {
        if let Some(call) = call {
            self.outputs.push_back(Output::Settle { call, result });
        }
    }

    fn report(&mut self, peer: Option<PeerId>, failure: Failure) {
        self.outputs.push_back(Output::Event(Event::Error { peer, failure }));
    }

    fn with_peers(&mut self, act: impl FnOnce(&mut Peers, &mut Sink<'_>, &mut Rng)) {
        let mut sink = Sink { outputs: &mut self.outputs, messages: &mut self.messages };
        act(&mut self.peers, &mut sink, &mut self.rng);
    }

    fn send_messages(&mut self, now: u64) {
        while let Some(message) = self.messages.pop_front() {
            if let ClientMessage::Relay { to, .. } = &message
                && self.session.is_overfull()
            {
                let (to, failure) = (to.clone(), Failure::from(ErrorCode::OutboxFull));
                self.with_peers(|peers, sink, _| {
                    peers.with(&to, sink, |peer, effects| peer.handle_refusal(now, failure, effects));
                });
            } else {
                self.session.send(now, message, &mut self.outputs);
            }
        }
    }
}

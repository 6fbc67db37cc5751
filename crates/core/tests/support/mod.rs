//! Drives a client with a movable clock. Everything it sends is read back the way a server reads it, and
//! everything it is sent travels as JSON. The server and the browser are played by the tests.
#![allow(dead_code, missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)]

pub mod pair;
mod paths;
mod sessions;

use paths::Paths;
use signalpost_core::protocol::message::{Description as WireDescription, Route};
use signalpost_core::protocol::{
    CandidateBatch, ClientMessage, Envelope, IceCandidateInit, PeerId, PeerInfo, RoomName, ServerMessage,
    Signal,
};
use signalpost_core::{
    CallId, CandidateOptions, Client, ClientState, Command, Config, ConnectionEvent, ConnectionId,
    ConnectionState, Description, Event, Failure, Input, Operation, OperationId, Outcome, Output, PageEvent,
    ReconnectOptions, Reply, SdpType, SignalingState, SocketEvent, SocketId,
};
use std::collections::BTreeMap;

pub const CONNECT: u32 = 1;

pub struct World {
    pub client: Client,
    pub now: u64,
    /// Sockets that were opened, and when.
    pub sockets: Vec<(u32, u64)>,
    pub closed_sockets: Vec<(u32, u16)>,
    /// Sockets that are neither closed nor over, and whether they are open.
    pub live_sockets: BTreeMap<u32, bool>,
    /// What was sent since it was last taken, with the frame's number.
    pub sent: Vec<(Option<u32>, ClientMessage)>,
    /// `seq` and `ack` of everything that was ever sent.
    pub numbers: Vec<(Option<u32>, Option<u32>)>,
    pub settled: Vec<(u32, Result<Reply, Failure>)>,
    pub events: Vec<Event>,
    pub connections: Vec<(u32, PeerId)>,
    pub closed_connections: Vec<u32>,
    pub operations: Vec<(u32, u32, Operation)>,
    pub restarts: usize,
    pub paths: Paths,
    /// How many outputs there ever were.
    pub outputs: usize,
}

pub fn id(text: &str) -> PeerId {
    PeerId::parse(text).unwrap()
}

pub fn room(text: &str) -> RoomName {
    RoomName::parse(text).unwrap()
}

pub fn info(name: &str, session: u32) -> PeerInfo {
    PeerInfo { id: name.into(), incarnation: session, ..PeerInfo::default() }
}

pub fn config() -> Config {
    Config {
        peer_id: id("mia"),
        key: "0123456789abcdef".into(),
        peer: PeerInfo::default(),
        reconnect: ReconnectOptions::default(),
        candidates: CandidateOptions::default(),
        ping_ms: None,
        release_when_frozen: false,
        pages: 0,
    }
}

impl World {
    pub fn new() -> Self {
        Self::with(config(), 7)
    }

    pub fn with(config: Config, seed: u64) -> Self {
        Self {
            client: Client::new(config, seed),
            now: 1_000,
            sockets: Vec::new(),
            closed_sockets: Vec::new(),
            live_sockets: BTreeMap::new(),
            sent: Vec::new(),
            numbers: Vec::new(),
            settled: Vec::new(),
            events: Vec::new(),
            connections: Vec::new(),
            closed_connections: Vec::new(),
            operations: Vec::new(),
            restarts: 0,
            paths: Paths::default(),
            outputs: 0,
        }
    }

    /// Registered, with a good link, and nothing left to look at.
    pub fn registered() -> Self {
        let mut world = Self::new();
        world.register();
        world.advance(5_000);
        world.forget();
        world
    }

    pub fn register(&mut self) {
        self.command(Command::Connect { call: CallId(CONNECT), timeout_ms: 60_000 });
        self.accept_link();
    }

    /// The server takes the newest socket and welcomes the client.
    pub fn accept_link(&mut self) {
        self.socket_event(SocketEvent::Opened);
        self.receive(ServerMessage::Welcome { version: 1, region: None, session: None });
    }

    pub fn forget(&mut self) {
        self.sent.clear();
        self.settled.clear();
        self.events.clear();
    }

    pub fn input(&mut self, input: Input) {
        match &input {
            Input::Socket { socket, event: SocketEvent::Closed { .. } | SocketEvent::Unavailable { .. } } => {
                self.live_sockets.remove(&socket.0);
            }
            Input::Socket { socket, event: SocketEvent::Opened } => {
                self.live_sockets.entry(socket.0).and_modify(|open| *open = true);
            }
            _ => {}
        }
        self.client.handle_input(self.now, input);
        self.drain();
    }

    pub fn command(&mut self, command: Command) {
        self.input(Input::Command(command));
    }

    pub fn page(&mut self, event: PageEvent) {
        self.input(Input::Page(event));
    }

    pub fn socket(&self) -> u32 {
        self.sockets.last().unwrap().0
    }

    pub fn socket_event(&mut self, event: SocketEvent) {
        self.socket_event_on(self.socket(), event);
    }

    pub fn socket_event_on(&mut self, socket: u32, event: SocketEvent) {
        self.input(Input::Socket { socket: SocketId(socket), event });
    }

    /// Something arrives on a socket that is not the newest.
    pub fn speak_on(&mut self, socket: u32) {
        let frame = ServerMessage::HeartbeatAck.into_envelope(self.now);
        self.socket_event_on(socket, SocketEvent::Frame(Box::new(frame)));
    }

    pub fn lose_link(&mut self) {
        self.socket_event(SocketEvent::Closed { code: 1006 });
    }

    pub fn receive(&mut self, message: ServerMessage) {
        let text = serde_json::to_string(&message.into_envelope(self.now)).unwrap();
        self.receive_text(&text);
    }

    pub fn receive_text(&mut self, text: &str) {
        let envelope: Envelope = serde_json::from_str(text).unwrap();
        self.socket_event(SocketEvent::Frame(Box::new(envelope)));
    }

    pub fn receive_error(&mut self, code: &str, reference: Option<u32>, about: Option<&str>) {
        let about = about.map(id);
        let message = String::new();
        self.receive(ServerMessage::Error { code: code.into(), message, reference, about, after: None });
    }

    pub fn hear(&mut self, from: &str, signal: Signal) {
        self.receive(ServerMessage::Relay { from: id(from), signal });
    }

    pub fn connection_event(&mut self, event: ConnectionEvent) {
        let connection = ConnectionId(self.connections.last().unwrap().0);
        self.input(Input::Connection { connection, event });
    }

    pub fn state(&mut self, state: ConnectionState) {
        self.connection_event(ConnectionEvent::StateChanged(state));
    }

    /// The newest operation ends.
    pub fn done(&mut self, result: Result<Option<Description>, String>, signaling_state: SignalingState) {
        let (connection, operation, _) = self.operations.pop().expect("an operation");
        let outcome = Outcome { result, signaling_state };
        let event = ConnectionEvent::Done { operation: OperationId(operation), outcome };
        self.input(Input::Connection { connection: ConnectionId(connection), event });
    }

    /// The browser says that an offer is needed, unless it has, and makes it. One that is only looked at is then set; the
    /// polite side's is not.
    pub fn offer_made(&mut self, fragment: &str) {
        if self.operations.is_empty() {
            self.connection_event(ConnectionEvent::NegotiationNeeded);
        }
        let (_, _, what) = self.operations.last().expect("an operation");
        let is_set = !matches!(what, Operation::CreateOffer);
        let state = if is_set { SignalingState::HaveLocalOffer } else { SignalingState::Stable };
        let made = Description { kind: SdpType::Offer, sdp: sdp(fragment) };
        self.done(Ok(Some(made.clone())), state);
        if !is_set && matches!(self.operations.last(), Some((.., Operation::SetLocalDescription))) {
            self.done(Ok(Some(made)), SignalingState::HaveLocalOffer);
        }
    }

    /// The browser takes the remote offer and makes an answer.
    pub fn answer_made(&mut self, fragment: &str) {
        self.done(Ok(None), SignalingState::HaveRemoteOffer);
        let made = Description { kind: SdpType::Answer, sdp: sdp(fragment) };
        self.done(Ok(Some(made)), SignalingState::Stable);
    }

    /// Moves the clock, waking the client when it asked to be woken.
    pub fn advance(&mut self, ms: u64) {
        self.advance_to(self.now + ms);
    }

    pub fn advance_to(&mut self, end: u64) {
        let mut idle = 0;
        while let Some((at, name)) = self.client.poll_timeout().filter(|(at, _)| *at <= end) {
            idle = if at <= self.now { idle + 1 } else { 0 };
            assert!(idle < 4, "busy loop: {name:?} stays due at {at}");
            self.now = self.now.max(at);
            self.input(Input::Timeout);
        }
        self.now = end;
    }

    /// How a call was settled, if it was; twice is an error.
    pub fn outcome(&self, call: u32) -> Option<Result<Reply, &str>> {
        let mut found = self.settled.iter().filter(|(settled, _)| *settled == call);
        let first = found.next().map(|(_, result)| result.clone().map_err(|_| ()));
        assert!(found.next().is_none(), "call {call} settled twice");
        let code = self.settled.iter().find(|(settled, _)| *settled == call);
        match (first, code) {
            (Some(Ok(reply)), _) => Some(Ok(reply)),
            (_, Some((_, Err(failure)))) => Some(Err(failure.code.as_str())),
            _ => None,
        }
    }

    pub fn take_sent(&mut self) -> Vec<ClientMessage> {
        std::mem::take(&mut self.sent).into_iter().map(|(_, message)| message).collect()
    }

    /// The signals that were sent to peers since this was last asked. Each description and invite must carry our session number, which is left out of what is returned.
    pub fn take_signals(&mut self) -> Vec<Signal> {
        let relays = |message| match message {
            ClientMessage::Relay { mut signal, .. } => {
                let session = match &mut signal {
                    Signal::Offer(description) | Signal::Answer(description) => &mut description.session,
                    Signal::Invite { session, .. } => session,
                    _ => return Some(signal),
                };
                assert!(session.take().is_some());
                Some(signal)
            }
            _ => None,
        };
        self.take_sent().into_iter().filter_map(relays).collect()
    }

    /// The number of the newest frame that expects a reply.
    pub fn last_frame(&self) -> u32 {
        self.sent.iter().rev().find_map(|(frame, _)| *frame).expect("a request")
    }

    /// Returns the states that the application heard of.
    pub fn states(&self) -> Vec<(ClientState, &str)> {
        fn state(event: &Event) -> Option<(ClientState, &str)> {
            match event {
                Event::State { state, reason } => Some((*state, reason.as_str())),
                _ => None,
            }
        }
        self.events.iter().filter_map(state).collect()
    }

    /// The numbers of the sockets that were opened.
    pub fn opened(&self) -> Vec<u32> {
        self.sockets.iter().map(|(socket, _)| *socket).collect()
    }

    pub fn errors(&self) -> Vec<String> {
        let code = |event: &Event| match event {
            Event::Error { failure, .. } => Some(failure.code.clone()),
            _ => None,
        };
        self.events.iter().filter_map(code).collect()
    }

    fn drain(&mut self) {
        while let Some(output) = self.client.poll_output() {
            self.outputs += 1;
            match output {
                Output::OpenSocket { socket: SocketId(socket) } => {
                    self.sockets.push((socket, self.now));
                    assert_eq!(self.live_sockets.insert(socket, false), None);
                    assert!(self.live_sockets.len() <= 2, "{:?}", self.live_sockets);
                }
                Output::CloseSocket { socket: SocketId(socket), code } => {
                    self.closed_sockets.push((socket, code));
                    assert!(self.live_sockets.remove(&socket).is_some(), "{socket} is closed already");
                }
                Output::Send { socket: SocketId(socket), envelope, ack } => {
                    assert_eq!(self.live_sockets.get(&socket), Some(&true), "{socket} is not open");
                    let text = serde_json::to_string(&Envelope { ack, ..(*envelope).clone() }).unwrap();
                    let envelope: Envelope = serde_json::from_str(&text).unwrap();
                    let frame = envelope.id;
                    self.numbers.push((envelope.seq.map(|seq| seq.0), envelope.ack.map(|ack| ack.0)));
                    let message = ClientMessage::from_envelope(envelope).expect("what is sent can be read");
                    self.sent.push((frame, message));
                }
                Output::CreateConnection { connection, peer } => self.connections.push((connection.0, peer)),
                Output::ReplaceConnection { peer, old, connection } => {
                    self.operations.retain(|(of, ..)| *of != old.0);
                    self.paths.replaced.push(old.0);
                    self.connections.push((connection.0, peer));
                }
                Output::Operate { connection, operation, what } => {
                    self.operations.push((connection.0, operation.0, what));
                }
                Output::Gather { connection } => self.paths.gatherings.push(connection.0),
                Output::RestartIce { .. } => self.restarts += 1,
                Output::AwaitPair { .. } => self.paths.awaited += 1,
                Output::Ping { connection, text } => self.paths.pings.push((connection.0, text)),
                Output::Probe { connection, after_ms } => self.paths.probes.push((connection.0, after_ms)),
                Output::CloseConnection { connection } => {
                    self.closed_connections.push(connection.0);
                    self.operations.retain(|(of, ..)| *of != connection.0);
                }
                Output::Settle { call, result } => self.settled.push((call.0, result)),
                Output::Event(event) => self.events.push(event),
                Output::Note { .. } => {}
            }
        }
    }
}

pub fn sdp(fragment: &str) -> String {
    format!("v=0\r\na=ice-ufrag:{fragment}\r\n")
}

pub fn candidate(fragment: &str, port: u16, kind: &str) -> IceCandidateInit {
    IceCandidateInit {
        candidate: format!("candidate:1 1 udp 1 192.0.2.1 {port} typ {kind}"),
        sdp_mid: Some("0".into()),
        username_fragment: Some(fragment.into()),
        ..IceCandidateInit::default()
    }
}

pub fn route(connection: u32, target: Option<u32>) -> Route {
    Route { connection, target }
}

pub fn offer(connection: u32, target: Option<u32>, number: u32, fragment: &str) -> Signal {
    Signal::Offer(WireDescription {
        route: route(connection, target),
        session: None,
        mapping: None,
        number,
        sdp: sdp(fragment),
    })
}

pub fn answer(connection: u32, target: u32, number: u32, fragment: &str) -> Signal {
    Signal::Answer(WireDescription {
        route: route(connection, Some(target)),
        session: None,
        mapping: None,
        number,
        sdp: sdp(fragment),
    })
}

pub fn candidates(connection: u32, target: Option<u32>, fragment: &str) -> Signal {
    let candidates = vec![candidate(fragment, 1, "host")];
    Signal::Candidates(CandidateBatch { route: route(connection, target), candidates, end: None })
}

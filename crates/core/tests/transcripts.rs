//! The server of version 1, as it was recorded (`tests/vectors/transcripts/`), says its part to this client; the test plays the
//! application and the browser that made the client say what it said then. It says the same again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::arithmetic_side_effects)]
#![allow(clippy::indexing_slicing, reason = "tests")]

use serde_json::Value;
use signalpost_core::input::Receiver;
use signalpost_core::protocol::{ClientMessage, Envelope, OwnSignal, PeerId, Query, RoomName, Signal};
use signalpost_core::{
    CallId, CandidateOptions, Client, ClientState, Command, Config, ConnectionEvent, ConnectionId,
    ConnectionState, Description, Input, Operation, OperationId, Outcome, Output, ReconnectOptions, SdpType,
    SignalingState, SocketEvent, SocketId,
};
use std::collections::{BTreeMap, VecDeque};

/// How long the client may take to say what it said then, in milliseconds.
const PATIENCE_MS: u64 = 20_000;

struct Player {
    name: String,
    client: Client,
    now: u64,
    calls: u32,
    socket: Option<SocketId>,
    is_open: bool,
    is_welcome: bool,
    connection: Option<ConnectionId>,
    /// What waits for a description that only the transcript knows.
    operation: Option<(OperationId, Operation)>,
    is_negotiated: bool,
    said: VecDeque<Value>,
    /// What the recorded client drew, and what this one has drawn instead.
    drawn: BTreeMap<u64, u64>,
    /// How many frames were compared.
    compared: usize,
}

fn id(text: &str) -> PeerId {
    PeerId::parse(text).unwrap()
}

fn room(frame: &Value) -> RoomName {
    RoomName::parse(frame["payload"]["room"].as_str().unwrap()).unwrap()
}

fn envelope(frame: &Value) -> Envelope {
    serde_json::from_value(frame.clone()).unwrap()
}

impl Player {
    /// The client whose first frame this is.
    fn new(hello: &Value) -> Self {
        let payload = envelope(hello).payload.unwrap();
        let peer = payload.peer.unwrap();
        let config = Config {
            peer_id: id(&peer.id),
            key: payload.key.unwrap(),
            peer: peer.clone(),
            reconnect: ReconnectOptions::default(),
            candidates: CandidateOptions::default(),
            ping_ms: None,
            release_when_frozen: false,
            pages: 0,
        };
        Self {
            name: peer.id,
            client: Client::new(config, 7),
            now: 1_000,
            calls: 0,
            socket: None,
            is_open: false,
            is_welcome: false,
            connection: None,
            operation: None,
            is_negotiated: false,
            said: VecDeque::new(),
            drawn: BTreeMap::new(),
            compared: 0,
        }
    }

    fn input(&mut self, input: Input) {
        self.client.handle_input(self.now, input);
        while let Some(output) = self.client.poll_output() {
            match output {
                Output::OpenSocket { socket } => (self.socket, self.is_open) = (Some(socket), false),
                Output::CloseSocket { .. } => self.socket = None,
                Output::Send { envelope, .. } => {
                    self.said.push_back(serde_json::to_value(&*envelope).unwrap())
                }
                Output::CreateConnection { connection, .. }
                | Output::ReplaceConnection { connection, .. } => {
                    self.connection = Some(connection);
                }
                Output::CloseConnection { .. } => (self.connection, self.operation) = (None, None),
                Output::RestartIce { .. } => self.browser(ConnectionEvent::NegotiationNeeded),
                Output::Gather { .. }
                | Output::Probe { .. }
                | Output::Ping { .. }
                | Output::AwaitPair { .. } => {}
                Output::Operate { operation, what, .. } => self.operate(operation, what),
                // A peer that never answered is closed in the end.
                Output::Settle { result, .. } => {
                    let is_fine = result.as_ref().map_or_else(|why| why.code == "closed", |_| true);
                    assert!(is_fine, "{}: {result:?}", self.name);
                }
                Output::Event(_) | Output::Note { .. } => {}
            }
        }
    }

    fn command(&mut self, command: impl FnOnce(u32) -> Command) {
        self.calls += 1;
        self.input(Input::Command(command(self.calls)));
    }

    fn browser(&mut self, event: ConnectionEvent) {
        let connection = self.connection.expect("a connection");
        self.input(Input::Connection { connection, event });
    }

    /// What needs no description of the browser's ends at once.
    fn operate(&mut self, operation: OperationId, what: Operation) {
        let state = match &what {
            Operation::SetLocalDescription | Operation::CreateOffer | Operation::ReadLocalDescription => {
                self.operation = Some((operation, what));
                return;
            }
            Operation::SetLocalOffer(_) => SignalingState::HaveLocalOffer,
            Operation::SetRemoteDescription(description) if description.kind == SdpType::Offer => {
                SignalingState::HaveRemoteOffer
            }
            _ => SignalingState::Stable,
        };
        self.is_negotiated |= matches!(&what, Operation::SetRemoteDescription(description) if description.kind == SdpType::Answer);
        let outcome = Outcome { result: Ok(None), signaling_state: state };
        self.browser(ConnectionEvent::Done { operation, outcome });
    }

    fn made(&mut self, kind: SdpType, sdp: &str) {
        let (operation, what) = self.operation.take().expect("an operation");
        let signaling_state = match (kind, what) {
            (SdpType::Offer, Operation::SetLocalDescription) => SignalingState::HaveLocalOffer,
            _ => SignalingState::Stable,
        };
        self.is_negotiated |= kind == SdpType::Answer;
        let outcome = Outcome { result: Ok(Some(Description { kind, sdp: sdp.into() })), signaling_state };
        self.browser(ConnectionEvent::Done { operation, outcome });
    }

    fn advance(&mut self, ms: u64) {
        let end = self.now + ms;
        while let Some((at, _)) = self.client.poll_timeout().filter(|(at, _)| *at <= end) {
            self.now = self.now.max(at);
            self.input(Input::Timeout);
        }
        self.now = end;
    }

    /// Lets time pass until the client says something or opens a socket.
    fn wait(&mut self) {
        let end = self.now + PATIENCE_MS;
        while self.said.is_empty() && self.now < end {
            if self.socket.is_some() && !self.is_open {
                self.is_open = true;
                self.is_welcome = false;
                let socket = self.socket.unwrap();
                self.input(Input::Socket { socket, event: SocketEvent::Opened });
            } else {
                self.advance(10);
            }
        }
    }

    /// Makes the application and the browser do what made the recorded client say this.
    fn provoke(&mut self, frame: &Value) {
        let to = || id(frame["to"].as_str().unwrap());
        let payload = &frame["payload"];
        if self.is_negotiated && self.connection.is_some() {
            self.is_negotiated = false;
            self.browser(ConnectionEvent::StateChanged(ConnectionState::Connected));
            self.browser(ConnectionEvent::Opened);
        }
        let is_own = payload["own"] == true;
        match frame["type"].as_str().unwrap() {
            "hello" if self.client.state() == ClientState::Idle => {
                self.command(|call| Command::Connect { call: CallId(call), timeout_ms: 20_000 });
                self.wait();
            }
            "hello" | "heartbeat" => self.wait(),
            "join" => self.command(|call| Command::Join { call: CallId(call), room: room(frame) }),
            "leave" => self.command(|call| Command::Leave { call: CallId(call), room: room(frame) }),
            "peer-discovery" => {
                let query = match ClientMessage::from_envelope(envelope(frame)).unwrap() {
                    ClientMessage::Discover(query) => query,
                    _ => Query::default(),
                };
                self.command(|call| Command::FindPeers { call: CallId(call), query });
            }
            "message" | "broadcast" => {
                let data = payload["data"].as_str().unwrap().into();
                let to = frame["to"]
                    .as_str()
                    .map_or_else(|| Receiver::Room(room(frame)), |to| Receiver::Peer(id(to)));
                self.command(|call| message(call, to, data));
            }
            _ if is_own => {
                let signal = match ClientMessage::from_envelope(envelope(frame)).unwrap() {
                    ClientMessage::Relay { signal: Signal::Own(signal), .. } => signal,
                    other => panic!("{other:?}"),
                };
                let is_batched = matches!(signal, OwnSignal::Candidates { .. });
                self.command(|call| Command::OwnSignal { call: CallId(call), to: to(), signal });
                self.advance(if is_batched { 100 } else { 0 });
            }
            "offer" => {
                if self.connection.is_none() {
                    self.command(|call| Command::ConnectPeer {
                        call: CallId(call),
                        peer: to(),
                        timeout_ms: 60_000,
                    });
                } else if self.operation.is_none() && payload["number"] != 1 {
                    // What follows an ICE restart at once waits.
                    self.advance(400);
                    self.command(|_| Command::RestartIce { peer: to() });
                }
                if self.operation.is_none() {
                    self.browser(ConnectionEvent::NegotiationNeeded);
                }
                self.made(SdpType::Offer, payload["sdp"].as_str().unwrap());
            }
            "answer" => self.made(SdpType::Answer, payload["sdp"].as_str().unwrap()),
            "ice-candidate" => {
                let told = envelope(frame).payload.unwrap();
                for candidate in told.candidates.unwrap_or_default() {
                    self.browser(ConnectionEvent::Candidate(candidate));
                }
                if told.end.is_some() {
                    self.browser(ConnectionEvent::EndOfCandidates);
                }
                self.advance(100);
            }
            "close" => self.command(|_| Command::ClosePeer { peer: to() }),
            "bye" => self.command(|_| Command::Close),
            other => panic!("{}: nothing makes a client say {other}", self.name),
        }
    }

    /// The next frame of the client is this one, but for what it draws itself and what a server of version 1 does not know.
    fn says(&mut self, recorded: &Value) {
        let kind = recorded["type"].as_str().unwrap();
        if self.said.is_empty() {
            self.provoke(recorded);
        }
        let mut said =
            self.said.pop_front().unwrap_or_else(|| panic!("{} does not say {recorded}", self.name));
        // Two batches may be what one was; what matters is that each candidate is sent, in its order.
        while kind == "ice-candidate" && count(&said) < count(recorded) {
            let more = self.said.pop_front().unwrap_or_else(|| panic!("{}: {said} is all", self.name));
            let rest = more["payload"]["candidates"].as_array().cloned().unwrap_or_default();
            said["payload"]["candidates"].as_array_mut().unwrap().extend(rest);
            if let Some(end) = more.pointer("/payload/end") {
                said["payload"]["end"] = end.clone();
            }
        }
        self.compared += 1;
        let mut expected = recorded.clone();
        self.match_drawn(&said, &expected);
        self.translate(&mut expected);
        let object = said.as_object_mut().unwrap();
        let (seq, ack) = (object.remove("seq"), object.remove("ack"));
        assert_eq!(ack, None, "{}: an acknowledgement before a welcome of version 2: {object:?}", self.name);
        assert!(seq.is_none() || !self.is_welcome, "{}: a number in version 1: {object:?}", self.name);
        if kind == "hello" {
            assert_eq!(said["payload"]["versions"], serde_json::json!([1, 2]));
            said["payload"]["versions"] = expected["payload"]["versions"].clone();
            assert_eq!(said["payload"].get("received"), None, "{}: nothing can be resumed", self.name);
            // Every version passes over what it does not know.
            said["payload"].as_object_mut().unwrap().remove("attempt");
        }
        assert_eq!(said, expected, "{}", self.name);
    }

    /// Learns what this client drew where the recorded one drew something else.
    fn match_drawn(&mut self, said: &Value, recorded: &Value) {
        for path in ["/id", "/payload/connection", "/payload/peer/session", "/payload/session"] {
            if let (Some(said), Some(then)) = (said.pointer(path), recorded.pointer(path)) {
                let (said, then) = (said.as_u64().unwrap(), then.as_u64().unwrap());
                // Frame numbers are small; nothing else is.
                let known = *self.drawn.entry(then).or_insert(said);
                assert_eq!(known, said, "{}: {path} changed", self.name);
            }
        }
    }

    /// Puts this client's own numbers in the place of the recorded client's.
    fn translate(&self, frame: &mut Value) {
        for path in [
            "/id",
            "/payload/connection",
            "/payload/target",
            "/payload/ref",
            "/payload/peer/session",
            "/payload/session",
        ] {
            if let Some(value) = frame.pointer_mut(path)
                && let Some(own) = value.as_u64().and_then(|then| self.drawn.get(&then))
            {
                *value = (*own).into();
            }
        }
    }

    fn hears(&mut self, frame: &Value) {
        let mut frame = frame.clone();
        self.translate(&mut frame);
        self.is_welcome |= frame["type"] == "welcome";
        let socket = self.socket.expect("a socket");
        let event = SocketEvent::Frame(Box::new(envelope(&frame)));
        self.input(Input::Socket { socket, event });
        self.advance(1);
    }

    fn loses_socket(&mut self, code: u16) {
        if let Some(socket) = self.socket.take() {
            self.input(Input::Socket { socket, event: SocketEvent::Closed { code } });
        }
    }
}

fn message(call: u32, to: Receiver, data: String) -> Command {
    Command::Message { call: CallId(call), to, data, receipt: false }
}

fn count(frame: &Value) -> usize {
    frame["payload"]["candidates"].as_array().map_or(0, Vec::len)
}

/// Plays one side of a transcript; answers the client's last state and how many of its frames were compared.
fn play(text: &str, name: &str) -> (ClientState, usize) {
    let transcript: Value = serde_json::from_str(text).unwrap();
    let steps = transcript["steps"].as_array().unwrap();
    let mut mine: Vec<&Value> = steps
        .iter()
        .filter(|step| step["socket"].as_str().unwrap().split('#').next() == Some(name))
        .collect();
    // A client that comes back says only `hello` until it knows whether the server has sessions.
    for at in 1..mine.len() {
        let is_welcome = |step: &Value| step["frame"]["type"] == "welcome";
        if mine[at - 1]["frame"]["type"] == "hello"
            && let Some(welcome) = mine[at..].iter().position(|step| is_welcome(step))
        {
            mine[at..=at + welcome].rotate_right(1);
        }
    }
    let mut player = Player::new(&mine[0]["frame"]);
    let mut socket = "";
    for step in mine {
        let (of, by) = (step["socket"].as_str().unwrap(), step["by"].as_str().unwrap());
        // What the server says to a socket that was replaced, the client does not hear.
        if of < socket {
            continue;
        }
        socket = of;
        match (step.get("frame"), step["code"].as_u64()) {
            (Some(frame), _) if by == "client" => player.says(frame),
            (Some(frame), _) => player.hears(frame),
            (None, Some(code)) if by == "server" => player.loses_socket(u16::try_from(code).unwrap()),
            (None, Some(_)) => {}
            (None, None) => player.loses_socket(1006),
        }
    }
    assert!(player.said.is_empty(), "{name} says more: {:?}", player.said);
    (player.client.state(), player.compared)
}

const CHROMIUM_FIREFOX: &str =
    include_str!("../../../tests/vectors/transcripts/version-1/chromium-firefox.json");
const FIREFOX_CHROMIUM: &str =
    include_str!("../../../tests/vectors/transcripts/version-1/firefox-chromium.json");
const COMING_BACK: &str = include_str!("../../../tests/vectors/transcripts/version-1/coming-back.json");

#[test]
fn the_impolite_client_says_what_it_said_then() {
    assert_eq!(play(CHROMIUM_FIREFOX, "ada"), (ClientState::Closed, 15));
    assert_eq!(play(FIREFOX_CHROMIUM, "ada"), (ClientState::Closed, 13));
}

#[test]
fn the_polite_client_says_what_it_said_then() {
    assert_eq!(play(CHROMIUM_FIREFOX, "bob"), (ClientState::Closed, 12));
    assert_eq!(play(FIREFOX_CHROMIUM, "bob"), (ClientState::Closed, 12));
}

#[test]
fn a_client_that_loses_its_socket_comes_back_as_it_did_then() {
    assert_eq!(play(COMING_BACK, "ada"), (ClientState::Reconnecting, 20));
}

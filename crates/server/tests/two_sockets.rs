//! A client that reads `docs/protocol.md` carelessly: it goes on with its first socket after its `hello` on a second one,
//! until that one is welcomed. It may lose its session so, but it never hears or says anything twice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use proptest::prelude::*;
use serde_json::{Value, json};
use signalpost_protocol::{Envelope, PeerId, PeerInfo, Signal};
use signalpost_server::engine::{Action, Claim, ClientFrame, Command, Delivery, Full, Mail, Outlet};
use signalpost_server::registry::Registry;
use signalpost_server::session::{Session, SessionOutput};
use signalpost_server::{SocketId, Token, TokenHash};
use std::collections::{BTreeMap, VecDeque};

/// The resume window of the server, in milliseconds.
const WINDOW_MS: u64 = 3_000;
/// The socket of bob, who speaks version 1.
const BOB: SocketId = SocketId::new(1_000_000);

#[derive(Clone, Debug)]
enum Step {
    /// Bob writes to the client.
    Write,
    /// The client writes to bob.
    Say,
    /// The client says `hello` on a further socket, of which it has at most two.
    Open,
    /// So many frames of its older or newer socket reach the server.
    Up(bool, usize),
    /// So many frames reach it on its older or newer socket.
    Down(bool, usize),
    /// It acknowledges.
    Ack,
    /// All its sockets die; the server hears of it.
    Cut,
    /// So many milliseconds pass.
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Write),
        2 => Just(Step::Say),
        3 => Just(Step::Open),
        5 => (any::<bool>(), 1..4usize).prop_map(|(newer, count)| Step::Up(newer, count)),
        5 => (any::<bool>(), 1..4usize).prop_map(|(newer, count)| Step::Down(newer, count)),
        1 => Just(Step::Ack),
        1 => Just(Step::Cut),
        1 => (1..WINDOW_MS + 500).prop_map(Step::Wait),
    ]
}

#[derive(Default)]
struct Inboxes(BTreeMap<SocketId, VecDeque<Delivery>>);

impl Outlet for Inboxes {
    fn deliver(&mut self, to: SocketId, delivery: Delivery) -> Result<(), Full> {
        self.0.entry(to).or_default().push_back(delivery);
        Ok(())
    }
}

/// Both ends of a socket, and what is on its way.
struct Link {
    number: u64,
    session: Session,
    up: VecDeque<String>,
    down: VecDeque<Value>,
    is_welcome: bool,
    /// The client listens to it no more.
    is_left: bool,
}

struct World {
    now: u64,
    registry: Registry,
    inboxes: Inboxes,
    /// Every socket of the client, the newest last.
    links: Vec<Link>,
    opened: u64,
    key: String,
    received: Option<u32>,
    unacknowledged: VecDeque<(u32, Value)>,
    sent: u32,
    said: u32,
    written: u32,
    heard_by_client: Vec<u32>,
    heard_by_bob: Vec<u32>,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            now: 0,
            registry: Registry::new(WINDOW_MS),
            inboxes: Inboxes::default(),
            links: Vec::new(),
            opened: 0,
            key: "the first key of ada".into(),
            received: None,
            unacknowledged: VecDeque::new(),
            sent: 0,
            said: 0,
            written: 0,
            heard_by_client: Vec::new(),
            heard_by_bob: Vec::new(),
        };
        let (key, next) = (TokenHash::of("the key of bob"), TokenHash::of("no other"));
        let peer = PeerInfo { id: "bob".into(), ..PeerInfo::default() };
        let claim = Claim { version: 1, peer, key, next, received: None, attempt: None };
        world.registry.execute(0, BOB, Command::Claim(Box::new(claim)), &mut world.inboxes);
        world
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Write => self.write(),
            Step::Say => self.say(),
            Step::Open => self.open(),
            Step::Up(newer, count) => (0..*count).for_each(|_| self.up(*newer)),
            Step::Down(newer, count) => (0..*count).for_each(|_| self.down(*newer)),
            Step::Ack => self.send(&json!({"type": "ack"})),
            Step::Cut => {
                for mut link in self.links.drain(..) {
                    link.session.handle_socket_closed(self.now, None);
                    while let Some(output) = link.session.poll_output() {
                        if let SessionOutput::Execute(command) = output {
                            let socket = SocketId::new(link.number);
                            self.registry.execute(self.now, socket, command, &mut self.inboxes);
                        }
                    }
                }
            }
            Step::Wait(time) => {
                self.now += time;
                self.links.iter_mut().for_each(|link| link.session.handle_timeout(self.now));
                self.registry.execute(self.now, BOB, Command::Beat { ack: None }, &mut self.inboxes);
                self.registry.sweep(self.now, &mut self.inboxes);
            }
        }
        self.settle();
    }

    fn write(&mut self) {
        let data = self.written.to_string();
        self.written += 1;
        let signal = Signal::Message { room: None, data, receipt: false };
        let action = Action::Send { to: PeerId::parse("ada").unwrap(), signal };
        let request = ClientFrame { seq: None, ack: None, reference: None, action };
        self.registry.execute(self.now, BOB, Command::Frame(request), &mut self.inboxes);
    }

    fn open(&mut self) {
        if self.links.iter().filter(|link| !link.is_left).count() == 2 {
            return;
        }
        self.opened += 1;
        let mut random = [0; 32];
        random[..8].copy_from_slice(&self.opened.to_be_bytes());
        let session = Session::new(self.now, SocketId::new(self.opened), None, Token::new(random));
        let peer = json!({"id": "ada", "session": 7});
        let mut payload = json!({"versions": [1, 2], "key": self.key, "attempt": self.opened, "peer": peer});
        if let Some(received) = self.received.or_else(|| self.unacknowledged.front().map(|_| 0)) {
            payload["received"] = received.into();
        }
        let mut up = VecDeque::from([json!({"type": "hello", "payload": payload}).to_string()]);
        up.extend(self.unacknowledged.iter().map(|(_, frame)| frame.to_string()));
        let (number, down) = (self.opened, VecDeque::new());
        self.links.push(Link { number, session, up, down, is_welcome: false, is_left: false });
    }

    fn say(&mut self) {
        // Before its first welcome, or without a socket, it has nobody to speak to.
        if !self.links.iter().any(|link| link.is_welcome && !link.is_left) {
            return;
        }
        self.sent += 1;
        let data = self.said.to_string();
        self.said += 1;
        let frame = json!({"type": "message", "seq": self.sent, "to": "bob", "payload": {"data": data}});
        self.unacknowledged.push_back((self.sent, frame.clone()));
        self.send(&frame);
    }

    /// On the newest socket that is welcome: a second one is not used before.
    fn send(&mut self, frame: &Value) {
        let received = self.received;
        if let Some(link) = self.links.iter_mut().rev().find(|link| link.is_welcome && !link.is_left) {
            let mut frame = frame.clone();
            frame["ack"] = received.into();
            link.up.push_back(frame.to_string());
        }
    }

    /// The older or the newer of the sockets that the client has, or has left while frames of it are on their way.
    fn link(&mut self, newer: bool) -> Option<&mut Link> {
        let mut busy = self.links.iter_mut().filter(|link| !link.is_left || !link.up.is_empty());
        if newer { busy.next_back() } else { busy.next() }
    }

    fn up(&mut self, newer: bool) {
        let now = self.now;
        let Some(link) = self.link(newer) else { return };
        if let Some(text) = link.up.pop_front() {
            link.session.handle_frame(now, &text);
        }
        self.settle();
    }

    fn down(&mut self, newer: bool) {
        let Some(link) = self.link(newer).filter(|link| !link.is_left) else { return };
        let Some(frame) = link.down.pop_front() else { return };
        let number = link.number;
        let as_number = |value: &Value| value.as_u64().map(|number| u32::try_from(number).unwrap());
        if !frame["closed"].is_null() {
            link.is_left = true;
        } else if frame["type"] == "welcome" {
            link.is_welcome = true;
            self.links.iter_mut().filter(|link| link.number < number).for_each(|link| link.is_left = true);
            self.handle_welcome(&frame["payload"]);
        } else {
            if let Some(ack) = as_number(&frame["ack"]) {
                self.unacknowledged.retain(|(seq, _)| *seq > ack);
            }
            if frame["type"] == "heartbeat" {
                let link = self.links.iter_mut().find(|link| link.number == number).unwrap();
                link.up.push_back(json!({"type": "heartbeat-ack"}).to_string());
            }
            if let Some(seq) = as_number(&frame["seq"]) {
                let received = self.received.get_or_insert(0);
                if seq == *received + 1 {
                    *received = seq;
                    if frame["type"] == "message" {
                        self.heard_by_client
                            .push(frame["payload"]["data"].as_str().unwrap().parse().unwrap());
                    }
                }
            }
        }
    }

    fn handle_welcome(&mut self, welcome: &Value) {
        self.key = welcome["key"].as_str().unwrap().into();
        if welcome["resumed"] == true || welcome["reason"].is_null() {
            self.received.get_or_insert(0);
            let received = welcome["received"].as_u64().unwrap();
            self.unacknowledged.retain(|(seq, _)| u64::from(*seq) > received);
            for (_, frame) in self.unacknowledged.clone() {
                self.send(&frame);
            }
        } else {
            (self.received, self.sent) = (Some(0), 0);
            self.unacknowledged.clear();
        }
    }

    /// The server does everything that it has to do.
    fn settle(&mut self) {
        let mut idle = false;
        while !idle {
            idle = true;
            for link in &mut self.links {
                let socket = SocketId::new(link.number);
                while let Some(output) = link.session.poll_output() {
                    idle = false;
                    match output {
                        SessionOutput::Execute(command) => {
                            self.registry.execute(self.now, socket, command, &mut self.inboxes);
                        }
                        SessionOutput::Send { message, seq, ack } => {
                            let envelope = Envelope { seq, ack, ..message.into_envelope(self.now) };
                            link.down.push_back(serde_json::to_value(envelope).unwrap());
                        }
                        SessionOutput::Close(close) => link.down.push_back(json!({"closed": close.as_u16()})),
                        SessionOutput::Accepted { .. } | SessionOutput::Refused { .. } => {}
                    }
                }
                while let Some(delivery) = self.inboxes.0.entry(socket).or_default().pop_front() {
                    idle = false;
                    link.session.handle_delivery(self.now, delivery);
                }
            }
        }
        for delivery in self.inboxes.0.remove(&BOB).into_iter().flatten() {
            if let Delivery::Mail { mail, .. } = delivery
                && let Mail::Relay { signal: Signal::Message { data, .. }, .. } = &*mail
            {
                self.heard_by_bob.push(data.parse().unwrap());
            }
        }
    }
}

fn is_once_and_in_order(heard: &[u32]) -> bool {
    heard.is_sorted_by(|before, after| before < after)
}

/// Everything that is on its way arrives.
const ALL: usize = 100;

#[test]
fn two_claims_of_an_expired_session_do_not_double_what_the_first_has_brought() {
    let mut world = World::new();
    let open = [Step::Open, Step::Up(true, ALL), Step::Down(true, ALL), Step::Ack, Step::Up(true, ALL)];
    let expire = [Step::Cut, Step::Wait(WINDOW_MS + 1)];
    open.iter().chain(&expire).for_each(|step| world.step(step));
    // Both say `hello` with one key. The first is welcomed to a new session, and brings a message of bob.
    let first = [Step::Open, Step::Up(false, ALL), Step::Write, Step::Open, Step::Down(false, ALL)];
    // Then the `hello` of the second arrives, and behind it what the client says on the first.
    let second = [Step::Up(true, ALL), Step::Up(false, ALL), Step::Down(true, ALL), Step::Up(true, ALL)];
    first.iter().chain(&second).chain(&[Step::Down(true, ALL)]).for_each(|step| world.step(step));
    assert_eq!(world.heard_by_client, [0]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_heard_twice(steps in prop::collection::vec(step(), 0..80)) {
        let mut world = World::new();
        steps.iter().for_each(|step| world.step(step));
        prop_assert!(is_once_and_in_order(&world.heard_by_client), "{:?}", world.heard_by_client);
        prop_assert!(is_once_and_in_order(&world.heard_by_bob), "{:?}", world.heard_by_bob);
    }
}

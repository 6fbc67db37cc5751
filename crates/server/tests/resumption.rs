//! Two clients, written from `docs/protocol.md` alone, over sockets that die at any frame: what one says the other hears,
//! once and in order.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use proptest::prelude::*;
use serde_json::{Value, json};
use signalpost_protocol::Envelope;
use signalpost_server::engine::{Command, Delivery, Full, Outlet};
use signalpost_server::registry::Registry;
use signalpost_server::session::{Session, SessionOutput};
use signalpost_server::{SocketId, Token};
use std::collections::{BTreeMap, VecDeque};

/// What happens, to the first or the second client.
#[derive(Clone, Debug)]
enum Step {
    /// It says something to the other.
    Say(usize),
    /// So many of its frames reach the server.
    Up(usize, usize),
    /// So many frames of the server reach it.
    Down(usize, usize),
    /// Its socket dies with everything on it; the server hears of it, or not.
    Cut(usize, bool),
    /// Its socket dies for it alone: what it has sent still arrives.
    Leave(usize),
    /// The next of its frames to arrive does not, as no socket should have it.
    Lose(usize),
    /// So many frames reach the server on each socket that was left.
    Late(usize),
    /// It opens a socket if it has none.
    Open(usize),
    /// It acknowledges.
    Ack(usize),
    /// So many milliseconds pass.
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let who = || 0..2usize;
    prop_oneof![
        6 => who().prop_map(Step::Say),
        6 => (who(), 1..6usize).prop_map(|(who, count)| Step::Up(who, count)),
        6 => (who(), 1..6usize).prop_map(|(who, count)| Step::Down(who, count)),
        2 => (who(), any::<bool>()).prop_map(|(who, heard)| Step::Cut(who, heard)),
        1 => who().prop_map(Step::Leave),
        1 => who().prop_map(Step::Lose),
        2 => (1..6usize).prop_map(Step::Late),
        3 => who().prop_map(Step::Open),
        1 => who().prop_map(Step::Ack),
        1 => (1..2_000u64).prop_map(Step::Wait),
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

/// The server's end of a socket, and what is on its way in both directions.
struct Link {
    session: Session,
    up: VecDeque<String>,
    down: VecDeque<Value>,
}

struct Client {
    name: &'static str,
    key: String,
    link: Option<u64>,
    is_welcome: bool,
    /// The highest number of the server that it has; `None` before the first welcome.
    received: Option<u32>,
    hellos: u32,
    sent: u32,
    unacknowledged: VecDeque<(u32, Value)>,
    said: u32,
    heard: Vec<u32>,
}

struct World {
    now: u64,
    registry: Registry,
    inboxes: Inboxes,
    links: BTreeMap<u64, Link>,
    opened: u64,
    clients: [Client; 2],
}

impl World {
    fn new() -> Self {
        let client = |name: &'static str| Client {
            name,
            key: format!("the first key of {name}"),
            link: None,
            is_welcome: false,
            received: None,
            hellos: 0,
            sent: 0,
            unacknowledged: VecDeque::new(),
            said: 0,
            heard: Vec::new(),
        };
        let clients = [client("ada"), client("bob")];
        let (links, inboxes) = (BTreeMap::new(), Inboxes::default());
        let mut world = Self { now: 0, registry: Registry::default(), inboxes, links, opened: 0, clients };
        // Ada may be welcomed late, and say much before: bob has to be there for it.
        world.calm(&[1]);
        world
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Say(who) if self.clients[who].unacknowledged.len() < 30 => self.say(who),
            Step::Say(_) => {}
            Step::Up(who, count) => {
                if let Some(link) = self.clients[who].link {
                    self.up(link, count);
                }
            }
            Step::Down(who, count) => (0..count).for_each(|_| self.down(who)),
            Step::Cut(who, heard) => {
                if let Some(number) = self.clients[who].link.take() {
                    let mut link = self.links.remove(&number).unwrap();
                    link.up.clear();
                    if heard {
                        link.session.handle_socket_closed(self.now, None);
                    }
                    self.links.insert(number, link);
                    self.settle();
                }
            }
            Step::Leave(who) => self.clients[who].link = None,
            Step::Lose(who) => {
                let link = self.clients[who].link.and_then(|number| self.links.get_mut(&number));
                if let Some(link) = link {
                    // Without a hello there is no session to speak of.
                    if link.up.front().is_some_and(|text| !text.contains("hello")) {
                        link.up.pop_front();
                    }
                }
            }
            Step::Late(count) => self.late(count),
            Step::Open(who) => self.open(who),
            Step::Ack(who) => {
                let client = &self.clients[who];
                if client.is_welcome {
                    let ack = json!({"type": "ack", "ack": client.received});
                    self.put(who, &ack);
                }
            }
            // Within the window all in all.
            Step::Wait(time) if self.now < 60_000 => self.wait(time),
            Step::Wait(_) => {}
        }
    }

    fn wait(&mut self, time: u64) {
        self.now += time;
        for link in self.links.values_mut() {
            link.session.handle_timeout(self.now);
        }
        self.registry.sweep(self.now, &mut self.inboxes);
        self.settle();
    }

    fn open(&mut self, who: usize) {
        if self.clients[who].link.is_some() {
            return;
        }
        self.opened += 1;
        let number = self.opened;
        let socket = SocketId::new(number);
        let mut random = [0; 32];
        random[..8].copy_from_slice(&number.to_be_bytes());
        let session = Session::new(self.now, socket, None, Token::new(random));
        self.links.insert(number, Link { session, up: VecDeque::new(), down: VecDeque::new() });
        let client = &mut self.clients[who];
        client.link = Some(number);
        client.is_welcome = false;
        client.hellos += 1;
        let peer = json!({"id": client.name, "session": 7});
        let mut payload =
            json!({"versions": [1, 2], "key": client.key, "attempt": client.hellos, "peer": peer});
        if let Some(received) = client.received {
            payload["received"] = received.into();
        }
        let again: Vec<Value> = client.unacknowledged.iter().map(|(_, frame)| frame.clone()).collect();
        self.put(who, &json!({"type": "hello", "payload": payload}));
        again.iter().for_each(|frame| self.put(who, frame));
    }

    fn say(&mut self, who: usize) {
        // A message to a peer that never was is refused.
        if self.clients[1 - who].received.is_none() && who == 1 {
            return;
        }
        let client = &mut self.clients[who];
        let to = if who == 0 { "bob" } else { "ada" };
        client.sent += 1;
        let data = client.said.to_string();
        client.said += 1;
        let frame = json!({"type": "message", "seq": client.sent, "to": to, "payload": {"data": data}});
        client.unacknowledged.push_back((client.sent, frame.clone()));
        self.put(who, &frame);
    }

    /// Onto the socket, if there is one.
    fn put(&mut self, who: usize, frame: &Value) {
        let client = &self.clients[who];
        let mut frame = frame.clone();
        if client.is_welcome {
            frame["ack"] = client.received.into();
        }
        if let Some(number) = client.link {
            self.links.get_mut(&number).unwrap().up.push_back(frame.to_string());
        }
    }

    fn up(&mut self, number: u64, count: usize) {
        for _ in 0..count {
            let Some(link) = self.links.get_mut(&number) else { return };
            if let Some(text) = link.up.pop_front() {
                link.session.handle_frame(self.now, &text);
                self.settle();
            }
        }
    }

    /// What was sent on sockets that their clients left.
    fn late(&mut self, count: usize) {
        let current = self.clients.each_ref().map(|client| client.link);
        let left: Vec<u64> =
            self.links.keys().copied().filter(|link| !current.contains(&Some(*link))).collect();
        left.into_iter().for_each(|link| self.up(link, count));
    }

    /// The server does everything that it has to do.
    fn settle(&mut self) {
        let mut idle = false;
        while !idle {
            idle = true;
            for (number, link) in &mut self.links {
                let socket = SocketId::new(*number);
                while let Some(output) = link.session.poll_output() {
                    idle = false;
                    match output {
                        SessionOutput::Execute(command) => {
                            let ends = matches!(command, Command::Detach(_));
                            self.registry.execute(self.now, socket, command, &mut self.inboxes);
                            if ends {
                                self.inboxes.0.remove(&socket);
                            }
                        }
                        SessionOutput::Send { message, seq, ack } => {
                            let envelope = Envelope { seq, ack, ..message.into_envelope(self.now) };
                            link.down.push_back(serde_json::to_value(envelope).unwrap());
                        }
                        SessionOutput::Close(close) => link.down.push_back(json!({"closed": close.as_u16()})),
                        SessionOutput::Accepted { .. } | SessionOutput::Refused { .. } => {}
                    }
                }
                let inbox = self.inboxes.0.entry(socket).or_default();
                while let Some(delivery) = inbox.pop_front() {
                    idle = false;
                    link.session.handle_delivery(self.now, delivery);
                }
            }
        }
    }

    /// The next frame that reaches a client.
    fn down(&mut self, who: usize) {
        let client = &mut self.clients[who];
        let Some(link) = client.link.and_then(|number| self.links.get_mut(&number)) else { return };
        let Some(frame) = link.down.pop_front() else { return };
        if !frame["closed"].is_null() {
            assert!([4001, 4003, 4005, 4100, 4500].contains(&frame["closed"].as_u64().unwrap()), "{frame}");
            client.link = None;
            return;
        }
        let number = |value: &Value| value.as_u64().map(|number| u32::try_from(number).unwrap());
        if frame["type"] == "welcome" {
            let welcome = &frame["payload"];
            assert!(welcome["resumed"] == true || client.received.is_none(), "{frame}");
            client.key = welcome["key"].as_str().unwrap().into();
            client.is_welcome = true;
            client.received.get_or_insert(0);
            client.forget(number(&welcome["received"]).unwrap());
        }
        if let Some(ack) = number(&frame["ack"]) {
            client.forget(ack);
        }
        let Some(seq) = number(&frame["seq"]) else {
            let is_gap = frame["payload"]["code"] == "sequence-gap";
            assert!(is_gap || frame["type"] != "error", "{frame}");
            if frame["type"] == "heartbeat" {
                self.put(who, &json!({"type": "heartbeat-ack"}));
            }
            return;
        };
        let next = client.received.unwrap() + 1;
        assert!(seq <= next, "a gap before {frame}");
        if seq == next {
            client.received = Some(seq);
            assert_eq!(frame["type"], "message", "{frame}");
            client.heard.push(frame["payload"]["data"].as_str().unwrap().parse().unwrap());
        }
    }

    /// Everything arrives in the end.
    fn calm(&mut self, whom: &[usize]) {
        for _ in 0..200 {
            self.late(1_000);
            for &who in whom {
                self.open(who);
                if let Some(number) = self.clients[who].link {
                    self.up(number, 1_000);
                }
                (0..1_000).for_each(|_| self.down(who));
            }
            self.wait(250);
            let is_calm = |client: &Client| client.is_welcome && client.unacknowledged.is_empty();
            let is_quiet = |client: &Client| {
                client
                    .link
                    .is_some_and(|link| self.links[&link].up.is_empty() && self.links[&link].down.is_empty())
            };
            if whom.iter().map(|who| &self.clients[*who]).all(|client| is_calm(client) && is_quiet(client)) {
                return;
            }
        }
        panic!("it does not come to rest");
    }
}

impl Client {
    fn forget(&mut self, up_to: u32) {
        self.unacknowledged.retain(|(seq, _)| *seq > up_to);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn everything_is_heard_once_and_in_order(steps in prop::collection::vec(step(), 0..200)) {
        let mut world = World::new();
        for step in steps {
            world.step(step);
        }
        // That a frame was lost on a living socket, which no TCP does, shows when the next arrives.
        [0, 1].into_iter().for_each(|who| world.say(who));
        world.calm(&[0, 1]);
        for (speaker, hearer) in [(0, 1), (1, 0)] {
            let all: Vec<u32> = (0..world.clients[speaker].said).collect();
            prop_assert_eq!(&world.clients[hearer].heard, &all);
        }
    }
}

//! Two clients, written from `docs/protocol.md` alone, over sockets that die at any frame: what one says the other hears,
//! once and in order.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod document_client;

use document_client::{Link, Server, Stream};
use proptest::prelude::*;
use serde_json::{Value, json};
use signalpost_protocol::Sequence;
use signalpost_server::registry::Registry;
use std::collections::BTreeMap;

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

struct Client {
    stream: Stream,
    link: Option<u64>,
    is_welcome: bool,
}

struct World {
    server: Server,
    links: BTreeMap<u64, Link>,
    opened: u64,
    clients: [Client; 2],
}

impl World {
    fn new() -> Self {
        let client = |name| Client { stream: Stream::new(name), link: None, is_welcome: false };
        let clients = [client("ada"), client("bob")];
        let server = Server::new(Registry::default());
        let mut world = Self { server, links: BTreeMap::new(), opened: 0, clients };
        // Ada may be welcomed late, and say much before: bob has to be there for it.
        world.calm(&[1]);
        world
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Say(who) if self.clients[who].stream.unacknowledged.len() < 30 => self.say(who),
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
                        link.session.handle_socket_closed(self.server.now, None);
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
                    let ack = json!({"type": "ack", "ack": client.stream.received});
                    self.put(who, &ack);
                }
            }
            // Within the window all in all.
            Step::Wait(time) if self.server.now < 60_000 => self.wait(time),
            Step::Wait(_) => {}
        }
    }

    fn wait(&mut self, time: u64) {
        self.server.now += time;
        for link in self.links.values_mut() {
            link.session.handle_timeout(self.server.now);
        }
        self.server.sweep();
        self.settle();
    }

    fn open(&mut self, who: usize) {
        if self.clients[who].link.is_some() {
            return;
        }
        self.opened += 1;
        let number = self.opened;
        self.links.insert(number, Link::open(self.server.now, number));
        let client = &mut self.clients[who];
        client.link = Some(number);
        client.is_welcome = false;
        let hello = client.stream.hello(client.stream.received);
        let again: Vec<Value> = client.stream.unacknowledged.iter().map(|(_, frame)| frame.clone()).collect();
        self.put(who, &hello);
        again.iter().for_each(|frame| self.put(who, frame));
    }

    fn say(&mut self, who: usize) {
        // A message to a peer that never was is refused.
        if self.clients[1 - who].stream.received.is_none() && who == 1 {
            return;
        }
        let frame = self.clients[who].stream.message(if who == 0 { "bob" } else { "ada" });
        self.put(who, &frame);
    }

    /// Onto the socket, if there is one.
    fn put(&mut self, who: usize, frame: &Value) {
        let client = &self.clients[who];
        let text = if client.is_welcome { client.stream.acknowledging(frame) } else { frame.to_string() };
        if let Some(number) = client.link {
            self.links.get_mut(&number).unwrap().up.push_back(text);
        }
    }

    fn up(&mut self, number: u64, count: usize) {
        for _ in 0..count {
            let Some(link) = self.links.get_mut(&number) else { return };
            if let Some(text) = link.up.pop_front() {
                link.session.handle_frame(self.server.now, &text);
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
        let mut links: Vec<&mut Link> = self.links.values_mut().collect();
        self.server.settle(&mut links);
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
        if frame["type"] == "welcome" {
            let welcome = &frame["payload"];
            assert!(welcome["resumed"] == true || client.stream.received.is_none(), "{frame}");
            client.is_welcome = true;
            client.stream.handle_welcome(welcome);
        }
        match client.stream.handle_frame(&frame) {
            Some(Sequence::Gap) => panic!("a gap before {frame}"),
            Some(Sequence::Next) => assert_eq!(frame["type"], "message", "{frame}"),
            Some(Sequence::Duplicate) => {}
            None => {
                let is_gap = frame["payload"]["code"] == "sequence-gap";
                assert!(is_gap || frame["type"] != "error", "{frame}");
                if frame["type"] == "heartbeat" {
                    self.put(who, &json!({"type": "heartbeat-ack"}));
                }
            }
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
            let is_calm = |client: &Client| client.is_welcome && client.stream.unacknowledged.is_empty();
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
            let all: Vec<u32> = (0..world.clients[speaker].stream.said).collect();
            prop_assert_eq!(&world.clients[hearer].stream.heard, &all);
        }
    }
}

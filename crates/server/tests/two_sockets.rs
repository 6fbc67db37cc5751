//! A client that reads `docs/protocol.md` carelessly: it goes on with its first socket after its `hello` on a second one,
//! until that one is welcomed. It may lose its session so, but it never hears or says anything twice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod document_client;

use document_client::{Link, Server, Stream};
use proptest::prelude::*;
use serde_json::{Value, json};
use signalpost_protocol::{PeerId, PeerInfo, Signal};
use signalpost_server::engine::{Action, Claim, ClientFrame, Command, Delivery, Mail};
use signalpost_server::registry::Registry;
use signalpost_server::{SocketId, TokenHash};

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

/// A socket of the client.
struct Socket {
    link: Link,
    is_welcome: bool,
    /// The client listens to it no more.
    is_left: bool,
}

struct World {
    server: Server,
    client: Stream,
    /// Every socket of the client, the newest last.
    sockets: Vec<Socket>,
    opened: u64,
    written: u32,
    heard_by_bob: Vec<u32>,
}

impl World {
    fn new() -> Self {
        let mut server = Server::new(Registry::new(WINDOW_MS));
        let (key, next) = (TokenHash::of("the key of bob"), TokenHash::of("no other"));
        let peer = PeerInfo { id: "bob".into(), ..PeerInfo::default() };
        let claim = Claim { version: 1, peer, key, next, root: next, received: None, attempt: None };
        server.execute(BOB, Command::Claim(Box::new(claim)));
        let (client, sockets) = (Stream::new("ada"), Vec::new());
        Self { server, client, sockets, opened: 0, written: 0, heard_by_bob: Vec::new() }
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
                for Socket { mut link, .. } in self.sockets.drain(..) {
                    link.session.handle_socket_closed(self.server.now, None);
                    self.server.settle(&mut [&mut link]);
                }
            }
            Step::Wait(time) => {
                self.server.now += time;
                let now = self.server.now;
                self.sockets.iter_mut().for_each(|socket| socket.link.session.handle_timeout(now));
                self.server.execute(BOB, Command::Beat { ack: None });
                self.server.sweep();
            }
        }
        self.settle();
    }

    fn write(&mut self) {
        let data = self.written.to_string();
        self.written += 1;
        let signal = Signal::Message { room: None, data, receipt: false };
        let action = Action::Send { to: PeerId::parse("ada").unwrap(), signal };
        let frame = ClientFrame { seq: None, ack: None, reference: None, action };
        self.server.execute(BOB, Command::Frame(frame));
    }

    fn open(&mut self) {
        if self.sockets.iter().filter(|socket| !socket.is_left).count() == 2 {
            return;
        }
        self.opened += 1;
        let mut link = Link::open(self.server.now, self.opened);
        let received = self.client.received.or_else(|| self.client.unacknowledged.front().map(|_| 0));
        link.up.push_back(self.client.hello(received).to_string());
        link.up.extend(self.client.unacknowledged.iter().map(|(_, frame)| frame.to_string()));
        self.sockets.push(Socket { link, is_welcome: false, is_left: false });
    }

    fn say(&mut self) {
        // Before its first welcome, or without a socket, it has nobody to speak to.
        if self.sockets.iter().any(|socket| socket.is_welcome && !socket.is_left) {
            let frame = self.client.message("bob");
            self.send(&frame);
        }
    }

    /// On the newest socket that is welcome: a second one is not used before.
    fn send(&mut self, frame: &Value) {
        let mut sockets = self.sockets.iter_mut().rev();
        if let Some(socket) = sockets.find(|socket| socket.is_welcome && !socket.is_left) {
            socket.link.up.push_back(self.client.acknowledging(frame));
        }
    }

    /// The older or the newer of the sockets that the client has, or has left while frames of it are on their way.
    fn socket(&mut self, newer: bool) -> Option<&mut Socket> {
        let mut busy = self.sockets.iter_mut().filter(|socket| !socket.is_left || !socket.link.up.is_empty());
        if newer { busy.next_back() } else { busy.next() }
    }

    fn up(&mut self, newer: bool) {
        let now = self.server.now;
        let Some(socket) = self.socket(newer) else { return };
        if let Some(text) = socket.link.up.pop_front() {
            socket.link.session.handle_frame(now, &text);
        }
        self.settle();
    }

    fn down(&mut self, newer: bool) {
        let Some(socket) = self.socket(newer).filter(|socket| !socket.is_left) else { return };
        let Some(frame) = socket.link.down.pop_front() else { return };
        if !frame["closed"].is_null() {
            socket.is_left = true;
        } else if frame["type"] == "welcome" {
            socket.is_welcome = true;
            let number = socket.link.number;
            let older = self.sockets.iter_mut().filter(|socket| socket.link.number < number);
            older.for_each(|socket| socket.is_left = true);
            self.client.handle_welcome(&frame["payload"]);
            for (_, frame) in self.client.unacknowledged.clone() {
                self.send(&frame);
            }
        } else {
            if frame["type"] == "heartbeat" {
                socket.link.up.push_back(json!({"type": "heartbeat-ack"}).to_string());
            }
            // It looks at no gap: it takes what is the next.
            let _sequence = self.client.handle_frame(&frame);
        }
    }

    /// The server does everything that it has to do.
    fn settle(&mut self) {
        let mut links: Vec<&mut Link> = self.sockets.iter_mut().map(|socket| &mut socket.link).collect();
        self.server.settle(&mut links);
        for delivery in self.server.inboxes.take(BOB) {
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
    assert_eq!(world.client.heard, [0]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_heard_twice(steps in prop::collection::vec(step(), 0..80)) {
        let mut world = World::new();
        steps.iter().for_each(|step| world.step(step));
        prop_assert!(is_once_and_in_order(&world.client.heard), "{:?}", world.client.heard);
        prop_assert!(is_once_and_in_order(&world.heard_by_bob), "{:?}", world.heard_by_bob);
    }
}

//! One real core whose server is away for a while. Everything else is as good as can be.

use signalpost_core::{
    CallId, CandidateOptions, Client, ClientState, Command, Config, Input, Output, ReconnectOptions,
    SocketEvent, SocketId,
};
use signalpost_protocol::{PeerId, PeerInfo};
use std::collections::BTreeMap;

/// Time to the server and back, in milliseconds.
const ROUND_TRIP_MS: u64 = 40;
/// TCP, TLS 1.3, the upgrade.
const OPENING_MS: u64 = 3 * ROUND_TRIP_MS;
/// How long the client was connected before.
const BEFORE_MS: u64 = 60_000;

/// How the server is away.
#[derive(Clone, Copy)]
pub enum Outage {
    /// For this long each attempt is refused at once; 0: another node takes the very first.
    Refused(u64),
    /// For this long nothing passes; an attempt goes through when TCP repeats its first segment afterwards (RFC 6298: after 1, 3, 7, 15 s).
    Silent(u64),
}

/// When it was back, in milliseconds after the end of the outage.
#[derive(Clone, Copy)]
pub struct Times {
    /// Its handshake reached the server.
    pub arrived: u64,
    /// It was welcomed.
    pub registered: u64,
}

struct World {
    client: Client,
    now: u64,
    outage: (u64, u64),
    is_silent: bool,
    due: BTreeMap<(u64, SocketId), SocketEvent>,
    arrived: u64,
}

/// Loses the link of a client with this seed and tells when it came back.
pub fn returns(seed: u64, outage: Outage) -> Times {
    let (length, is_silent) = match outage {
        Outage::Refused(length) => (length, false),
        Outage::Silent(length) => (length, true),
    };
    let from = BEFORE_MS;
    let mut world = World {
        client: client(seed),
        now: 0,
        outage: (from, from + length),
        is_silent,
        due: BTreeMap::new(),
        arrived: 0,
    };
    world.input(Input::Command(Command::Connect { call: CallId(1), timeout_ms: 10_000 }));
    world.run_until(from);
    assert_eq!(world.client.state(), ClientState::Connected);
    world.now = from;
    world.input(Input::Socket { socket: SocketId(1), event: SocketEvent::Closed { code: 1006 } });
    assert_eq!(world.client.state(), ClientState::Reconnecting);
    while world.client.state() != ClientState::Connected {
        world.step();
    }
    let end = from + length;
    Times { arrived: world.arrived - end, registered: world.now - end }
}

fn client(seed: u64) -> Client {
    let config = Config {
        peer_id: PeerId::parse("ada").unwrap(),
        key: "0123456789abcdef0123456789abcdef".into(),
        peer: PeerInfo::default(),
        reconnect: ReconnectOptions::default(),
        candidates: CandidateOptions::default(),
        ping_ms: None,
        release_when_frozen: false,
        pages: 0,
    };
    Client::new(config, seed)
}

impl World {
    fn next(&self) -> Option<u64> {
        let due = self.due.keys().next().map(|(at, _)| *at);
        let timer = self.client.poll_timeout().map(|(at, _)| at.max(self.now));
        due.into_iter().chain(timer).min()
    }

    fn run_until(&mut self, end: u64) {
        while self.next().is_some_and(|at| at < end) {
            self.step();
        }
    }

    fn step(&mut self) {
        self.now = self.next().unwrap();
        if self.due.keys().next().is_some_and(|(at, _)| *at <= self.now) {
            let ((_, socket), event) = self.due.pop_first().unwrap();
            self.input(Input::Socket { socket, event });
        } else {
            self.input(Input::Timeout);
        }
    }

    fn input(&mut self, input: Input) {
        self.client.handle_input(self.now, input);
        while let Some(output) = self.client.poll_output() {
            match output {
                Output::OpenSocket { socket } => self.open(socket),
                Output::Send { socket, envelope, .. } => self.answer(socket, &envelope.kind),
                Output::CloseSocket { socket, .. } => self.due.retain(|(_, it), _| *it != socket),
                _ => {}
            }
        }
    }

    fn open(&mut self, socket: SocketId) {
        let (from, end) = self.outage;
        let mut at = self.now;
        if self.now >= from && self.now < end {
            if !self.is_silent {
                self.due.insert((self.now, socket), SocketEvent::Closed { code: 1006 });
                return;
            }
            let repeats = [1_000, 3_000, 7_000, 15_000, 31_000];
            at = repeats.map(|after| self.now + after).into_iter().find(|at| *at >= end).unwrap();
        }
        self.arrived = at;
        self.due.insert((at + OPENING_MS, socket), SocketEvent::Opened);
    }

    fn answer(&mut self, socket: SocketId, kind: &str) {
        let answer = match kind {
            "hello" => r#"{"type":"welcome","payload":{"version":1}}"#,
            "heartbeat" => r#"{"type":"heartbeat-ack"}"#,
            _ => return,
        };
        let envelope = serde_json::from_str(answer).unwrap();
        self.due.insert((self.now + ROUND_TRIP_MS, socket), SocketEvent::Frame(envelope));
    }
}

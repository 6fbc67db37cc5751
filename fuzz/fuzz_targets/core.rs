//! A client without I/O, driven by the lines of a text. The first byte says what happens:
//!
//! - `C`, `Y`, `J`, `L`, `F`, `O`, `P`, `M`, `I`, `B`, `S`, `R`, `X`, `K`, `Q`: the application connects, has these ICE servers, joins a room, leaves it, finds
//!   peers, opens a peer, connects to it, sends it a message, or one with a receipt, broadcasts, sends it candidates of its own,
//!   restarts ICE, closes the peer, cancels a call, closes the client; the rest names the peer, the room or the call
//! - `o`, `m`, `x4001`: the newest socket opens, sends something that is no frame, closes with this code
//! - `{…}`: it receives this frame. A small `target` stands for a connection of the client's, `ref` for one of its frames
//! - `#{…}`: it receives this frame with the session's next number; `wr`, `w`: a welcome to a session that goes on or does not;
//!   `a`: an acknowledgement of everything
//! - `n0`, `c0…`, `r0…`, `e0`, `s02`, `d0`, `D0`, `l0`, `h0?1`, `i0`, `u0`: the connection of this number needs a negotiation, has this
//!   candidate, has a server that does not answer, has no more, is in this state, is open, is over, is live (`l0x`: is not), hears this
//!   text on its own channel, uses its pair, could not be made
//! - `!0o…`: its oldest operation ends: with an offer that is set (`o`) or is not (`O`), an answer (`a`), or nothing, in a state
//!   (`s`, `l`, `r`, `c`); `f`: it fails. The rest is the description, with `|` for its line breaks
//! - `p0`: the page; `+500`: time passes, and the client is woken; `>500`: it passes unnoticed; `t`: it is woken for nothing
//!
//! Whatever comes: nothing panics or loops, every promise settles once and by itself, what is sent can be read by a server and is
//! numbered in a row, what is sent again is what it was, nothing is acknowledged that did not come, a connection does one thing at a
//! time, and after the end nothing is open.
#![no_main]

#[path = "core/act.rs"]
mod act;
#[path = "core/numbers.rs"]
mod numbers;

use libfuzzer_sys::fuzz_target;
use numbers::Numbers;
use signalpost_core::protocol::{ClientMessage, Envelope, PeerId, PeerInfo, limits};
use signalpost_core::{
    CallId, CandidateOptions, Client, ClientState, Command, Config, ConnectionId, Event, Input, Operation,
    OperationId, Output, ReconnectOptions, SocketId,
};
use std::collections::{BTreeMap, BTreeSet};

const MOST_LINES: usize = 200;

/// What became of a promise.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Call {
    Open,
    Settled,
    Cancelled,
}

struct World {
    client: Client,
    now: u64,
    /// Sockets that are neither closed nor over, the newest last, and whether they are open.
    sockets: Vec<(SocketId, bool)>,
    calls: BTreeMap<CallId, Call>,
    connections: Vec<ConnectionId>,
    closed: BTreeSet<ConnectionId>,
    /// What each connection has to do, oldest first.
    operations: Vec<(ConnectionId, OperationId, Operation)>,
    outputs: usize,
    numbers: Numbers,
}

fuzz_target!(|text: &str| {
    let config = Config {
        peer_id: PeerId::parse("mia").expect("it is a name"),
        key: "0123456789abcdef".into(),
        peer: PeerInfo::default(),
        reconnect: ReconnectOptions::default(),
        // A text that begins with `G` wants its candidates gathered first.
        candidates: CandidateOptions {
            gathering_ms: text.starts_with('G').then_some(1_000),
            ..CandidateOptions::default()
        },
        ping_ms: Some(1_000),
        release_when_frozen: true,
        pages: 0,
    };
    let mut world = World {
        client: Client::new(config, 7),
        now: 1_000,
        sockets: Vec::new(),
        calls: BTreeMap::new(),
        connections: Vec::new(),
        closed: BTreeSet::new(),
        operations: Vec::new(),
        outputs: 0,
        numbers: Numbers::default(),
    };
    for line in text.lines().take(MOST_LINES) {
        let before = world.outputs;
        world.line(line);
        assert!(world.outputs - before < 20_000, "{} outputs for {line}", world.outputs - before);
    }
    // The longest deadline of a call is that of a message, which waits as long as a session may be away.
    world.pass(151_000);
    let open = world.calls.iter().find(|(_, call)| **call == Call::Open);
    assert!(open.is_none(), "{open:?} waits for ever");
    world.input(Input::Command(Command::Close));
    assert_eq!(world.client.state(), ClientState::Closed);
    assert_eq!(world.client.poll_timeout(), None);
    assert!(world.sockets.is_empty(), "{:?}", world.sockets);
    assert!(world.connections.iter().all(|connection| world.closed.contains(connection)));
    let outputs = world.outputs;
    for line in text
        .lines()
        .take(MOST_LINES)
        .filter(|line| line.starts_with(['{', '#', 'w', 'a', 'n', 'c', '!', 'o', 't', '+']))
    {
        world.line(line);
    }
    assert_eq!(world.outputs, outputs, "it is closed");
});

impl World {
    fn input(&mut self, input: Input) {
        self.client.handle_input(self.now, input);
        while let Some(output) = self.client.poll_output() {
            self.outputs += 1;
            self.output(output);
        }
    }

    fn output(&mut self, output: Output) {
        match output {
            Output::OpenSocket { socket } => {
                self.sockets.push((socket, false));
                assert!(self.sockets.len() <= 2, "{:?}", self.sockets);
            }
            Output::CloseSocket { socket, .. } => {
                let at = self.sockets.iter().position(|(it, _)| *it == socket);
                self.sockets.remove(at.expect("it is closed once"));
            }
            Output::Event(Event::Resumed { resumed: false, .. }) => self.numbers = Numbers::default(),
            Output::Event(_) | Output::Note { .. } => {}
            Output::Send { socket, envelope, ack } => {
                self.numbers.check(&envelope, ack);
                assert!(self.sockets.contains(&(socket, true)), "{socket} is not open");
                check(&envelope);
            }
            Output::CreateConnection { connection, .. } | Output::Gather { connection } => {
                self.connections.push(connection);
            }
            Output::ReplaceConnection { old, connection, .. } => {
                assert!(self.closed.insert(old), "it is replaced once, and not after its end");
                self.operations.retain(|(of, ..)| *of != old);
                self.connections.push(connection);
            }
            Output::CloseConnection { connection } => {
                assert!(self.closed.insert(connection), "it is closed once");
                self.operations.retain(|(of, ..)| *of != connection);
            }
            Output::RestartIce { connection }
            | Output::Ping { connection, .. }
            | Output::AwaitPair { connection, .. }
            | Output::Probe { connection, .. } => {
                assert!(!self.closed.contains(&connection));
            }
            Output::Operate { connection, operation, what } => {
                assert!(self.connections.contains(&connection) && !self.closed.contains(&connection));
                let is_candidate = |what: &Operation| matches!(what, Operation::AddIceCandidate(_));
                let is_busy =
                    self.operations.iter().any(|(of, _, what)| *of == connection && !is_candidate(what));
                assert!(is_candidate(&what) || !is_busy, "{what:?} while another operation runs");
                self.operations.push((connection, operation, what));
            }
            Output::Settle { call, .. } => {
                let before = self.calls.insert(call, Call::Settled);
                assert_eq!(before, Some(Call::Open), "call {call}");
            }
        }
    }

    fn pass(&mut self, ms: u64) {
        let end = self.now + ms;
        let mut idle = 0;
        while let Some((at, name)) = self.client.poll_timeout().filter(|(at, _)| *at <= end) {
            idle = if at <= self.now { idle + 1 } else { 0 };
            assert!(idle < 4, "busy loop: {name:?} stays due at {at}");
            self.now = self.now.max(at);
            self.input(Input::Timeout);
        }
        self.now = end;
    }
}

/// A server can read it, and takes its size.
fn check(envelope: &Envelope) {
    let text = serde_json::to_string(envelope).expect("it can be written");
    let is_large = matches!(envelope.kind.as_str(), "offer" | "answer");
    let most = if is_large { limits::DESCRIPTION_FRAME_BYTES } else { limits::FRAME_BYTES };
    assert!(text.len() <= most, "{} bytes of {}", text.len(), envelope.kind);
    let read = serde_json::from_str(&text).expect("it can be read");
    if let Err(refusal) = ClientMessage::from_envelope(read) {
        panic!("{refusal:?}: {text}");
    }
}

//! Whatever happens in whatever order: no panic, no busy loop, every promise settles once, close is final.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

mod support;

use proptest::prelude::*;
use signalpost_core::protocol::message::{Route, Welcome};
use signalpost_core::protocol::{
    Envelope, ErrorCode, OwnSignal, Position, Query, SequenceNumber, ServerMessage, Signal,
};
use signalpost_core::{
    CallId, ClientState, Command, ConnectionEvent, ConnectionId, ConnectionState, Description, Input,
    OperationId, Outcome, PageEvent, Receiver, SdpType, SignalingState, SocketEvent, SocketId,
};
use std::collections::BTreeMap;
use support::{World, answer, candidate, config, id, info, offer, room, sdp};

/// One thing that happens. Numbers choose among what exists when its turn comes.
#[derive(Clone, Debug)]
enum Happening {
    Call(u8, u8),
    Cancel(u8),
    Tell(u8, u8),
    Close,
    Socket(u8, u8),
    Receive(u8, u8, u8),
    Connection(u8, u8),
    Finish(u8, u8),
    Page(u8),
    Wait(u32),
    EarlyTimeout,
    Late(u32),
}

fn happening() -> impl Strategy<Value = Happening> {
    use Happening::*;
    prop_oneof![
        6 => any::<(u8, u8)>().prop_map(|(a, b)| Call(a, b)),
        1 => any::<u8>().prop_map(Cancel),
        2 => any::<(u8, u8)>().prop_map(|(a, b)| Tell(a, b)),
        6 => any::<(u8, u8)>().prop_map(|(a, b)| Socket(a, b)),
        12 => any::<(u8, u8, u8)>().prop_map(|(a, b, c)| Receive(a, b, c)),
        8 => any::<(u8, u8)>().prop_map(|(a, b)| Connection(a, b)),
        10 => any::<(u8, u8)>().prop_map(|(a, b)| Finish(a, b)),
        3 => any::<u8>().prop_map(Page),
        4 => (0u32..700).prop_map(Wait),
        1 => (0u32..40_000).prop_map(Wait),
        1 => Just(EarlyTimeout),
        1 => (0u32..100_000).prop_map(Late),
    ]
}

fn pick<T: Clone>(list: &[T], at: u8) -> Option<T> {
    list.get(usize::from(at) % list.len().max(1)).cloned()
}

struct Run {
    world: World,
    /// Every promise, and whether it was cancelled.
    calls: BTreeMap<u32, bool>,
    /// Whether the server has sessions.
    has_sessions: bool,
    /// The number of the server's last frame.
    seq: u32,
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut config = config();
        config.release_when_frozen = seed % 2 == 1;
        config.ping_ms = [None, Some(1_000), Some(30)][(seed / 3 % 3) as usize];
        config.candidates.gathering_ms = [None, Some(0), Some(700)][(seed % 3) as usize];
        Self { world: World::with(config, seed), calls: BTreeMap::new(), has_sessions: seed % 5 > 1, seq: 0 }
    }

    fn happen(&mut self, happening: &Happening) {
        let peers = ["ada", "zoe", "mia"];
        let rooms = ["a", "b"];
        match *happening {
            Happening::Call(kind, who) => {
                let call = self.calls.len() as u32 + 1;
                self.calls.insert(call, false);
                let timeout_ms = u32::from(who) * 100;
                let (peer, room) = (id(pick(&peers, who).unwrap()), room(pick(&rooms, who).unwrap()));
                let receipt = who % 2 == 0;
                let (mine, to) = (peer.clone(), peer.clone());
                self.world.command(match kind % 8 {
                    4 => Command::Message {
                        call: CallId(call),
                        to: Receiver::Peer(to),
                        data: "m".into(),
                        receipt,
                    },
                    5 => Command::Message {
                        call: CallId(call),
                        to: Receiver::Room(room),
                        data: "b".into(),
                        receipt: false,
                    },
                    6 => Command::OwnSignal {
                        call: CallId(call),
                        to: mine,
                        signal: OwnSignal::Offer("o".into()),
                    },
                    0 => Command::Connect { call: CallId(call), timeout_ms },
                    1 => Command::Join { call: CallId(call), room },
                    2 => Command::Leave { call: CallId(call), room },
                    3 => Command::FindPeers { call: CallId(call), query: Query::default() },
                    _ => Command::ConnectPeer { call: CallId(call), peer, timeout_ms },
                });
                if who % 5 == 0 {
                    self.world.command(Command::Limit { call: CallId(call), timeout_ms });
                }
            }
            Happening::Cancel(which) => {
                if let Some(call) = pick(&self.calls.keys().copied().collect::<Vec<_>>(), which) {
                    let settled = self.world.settled.iter().any(|(of, _)| *of == call);
                    self.calls.insert(call, !settled);
                    self.world.command(Command::Cancel { call: CallId(call) });
                }
            }
            Happening::Tell(kind, who) => {
                let peer = id(pick(&peers, who).unwrap());
                self.world.command(match kind % 3 {
                    0 => Command::OpenPeer { peer },
                    1 => Command::RestartIce { peer },
                    _ => Command::ClosePeer { peer },
                });
            }
            Happening::Close => self.world.command(Command::Close),
            Happening::Socket(kind, which) => {
                // Mostly the newest, sometimes one that was replaced.
                let sockets = &self.world.sockets;
                let Some(newest) = sockets.last().copied() else { return };
                let socket = if which < 32 { pick(sockets, which).unwrap_or(newest) } else { newest }.0;
                let event = match kind % 8 {
                    0 => SocketEvent::Closed { code: 1006 },
                    1 if which < 20 => SocketEvent::Closed { code: 4500 + u16::from(which) },
                    2 => SocketEvent::Malformed,
                    3 if which > 200 => SocketEvent::Unavailable { message: "no".into() },
                    _ => SocketEvent::Opened,
                };
                self.world.input(Input::Socket { socket: SocketId(socket), event });
            }
            Happening::Receive(kind, who, number) => self.receive(kind, pick(&peers, who).unwrap(), number),
            Happening::Connection(kind, which) => {
                let Some((connection, _)) = pick(&self.world.connections, which) else { return };
                let event = match kind % 10 {
                    0 if which < 16 => ConnectionEvent::Unavailable { message: "no".into() },
                    0..=3 => ConnectionEvent::NegotiationNeeded,
                    4 => ConnectionEvent::Candidate(candidate("mine", which.into(), "host")),
                    5 => ConnectionEvent::Candidate(candidate("mine", which.into(), "relay")),
                    6 => ConnectionEvent::EndOfCandidates,
                    7 => ConnectionEvent::StateChanged(ConnectionState::Connected),
                    8 if which < 100 => ConnectionEvent::StateChanged(ConnectionState::Failed),
                    8 => ConnectionEvent::StateChanged(ConnectionState::Disconnected),
                    9 if which < 200 => {
                        let round_trip_ms = (which % 2 == 0).then(|| u32::from(which) * 100);
                        ConnectionEvent::Probed { is_live: which < 100, round_trip_ms }
                    }
                    9 if which < 210 => ConnectionEvent::PairInUse,
                    9 if which < 230 => {
                        ConnectionEvent::Heard { text: pick(&["?0", "!1", "", "!7x"], which).unwrap().into() }
                    }
                    _ => ConnectionEvent::Opened,
                };
                self.world.input(Input::Connection { connection: ConnectionId(connection), event });
            }
            Happening::Finish(how, which) => {
                let operations = &mut self.world.operations;
                if operations.is_empty() {
                    return;
                }
                let at = usize::from(which) % operations.len();
                let (connection, operation, _) = operations.remove(at);
                let (kind, signaling_state) = match how % 8 {
                    0..=2 => (Some(SdpType::Offer), SignalingState::HaveLocalOffer),
                    3..=4 => (Some(SdpType::Answer), SignalingState::Stable),
                    5 => (None, SignalingState::Stable),
                    6 => (None, SignalingState::HaveRemoteOffer),
                    _ => (None, SignalingState::Closed),
                };
                let made = kind.map(|kind| Description { kind, sdp: sdp("mine") });
                let result = if how > 230 { Err("no".into()) } else { Ok(made) };
                let outcome = Outcome { result, signaling_state };
                self.world.input(Input::Connection {
                    connection: ConnectionId(connection),
                    event: ConnectionEvent::Done { operation: OperationId(operation), outcome },
                });
            }
            Happening::Page(kind) => self.world.page(match kind % 8 {
                0 => PageEvent::Online,
                1 => PageEvent::Offline,
                2 => PageEvent::Visible,
                3 => PageEvent::Woke,
                4 => PageEvent::Frozen,
                5 => PageEvent::Leaving,
                6 => PageEvent::MayLeave,
                _ => PageEvent::Hidden,
            }),
            Happening::Wait(ms) => self.world.advance(ms.into()),
            Happening::EarlyTimeout => self.world.input(Input::Timeout),
            // A frozen page: the clock has moved, and nobody woke the client.
            Happening::Late(ms) => self.world.now += u64::from(ms),
        }
    }

    fn receive(&mut self, kind: u8, from: &str, number: u8) {
        if self.world.sockets.is_empty() {
            return;
        }
        let frames = self.world.sent.iter().filter_map(|(frame, _)| *frame).collect::<Vec<_>>();
        let reference = pick(&frames, number);
        let mine = pick(&self.world.connections, number).map(|(connection, _)| connection);
        let (remote, number) = (u32::from(number % 3), u32::from(number % 4));
        let peers = vec![info(from, remote), info("eve", 1)];
        let cursor = (number == 3).then(|| "eve".to_string());
        let route = Route { connection: remote, target: mine };
        let message = match kind % 22 {
            0..=2 => {
                let resumed = number > 0;
                self.seq = if resumed { self.seq } else { 0 };
                let key = "k".repeat(16 + number as usize);
                let session = Welcome { key, resumed, reason: None, received: Position(remote) };
                let session = self.has_sessions.then_some(session);
                ServerMessage::Welcome { version: 1 + u16::from(self.has_sessions), region: None, session }
            }
            16 => ServerMessage::Ack,
            17 => ServerMessage::Reconnect { after: number * 700 },
            18 => ServerMessage::Received { reference },
            19 => ServerMessage::Sent { reference },
            20 => ServerMessage::PeerAway { room: room("a"), peer: id(from), reason: "lost".into() },
            21 => ServerMessage::PeerBack { room: room("a"), peer: info(from, remote) },
            3 => ServerMessage::Heartbeat,
            4 => ServerMessage::Peers { peers, cursor, reference },
            5 => ServerMessage::Joined { room: room("a"), peers, cursor, reference },
            6 => ServerMessage::Left { room: room("a"), reference },
            7 => ServerMessage::PeerJoined { room: room("a"), peer: info(from, remote) },
            8 => ServerMessage::PeerLeft { room: room("a"), peer: id(from), reason: "left".into() },
            9 => ServerMessage::Error {
                code: "room-not-joined".into(),
                message: String::new(),
                reference,
                about: None,
                after: None,
            },
            10 => ServerMessage::Error {
                code: "peer-not-found".into(),
                message: String::new(),
                reference: None,
                about: Some(id(from)),
                after: None,
            },
            11 => relay(from, offer(remote, None, number, "theirs")),
            12 => relay(from, offer(remote, mine, number, "theirs")),
            13 => relay(from, answer(remote, mine.unwrap_or_default(), number, "theirs")),
            14 => relay(from, support::candidates(remote, mine, "theirs")),
            15 if number > 1 => {
                let end = (number == 2).then(|| "theirs".into());
                relay(from, Signal::Invite { route, session: None, mapping: None, end })
            }
            _ if number == 0 => relay(from, Signal::Close { route }),
            _ => relay(from, Signal::Reject { route, number, code: ErrorCode::DescriptionRejected }),
        };
        let seq = (self.has_sessions && kind % 22 > 3 && kind % 22 != 16).then(|| {
            self.seq = if kind > 245 { self.seq } else { self.seq + 1 };
            self.seq + u32::from(kind == 230)
        });
        let acks = self.has_sessions && kind.is_multiple_of(5);
        let ack = acks
            .then(|| self.world.numbers.iter().filter_map(|(seq, _)| *seq).max().unwrap_or(0) / (1 + remote));
        let (seq, ack) = (seq.map(SequenceNumber), ack.map(Position));
        let envelope = Envelope { seq, ack, ..message.into_envelope(self.world.now) };
        self.world.receive_text(&serde_json::to_string(&envelope).unwrap());
    }

    fn settled_at_most_once(&self) {
        let mut seen = BTreeMap::new();
        for (call, _) in &self.world.settled {
            *seen.entry(*call).or_insert(0) += 1;
        }
        for (call, times) in seen {
            assert_eq!(times, 1, "call {call}");
            assert!(!self.calls[&call], "call {call} was cancelled");
        }
    }

    fn nothing_is_open(&self) {
        let world = &self.world;
        for (call, cancelled) in &self.calls {
            let settled = world.settled.iter().any(|(of, _)| of == call);
            assert!(settled || *cancelled, "call {call} never settled");
        }
        assert!(world.live_sockets.is_empty(), "{:?}", world.live_sockets);
        for (connection, _) in &world.connections {
            assert!(world.closed_connections.contains(connection), "connection {connection} is open");
        }
    }
}

fn relay(from: &str, signal: Signal) -> ServerMessage {
    ServerMessage::Relay { from: id(from), signal }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn every_promise_settles_once_and_close_is_final(
        seed: u64,
        before in prop::collection::vec(happening(), 0..120),
        after in prop::collection::vec(happening(), 0..40),
    ) {
        let mut run = Run::new(seed);
        for happening in before {
            run.happen(&happening);
            run.settled_at_most_once();
        }
        run.happen(&Happening::Close);
        run.settled_at_most_once();
        run.nothing_is_open();
        prop_assert_eq!(run.world.client.state(), ClientState::Closed);
        prop_assert_eq!(run.world.client.poll_timeout(), None);
        for happening in after {
            let (outputs, settled) = (run.world.outputs, run.world.settled.len());
            run.happen(&happening);
            let refused = matches!(happening, Happening::Call(..));
            prop_assert_eq!(run.world.outputs, outputs + usize::from(refused), "{:?}", happening);
            prop_assert_eq!(run.world.settled.len(), settled + usize::from(refused));
            prop_assert_eq!(run.world.client.poll_timeout(), None);
        }
        run.settled_at_most_once();
    }

    #[test]
    fn every_promise_settles_by_itself_in_time(
        seed: u64,
        before in prop::collection::vec(happening(), 0..120),
    ) {
        let mut run = Run::new(seed);
        before.iter().for_each(|happening| run.happen(happening));
        // The longest deadline is that of a message to another peer, 150 s.
        run.world.advance(151_000);
        run.settled_at_most_once();
        for (call, cancelled) in &run.calls {
            let settled = run.world.settled.iter().any(|(of, _)| of == call);
            prop_assert!(settled || *cancelled, "call {} waits for ever", call);
        }
    }

    #[test]
    fn the_same_seed_and_inputs_give_the_same_outputs(
        seed: u64,
        happenings in prop::collection::vec(happening(), 0..60),
    ) {
        let [a, b] = [0, 1].map(|_| {
            let mut run = Run::new(seed);
            happenings.iter().for_each(|happening| run.happen(happening));
            (run.world.outputs, format!("{:?}", (run.world.sent, run.world.events, run.world.sockets)))
        });
        prop_assert_eq!(a, b);
    }
}

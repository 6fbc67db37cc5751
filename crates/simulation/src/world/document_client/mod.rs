//! A client that was written from `docs/protocol.md` alone, and the application's side of it speaks as the real core does.
//!
//! It doubts its link now and then, without any cause: it opens a second socket, and uses the first until the second is open.
//! From its `hello` on the second one it takes, acknowledges and sends nothing on the first, whose frames are still on their
//! way in both directions. It leaves the first one open for a while, or until the server closes it. The second may break at any
//! frame, and then there is a third. It connects to no peer.

mod frame;
mod link;
mod reception;
mod rooms;
mod stream;

use crate::model_peer_connection::Random;
use frame::frame;
use link::Link;
use rooms::Rooms;
use signalpost_core::{
    ClientState, Command, Event, Failure, Input, Output, PageEvent, Receiver, Reply, SocketEvent, TimerName,
};
use signalpost_protocol::{Envelope, PeerId, RoomName, limits};
use std::collections::{BTreeMap, VecDeque};
use stream::Stream;

/// Most messages that wait, and their bytes.
const WAITING: usize = 256;
const WAITING_BYTES: usize = 1024 * 1024;
/// Most frames of all kinds beside which one more `join` is taken.
const FRAMES: usize = 400;
/// Numbers of the frames for which no promise waits.
const OWN_FRAMES: u32 = 1 << 24;

/// What waits for an answer.
#[derive(Debug)]
enum Question {
    Message { receipt: bool },
    Join(RoomName),
    Leave,
}

pub(super) struct DocumentClient {
    random: Random,
    out: VecDeque<Output>,
    state: ClientState,
    connects: Vec<u32>,
    questions: BTreeMap<u32, Question>,
    own_frames: u32,
    link: Link,
    stream: Stream,
    rooms: Rooms,
}

impl DocumentClient {
    pub fn new(id: &PeerId, key: String, attempt: u32, random: &mut Random) -> Self {
        let mut random = Random::new(random.number());
        let is_eager = random.number() & 1 == 0;
        Self {
            out: VecDeque::new(),
            state: ClientState::Idle,
            connects: Vec::new(),
            questions: BTreeMap::new(),
            own_frames: OWN_FRAMES,
            link: Link::new(id.clone(), key, attempt, &mut random),
            stream: Stream::new(is_eager),
            rooms: Rooms::default(),
            random,
        }
    }

    pub fn state(&self) -> ClientState {
        self.state
    }

    pub fn poll_output(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    pub fn poll_timeout(&self) -> Option<(u64, TimerName)> {
        let link = self.link.poll_timeout();
        let ack = self.stream.ack_due().filter(|_| self.link.is_welcome()).map(|at| (at, TimerName::Ack));
        link.into_iter().chain(ack).min_by_key(|(at, _)| *at)
    }

    /// Messages that wait for their answer or to be sent, all frames that wait, and their bytes.
    pub fn outbox(&self) -> (usize, usize, usize) {
        self.stream.size()
    }

    /// It doubts its link no more.
    pub fn trust_link(&mut self) {
        self.link.trust();
    }

    pub fn handle_input(&mut self, now: u64, input: Input) {
        match input {
            Input::Command(command) => self.command(now, command),
            Input::Socket { socket, event } => self.handle_socket(now, socket.0, event),
            Input::Page(PageEvent::Leaving) if self.state != ClientState::Closed => {
                self.link.say_goodbye(&mut self.out);
                self.state = ClientState::Idle;
            }
            Input::Page(_) | Input::Connection { .. } => {}
            Input::Timeout => self.handle_timeout(now),
        }
    }

    fn command(&mut self, now: u64, command: Command) {
        match command {
            Command::Connect { call, .. } if self.state == ClientState::Closed => {
                self.refuse(call.0, "closed");
            }
            Command::Connect { call, .. } if self.state == ClientState::Connected => {
                self.settle(call.0, Ok(Reply::Done));
            }
            Command::Connect { call, .. } => {
                self.connects.push(call.0);
                if self.state == ClientState::Idle {
                    self.become_(ClientState::Connecting, "");
                    self.link.open(now, &mut self.out);
                }
            }
            Command::Close => {
                self.link.say_goodbye(&mut self.out);
                self.give_up("closed");
                self.state = ClientState::Closed;
            }
            Command::Join { call, room } if self.state != ClientState::Closed => self.join(now, call.0, room),
            Command::Leave { call, room } if self.state != ClientState::Closed => {
                if self.stream.size().1 >= FRAMES {
                    return self.refuse(call.0, "outbox-full");
                }
                if !self.rooms.leave(&room) {
                    return self.settle(call.0, Ok(Reply::Done));
                }
                self.ask(
                    now,
                    call.0,
                    frame("leave", |payload| payload.room = Some(room.as_str().into())),
                    Question::Leave,
                );
            }
            Command::Message { call, to, data, receipt } if self.state != ClientState::Closed => {
                self.send(now, call.0, to, data, receipt);
            }
            Command::Join { call, .. } | Command::Leave { call, .. } | Command::Message { call, .. } => {
                self.refuse(call.0, "closed");
            }
            _ => {}
        }
    }

    fn join(&mut self, now: u64, call: u32, room: RoomName) {
        if self.stream.size().1 >= FRAMES {
            return self.refuse(call, "outbox-full");
        }
        self.rooms.ask(&room, call);
        let join = frame("join", |payload| payload.room = Some(room.as_str().into()));
        self.ask(now, call, join, Question::Join(room));
    }

    fn send(&mut self, now: u64, call: u32, to: Receiver, data: String, receipt: bool) {
        let (messages, frames, bytes) = self.stream.size();
        if messages >= WAITING || frames >= FRAMES || bytes > WAITING_BYTES {
            return self.refuse(call, "outbox-full");
        }
        if data.len() > limits::MESSAGE_BYTES {
            return self.refuse(call, "message-too-large");
        }
        let receipt = receipt && matches!(to, Receiver::Peer(_));
        let envelope = match to {
            Receiver::Peer(peer) => Envelope {
                to: Some(peer.as_str().into()),
                ..frame("message", |payload| {
                    payload.data = Some(data);
                    payload.receipt = receipt.then_some(true);
                })
            },
            Receiver::Room(room) => frame("broadcast", |payload| {
                payload.data = Some(data);
                payload.room = Some(room.as_str().into());
            }),
        };
        self.ask(now, call, envelope, Question::Message { receipt });
    }

    fn ask(&mut self, now: u64, call: u32, envelope: Envelope, question: Question) {
        self.questions.insert(call, question);
        self.stream.queue(Envelope { id: Some(call), ..envelope });
        self.flush(now);
    }

    /// Puts what waits on the socket, with numbers.
    fn flush(&mut self, now: u64) {
        let Some(socket) = self.link.socket() else { return };
        if self.stream.flush(socket, self.link.is_welcome(), &mut self.out) {
            self.link.note_sent(now);
        }
    }

    fn handle_socket(&mut self, now: u64, socket: u32, event: SocketEvent) {
        match event {
            SocketEvent::Opened if self.link.is_opening(socket) => {
                self.link.say_hello(now, &self.stream, &mut self.random, &mut self.out);
                self.stream.send_again(socket, &mut self.out);
                self.flush(now);
            }
            SocketEvent::Closed { code } => {
                if self.link.handle_closed(now, socket, &mut self.random) {
                    self.lose_link(code);
                }
            }
            // What arrives on a socket that was left is taken no more.
            _ if self.link.socket() != Some(socket) => {}
            SocketEvent::Opened | SocketEvent::Unavailable { .. } => {}
            SocketEvent::Malformed => self.drop_link(now, 4005),
            SocketEvent::Frame(envelope) => self.hear(now, *envelope),
        }
    }

    fn lose_link(&mut self, code: u16) {
        if (4500..5000).contains(&code) {
            self.link.stop(&mut self.out);
            self.give_up("superseded");
            self.become_(ClientState::Idle, "superseded");
        } else if self.state == ClientState::Connected {
            self.become_(ClientState::Reconnecting, "link-lost");
        }
    }

    fn drop_link(&mut self, now: u64, code: u16) {
        self.link.drop(now, code, &mut self.random, &mut self.out);
        self.lose_link(code);
    }

    fn refuse(&mut self, call: u32, code: &str) {
        if call < OWN_FRAMES {
            self.settle(call, Err(Failure::told(code.into(), String::new())));
        }
    }

    fn settle(&mut self, call: u32, result: Result<Reply, Failure>) {
        self.out.push_back(Output::Settle { call: call.into(), result });
    }

    /// Nothing is answered any more.
    fn give_up(&mut self, code: &str) {
        self.stream.clear();
        let calls = std::mem::take(&mut self.questions).into_keys();
        let calls: Vec<u32> = calls.chain(std::mem::take(&mut self.connects)).collect();
        calls.into_iter().for_each(|call| self.refuse(call, code));
    }

    fn become_(&mut self, state: ClientState, reason: &str) {
        self.state = state;
        self.out.push_back(Output::Event(Event::State { state, reason: reason.into() }));
    }

    fn handle_timeout(&mut self, now: u64) {
        if self.stream.ack_due().is_some_and(|at| at <= now) && self.link.is_welcome() {
            self.acknowledge();
        }
        if let Some(code) = self.link.handle_timeout(now, &mut self.random, &mut self.out) {
            self.drop_link(now, code);
        }
    }
}

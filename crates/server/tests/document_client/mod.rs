//! A client written from `docs/protocol.md` alone, and the server's end of its sockets, without I/O.

use serde_json::{Value, json};
use signalpost_protocol::{Envelope, Sequence};
use signalpost_server::engine::{Command, Delivery, Full, Outlet};
use signalpost_server::registry::Registry;
use signalpost_server::session::{Session, SessionOutput};
use signalpost_server::{SocketId, Token};
use std::collections::{BTreeMap, VecDeque};

/// The queues of all sockets.
#[derive(Default)]
pub struct Inboxes(BTreeMap<SocketId, VecDeque<Delivery>>);

impl Inboxes {
    /// Removes the queue of a socket, and returns what is in it.
    pub fn take(&mut self, socket: SocketId) -> VecDeque<Delivery> {
        self.0.remove(&socket).unwrap_or_default()
    }
}

impl Outlet for Inboxes {
    fn deliver(&mut self, to: SocketId, delivery: Delivery) -> Result<(), Full> {
        self.0.entry(to).or_default().push_back(delivery);
        Ok(())
    }
}

/// The server's end of a socket, and the frames that are on their way in both directions.
pub struct Link {
    pub number: u64,
    pub session: Session,
    pub up: VecDeque<String>,
    pub down: VecDeque<Value>,
}

impl Link {
    /// Opens a socket. Its number is in the key that the server draws for it.
    pub fn open(now: u64, number: u64) -> Self {
        let mut random = [0; 32];
        random[..8].copy_from_slice(&number.to_be_bytes());
        let session = Session::new(now, SocketId::new(number), None, Token::new(random));
        Self { number, session, up: VecDeque::new(), down: VecDeque::new() }
    }
}

/// The server but for its sockets.
pub struct Server {
    pub now: u64,
    pub registry: Registry,
    pub inboxes: Inboxes,
}

impl Server {
    pub fn new(registry: Registry) -> Self {
        Self { now: 0, registry, inboxes: Inboxes::default() }
    }

    pub fn execute(&mut self, socket: SocketId, command: Command) {
        let ends = matches!(command, Command::Detach(_));
        self.registry.execute(self.now, socket, command, &mut self.inboxes);
        if ends {
            self.inboxes.take(socket);
        }
    }

    pub fn sweep(&mut self) {
        self.registry.sweep(self.now, &mut self.inboxes);
    }

    /// Does everything that the server has to do for these sockets.
    pub fn settle(&mut self, links: &mut [&mut Link]) {
        let mut idle = false;
        while !idle {
            idle = true;
            for link in links.iter_mut() {
                let socket = SocketId::new(link.number);
                while let Some(output) = link.session.poll_output() {
                    idle = false;
                    match output {
                        SessionOutput::Execute(command) => self.execute(socket, command),
                        SessionOutput::Send { message, seq, ack } => {
                            let envelope = Envelope { seq, ack, ..message.into_envelope(self.now) };
                            link.down.push_back(serde_json::to_value(envelope).unwrap());
                        }
                        SessionOutput::Close(close) => link.down.push_back(json!({"closed": close.as_u16()})),
                        SessionOutput::Accepted { .. }
                        | SessionOutput::Refused { .. }
                        | SessionOutput::Audited(_) => {}
                    }
                }
                for delivery in self.inboxes.take(socket) {
                    idle = false;
                    link.session.handle_delivery(self.now, delivery);
                }
            }
        }
    }
}

/// Both directions of a client's session, over all its sockets.
pub struct Stream {
    name: &'static str,
    key: String,
    attempts: u32,
    /// The highest number of the server that the client has; `None` before the first `welcome`.
    pub received: Option<u32>,
    sent: u32,
    /// The numbered frames that the server has not acknowledged.
    pub unacknowledged: VecDeque<(u32, Value)>,
    /// How many messages the client has sent. Each carries its place among them.
    pub said: u32,
    /// The messages that the client has received.
    pub heard: Vec<u32>,
}

impl Stream {
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            key: format!("the first key of {name}"),
            attempts: 0,
            received: None,
            sent: 0,
            unacknowledged: VecDeque::new(),
            said: 0,
            heard: Vec::new(),
        }
    }

    /// The next `hello`.
    pub fn hello(&mut self, received: Option<u32>) -> Value {
        self.attempts += 1;
        let peer = json!({"id": self.name, "session": 7});
        let mut payload =
            json!({"versions": [1, 2], "key": self.key, "attempt": self.attempts, "peer": peer});
        if let Some(received) = received {
            payload["received"] = received.into();
        }
        json!({"type": "hello", "payload": payload})
    }

    /// The next message to another client, with its number.
    pub fn message(&mut self, to: &str) -> Value {
        self.sent += 1;
        let data = self.said.to_string();
        self.said += 1;
        let frame = json!({"type": "message", "seq": self.sent, "to": to, "payload": {"data": data}});
        self.unacknowledged.push_back((self.sent, frame.clone()));
        frame
    }

    /// The frame with the client's acknowledgement.
    pub fn acknowledging(&self, frame: &Value) -> String {
        let mut frame = frame.clone();
        frame["ack"] = self.received.into();
        frame.to_string()
    }

    /// Takes the payload of a `welcome`. A session that begins in place of a lost one starts from nothing.
    pub fn handle_welcome(&mut self, welcome: &Value) {
        self.key = welcome["key"].as_str().unwrap().into();
        if welcome["resumed"] == true || welcome["reason"].is_null() {
            self.received.get_or_insert(0);
            self.forget(as_number(&welcome["received"]).unwrap());
        } else {
            (self.received, self.sent) = (Some(0), 0);
            self.unacknowledged.clear();
        }
    }

    /// Takes the acknowledgement of any frame, and the frame itself if it is the next; `None`: it has no number.
    pub fn handle_frame(&mut self, frame: &Value) -> Option<Sequence> {
        if let Some(ack) = as_number(&frame["ack"]) {
            self.forget(ack);
        }
        let seq = as_number(&frame["seq"])?;
        let received = self.received.get_or_insert(0);
        // By hand, and not with the rule that the server uses: a fault of that one is to be seen here.
        let sequence = match seq {
            seq if seq <= *received => Sequence::Duplicate,
            seq if seq - 1 == *received => Sequence::Next,
            _ => Sequence::Gap,
        };
        if sequence == Sequence::Next {
            *received = seq;
            if frame["type"] == "message" {
                self.heard.push(frame["payload"]["data"].as_str().unwrap().parse().unwrap());
            }
        }
        Some(sequence)
    }

    fn forget(&mut self, up_to: u32) {
        self.unacknowledged.retain(|(seq, _)| *seq > up_to);
    }
}

fn as_number(value: &Value) -> Option<u32> {
    value.as_u64().map(|number| u32::try_from(number).unwrap())
}

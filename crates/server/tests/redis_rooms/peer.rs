//! A client of the tests: it acknowledges what it gets, and has a picture of its room.

use signalpost_protocol::{AwayReason, PeerInfo, Position, RoomName, SequenceNumber, Signal};
use signalpost_server::engine::{
    Action, Claim, ClientFrame, Command, Delivery, DeliveryQueue, Departure, Engine, Full, Mail, Outcome,
};
use signalpost_server::redis::RedisEngine;
use signalpost_server::{SocketId, TokenHash};
use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// Longest wait for a reply.
const PATIENCE: Duration = Duration::from_secs(60);

static SOCKETS: AtomicU64 = AtomicU64::new(1);

#[derive(Default)]
struct Queue(Mutex<VecDeque<Delivery>>);

impl DeliveryQueue for Queue {
    fn deliver(&self, delivery: Delivery) -> Result<(), Full> {
        self.0.lock().unwrap().push_back(delivery);
        Ok(())
    }
}

/// What a client knows of its room.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture {
    pub present: BTreeSet<String>,
    pub away: BTreeSet<String>,
    pub lists: usize,
    pub ends: usize,
    pub notices: usize,
    /// The list went on behind its first page.
    pub is_partial: bool,
}

impl Picture {
    /// `begins_anew`: a peer that moves to another region may have joined again before its end is told; the end is not told then.
    fn note(&mut self, me: &str, mail: &Mail, begins_anew: bool) {
        match mail {
            Mail::Joined { page, reference, .. } => {
                self.lists += 1;
                self.is_partial = page.cursor.is_some();
                if reference.is_none() {
                    self.away.clear();
                }
                self.present = page.peers.iter().map(|peer| peer.id.clone()).collect();
                return;
            }
            Mail::Left { .. } => {
                self.present.clear();
                self.away.clear();
                return;
            }
            Mail::Found { page, .. } => {
                // A further page of the room.
                self.is_partial = page.cursor.is_some();
                self.present.extend(page.peers.iter().map(|peer| peer.id.clone()));
                return;
            }
            Mail::PeerJoined { peer, .. } => {
                let is_news = self.present.insert(peer.id.clone()) && !self.away.remove(&peer.id);
                assert!(is_news || begins_anew, "{} joined twice for {me}", peer.id);
            }
            Mail::PeerBack { peer, .. } => {
                self.away.remove(&peer.id);
                self.present.insert(peer.id.clone());
            }
            Mail::PeerAway { peer, .. } => {
                let was = self.present.remove(peer.as_str());
                assert!(was || self.is_partial, "{peer} is away and was not present for {me}");
                assert!(self.away.insert(peer.as_str().into()), "{peer} is away twice for {me}");
            }
            Mail::PeerLeft { peer, .. } => {
                self.ends += 1;
                let was = self.present.remove(peer.as_str()) | self.away.remove(peer.as_str());
                assert!(was || self.is_partial, "{peer} left and was never named to {me}");
            }
            Mail::Relay { from, signal: Signal::Message { room: Some(_), .. } } => {
                let known = self.present.contains(from.as_str()) || self.is_partial;
                assert!(known, "a message of {from}, of whom {me} was not told");
                return;
            }
            _ => return,
        }
        self.notices += 1;
    }
}

/// A client of version 2.
pub struct Peer {
    pub name: String,
    pub picture: Picture,
    /// Messages that it got.
    pub messages: Vec<String>,
    socket: Option<(SocketId, Arc<Queue>)>,
    node: usize,
    keys: u64,
    /// The number of its last frame, and of the last frame of the server.
    sent: u32,
    pub received: Option<u32>,
    acknowledged: u32,
    pub info: PeerInfo,
    /// The mesh has several regions.
    pub is_regional: bool,
    /// For how long its last frame was refused, in milliseconds.
    pub refused_for: Option<u32>,
}

pub fn room() -> RoomName {
    RoomName::parse("r").unwrap()
}

/// The nodes, and the time that they are told.
pub struct Mesh {
    pub nodes: Vec<RedisEngine>,
    pub now: u64,
}

impl Peer {
    pub fn new(name: &str) -> Self {
        let info = PeerInfo { id: name.into(), incarnation: 1, ..PeerInfo::default() };
        Self {
            name: name.into(),
            picture: Picture::default(),
            messages: Vec::new(),
            socket: None,
            node: 0,
            keys: 0,
            sent: 0,
            received: None,
            acknowledged: 0,
            info,
            is_regional: false,
            refused_for: None,
        }
    }

    pub fn is_connected(&self) -> bool {
        self.socket.is_some()
    }

    /// Connects to a node; whether its session goes on.
    pub async fn connect(&mut self, mesh: &Mesh, node: usize) -> bool {
        let socket = SocketId::new(SOCKETS.fetch_add(1, Ordering::Relaxed));
        let queue = Arc::new(Queue::default());
        mesh.nodes[node].attach(socket, queue.clone()).await;
        self.socket = Some((socket, queue));
        self.node = node;
        let key = |number: u64| TokenHash::of(&format!("{} {number}", self.info.id));
        let claim = Claim {
            version: 2,
            peer: self.info.clone(),
            key: key(self.keys),
            next: key(self.keys + 1),
            root: key(0),
            received: self.received.map(Position),
            attempt: None,
        };
        mesh.nodes[node].execute(mesh.now, socket, Command::Claim(Box::new(claim))).await;
        match self.reply().await {
            Delivery::Claimed(claimed) => {
                self.keys += 1;
                if !claimed.resumed {
                    (self.sent, self.acknowledged) = (0, 0);
                    self.picture = Picture::default();
                }
                self.received = Some(claimed.acknowledged.0);
                claimed.resumed
            }
            other => panic!("{} got {other:?}", self.name),
        }
    }

    /// Waits for a reply; mail before it is taken.
    pub async fn reply(&mut self) -> Delivery {
        let (_, queue) = self.socket.clone().expect("a socket");
        let waiting = async {
            loop {
                let next = queue.0.lock().unwrap().pop_front();
                match next {
                    Some(Delivery::Mail { seq: Some(seq), mail }) => self.take(seq.0, &mail),
                    Some(other) => return other,
                    None => sleep(Duration::from_millis(1)).await,
                }
            }
        };
        timeout(PATIENCE, waiting).await.expect("a reply")
    }

    fn take(&mut self, seq: u32, mail: &Mail) {
        assert_eq!(seq, self.received.unwrap_or(0) + 1, "{} gets every number once", self.name);
        self.received = Some(seq);
        self.picture.note(&self.name, mail, self.is_regional);
        if let Mail::Refused { after, .. } = mail {
            self.refused_for = *after;
        }
        if let Mail::Relay { signal: Signal::Message { data, .. }, .. } = mail {
            self.messages.push(data.clone());
        }
    }

    /// Executes a frame, which acknowledges what came.
    pub async fn run(&mut self, mesh: &Mesh, action: Action) -> Outcome {
        self.sent += 1;
        let ack = self.received;
        let frame = ClientFrame {
            seq: Some(SequenceNumber(self.sent)),
            ack: ack.map(Position),
            reference: Some(self.sent),
            action,
        };
        self.acknowledged = ack.unwrap_or(0);
        self.command(mesh, Command::Frame(frame)).await
    }

    async fn command(&mut self, mesh: &Mesh, command: Command) -> Outcome {
        let (socket, _) = self.socket.clone().expect("a socket");
        mesh.nodes[self.node].execute(mesh.now, socket, command).await;
        match self.reply().await {
            Delivery::Done { outcome, .. } => outcome,
            other => panic!("{} got {other:?}", self.name),
        }
    }

    pub async fn join(&mut self, mesh: &Mesh) {
        assert_eq!(self.run(mesh, Action::Join(room())).await, Outcome::Executed, "{}", self.name);
    }

    /// Takes what is there, and acknowledges it. Returns whether there was anything.
    pub async fn settle(&mut self, mesh: &Mesh) -> bool {
        if self.socket.is_none() {
            return false;
        }
        loop {
            let next = self.socket.as_ref().and_then(|(_, queue)| queue.0.lock().unwrap().pop_front());
            match next {
                Some(Delivery::Mail { seq: Some(seq), mail }) => self.take(seq.0, &mail),
                Some(other) => panic!("{} got {other:?}", self.name),
                None => break,
            }
        }
        if self.received.unwrap_or(0) == self.acknowledged {
            return false;
        }
        self.acknowledged = self.received.unwrap_or(0);
        let ack = Command::Beat { ack: self.received.map(Position) };
        assert_eq!(self.command(mesh, ack).await, Outcome::Executed, "{}", self.name);
        true
    }

    /// Keeps its lease.
    pub async fn beat(&mut self, mesh: &Mesh) {
        if self.socket.is_some() {
            let ack = Command::Beat { ack: self.received.map(Position) };
            self.acknowledged = self.received.unwrap_or(0);
            assert_eq!(self.command(mesh, ack).await, Outcome::Executed, "{}", self.name);
        }
    }

    /// Loses its socket. What was in the queue is lost with it.
    pub async fn end(&mut self, mesh: &Mesh, departure: Departure) {
        if let Some((socket, _)) = self.socket.take() {
            mesh.nodes[self.node].execute(mesh.now, socket, Command::Detach(departure)).await;
        }
    }

    /// Loses its socket without the node's hearing of it.
    pub fn vanish(&mut self) {
        self.socket = None;
    }
}

pub const LOST: Departure = Departure::Away(AwayReason::Lost);

impl Mesh {
    /// Sweeps every node, and lets every peer take what is there, until nothing comes any more.
    pub async fn settle(&self, peers: &mut [Peer]) {
        let (mut quiet, mut now) = (0, self.now);
        while quiet < 8 {
            let mut is_quiet = true;
            for node in &self.nodes {
                let due = node.sweep(now).await;
                is_quiet &= due.is_none();
                now = now.max(due.unwrap_or(0));
            }
            for peer in peers.iter_mut() {
                is_quiet &= !peer.settle(self).await;
            }
            quiet = if is_quiet { quiet + 1 } else { 0 };
            sleep(Duration::from_millis(5)).await;
        }
    }
}

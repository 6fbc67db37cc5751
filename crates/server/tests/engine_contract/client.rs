//! A socket to the engine under test, and what the tests ask of it.

use signalpost_protocol::message::Route;
use signalpost_protocol::{ErrorCode, PeerId, PeerInfo, Position, RoomName, SequenceNumber, Signal};
use signalpost_server::engine::{
    Action, AwayReason, Claim, Claimed, ClientFrame, Command, Delivery, DeliveryQueue, Departure, Engine,
    Full, LeaveReason, Mail, MailKind, Outcome,
};
use signalpost_server::memory::MemoryEngine;
use signalpost_server::{SocketId, TokenHash};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// An engine under test.
pub trait Tested: Engine {
    /// How long a delivery that is expected may take, and how long one that is not is waited for, in milliseconds.
    const PATIENCE_MS: u64;
    /// Whether nothing waits for a client of version 1 but in the queue of its socket: a full queue refuses the first relay.
    const REFUSES_AT_ONCE: bool;
}

impl Tested for MemoryEngine {
    const PATIENCE_MS: u64 = 5;
    const REFUSES_AT_ONCE: bool = true;
}

/// A socket of the suite.
#[derive(Default)]
pub struct Line {
    got: Mutex<VecDeque<Delivery>>,
    pub full: Mutex<bool>,
}

impl Line {
    /// Takes what there is with a number.
    pub fn numbered(&self) -> Vec<(u32, Mail)> {
        let numbered = |delivery| match delivery {
            Delivery::Mail { seq: Some(seq), mail } => Some((seq.0, (*mail).clone())),
            _ => None,
        };
        self.got.lock().unwrap().drain(..).filter_map(numbered).collect()
    }

    /// Whether the socket has heard that its session was superseded. Everything else that came is thrown away.
    #[allow(dead_code, reason = "for tests of regions")]
    pub fn is_superseded(&self) -> bool {
        self.got.lock().unwrap().drain(..).any(|delivery| delivery == Delivery::Superseded)
    }

    /// Whether the socket has heard that its session is over.
    pub fn is_lost(&self) -> bool {
        self.got.lock().unwrap().contains(&Delivery::SessionLost)
    }
}

impl DeliveryQueue for Line {
    fn deliver(&self, delivery: Delivery) -> Result<(), Full> {
        let refusable =
            matches!(&delivery, Delivery::Mail { seq: None, mail } if mail.kind() != MailKind::Answer);
        if refusable && *self.full.lock().unwrap() {
            return Err(Full);
        }
        self.got.lock().unwrap().push_back(delivery);
        Ok(())
    }
}

pub struct Client<'a, E> {
    pub engine: &'a E,
    pub socket: SocketId,
    pub line: Arc<Line>,
}

impl<'a, E: Tested> Client<'a, E> {
    pub async fn open(engine: &'a E, number: u64) -> Self {
        let line = Arc::new(Line::default());
        let socket = SocketId::new(number);
        engine.attach(socket, line.clone()).await;
        Self { engine, socket, line }
    }

    pub async fn claimed(engine: &'a E, number: u64, name: &str) -> Self {
        let client = Self::open(engine, number).await;
        assert_eq!(client.claim(0, claim(name, 'k')).await, None);
        client
    }

    /// The next delivery, if there is one soon; an engine over a network may take a moment.
    pub async fn next(&self) -> Option<Delivery> {
        self.next_within(E::PATIENCE_MS).await
    }

    /// The next delivery, which must come, however busy the machine is.
    pub async fn awaited(&self) -> Option<Delivery> {
        self.next_within(30_000).await
    }

    async fn next_within(&self, milliseconds: u64) -> Option<Delivery> {
        for _ in 0..milliseconds {
            if let Some(delivery) = self.line.got.lock().unwrap().pop_front() {
                return Some(delivery);
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        None
    }

    /// Executes; `None` for a claim that is granted. The reply is expected to be the next delivery.
    pub async fn claim(&self, now: u64, claim: Claim) -> Option<Outcome> {
        self.engine.execute(now, self.socket, Command::Claim(Box::new(claim))).await;
        match self.awaited().await {
            Some(Delivery::Claimed(_)) => None,
            Some(Delivery::Done { outcome, .. }) => Some(outcome),
            other => panic!("no reply but {other:?}"),
        }
    }

    /// Executes without a number; the answer, if there is one, and the outcome, which are expected to be next.
    pub async fn run(&self, now: u64, action: Action) -> (Option<Mail>, Outcome) {
        let request = ClientFrame { seq: None, ack: None, reference: Some(1), action };
        self.engine.execute(now, self.socket, Command::Frame(request)).await;
        let mut answer = None;
        loop {
            match self.awaited().await {
                Some(Delivery::Mail { seq: None, mail }) if answer.is_none() => {
                    answer = Some((*mail).clone())
                }
                Some(Delivery::Done { outcome, .. }) => return (answer, outcome),
                other => panic!("no reply but {other:?}"),
            }
        }
    }

    pub async fn outcome(&self, now: u64, action: Action) -> Outcome {
        self.run(now, action).await.1
    }

    pub async fn beat(&self, now: u64) -> Outcome {
        self.engine.execute(now, self.socket, Command::Beat { ack: None }).await;
        match self.awaited().await {
            Some(Delivery::Done { outcome, .. }) => outcome,
            other => panic!("no reply but {other:?}"),
        }
    }

    /// Beats, and throws away what comes before the reply.
    pub async fn drain(&self, now: u64) {
        self.engine.execute(now, self.socket, Command::Beat { ack: None }).await;
        while !matches!(self.awaited().await, Some(Delivery::Done { .. })) {}
    }

    /// Executes a command in version 2. Returns the mail that came before the reply, and the reply.
    pub async fn execute(&self, now: u64, command: Command) -> (Vec<(u32, Mail)>, Delivery) {
        self.engine.execute(now, self.socket, command).await;
        let mut mail = Vec::new();
        loop {
            match self.awaited().await {
                Some(Delivery::Mail { seq: Some(seq), mail: told }) => mail.push((seq.0, (*told).clone())),
                Some(Delivery::SessionLost) => {
                    mail.clear();
                    self.line.got.lock().unwrap().push_back(Delivery::SessionLost);
                }
                Some(reply) => return (mail, reply),
                None => panic!("no reply"),
            }
        }
    }

    /// Claims in version 2.
    pub async fn resume(&self, now: u64, claim: Claim) -> Result<Claimed, Outcome> {
        match self.execute(now, Command::Claim(Box::new(claim))).await {
            (before, Delivery::Claimed(claimed)) if before.is_empty() => Ok(claimed),
            (before, Delivery::Done { outcome, .. }) if before.is_empty() => Err(outcome),
            other => panic!("{other:?}"),
        }
    }

    /// A request with its number; the answers and the outcome.
    pub async fn request(&self, now: u64, seq: u32, action: Action) -> (Vec<(u32, Mail)>, Outcome) {
        let request = ClientFrame { seq: Some(SequenceNumber(seq)), ack: None, reference: Some(seq), action };
        match self.execute(now, Command::Frame(request)).await {
            (mail, Delivery::Done { outcome, .. }) => (mail, outcome),
            other => panic!("{other:?}"),
        }
    }

    pub async fn ack(&self, now: u64, ack: u32) -> Outcome {
        match self.execute(now, Command::Beat { ack: Some(Position(ack)) }).await {
            (_, Delivery::Done { outcome, .. }) => outcome,
            other => panic!("{other:?}"),
        }
    }

    /// Everything with a number that is there, and nothing else.
    pub async fn mail(&self) -> Vec<(u32, Mail)> {
        let mut all = Vec::new();
        while let Some(delivery) = self.next().await {
            match delivery {
                Delivery::Mail { seq: Some(seq), mail } => all.push((seq.0, (*mail).clone())),
                other => panic!("{other:?}"),
            }
        }
        all
    }

    pub async fn end(&self, now: u64, departure: Departure) {
        self.engine.execute(now, self.socket, Command::Detach(departure)).await;
    }
}

pub const LOST: Departure = Departure::Away(AwayReason::Lost);

pub fn claim(name: &str, key: char) -> Claim {
    let peer = PeerInfo { id: name.into(), ..PeerInfo::default() };
    let key = TokenHash::of(&key.to_string());
    Claim { version: 1, peer, key, next: TokenHash::of("next"), received: None, attempt: None }
}

/// A claim of version 2.
pub fn session(name: &str, key: &str, next: &str, received: Option<u32>) -> Claim {
    let (key, next) = (TokenHash::of(key), TokenHash::of(next));
    Claim { version: 2, key, next, received: received.map(Position), ..claim(name, 'k') }
}

pub fn refused(code: ErrorCode) -> Outcome {
    Outcome::Refused(code)
}

pub fn told(mail: Mail) -> Option<Delivery> {
    Some(Delivery::Mail { seq: None, mail: Arc::new(mail) })
}

pub fn room() -> RoomName {
    RoomName::parse("r").unwrap()
}

pub fn peer(name: &str) -> PeerId {
    PeerId::parse(name).unwrap()
}

pub fn send(to: &str, number: u32) -> Action {
    let signal = Signal::Close { route: Route { connection: number, target: None } };
    Action::Send { to: peer(to), signal }
}

pub fn left(name: &str, reason: LeaveReason) -> Option<Delivery> {
    told(Mail::PeerLeft { room: room(), peer: peer(name), reason })
}

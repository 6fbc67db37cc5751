//! Three sockets of the server and their registry, driven by the lines of a text:
//!
//! - `a…`, `b…`, `c…`: the rest is a text frame on the first, second or third socket (a closed one is opened anew)
//! - `Ab`, `Ap`, `Ac`, `As`, `Ah`, `Af`: a binary frame, a ping, the socket's end, a slow client, the server's end,
//!   a frozen page; `B…`, `C…` alike
//! - `+1000`: so many milliseconds pass, and who asked to be woken is woken; `>1000`: they pass, and nobody is
//! - `1…`, `2…`, `3…`: the rest is such a frame, numbered and acknowledging as a good client would
//! - `~a`: the engine's deliveries to the first socket wait, or wait no longer
//!
//! Whatever comes: nothing panics or loops, what is sent can be read by a client, nobody speaks in another's name, numbers
//! come in a row, and a socket that ends says so to the engine once, last.
#![no_main]

use libfuzzer_sys::fuzz_target;
use signalpost_protocol::{Envelope, Position, ServerMessage};
use signalpost_server::engine::{Command, Delivery, Full, MailKind, Outlet};
use signalpost_server::registry::Registry;
use signalpost_server::session::{Session, SessionOutput};
use signalpost_server::{SocketId, Token};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

const MOST_LINES: usize = 200;
/// What a socket's queue takes of what it may refuse.
const QUEUE: usize = 12;

#[derive(Default)]
struct Inboxes(BTreeMap<u64, VecDeque<Delivery>>);

impl Outlet for Inboxes {
    fn deliver(&mut self, to: SocketId, delivery: Delivery) -> Result<(), Full> {
        let Some(inbox) = self.0.get_mut(&to.as_u64()) else { return Ok(()) };
        let may_refuse = match &delivery {
            Delivery::Mail { seq: None, mail } => mail.kind() != MailKind::Answer,
            _ => false,
        };
        if may_refuse && inbox.len() >= QUEUE {
            return Err(Full);
        }
        inbox.push_back(delivery);
        Ok(())
    }
}

struct Slot {
    session: Session,
    is_held: bool,
    has_detached: bool,
    has_closed: bool,
    owed: usize,
    /// What a good client would know: how far it has the server's frames, and how far the server has its own.
    has: Option<Position>,
    is_had: Position,
}

struct World {
    now: u64,
    next: u64,
    registry: Registry,
    inboxes: Inboxes,
    slots: [Option<Slot>; 3],
    claimed: BTreeSet<String>,
}

fuzz_target!(|text: &str| {
    let mut world = World {
        now: 1,
        next: 1,
        registry: Registry::default(),
        inboxes: Inboxes::default(),
        slots: [None, None, None],
        claimed: BTreeSet::new(),
    };
    for line in text.lines().take(MOST_LINES) {
        world.line(line);
        world.settle();
    }
    world.slots.iter_mut().flatten().for_each(|slot| slot.is_held = false);
    world.settle();
    world.pass(300_000);
    assert!(
        world.slots.iter().flatten().all(|slot| slot.session.is_closed()),
        "nobody said anything for five minutes"
    );
    world.registry.sweep(world.now, &mut world.inboxes);
    assert!(world.registry.is_empty());
});

impl World {
    fn line(&mut self, line: &str) {
        let Some(first) = line.bytes().next().filter(u8::is_ascii) else { return };
        let rest = &line[1..];
        match first {
            b'a'..=b'c' => {
                let now = self.now;
                self.slot(first - b'a').session.handle_frame(now, rest);
            }
            b'1'..=b'3' => {
                let now = self.now;
                let slot = self.slot(first - b'1');
                let mut numbers = format!(r#"{{"seq":{}"#, slot.is_had.0.saturating_add(1));
                if let Some(Position(has)) = slot.has {
                    numbers.push_str(&format!(r#","ack":{has}"#));
                }
                numbers.push(',');
                slot.session.handle_frame(now, &rest.replacen('{', &numbers, 1));
            }
            b'A'..=b'C' => {
                let now = self.now;
                let session = &mut self.slot(first - b'A').session;
                match rest {
                    "b" => session.handle_binary(now),
                    "p" => session.handle_ping(now),
                    "c" => session.handle_socket_closed(now, None),
                    "g" => session.handle_socket_closed(now, Some(1001)),
                    "f" => session.handle_socket_closed(now, Some(4101)),
                    "s" => session.handle_slow(),
                    "h" => session.handle_shutdown(now, 1_000),
                    _ => session.handle_timeout(now),
                }
            }
            b'+' => self.pass(rest.parse::<u16>().unwrap_or_default().into()),
            b'>' => self.now += rest.parse::<u16>().map_or(0, u64::from),
            b'~' => {
                if let Some(which @ b'a'..=b'c') = rest.bytes().next() {
                    let slot = self.slot(which - b'a');
                    slot.is_held = !slot.is_held;
                }
            }
            _ => {}
        }
    }

    fn slot(&mut self, which: u8) -> &mut Slot {
        let slot = &mut self.slots[usize::from(which)];
        if slot.as_ref().is_none_or(|slot| slot.session.is_closed()) {
            let socket = SocketId::new(self.next);
            self.next += 1;
            if let Some(old) = slot.take() {
                self.inboxes.0.remove(&old.session.socket().as_u64());
            }
            self.inboxes.0.insert(socket.as_u64(), VecDeque::new());
            let session =
                Session::new(self.now, socket, None, Token::new([self.next as u8; 32])).with_audit();
            *slot = Some(Slot {
                session,
                is_held: false,
                has_detached: false,
                has_closed: false,
                owed: 0,
                has: None,
                is_had: Position::START,
            });
        }
        slot.as_mut().expect("it is there now")
    }

    /// Time passes; who asked to be woken is woken in time, and engines answer.
    fn pass(&mut self, ms: u64) {
        let end = self.now + ms;
        let mut idle = 0;
        loop {
            let due = self.slots.iter().flatten().filter_map(|slot| Some(slot.session.poll_timeout()?.0));
            let Some(at) = due.chain(self.registry.poll_timeout()).min().filter(|at| *at <= end) else {
                break;
            };
            idle = if at <= self.now { idle + 1 } else { 0 };
            assert!(idle < 8, "busy loop: something stays due at {at}");
            self.now = self.now.max(at);
            for slot in self.slots.iter_mut().flatten() {
                slot.session.handle_timeout(self.now);
            }
            self.registry.sweep(self.now, &mut self.inboxes);
            self.settle();
        }
        self.now = end;
    }

    /// Everything that was asked for is done.
    fn settle(&mut self) {
        let mut idle = false;
        while !idle {
            idle = true;
            for slot in self.slots.iter_mut().flatten() {
                let socket = slot.session.socket();
                while let Some(output) = slot.session.poll_output() {
                    idle = false;
                    match output {
                        SessionOutput::Execute(command) => {
                            assert!(!slot.has_detached, "{command:?} after the detachment");
                            slot.has_detached = matches!(command, Command::Detach(_));
                            slot.owed += usize::from(!slot.has_detached);
                            if let Command::Claim(claim) = &command {
                                self.claimed.insert(claim.peer.id.clone());
                            }
                            self.registry.execute(self.now, socket, command, &mut self.inboxes);
                        }
                        SessionOutput::Send { message, seq, ack } => {
                            assert!(!slot.has_closed, "{message:?} after the end");
                            assert!(
                                ack.is_none_or(|ack| ack <= slot.is_had),
                                "{message:?} acknowledges {ack:?}"
                            );
                            if let Some(seq) = seq {
                                assert_eq!(Some(seq), slot.has.and_then(Position::next), "{message:?}");
                                slot.has = Some(Position::after(seq));
                            }
                            check(
                                &message,
                                slot.session.peer().map(|peer| peer.as_str()),
                                &self.claimed,
                                self.now,
                            );
                        }
                        SessionOutput::Close(_) => slot.has_closed = true,
                        SessionOutput::Accepted { .. }
                        | SessionOutput::Refused { .. }
                        | SessionOutput::Audited(_) => {}
                    }
                }
                assert_eq!(slot.session.is_closed(), slot.has_detached);
                let inbox = self.inboxes.0.get_mut(&socket.as_u64()).expect("each has one");
                while !slot.is_held
                    && let Some(delivery) = inbox.pop_front()
                {
                    idle = false;
                    match &delivery {
                        Delivery::Claimed(claimed) => {
                            slot.has = Some(claimed.acknowledged);
                            slot.is_had = claimed.received;
                        }
                        Delivery::Done { received, .. } => slot.is_had = slot.is_had.max(*received),
                        _ => {}
                    }
                    if matches!(delivery, Delivery::Claimed(_) | Delivery::Done { .. }) {
                        slot.owed = slot.owed.checked_sub(1).expect("a reply to a command");
                    }
                    slot.session.handle_delivery(self.now, delivery);
                }
                assert!(slot.is_held || slot.has_detached || slot.owed == 0, "a command without a reply");
            }
        }
    }
}

/// A client can read it, and it does not lie about its sender.
fn check(message: &ServerMessage, own: Option<&str>, claimed: &BTreeSet<String>, now: u64) {
    let text = serde_json::to_string(&message.clone().into_envelope(now)).expect("it can be written");
    let envelope: Envelope = serde_json::from_str(&text).expect("it can be read");
    assert_eq!(ServerMessage::from_envelope(envelope).as_ref(), Ok(message));
    match message {
        ServerMessage::Relay { from, .. } => {
            assert!(claimed.contains(from.as_str()) && own != Some(from.as_str()), "{message:?}");
        }
        ServerMessage::PeerJoined { peer, .. } => assert!(claimed.contains(&peer.id)),
        ServerMessage::Error { message, .. } => assert!(message.len() <= 210, "{} bytes", message.len()),
        _ => {}
    }
}

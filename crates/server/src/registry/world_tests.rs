//! What the tests of the registry share.

use super::picture_tests::Picture;
use super::state::Registry;
use crate::engine::{
    Action, AwayReason, Claim, ClientFrame, Command, Delivery, Departure, Full, LeaveReason, Mail, MailKind,
    Outcome, Outlet, Page,
};
use crate::{SocketId, TokenHash};
use signalpost_protocol::message::Route;
use signalpost_protocol::{ErrorCode, Label, PeerId, PeerInfo, Query, RoomName, Signal};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

#[derive(Default)]
pub(super) struct Queues {
    pub(super) got: BTreeMap<SocketId, Vec<Delivery>>,
    pub(super) full: BTreeSet<SocketId>,
}

impl Outlet for Queues {
    fn deliver(&mut self, to: SocketId, delivery: Delivery) -> Result<(), Full> {
        let may_refuse = |delivery: &Delivery| match delivery {
            Delivery::Mail { seq: None, mail } => mail.kind() != MailKind::Answer,
            _ => false,
        };
        if self.full.contains(&to) && may_refuse(&delivery) {
            return Err(Full);
        }
        self.got.entry(to).or_default().push(delivery);
        Ok(())
    }
}

pub(super) struct World {
    pub(super) registry: Registry,
    pub(super) out: Queues,
    pub(super) pictures: BTreeMap<SocketId, Picture>,
}

pub(super) fn socket(number: u64) -> SocketId {
    SocketId::new(number)
}

pub(super) fn id(text: &str) -> PeerId {
    PeerId::parse(text).unwrap()
}

pub(super) fn room(text: &str) -> RoomName {
    RoomName::parse(text).unwrap()
}

pub(super) fn label(text: &str) -> Label {
    Label::parse(text).unwrap()
}

/// A claim of version 1.
pub(super) fn hello(peer: &str, key: char) -> Claim {
    let peer = PeerInfo { id: peer.into(), incarnation: 1, ..PeerInfo::default() };
    let key = TokenHash::of(&key.to_string());
    let (next, root) = (TokenHash::of("next"), TokenHash::of("root"));
    Claim { version: 1, peer, key, next, root, received: None, attempt: None }
}

pub(super) fn signal() -> Signal {
    Signal::Close { route: Route { connection: 1, target: None } }
}

impl World {
    pub(super) fn new() -> Self {
        Self { registry: Registry::default(), out: Queues::default(), pictures: BTreeMap::new() }
    }

    pub(super) fn execute(&mut self, now: u64, number: u64, command: Command) -> Outcome {
        self.registry.execute(now, socket(number), command, &mut self.out);
        match self.out.got.get_mut(&socket(number)).and_then(Vec::pop) {
            Some(Delivery::Done { outcome, .. }) => outcome,
            other => panic!("no reply but {other:?}"),
        }
    }

    pub(super) fn run(&mut self, now: u64, number: u64, action: Action) -> Outcome {
        let request = ClientFrame { seq: None, ack: None, reference: None, action };
        let outcome = self.execute(now, number, Command::Frame(request));
        if let Outcome::Refused(told) = outcome {
            match self.out.got.get_mut(&socket(number)).and_then(Vec::pop) {
                Some(Delivery::Mail { mail, .. }) => {
                    assert!(matches!(&*mail, Mail::Refused { code, .. } if *code == told), "{mail:?}");
                }
                other => panic!("no answer but {other:?}"),
            }
        }
        outcome
    }

    /// The answer to the action, which is expected to be the last of the mail.
    pub(super) fn ask(&mut self, now: u64, number: u64, action: Action) -> Mail {
        assert_eq!(self.run(now, number, action), Outcome::Executed);
        match self.out.got.get_mut(&socket(number)).and_then(Vec::pop) {
            Some(Delivery::Mail { seq: None, mail }) => Arc::unwrap_or_clone(mail),
            other => panic!("no answer but {other:?}"),
        }
    }

    pub(super) fn claim(&mut self, now: u64, number: u64, claim: Claim) -> Option<Outcome> {
        self.registry.execute(now, socket(number), Command::Claim(Box::new(claim)), &mut self.out);
        match self.out.got.get_mut(&socket(number)).and_then(Vec::pop) {
            Some(Delivery::Claimed(_)) => None,
            Some(Delivery::Done { outcome, .. }) => Some(outcome),
            other => panic!("no reply but {other:?}"),
        }
    }

    pub(super) fn join(&mut self, now: u64, number: u64, name: &str) -> Page {
        match self.ask(now, number, Action::Join(room(name))) {
            Mail::Joined { room: joined, page, .. } if joined == room(name) => page,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn detach(&mut self, now: u64, number: u64, departure: Departure) {
        self.registry.execute(now, socket(number), Command::Detach(departure), &mut self.out);
    }

    pub(super) fn mail(&mut self, number: u64) -> Vec<Delivery> {
        self.out.got.remove(&socket(number)).unwrap_or_default()
    }

    pub(super) fn found(&mut self, now: u64, number: u64, query: Query) -> (Vec<String>, Option<String>) {
        match self.ask(now, number, Action::Discover(query)) {
            Mail::Found { page, .. } => ids(&page),
            other => panic!("{other:?}"),
        }
    }
}

pub(super) fn ids(page: &Page) -> (Vec<String>, Option<String>) {
    let peers = page.peers.iter().map(|peer| peer.id.clone()).collect();
    (peers, page.cursor.clone())
}

pub(super) fn told(mail: Mail) -> Delivery {
    Delivery::Mail { seq: None, mail: Arc::new(mail) }
}

pub(super) fn left(name: &str, peer: &str, reason: LeaveReason) -> Delivery {
    told(Mail::PeerLeft { room: room(name), peer: id(peer), reason })
}

pub(super) fn refused(code: ErrorCode) -> Outcome {
    Outcome::Refused(code)
}

pub(super) const LOST: Departure = Departure::Away(AwayReason::Lost);

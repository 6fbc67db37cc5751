//! What the tests of the registry share.

use super::picture_tests::Picture;
use super::state::Registry;
use crate::engine::{
    Action, AwayReason, Claim, Command, Delivery, Departure, Full, LeaveReason, News, NewsKind, Outcome,
    Outlet, Page, Request,
};
use crate::{ConnectionId, TokenHash};
use signalpost_protocol::message::Route;
use signalpost_protocol::{ErrorCode, Label, PeerId, PeerInfo, Query, RoomName, Signal};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

#[derive(Default)]
pub(super) struct Queues {
    pub(super) got: BTreeMap<ConnectionId, Vec<Delivery>>,
    pub(super) full: BTreeSet<ConnectionId>,
}

impl Outlet for Queues {
    fn deliver(&mut self, to: ConnectionId, delivery: Delivery) -> Result<(), Full> {
        let may_refuse = |delivery: &Delivery| match delivery {
            Delivery::News { seq: None, news } => news.kind() != NewsKind::Answer,
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
    pub(super) pictures: BTreeMap<ConnectionId, Picture>,
}

pub(super) fn connection(number: u64) -> ConnectionId {
    ConnectionId::new(number)
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
    let peer = PeerInfo { id: peer.into(), session: 1, ..PeerInfo::default() };
    let key = TokenHash::of(&key.to_string());
    Claim { version: 1, peer, key, next: TokenHash::of("next"), received: None, attempt: None }
}

pub(super) fn signal() -> Signal {
    Signal::Close { route: Route { connection: 1, target: None } }
}

impl World {
    pub(super) fn new() -> Self {
        Self { registry: Registry::default(), out: Queues::default(), pictures: BTreeMap::new() }
    }

    pub(super) fn execute(&mut self, now: u64, number: u64, command: Command) -> Outcome {
        self.registry.execute(now, connection(number), command, &mut self.out);
        match self.out.got.get_mut(&connection(number)).and_then(Vec::pop) {
            Some(Delivery::Done { outcome, .. }) => outcome,
            other => panic!("no reply but {other:?}"),
        }
    }

    pub(super) fn run(&mut self, now: u64, number: u64, action: Action) -> Outcome {
        let request = Request { seq: None, ack: None, reference: None, action };
        let outcome = self.execute(now, number, Command::Request(request));
        if let Outcome::Refused(told) = outcome {
            match self.out.got.get_mut(&connection(number)).and_then(Vec::pop) {
                Some(Delivery::News { news, .. }) => {
                    assert!(matches!(&*news, News::Refused { code, .. } if *code == told), "{news:?}");
                }
                other => panic!("no answer but {other:?}"),
            }
        }
        outcome
    }

    /// The answer to the action, which is expected to be the last of the news.
    pub(super) fn ask(&mut self, now: u64, number: u64, action: Action) -> News {
        assert_eq!(self.run(now, number, action), Outcome::Executed);
        match self.out.got.get_mut(&connection(number)).and_then(Vec::pop) {
            Some(Delivery::News { seq: None, news }) => Arc::unwrap_or_clone(news),
            other => panic!("no answer but {other:?}"),
        }
    }

    pub(super) fn claim(&mut self, now: u64, number: u64, claim: Claim) -> Option<Outcome> {
        self.registry.execute(now, connection(number), Command::Claim(Box::new(claim)), &mut self.out);
        match self.out.got.get_mut(&connection(number)).and_then(Vec::pop) {
            Some(Delivery::Claimed(_)) => None,
            Some(Delivery::Done { outcome, .. }) => Some(outcome),
            other => panic!("no reply but {other:?}"),
        }
    }

    pub(super) fn join(&mut self, now: u64, number: u64, name: &str) -> Page {
        match self.ask(now, number, Action::Join(room(name))) {
            News::Joined { room: joined, page, .. } if joined == room(name) => page,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn detach(&mut self, now: u64, number: u64, departure: Departure) {
        self.registry.execute(now, connection(number), Command::Detach(departure), &mut self.out);
    }

    pub(super) fn news(&mut self, number: u64) -> Vec<Delivery> {
        self.out.got.remove(&connection(number)).unwrap_or_default()
    }

    pub(super) fn found(&mut self, now: u64, number: u64, query: Query) -> (Vec<String>, Option<String>) {
        match self.ask(now, number, Action::Discover(query)) {
            News::Found { page, .. } => ids(&page),
            other => panic!("{other:?}"),
        }
    }
}

pub(super) fn ids(page: &Page) -> (Vec<String>, Option<String>) {
    let peers = page.peers.iter().map(|peer| peer.id.clone()).collect();
    (peers, page.cursor.as_ref().map(|id| id.as_str().into()))
}

pub(super) fn told(news: News) -> Delivery {
    Delivery::News { seq: None, news: Arc::new(news) }
}

pub(super) fn left(name: &str, peer: &str, reason: LeaveReason) -> Delivery {
    told(News::PeerLeft { room: room(name), peer: id(peer), reason })
}

pub(super) fn refused(code: ErrorCode) -> Outcome {
    Outcome::Refused(code)
}

pub(super) const LOST: Departure = Departure::Away(AwayReason::Lost);

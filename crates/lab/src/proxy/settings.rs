//! What the proxy does, and to which connections.

use super::kind::Kind;
use std::net::SocketAddr;
use std::time::Duration;

/// What happens to what a connection carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It passes.
    None,
    /// Every part of it passes after this time, in its order.
    Delay(Duration),
    /// Nothing passes in either direction, and no end does; nothing says so. Set for every connection, no new one is accepted: the
    /// kernel answers it, and nothing more.
    Freeze,
    /// Nothing passes to the client; what the client sends passes.
    FreezeToClient,
    /// Nothing passes to the server; what the server sends passes.
    FreezeToServer,
    /// It passes, but new connections are refused.
    Refuse,
}

/// Which connections are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// All.
    Every,
    /// Those on which a client of Redis has subscribed to a channel. Like the next kind, they are recognized by what they say in plain
    /// text, and count as their kind from that command on.
    Subscribers,
    /// Those on which a Redis server follows its primary.
    Replicas,
    /// All others.
    Others,
}

/// The direction of what passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    ToServer,
    ToClient,
}

/// Whether the listener takes connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listening {
    Accept,
    Hold,
    Refuse,
}

/// What is done to the connections of one kind.
#[derive(Clone, Copy, Debug)]
pub struct Treatment {
    pub fault: Fault,
    /// How often they were cut.
    pub cuts: u64,
    /// How often those that were open then were wedged.
    pub wedges: u64,
}

/// How the proxy behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    pub target: SocketAddr,
    pub listening: Listening,
    subscribers: Treatment,
    replicas: Treatment,
    others: Treatment,
}

impl Settings {
    pub fn new(target: SocketAddr) -> Self {
        let treatment = Treatment { fault: Fault::None, cuts: 0, wedges: 0 };
        let listening = Listening::Accept;
        Self { target, listening, subscribers: treatment, replicas: treatment, others: treatment }
    }

    /// Returns what is done to a connection.
    pub fn of(&self, kind: Kind) -> Treatment {
        match kind {
            Kind::Subscriber => self.subscribers,
            Kind::Replica => self.replicas,
            Kind::Other => self.others,
        }
    }

    pub fn set(&mut self, which: Which, fault: Fault) {
        for treatment in self.those(which) {
            treatment.fault = fault;
        }
        self.listening = match (which, fault) {
            (_, Fault::Refuse) => Listening::Refuse,
            (Which::Every, Fault::Freeze) => Listening::Hold,
            (Which::Every, _) => Listening::Accept,
            _ => self.listening,
        };
    }

    pub fn cut(&mut self, which: Which) {
        for treatment in self.those(which) {
            treatment.cuts = treatment.cuts.wrapping_add(1);
        }
    }

    pub fn wedge(&mut self, which: Which) {
        for treatment in self.those(which) {
            treatment.wedges = treatment.wedges.wrapping_add(1);
        }
    }

    fn those(&mut self, which: Which) -> impl Iterator<Item = &mut Treatment> {
        let all = [
            (Which::Subscribers, &mut self.subscribers),
            (Which::Replicas, &mut self.replicas),
            (Which::Others, &mut self.others),
        ];
        let meant = move |kind| which == Which::Every || which == kind;
        all.into_iter().filter_map(move |(kind, treatment)| meant(kind).then_some(treatment))
    }
}

impl Fault {
    /// True if nothing passes in this direction.
    pub(super) fn stops(self, direction: Direction) -> bool {
        match self {
            Self::Freeze => true,
            Self::FreezeToClient => direction == Direction::ToClient,
            Self::FreezeToServer => direction == Direction::ToServer,
            Self::None | Self::Delay(_) | Self::Refuse => false,
        }
    }

    pub(super) fn delay(self) -> Duration {
        match self {
            Self::Delay(time) => time,
            _ => Duration::ZERO,
        }
    }
}

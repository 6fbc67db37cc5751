//! The network of this client: how it maps addresses, as the gathering of candidates shows.
//!
//! A connection to nobody gathers once the client is registered, so that the verdict is there before the first offer. The verdict
//! stays until the network changes; the gathering of every other connection may revise it.

pub mod gathering;
pub mod known;
pub mod outlook;
pub mod servers;

use crate::collections::table::Table;
use crate::config::IceServers;
use crate::context::Context;
use crate::ids::ConnectionId;
use crate::input::ConnectionEvent;
use crate::output::{Event, Output};
use crate::time::Time;
use alloc::string::String;
use gathering::Gathering;
use known::{Judged, Known};
use servers::Servers;
use signalpost_protocol::Mapping;

/// When a server that answers at all has answered, in milliseconds: a lost request is repeated after 250 to 500.
const LATE_MS: u32 = 900;
/// How long the connection to nobody gathers at most, in milliseconds: a dead server holds the end back for 40 s in Chromium.
const GATHERING_MS: u32 = 12_000;
/// How often it is made at most where no event says that the network changed, in milliseconds.
const PAUSE_MS: u32 = 10_000;
/// Connections whose gathering is looked at.
const MAX_CONNECTIONS: usize = 16;

/// The connection to nobody.
struct Probe {
    connection: ConnectionId,
    gathering: Gathering,
    /// When a server that answers at all has answered; `None`: that time is over.
    late_at: Option<Time>,
    ends_at: Time,
}

/// Looks at the network.
#[derive(Default)]
pub struct Topology {
    known: Known,
    probe: Option<Probe>,
    /// Before this time no other one is made without a special reason.
    rests_until: Option<Time>,
    /// What the connections to other peers gather.
    others: Table<ConnectionId, Gathering>,
}

impl Topology {
    /// These are the URLs of the STUN and TURN servers from now on. What the present ones showed stays known.
    pub fn handle_servers(&mut self, urls: &[String], is_registered: bool, context: &mut Context) {
        let could_tell = self.known.servers.can_tell();
        self.known.servers = Servers::of(urls);
        if !could_tell && is_registered {
            self.begin(context);
        }
    }

    /// The mapping of the verdict, if there is one.
    pub fn mapping(&self) -> Option<Mapping> {
        self.known.mapping()
    }

    /// Which servers are set.
    pub fn servers(&self) -> IceServers {
        self.known.servers.kinds()
    }

    /// The client has registered: looks at the network, unless that was done a moment ago.
    pub fn handle_registered(&mut self, context: &mut Context) {
        if self.probe.is_none() && self.rests_until.is_none_or(|until| context.now >= until) {
            self.begin(context);
        }
    }

    /// The network is another one: what was known of it is void.
    pub fn handle_other_network(&mut self, is_registered: bool, context: &mut Context) {
        self.end_probe(context);
        self.others = Table::default();
        self.rests_until = None;
        let judged = Judged { is_new: self.known.forget(), ..Judged::default() };
        report(&self.known, judged, context);
        if is_registered {
            self.begin(context);
        }
    }

    /// Stops looking: the client is closed.
    pub fn close(&mut self, context: &mut Context) {
        self.end_probe(context);
        // What connections still find concerns nobody.
        *self = Self::default();
    }

    /// A connection did something. Returns whether it is the one to nobody, so that nobody else is concerned.
    pub fn handle_event(
        &mut self,
        connection: ConnectionId,
        event: &ConnectionEvent,
        context: &mut Context,
    ) -> bool {
        if !self.known.servers.can_tell() {
            return false;
        }
        if let Some(probe) = self.probe.as_mut().filter(|probe| probe.connection == connection) {
            note(&mut probe.gathering, event);
            let judged = self.known.judge(&probe.gathering, probe.late_at.is_none());
            report(&self.known, judged, context);
            if judged.is_over || matches!(event, ConnectionEvent::Unavailable { .. }) {
                self.end_probe(context);
            }
            return true;
        }
        if matches!(event, ConnectionEvent::Candidate(_)) && !self.others.contains_key(&connection) {
            if self.others.len() >= MAX_CONNECTIONS {
                self.others = Table::default();
            }
            self.others.insert(connection, Gathering::default());
        }
        if let Some(gathering) = self.others.get_mut(&connection)
            && note(gathering, event)
        {
            let judged = self.known.judge(gathering, false);
            report(&self.known, judged, context);
            if judged.is_elsewhere && self.probe.is_none() {
                self.begin(context);
            }
        }
        false
    }

    /// A deadline that [`Topology::poll_timeout`] named may have come.
    pub fn handle_timeout(&mut self, context: &mut Context) {
        let Some(probe) = &mut self.probe else { return };
        if context.now >= probe.ends_at {
            self.end_probe(context);
        } else if probe.late_at.take_if(|at| context.now >= *at).is_some() {
            let judged = self.known.judge(&probe.gathering, true);
            report(&self.known, judged, context);
        }
    }

    /// When there is something to do.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.probe.as_ref().map(|probe| probe.late_at.unwrap_or(probe.ends_at))
    }

    fn begin(&mut self, context: &mut Context) {
        if !self.known.servers.can_tell() {
            return;
        }
        self.end_probe(context);
        let connection = ConnectionId(context.rng.next_id());
        let late_at = Some(context.now.after_ms(LATE_MS));
        let ends_at = context.now.after_ms(GATHERING_MS);
        self.probe = Some(Probe { connection, gathering: Gathering::default(), late_at, ends_at });
        self.rests_until = Some(context.now.after_ms(PAUSE_MS));
        context.out.push_back(Output::Gather { connection });
    }

    fn end_probe(&mut self, context: &mut Context) {
        if let Some(probe) = self.probe.take() {
            context.out.push_back(Output::CloseConnection { connection: probe.connection });
        }
    }
}

/// Tells the application of another verdict.
#[inline(never)]
fn report(known: &Known, judged: Judged, context: &mut Context) {
    if judged.is_new {
        context.event(Event::Network { verdict: known.verdict.clone() });
    }
}

/// Notes what a connection did. Returns whether that is about its gathering.
fn note(gathering: &mut Gathering, event: &ConnectionEvent) -> bool {
    match event {
        ConnectionEvent::CandidateUrl { url } => gathering.handle_url(url.clone()),
        ConnectionEvent::Candidate(init) => gathering.handle_candidate(init),
        ConnectionEvent::CandidateError { code, url } => gathering.handle_error(url.clone(), *code),
        ConnectionEvent::EndOfCandidates => gathering.handle_end(),
        _ => return false,
    }
    true
}

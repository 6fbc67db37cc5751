//! The candidates of one connection on their way out.
//!
//! Batching must not cost time: until the pair is connected, a batch that holds a kind of candidate not yet
//! sent in this generation is due at once (the next macrotask); the rest waits for `batch_ms` or
//! `batch_size`. A batch is ordered ([`super::order`]), and holds what was selected ([`super::selection`]).

use super::networks::Networks;
use super::order::Order;
use super::selection::Selection;
use crate::census::{Census, Kinds, ServerErrors, Side};
use crate::config::{CandidateOptions, IceServers};
use crate::time::Time;
use alloc::{string::String, vec::Vec};
use signalpost_protocol::{Candidate, IceCandidateInit, session_description};

/// Candidates that wait for their description to be sent.
const MAX_EARLY: usize = 40;

/// What is due: candidates in order, and the fragment of the generation that is complete with them.
#[derive(Debug, Default, PartialEq)]
pub struct Due {
    pub candidates: Vec<IceCandidateInit>,
    pub end: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum End {
    #[default]
    NotSeen,
    Waiting,
    Sent,
    /// The description says it.
    Described,
}

/// What the browser found before its description was sent.
#[derive(Debug, Default)]
struct Early {
    candidates: Vec<IceCandidateInit>,
    is_end: bool,
}

/// What is counted of one generation.
#[derive(Debug, Default)]
struct Tally {
    /// Those that the description held when it was sent.
    described: Kinds,
    dropped: u16,
    /// Kinds that were sent after the description, one bit for each rank.
    ranks: u16,
    errors: ServerErrors,
}

#[derive(Debug)]
pub struct OutgoingCandidates {
    options: CandidateOptions,
    /// The fragments of the local description; the first names the generation.
    fragments: Vec<String>,
    selection: Selection,
    early: Early,
    tally: Tally,
    networks: Networks,
    /// It is not the first generation: the browser may still report the end of the generation before.
    is_restart: bool,
    end: End,
    deadline: Option<Time>,
    connected: bool,
}

impl OutgoingCandidates {
    /// Nothing is found yet. `takes_last`: the other end takes the hosts that it finds first, so this one the last.
    pub fn new(options: CandidateOptions, takes_last: bool) -> Self {
        Self {
            options,
            fragments: Vec::new(),
            selection: Selection::new(&options, takes_last, Time(0)),
            early: Early::default(),
            tally: Tally::default(),
            networks: Networks::default(),
            is_restart: false,
            end: End::NotSeen,
            deadline: None,
            connected: false,
        }
    }

    /// A local description is sent: only its candidates matter from here on.
    /// Returns whether it begins a new generation.
    pub fn handle_description(&mut self, now: Time, sdp: &str) -> bool {
        let early = core::mem::take(&mut self.early);
        let is_new = self.begins(sdp);
        if is_new {
            self.begin(now);
        }
        self.fragments = session_description::username_fragments(sdp);
        for init in early.candidates {
            // What was gathered when the description is sent travels in it.
            if session_description::holds_candidate(sdp, &init.candidate) {
                self.describe(&init);
            } else {
                self.push(now, init);
            }
        }
        if early.is_end {
            self.handle_end(now);
            if session_description::is_complete(sdp) {
                self.end = End::Described;
            }
        }
        is_new
    }

    /// The candidates of a connection that takes the place of this one.
    pub fn renewed(&self) -> Self {
        Self::new(self.options, !self.selection.takes_last)
    }

    /// Whether the generation is not the first one.
    pub fn is_restart(&self) -> bool {
        self.is_restart
    }

    /// A generation begins. The other end is where it was; the own one may be in another network.
    fn begin(&mut self, now: Time) {
        let is_restart = !self.fragments.is_empty();
        let mut networks = core::mem::take(&mut self.networks);
        networks.forget_own();
        let errors = core::mem::take(&mut self.tally.errors);
        let selection = Selection::new(&self.options, self.selection.takes_last ^ is_restart, now);
        *self = Self { selection, is_restart, networks, ..Self::new(self.options, false) };
        if !is_restart {
            // A server may have refused before the description was sent.
            self.tally.errors = errors;
        }
    }

    fn describe(&mut self, init: &IceCandidateInit) {
        if let Some(candidate) = Candidate::parse(&init.candidate) {
            self.networks.handle_own(&candidate);
            self.tally.described.add(candidate.kind);
        }
    }

    /// Whether a local description begins a generation: none of its fragments is in the one before. A media section
    /// more or less is no new generation.
    pub fn begins(&self, sdp: &str) -> bool {
        !session_description::username_fragments(sdp).iter().any(|name| self.fragments.contains(name))
    }

    /// The fragment that names the generation, if there is one.
    pub fn generation(&self) -> Option<&String> {
        self.fragments.first()
    }

    /// Whether everything was found before the description could be sent.
    pub fn is_complete(&self) -> bool {
        self.early.is_end
    }

    /// The browser found a candidate, or everything (`None`), before the description could be sent.
    pub fn hold(&mut self, init: Option<IceCandidateInit>) {
        match init {
            Some(init) if self.early.candidates.len() < MAX_EARLY => self.early.candidates.push(init),
            Some(_) => {}
            None => self.early.is_end = true,
        }
    }

    /// Whether what the browser found, a candidate or everything, is of the generation that was described last, so
    /// that it need not wait for the next description. The end names no generation, and browsers say it twice:
    /// only behind an early candidate is it news of the next.
    pub fn describes(&self, init: Option<&IceCandidateInit>) -> bool {
        let Some(init) = init else {
            return self.early.candidates.is_empty() && !self.fragments.is_empty();
        };
        let in_line = || Candidate::parse(&init.candidate)?.username_fragment;
        let named = init.username_fragment.as_deref().or_else(in_line);
        named.is_some_and(|name| self.fragments.iter().any(|own| own == name))
    }

    /// The pair is connected: nothing is urgent any more.
    pub fn handle_connected(&mut self) {
        self.connected = true;
        self.selection.places.handle_connected();
        if self.selection.waiting.is_empty() {
            // The end alone is worth no frame any more.
            self.deadline = None;
        }
    }

    /// The other end has this candidate, as a batch or its description says. It may tell that the networks differ.
    pub fn handle_remote(&mut self, line: &str) {
        if let Some(candidate) = Candidate::parse(line) {
            self.networks.handle_theirs(&candidate);
        }
    }

    /// Whether relayed candidates lead a batch, because no direct path is expected.
    pub fn lead_with_relays(&mut self, relay_leads: bool) {
        self.networks.relay_leads = relay_leads;
    }

    /// A STUN or TURN server refused, or did not answer.
    pub fn handle_server_error(&mut self, code: u16, url: &str) {
        self.tally.errors.note(code, url);
    }

    /// The browser found a candidate. It is dropped if it is of another generation or already known, and waits where it has no place.
    pub fn push(&mut self, now: Time, init: IceCandidateInit) {
        let Some(candidate) = Candidate::parse(&init.candidate) else { return };
        let fragment = init.username_fragment.as_deref().or(candidate.username_fragment);
        let current = fragment.is_none_or(|name| self.fragments.iter().any(|own| own == name));
        if !current || self.selection.knows(&candidate) {
            self.tally.dropped = self.tally.dropped.saturating_add(u16::from(!current));
            return;
        }
        self.networks.handle_own(&candidate);
        let (kind, bit) = (candidate.kind, rank_bit(&init));
        if self.selection.add(init, kind, self.networks.order()) {
            let is_new_kind = self.tally.ranks & bit == 0;
            let full = self.selection.waiting.len() >= usize::from(self.options.batch_size);
            let wait_ms = if full || (is_new_kind && !self.connected) { 0 } else { self.options.batch_ms };
            self.due_in(now, wait_ms);
        }
    }

    /// The browser has found everything. Said twice, it counts once; said before anything of this generation was found,
    /// it is about the one before.
    pub fn handle_end(&mut self, now: Time) {
        let found_nothing = self.found().total() == 0;
        if self.end != End::NotSeen || self.fragments.is_empty() || (found_nothing && self.is_restart) {
            return;
        }
        self.end = End::Waiting;
        self.selection.places.handle_end();
        self.selection.fill();
        if !self.connected {
            self.due_in(now, self.options.batch_ms);
        }
    }

    /// What is due at `now`, if anything.
    pub fn poll(&mut self, now: Time) -> Option<Due> {
        if self.selection.places.take_release(now) {
            self.selection.fill();
            self.deadline = Some(now);
        }
        self.deadline.filter(|deadline| now >= *deadline)?;
        self.take()
    }

    /// Everything that waits, because a frame leaves anyway.
    pub fn take(&mut self) -> Option<Due> {
        self.deadline = None;
        if self.selection.waiting.is_empty() && self.end != End::Waiting {
            return None;
        }
        let candidates = self.selection.take(self.networks.order());
        for init in &candidates {
            self.tally.ranks |= rank_bit(init);
        }
        let mut due = Due { candidates, end: None };
        if self.end == End::Waiting {
            self.end = End::Sent;
            due.end = self.fragments.first().cloned();
        }
        Some(due)
    }

    /// Takes what waits to be sent with a frame that leaves anyway: once the pair is connected, it can wait for ever.
    pub fn flush_with(&mut self) -> Option<Due> {
        if self.connected { self.take() } else { None }
    }

    /// Everything of this generation again: it may have been lost with the link.
    pub fn again(&mut self) -> Option<Due> {
        self.selection.again();
        if self.end == End::Sent {
            self.end = End::Waiting;
        }
        self.take()
    }

    /// When [`OutgoingCandidates::poll`] has something.
    pub fn poll_timeout(&self) -> Option<Time> {
        [self.deadline, self.selection.places.poll_timeout()].into_iter().flatten().min()
    }

    /// Other servers are set. The next generation counts with them.
    pub fn handle_servers(&mut self, servers: IceServers) {
        self.options.servers = servers;
    }

    /// Adds the own end, and what servers refused, to a census.
    pub fn count(&self, census: &mut Census) {
        let used = self.tally.described.plus(self.selection.sent());
        let found = self.found().plus(Kinds::of(&self.early.candidates));
        let dropped = self.tally.dropped.saturating_add(self.selection.dropped);
        census.own = Side { found, used, dropped };
        census.errors = self.tally.errors.counts();
    }

    fn due_in(&mut self, now: Time, wait_ms: u32) {
        let due = now.after_ms(wait_ms);
        self.deadline = Some(self.deadline.map_or(due, |deadline| deadline.min(due)));
    }

    /// Everything that was found in this generation and is not dropped.
    fn found(&self) -> Kinds {
        self.tally.described.plus(self.selection.found())
    }
}

/// The kind of a candidate, as one bit.
pub fn rank_bit(init: &IceCandidateInit) -> u16 {
    1u16.checked_shl(u32::from(Order::default().rank(init))).unwrap_or(0)
}

#[cfg(test)]
#[path = "outgoing_tests.rs"]
mod tests;

//! The candidates of one connection on their way out.
//!
//! Batching must not cost time: until the pair is connected, a batch that holds a kind of candidate not yet
//! sent in this generation is due at once (the next macrotask); the rest waits for `batch_ms` or
//! `batch_size`. Inside a batch srflx goes before host before relay. At most `max_per_generation` are sent,
//! with places kept for srflx and relay, which are found last and decide most; TCP host candidates get what
//! is left over at the end.

use crate::config::CandidateOptions;
use crate::time::Time;
use alloc::{string::String, vec::Vec};
use signalpost_protocol::{Candidate, CandidateType, IceCandidateInit, limits, session_description};

/// More than this the server refuses.
const MAX_PER_GENERATION: u16 = limits::CANDIDATES_PER_GENERATION as u16;
/// Places of [`MAX_PER_GENERATION`] kept for server-reflexive candidates; fewer of a lower cap.
const SRFLX_PLACES: u16 = 2;
/// Places of [`MAX_PER_GENERATION`] kept for relayed candidates; fewer of a lower cap.
const RELAY_PLACES: u16 = 3;
/// Candidates put aside until the end of gathering tells which places are free.
const MAX_ASIDE: usize = 10;
/// Candidates that wait for their description to be sent.
const MAX_EARLY: usize = 32;

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

#[derive(Debug)]
pub struct OutgoingCandidates {
    options: CandidateOptions,
    /// The fragments of the local description; the first names the generation.
    fragments: Vec<String>,
    /// Everything sent in this generation, for duplicates and for sending again.
    sent: Vec<IceCandidateInit>,
    waiting: Vec<IceCandidateInit>,
    aside: Vec<IceCandidateInit>,
    /// Found before their description was sent.
    early: Vec<IceCandidateInit>,
    early_end: bool,
    /// The description of this generation held candidates when it was sent.
    is_described: bool,
    /// It is not the first generation: the browser may still report the end of the generation before.
    is_restart: bool,
    end: End,
    deadline: Option<Time>,
    connected: bool,
}

impl OutgoingCandidates {
    pub fn new(mut options: CandidateOptions) -> Self {
        options.max_per_generation = options.max_per_generation.min(MAX_PER_GENERATION);
        Self {
            options,
            fragments: Vec::new(),
            sent: Vec::new(),
            waiting: Vec::new(),
            aside: Vec::new(),
            early: Vec::new(),
            early_end: false,
            is_described: false,
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
        let early_end = core::mem::take(&mut self.early_end);
        let is_new = self.begins(sdp);
        if is_new {
            let is_restart = !self.fragments.is_empty();
            *self = Self { is_restart, ..Self::new(self.options) };
        }
        self.fragments = session_description::username_fragments(sdp);
        for init in early {
            // What was gathered when the description is sent travels in it.
            if session_description::holds_candidate(sdp, &init.candidate) {
                self.is_described = true;
            } else {
                self.push(now, init);
            }
        }
        if early_end {
            self.handle_end(now);
            if session_description::is_complete(sdp) {
                self.end = End::Described;
            }
        }
        is_new
    }

    /// Whether relayed candidates go first, and at once.
    pub fn lead_with_relays(&mut self, _relay_leads: bool) {}
    /// The candidates of a connection that takes the place of this one.
    pub fn renewed(&self) -> Self {
        Self::new(self.options)
    }

    /// Whether the generation is not the first one.
    pub fn is_restart(&self) -> bool {
        self.is_restart
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
        self.early_end
    }

    /// The browser found a candidate, or everything (`None`), before the description could be sent.
    pub fn hold(&mut self, init: Option<IceCandidateInit>) {
        match init {
            Some(init) if self.early.len() < MAX_EARLY => self.early.push(init),
            Some(_) => {}
            None => self.early_end = true,
        }
    }

    /// Whether what the browser found, a candidate or everything, is of the generation that was described last, so
    /// that it need not wait for the next description. The end names no generation, and browsers say it twice:
    /// only behind an early candidate is it news of the next.
    pub fn describes(&self, init: Option<&IceCandidateInit>) -> bool {
        let Some(init) = init else { return self.early.is_empty() && !self.fragments.is_empty() };
        let in_line = || Candidate::parse(&init.candidate)?.username_fragment;
        let named = init.username_fragment.as_deref().or_else(in_line);
        named.is_some_and(|name| self.fragments.iter().any(|own| own == name))
    }

    /// The pair is connected: nothing is urgent any more.
    pub fn handle_connected(&mut self) {
        self.connected = true;
        if self.waiting.is_empty() {
            // The end alone is worth no frame any more.
            self.deadline = None;
        }
    }

    /// The browser found a candidate. It is dropped if it is of another generation, already known, or beyond the cap.
    pub fn push(&mut self, now: Time, init: IceCandidateInit) {
        let Some(candidate) = Candidate::parse(&init.candidate) else { return };
        let fragment = init.username_fragment.as_deref().or(candidate.username_fragment);
        let current = fragment.is_none_or(|name| self.fragments.iter().any(|own| own == name));
        if !current || self.knows(&candidate) {
            return;
        }
        let last = candidate.is_tcp() && candidate.kind == CandidateType::Host;
        if !last && self.has_place(candidate.kind) {
            self.accept(now, init);
        } else if self.aside.len() < MAX_ASIDE {
            insert(&mut self.aside, init);
        }
    }

    /// The browser has found everything. Said twice, it counts once; said before anything of this generation was found,
    /// it is about the one before.
    pub fn handle_end(&mut self, now: Time) {
        let found_nothing =
            !self.is_described && [&self.sent, &self.waiting, &self.aside].iter().all(|list| list.is_empty());
        if self.end != End::NotSeen || self.fragments.is_empty() || (found_nothing && self.is_restart) {
            return;
        }
        self.end = End::Waiting;
        let mut free = usize::from(self.options.max_per_generation)
            .saturating_sub(self.sent.len().saturating_add(self.waiting.len()));
        for init in core::mem::take(&mut self.aside) {
            if free == 0 {
                break;
            }
            free = free.saturating_sub(1);
            insert(&mut self.waiting, init);
        }
        if !self.connected {
            self.due_in(now, self.options.batch_ms);
        }
    }

    /// What is due at `now`, if anything.
    pub fn poll(&mut self, now: Time) -> Option<Due> {
        self.deadline.filter(|deadline| now >= *deadline)?;
        self.take()
    }

    /// Everything that waits, because a frame leaves anyway.
    pub fn take(&mut self) -> Option<Due> {
        self.deadline = None;
        if self.waiting.is_empty() && self.end != End::Waiting {
            return None;
        }
        let candidates = core::mem::take(&mut self.waiting);
        self.sent.extend(candidates.iter().cloned());
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
        for init in core::mem::take(&mut self.sent) {
            insert(&mut self.waiting, init);
        }
        if self.end == End::Sent {
            self.end = End::Waiting;
        }
        self.take()
    }

    /// When [`OutgoingCandidates::poll`] has something.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.deadline
    }

    fn accept(&mut self, now: Time, init: IceCandidateInit) {
        let kind = rank(&init);
        let is_new_kind = !self.sent.iter().any(|sent| rank(sent) == kind);
        insert(&mut self.waiting, init);
        let full = self.waiting.len() >= usize::from(self.options.batch_size);
        let wait_ms = if full || (is_new_kind && !self.connected) { 0 } else { self.options.batch_ms };
        self.due_in(now, wait_ms);
    }

    fn due_in(&mut self, now: Time, wait_ms: u32) {
        let due = now.after_ms(wait_ms);
        self.deadline = Some(self.deadline.map_or(due, |deadline| deadline.min(due)));
    }

    fn knows(&self, candidate: &Candidate<'_>) -> bool {
        for list in [&self.sent, &self.waiting, &self.aside] {
            for init in list {
                if Candidate::parse(&init.candidate).is_some_and(|known| known.is_same_path(candidate)) {
                    return true;
                }
            }
        }
        false
    }

    /// Whether one more of this kind leaves the places kept for the others free.
    fn has_place(&self, kind: CandidateType) -> bool {
        let (mut total, mut srflx, mut relay) = (0u16, 0u16, 0u16);
        for list in [&self.sent, &self.waiting] {
            for init in list {
                let Some(known) = Candidate::parse(&init.candidate) else { continue };
                total = total.saturating_add(1);
                match known.kind {
                    CandidateType::Host => {}
                    CandidateType::Relayed => relay = relay.saturating_add(1),
                    _ => srflx = srflx.saturating_add(1),
                }
            }
        }
        let most = self.options.max_per_generation;
        let places = |of_all: u16| of_all.saturating_mul(most) / MAX_PER_GENERATION;
        let mut kept = 0u16;
        if !matches!(kind, CandidateType::ServerReflexive | CandidateType::PeerReflexive) {
            kept = kept.saturating_add(places(SRFLX_PLACES).saturating_sub(srflx));
        }
        if kind != CandidateType::Relayed {
            kept = kept.saturating_add(places(RELAY_PLACES).saturating_sub(relay));
        }
        total.saturating_add(kept) < most
    }
}

/// Keeps a short list in the order of a batch; equals stay in the order of their coming.
pub fn insert(list: &mut Vec<IceCandidateInit>, init: IceCandidateInit) {
    let rank_of_new = rank(&init);
    let at = list.iter().position(|held| rank(held) > rank_of_new).unwrap_or(list.len());
    list.insert(at, init);
}

/// The order inside a batch: srflx, public host, private host, TCP host, relay.
pub fn rank(init: &IceCandidateInit) -> u8 {
    match Candidate::parse(&init.candidate) {
        Some(candidate) => match candidate.kind {
            CandidateType::ServerReflexive | CandidateType::PeerReflexive => 0,
            CandidateType::Host if candidate.is_tcp() => 3,
            CandidateType::Host if candidate.is_private() => 2,
            CandidateType::Host => 1,
            CandidateType::Relayed => 4,
        },
        None => 5,
    }
}

#[cfg(test)]
#[path = "outgoing_tests.rs"]
mod tests;

//! The rules for batching, order and number of candidates, as an observer of the wire sees them.

use super::browser_connection::BrowserConnection;
use signalpost_protocol::{Candidate, CandidateType, Envelope, limits, session_description};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// A connection: page, incarnation, id.
pub(super) type Sender = (usize, u32, signalpost_core::ConnectionId);

#[derive(Debug, Default)]
struct Generation {
    sent: BTreeSet<String>,
    ends: u32,
}

/// What was seen of every connection.
#[derive(Debug, Default)]
pub(super) struct WireRules {
    /// Whether nothing is ever lost, so that nothing is ever sent twice.
    pub lossless: bool,
    /// When each generation was described first.
    described: BTreeMap<(Sender, String), u64>,
    /// A generation that is rolled back may be gathered again under its name.
    generations: BTreeMap<(Sender, String, u32), Generation>,
    connected: BTreeSet<Sender>,
    /// The last generation that was described with all its candidates.
    complete: BTreeMap<Sender, String>,
    last_description: BTreeMap<Sender, u64>,
}

impl WireRules {
    /// Rules of a world that loses nothing.
    pub fn new() -> Self {
        Self { lossless: true, ..Self::default() }
    }

    /// The pair is connected: candidates are no longer urgent.
    pub fn handle_connected(&mut self, sender: Sender) {
        self.connected.insert(sender);
    }

    /// How many candidates a connection has sent, over all its generations.
    pub fn sent(&self, sender: Sender) -> usize {
        let of_sender = self.generations.iter().filter(|((it, ..), _)| *it == sender);
        of_sender.map(|(_, generation)| generation.sent.len()).sum()
    }

    /// A page sent a frame about one of its connections.
    pub fn observe(&mut self, now: u64, from: &BrowserConnection, frame: &Envelope) -> Result<(), String> {
        let sender = (from.page, from.incarnation, from.id);
        let Some(payload) = &frame.payload else { return Ok(()) };
        match frame.kind.as_str() {
            "offer" | "answer" => {
                let sdp = payload.sdp.as_deref().unwrap_or_default();
                self.last_description.insert(sender, now);
                for fragment in session_description::username_fragments(sdp) {
                    if let Entry::Vacant(entry) = self.described.entry((sender, fragment.clone())) {
                        entry.insert(now);
                        self.observe_first(now, from, &fragment, sdp)?;
                    }
                }
                Ok(())
            }
            "ice-candidate" => {
                let candidates = payload.candidates.as_deref().unwrap_or_default();
                let lines: Vec<&str> = candidates.iter().map(|init| init.candidate.as_str()).collect();
                let named = candidates.iter().find_map(|init| init.username_fragment.as_deref());
                let Some(fragment) = named.or(payload.end.as_deref()) else {
                    return Err("a batch names no generation".into());
                };
                if candidates.iter().any(|init| init.username_fragment.as_deref() != Some(fragment)) {
                    return Err("a batch mixes generations".into());
                }
                self.observe_batch(now, from, fragment, &lines, payload.end.as_deref())
            }
            _ => Ok(()),
        }
    }

    /// Checks the first description of a generation: if it waited for its candidates, it holds them.
    fn observe_first(
        &mut self,
        now: u64,
        from: &BrowserConnection,
        fragment: &str,
        sdp: &str,
    ) -> Result<(), String> {
        let Some(wait) = from.gathering.wait_ms.filter(|_| self.lossless) else { return Ok(()) };
        let is_complete = session_description::is_complete(sdp);
        let is_gathered = from.gathering.gathered.contains(fragment);
        let due = from.gathering.described.get(fragment).map(|at| at + wait);
        if !is_gathered && due.is_none_or(|due| now < due) {
            return Err(format!("{fragment} was described before it was gathered, or due"));
        }
        if is_gathered && due.is_some_and(|due| now < due) && !is_complete {
            return Err(format!("the description of {fragment} does not say that it is complete"));
        }
        let suffix = format!(" ufrag {fragment}");
        let of_generation = from.gathering.found.keys().filter_map(|line| line.strip_suffix(&suffix));
        if let Some(line) =
            of_generation.into_iter().find(|line| !session_description::holds_candidate(sdp, line))
        {
            return Err(format!("the description of {fragment} lacks {line}"));
        }
        if is_complete {
            self.complete.insert((from.page, from.incarnation, from.id), fragment.into());
        }
        Ok(())
    }

    fn observe_batch(
        &mut self,
        now: u64,
        from: &BrowserConnection,
        fragment: &str,
        lines: &[&str],
        end: Option<&str>,
    ) -> Result<(), String> {
        let sender = (from.page, from.incarnation, from.id);
        let Some(described) = self.described.get(&(sender, fragment.into())).copied() else {
            return Err(format!("candidates of {fragment} came before their description"));
        };
        if self.lossless && self.complete.get(&sender).is_some_and(|complete| complete == fragment) {
            return Err(format!("a batch for {fragment}, which was described with all its candidates"));
        }
        let generation = self.generations.entry((sender, fragment.into(), from.rollbacks)).or_default();
        let kinds: Vec<&str> = lines.iter().map(|line| kind(line)).collect();
        let is_in = |order: &[&str; 5]| kinds.is_sorted_by_key(|kind| order.iter().position(|it| it == kind));
        if !ORDERS.iter().any(is_in) {
            return Err(format!("candidates out of order: {lines:?}"));
        }
        if lines.is_empty() && end.is_none() {
            return Err("an empty batch".into());
        }
        let first = generation.sent.is_empty() && !lines.is_empty();
        if first && self.lossless && !self.connected.contains(&sender) {
            let found =
                lines.iter().filter_map(|line| from.gathering.found.get(*line)).min().copied().unwrap_or(now);
            let earliest = found.max(described);
            // While a description is being made, candidates wait for it.
            let rides = self.last_description.get(&sender) == Some(&now);
            if now != earliest && !rides {
                return Err(format!("the first batch left at {now}, not at {earliest}"));
            }
        }
        for line in lines {
            if !generation.sent.insert((*line).to_owned()) && self.lossless {
                return Err(format!("sent twice in one generation: {line}"));
            }
        }
        if generation.sent.len() > limits::CANDIDATES_PER_GENERATION {
            return Err(format!("{} candidates in the generation {fragment}", generation.sent.len()));
        }
        if let Some(end) = end {
            generation.ends += 1;
            if end != fragment {
                return Err(format!("the end of {end} came with candidates of {fragment}"));
            }
            if self.lossless && generation.ends > 1 {
                return Err(format!("the generation {fragment} ended twice"));
            }
        } else if self.lossless && generation.ends > 0 {
            return Err(format!("a candidate after the end of {fragment}"));
        }
        Ok(())
    }
}

/// The order of a batch: usually, where the two ends are behind different public addresses, and where a relay is expected.
const ORDERS: [[&str; 5]; 3] = [
    ["srflx", "public", "private", "tcp", "relay"],
    ["srflx", "public", "relay", "private", "tcp"],
    ["relay", "srflx", "public", "private", "tcp"],
];

fn kind(line: &str) -> &'static str {
    match Candidate::parse(line) {
        Some(it) if it.kind == CandidateType::Relayed => "relay",
        Some(it) if it.kind != CandidateType::Host => "srflx",
        Some(it) if it.is_tcp() => "tcp",
        Some(it) if it.is_private() => "private",
        Some(_) => "public",
        None => "none",
    }
}

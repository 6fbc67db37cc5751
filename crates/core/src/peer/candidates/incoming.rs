//! The other side's candidates: those of the description that is set are applied, later ones wait for
//! theirs, those of a dead generation are dropped.

use crate::census::Side;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use signalpost_protocol::{Candidate, IceCandidateInit, session_description};

/// Most candidates that wait for their description.
const MAX_HELD: usize = 40;
/// Most candidates of one generation that the browser gets beside those in the description: another client may send more
/// than ours, a flood has no end.
const MAX_APPLIED: usize = 40;

const DEAD: &str = "of a generation that is over, or of no media section";
const NO_SECTION: &str = "names no media section";
const TOO_MANY: &str = "too many";

/// What a remote description says of its candidates.
#[derive(Debug, Default)]
struct Described {
    fragments: Vec<String>,
    /// `a=mid` of each media section that has one.
    mids: Vec<String>,
    sections: usize,
}

impl Described {
    fn new(sdp: &str) -> Self {
        let (mids, sections) = session_description::media_sections(sdp);
        Self { fragments: session_description::username_fragments(sdp), mids, sections }
    }

    /// Whether the candidate is of this generation and of a media section that there is.
    fn has(&self, init: &IceCandidateInit) -> bool {
        let in_line = || Candidate::parse(&init.candidate)?.username_fragment;
        let named = init.username_fragment.as_deref().or_else(in_line);
        let has_section = match (&init.sdp_mid, init.sdp_m_line_index) {
            // Without any `a=mid` the browser knows what the name means.
            (Some(mid), _) => self.mids.is_empty() || self.mids.contains(mid),
            (None, index) => index.is_some_and(|index| usize::from(index) < self.sections),
        };
        has_section && named.is_none_or(|name| self.fragments.iter().any(|own| own == name))
    }
}

/// What becomes of candidates.
#[derive(Debug, Default, PartialEq)]
pub struct Arrived {
    /// The browser gets them now.
    pub ready: Vec<IceCandidateInit>,
    /// Why others were dropped, one by one.
    pub dropped: Vec<&'static str>,
}

#[derive(Debug, Default)]
pub struct IncomingCandidates {
    /// The remote description that is set; `None` before the first.
    described: Option<Described>,
    /// The description before.
    before: Option<Described>,
    held: Vec<IceCandidateInit>,
    /// How many remote descriptions began a generation after another one.
    restarts: u32,
    /// What the browser got since the last description, as hashes.
    applied: Vec<u32>,
    count: Side,
}

impl IncomingCandidates {
    /// A batch arrived: returns what can be applied now.
    pub fn handle_batch(&mut self, candidates: Vec<IceCandidateInit>, end: Option<String>) -> Arrived {
        let mut candidates = candidates;
        if end.is_some() {
            let sdp_m_line_index = Some(0);
            let all = IceCandidateInit::default();
            candidates.push(IceCandidateInit { sdp_m_line_index, username_fragment: end, ..all });
        }
        let mut arrived = Arrived::default();
        for init in candidates {
            if init.sdp_mid.is_none() && init.sdp_m_line_index.is_none() {
                self.drop(NO_SECTION, &mut arrived);
            } else if self.described.as_ref().is_some_and(|described| described.has(&init)) {
                self.apply(init, &mut arrived);
            } else if self.held.len() < MAX_HELD {
                self.held.push(init);
            } else {
                self.drop(TOO_MANY, &mut arrived);
            }
        }
        arrived
    }

    /// A remote description was set: returns the candidates that waited for it. What waited longer than its
    /// description (a server keeps the order) is of a dead generation.
    pub fn handle_description(&mut self, sdp: &str) -> Arrived {
        let described = Described::new(sdp);
        let is_restart = self.are_ended_by(sdp);
        if is_restart || self.described.is_none() {
            self.restarts = self.restarts.saturating_add(u32::from(is_restart));
            self.count = Side::default();
            session_description::each_candidate(sdp, &mut |line| {
                if let Some(candidate) = Candidate::parse(line) {
                    self.count.found.add(candidate.kind);
                    self.count.used.add(candidate.kind);
                }
            });
        }
        self.applied.clear();
        let mut arrived = Arrived::default();
        for init in core::mem::take(&mut self.held) {
            // An end that came before was that of a gathering that was rolled back: Firefox gathers again under
            // the same fragment.
            if init.candidate.is_empty() {
            } else if described.has(&init) {
                self.apply(init, &mut arrived);
            } else {
                self.drop(DEAD, &mut arrived);
            }
        }
        self.before = self.described.replace(described);
        arrived
    }

    /// The remote description that was set last is rolled back.
    pub fn handle_rollback(&mut self) {
        self.described = self.before.take();
        self.applied.clear();
    }

    /// Whether this is a fragment of the remote description that is set.
    pub fn is_of(&self, fragment: &str) -> bool {
        self.described.iter().any(|described| described.fragments.iter().any(|own| own == fragment))
    }

    /// Whether this remote description begins a generation in the place of the present one.
    pub fn are_ended_by(&self, sdp: &str) -> bool {
        self.described.is_some()
            && !session_description::username_fragments(sdp).iter().any(|new| self.is_of(new))
    }

    /// A candidate after a restart, with a generation number that Chromium takes for a newer one than that of the same address as it
    /// learned it from a check. A check that comes before its candidate makes a pair of low priority, which Chromium never tries as
    /// long as the old generation works, and the candidate that follows would not change that. Lines of Chromium's own say
    /// their generation.
    fn marked(&self, mut init: IceCandidateInit) -> IceCandidateInit {
        if self.restarts > 0 && !init.candidate.is_empty() && !init.candidate.contains(" generation ") {
            let generation = self.restarts.saturating_mul(2).saturating_add(1);
            init.candidate.push_str(" generation ");
            init.candidate.push_str(&generation.to_string());
        }
        init
    }

    /// The other side's candidates of its present generation.
    pub fn count(&self) -> Side {
        self.count
    }

    /// The browser refused a candidate.
    pub fn handle_refused(&mut self) {
        self.count.dropped = self.count.dropped.saturating_add(1);
    }

    fn drop(&mut self, why: &'static str, arrived: &mut Arrived) {
        self.handle_refused();
        arrived.dropped.push(why);
    }

    /// The browser gets a candidate, once.
    fn apply(&mut self, init: IceCandidateInit, arrived: &mut Arrived) {
        if let Some(candidate) = Candidate::parse(&init.candidate) {
            let hash = hash(&init);
            if self.applied.contains(&hash) {
                return;
            }
            if self.applied.len() >= MAX_APPLIED {
                self.drop(TOO_MANY, arrived);
                return;
            }
            self.applied.push(hash);
            self.count.found.add(candidate.kind);
            self.count.used.add(candidate.kind);
        }
        arrived.ready.push(self.marked(init));
    }
}

/// FNV-1a of the candidate and of what names its media section.
fn hash(init: &IceCandidateInit) -> u32 {
    let mut hash = 0x811c_9dc5_u32;
    let mid = init.sdp_mid.as_deref().unwrap_or_default();
    let index = init.sdp_m_line_index.unwrap_or(u16::MAX).to_le_bytes();
    for byte in init.candidate.bytes().chain(mid.bytes()).chain(index) {
        hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    hash
}

#[cfg(test)]
#[path = "incoming_tests.rs"]
mod tests;

//! The other side's candidates: those of the description that is set are applied, later ones wait for
//! theirs, those of a dead generation are dropped.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use signalpost_protocol::{Candidate, IceCandidateInit, session_description};

/// Most candidates that wait for their description.
const MAX_HELD: usize = 40;

#[derive(Debug, Default)]
pub struct IncomingCandidates {
    /// The fragments of the remote description that is set; `None` before the first.
    fragments: Option<Vec<String>>,
    /// The fragments of the description before.
    before: Option<Vec<String>>,
    held: Vec<IceCandidateInit>,
    /// How many remote descriptions began a generation after another one.
    restarts: u32,
}

impl IncomingCandidates {
    /// A batch arrived: returns what can be applied now.
    pub fn handle_batch(
        &mut self,
        candidates: Vec<IceCandidateInit>,
        end: Option<String>,
    ) -> Vec<IceCandidateInit> {
        let mut candidates = candidates;
        if end.is_some() {
            let sdp_m_line_index = Some(0);
            let all = IceCandidateInit::default();
            candidates.push(IceCandidateInit { sdp_m_line_index, username_fragment: end, ..all });
        }
        let mut ready = Vec::new();
        for init in candidates {
            if self.is_current(&init) {
                ready.push(self.marked(init));
            } else if self.held.len() < MAX_HELD {
                self.held.push(init);
            }
        }
        ready
    }

    /// A remote description was set: returns the candidates that waited for it. What waited longer than its
    /// description (a server keeps the order) is of a dead generation.
    pub fn handle_description(&mut self, sdp: &str) -> Vec<IceCandidateInit> {
        self.restarts = self.restarts.saturating_add(u32::from(self.are_ended_by(sdp)));
        self.before = self.fragments.replace(session_description::username_fragments(sdp));
        let mut ready = Vec::new();
        for init in core::mem::take(&mut self.held) {
            // An end that came before was that of a gathering that was rolled back: Firefox gathers again under
            // the same fragment.
            if !init.candidate.is_empty() && self.is_current(&init) {
                ready.push(self.marked(init));
            }
        }
        ready
    }

    /// The remote description that was set last is rolled back.
    pub fn handle_rollback(&mut self) {
        self.fragments = self.before.take();
    }

    /// Whether this is a fragment of the remote description that is set.
    pub fn is_of(&self, fragment: &str) -> bool {
        self.fragments.iter().flatten().any(|own| own == fragment)
    }

    /// Whether this remote description begins a generation in the place of the present one.
    pub fn are_ended_by(&self, sdp: &str) -> bool {
        self.fragments.is_some()
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

    fn is_current(&self, init: &IceCandidateInit) -> bool {
        let Some(fragments) = &self.fragments else { return false };
        let in_line = || Candidate::parse(&init.candidate)?.username_fragment;
        let named = init.username_fragment.as_deref().or_else(in_line);
        named.is_none_or(|name| fragments.iter().any(|own| own == name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `init(fragment)` as it is given to the browser after so many restarts.
    fn after(restarts: u32, fragment: &str) -> IceCandidateInit {
        let init = init(fragment);
        IceCandidateInit {
            candidate: format!(
                "{} generation {}",
                init.candidate,
                restarts.saturating_mul(2).saturating_add(1)
            ),
            ..init
        }
    }

    fn init(fragment: &str) -> IceCandidateInit {
        IceCandidateInit {
            candidate: "candidate:1 1 udp 1 192.0.2.1 1 typ host".into(),
            username_fragment: Some(fragment.into()),
            ..IceCandidateInit::default()
        }
    }

    #[test]
    fn early_candidates_wait_and_dead_ones_go() {
        let mut remote = IncomingCandidates::default();
        assert!(remote.handle_batch(vec![init("a")], None).is_empty());
        assert!(remote.handle_batch(vec![init("old")], Some("a".into())).is_empty());
        let ready = remote.handle_description("v=0\r\na=ice-ufrag:a\r\n");
        assert_eq!(ready, [init("a")], "an end that came early was that of a gathering that was rolled back");
        let end = remote.handle_batch(vec![], Some("a".into()));
        assert_eq!(end.len(), 1);
        assert_eq!(end[0].candidate, "");
        assert_eq!(remote.handle_batch(vec![init("a"), init("b")], None), [init("a")]);
        assert_eq!(remote.handle_description("v=0\r\na=ice-ufrag:b\r\n"), [after(1, "b")]);
        assert!(remote.handle_batch(vec![init("a")], None).is_empty(), "the generation of a is over");
    }

    #[test]
    fn a_rollback_returns_to_the_generation_before() {
        let mut remote = IncomingCandidates::default();
        remote.handle_description("v=0\r\na=ice-ufrag:a\r\n");
        remote.handle_description("v=0\r\na=ice-ufrag:b\r\n");
        remote.handle_rollback();
        assert_eq!(remote.handle_batch(vec![init("a"), init("b")], None), [after(1, "a")]);
    }

    #[test]
    fn a_line_that_says_its_generation_and_the_end_of_candidates_are_given_as_they_are() {
        let mut remote = IncomingCandidates::default();
        remote.handle_description("v=0\r\na=ice-ufrag:a\r\n");
        remote.handle_description("v=0\r\na=ice-ufrag:b\r\n");
        remote.handle_description("v=0\r\na=ice-ufrag:b\r\na=mid:1\r\n");
        let chromium = after(0, "b");
        let ready = remote.handle_batch(vec![init("b"), chromium.clone()], Some("b".into()));
        assert_eq!(ready[..2], [after(1, "b"), chromium]);
        assert_eq!(ready[2].candidate, "");
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut remote = IncomingCandidates::default();
        for _ in 0..1000 {
            remote.handle_batch(vec![init("a")], None);
        }
        assert_eq!(remote.handle_description("v=0\r\na=ice-ufrag:a\r\n").len(), MAX_HELD);
    }
}

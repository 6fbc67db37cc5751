//! Which of the few places of a generation a candidate may take.

use crate::census::Kinds;
use crate::config::CandidateOptions;
use crate::time::Time;
use signalpost_protocol::{CandidateType, limits};

/// More than this the server does not pass on.
const MAX_PER_GENERATION: u16 = limits::CANDIDATES_PER_GENERATION as u16;
/// Places of [`MAX_PER_GENERATION`] kept for server-reflexive candidates; fewer of a lower cap.
const SRFLX_PLACES: u16 = 2;
/// Places of [`MAX_PER_GENERATION`] kept for relayed candidates; fewer of a lower cap.
const RELAY_PLACES: u16 = 3;
/// How long a pair without a path keeps places for candidates that do not come, in milliseconds after the description. A
/// server that answers at all has answered by then.
const KEEP_MS: u32 = 1_000;

/// How far the gathering of a generation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
enum Stage {
    /// Everything may still be found.
    Early,
    /// [`KEEP_MS`] have passed and there is no path: one place of each kind is kept.
    Late,
    /// Nothing more is found: no place is kept for what does not exist.
    Ended,
}

/// The places of one generation.
#[derive(Debug)]
pub struct Places {
    most: u16,
    srflx: u16,
    relay: u16,
    stage: Stage,
    begun: Time,
    /// When places are given away: a candidate waits for one.
    release_at: Option<Time>,
}

impl Places {
    /// The places of a generation that begins now. Nothing is kept for a kind that no server is set for.
    pub fn new(options: &CandidateOptions, begun: Time) -> Self {
        let most = options.max_per_generation.min(MAX_PER_GENERATION);
        let of = |places: u16| places.saturating_mul(most) / MAX_PER_GENERATION;
        let servers = options.servers;
        Self {
            most,
            srflx: if servers.has_stun { of(SRFLX_PLACES) } else { 0 },
            relay: if servers.has_turn { of(RELAY_PLACES) } else { 0 },
            stage: Stage::Early,
            begun,
            release_at: None,
        }
    }

    /// Whether one more of this kind leaves the places kept for the others free. `gone`: those that have a place; `found`: those
    /// and the ones that wait.
    pub fn has_place(&self, kind: CandidateType, gone: Kinds, found: Kinds) -> bool {
        let kept = |places: u16, gone: u16, found: u16| {
            let most = match self.stage {
                Stage::Early => places,
                Stage::Late => places.min(1),
                Stage::Ended => places.min(found),
            };
            most.saturating_sub(gone)
        };
        let mut total = gone.total();
        if matches!(kind, CandidateType::Host | CandidateType::Relayed) {
            total = total.saturating_add(kept(self.srflx, gone.srflx, found.srflx));
        }
        if kind != CandidateType::Relayed {
            total = total.saturating_add(kept(self.relay, gone.relay, found.relay));
        }
        total < self.most
    }

    /// A candidate got no place and waits for one.
    pub fn handle_shortage(&mut self) {
        if self.stage == Stage::Early {
            self.release_at = Some(self.begun.after_ms(KEEP_MS));
        }
    }

    /// The pair is connected: no candidate has to wait for a place.
    pub fn handle_connected(&mut self) {
        self.release_at = None;
    }

    /// Everything is found.
    pub fn handle_end(&mut self) {
        self.stage = Stage::Ended;
        self.release_at = None;
    }

    /// Whether everything is found.
    pub fn is_ended(&self) -> bool {
        self.stage == Stage::Ended
    }

    /// Returns, once, whether kept places are given away now.
    pub fn take_release(&mut self, now: Time) -> bool {
        let is_due = self.release_at.take_if(|at| now >= *at).is_some();
        if is_due {
            self.stage = Stage::Late;
        }
        is_due
    }

    /// When [`Places::take_release`] has something.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.release_at
    }
}

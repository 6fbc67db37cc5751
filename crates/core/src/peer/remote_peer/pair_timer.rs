//! How long a pair may take until data can flow for the first time.

use crate::time::Time;

/// That time, in milliseconds.
const PAIR_MS: u64 = 12_000;

/// The end of that time, in milliseconds.
const LAST_MS: u32 = 2_500;

/// The time of a pair. It does not run while there is no link to the server, since nothing can be said to the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// No connection is wanted yet, or data can flow.
    Off,
    /// There is no link. The time begins anew with the next one.
    Paused,
    /// The pair fails at this time.
    Until(Time),
}

/// Gives a pair up that is not connected in time.
pub struct PairTimer {
    state: State,
    is_linked: bool,
    /// Both sides may wait for their candidates, one after the other.
    limit_ms: u64,
}

impl PairTimer {
    /// A pair that is not wanted yet. `gathering_ms`: how long a description may wait for its candidates.
    pub fn new(is_linked: bool, gathering_ms: Option<u32>) -> Self {
        let gathering_ms = u64::from(gathering_ms.unwrap_or_default()).saturating_mul(2);
        Self { state: State::Off, is_linked, limit_ms: PAIR_MS.saturating_add(gathering_ms) }
    }

    /// The pair is wanted: its time begins, unless it has.
    pub fn start(&mut self, now: Time) {
        if !self.is_on() {
            self.begin(now);
        }
    }

    /// The time begins anew, if it has begun.
    pub fn restart(&mut self, now: Time) {
        if self.is_on() {
            self.begin(now);
        }
    }

    /// The link to the server was lost, or is back.
    pub fn handle_link(&mut self, now: Time, is_linked: bool) {
        self.is_linked = is_linked;
        self.restart(now);
    }

    /// Data can flow.
    pub fn stop(&mut self) {
        self.state = State::Off;
    }

    /// Whether the pair is wanted and data cannot flow yet.
    pub fn is_on(&self) -> bool {
        self.state != State::Off
    }

    /// Whether the pair has had so much time that the other side, if it gives up now, has found no path: a browser says so after
    /// 11 s (Firefox) or 15 s.
    pub fn is_nearly_over(&self, now: Time) -> bool {
        matches!(self.state, State::Until(at) if now.after_ms(LAST_MS) >= at)
    }

    /// When the pair fails.
    pub fn poll_timeout(&self) -> Option<Time> {
        match self.state {
            State::Until(at) => Some(at),
            State::Off | State::Paused => None,
        }
    }

    fn begin(&mut self, now: Time) {
        self.state = if self.is_linked { State::Until(now.after_ms(self.limit_ms)) } else { State::Paused };
    }
}

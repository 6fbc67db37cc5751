//! When a link is believed dead: the same rule at both ends.
//!
//! A link that is idle is silent for at most [`DEAD_AFTER_IDLE_MS`] (at the end that asks: for 9 s, so that the others
//! hear within 10 s of a peer that is gone); a link on which something was sent
//! answers within [`DEAD_AFTER_SEND_MS`]. Any frame received proves life. The end whose duty it is (the
//! server) asks for a sign of life after [`HEARTBEAT_MS`] of silence; either end asks when what it sent
//! stays unanswered for [`PROBE_AFTER_SEND_MS`].

/// Silence after which the server asks for a sign of life, in milliseconds.
pub const HEARTBEAT_MS: u64 = 6_000;
/// Silence after which an idle link is dead, in milliseconds.
pub const DEAD_AFTER_IDLE_MS: u64 = 15_000;
/// Time from an unanswered send to the question, in milliseconds.
pub const PROBE_AFTER_SEND_MS: u64 = 1_500;
/// Time from an unanswered send to the verdict, in milliseconds.
pub const DEAD_AFTER_SEND_MS: u64 = 3_000;
/// Time from a probe to the verdict, in milliseconds.
pub const DEAD_AFTER_PROBE_MS: u64 = 2_000;

/// Silence after which an end that does not ask by itself asks before it gives up, in milliseconds: the other end's question
/// is late then.
const LAST_CHANCE_MS: u64 = 8_000;

/// What the end has to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Alive,
    /// Send a `heartbeat`.
    Ask,
    /// Give the link up.
    Dead,
}

/// Watches one link. All times are milliseconds of one monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct LinkMonitor {
    asks_when_idle: bool,
    last_received: u64,
    unanswered_since: Option<u64>,
    /// When the link is given up: a question waits for its answer.
    dead_at: Option<u64>,
}

impl LinkMonitor {
    /// A link that has just opened. `asks_when_idle`: whether this end is the one that sends heartbeats.
    pub const fn new(now: u64, asks_when_idle: bool) -> Self {
        Self { asks_when_idle, last_received: now, unanswered_since: None, dead_at: None }
    }

    /// A frame arrived.
    pub const fn handle_received(&mut self, now: u64) {
        self.last_received = now;
        self.unanswered_since = None;
        self.dead_at = None;
    }

    /// When a frame arrived last; before the first, when the link opened.
    pub const fn last_received(&self) -> u64 {
        self.last_received
    }

    /// A frame was sent that lets the other end answer. A sign of life is not one: two ends would ask each other
    /// for ever.
    pub const fn handle_sent(&mut self, now: u64) {
        if self.unanswered_since.is_none() {
            self.unanswered_since = Some(now);
        }
    }

    /// What to do at `now`; [`Verdict::Ask`] is answered once for each silence. A link is never given up
    /// without having been asked, however late this is called: a timer may have slept with its tab.
    pub fn poll(&mut self, now: u64) -> Verdict {
        if now < self.poll_timeout() {
            Verdict::Alive
        } else if self.dead_at.is_some() {
            Verdict::Dead
        } else {
            self.ask(now, DEAD_AFTER_SEND_MS);
            Verdict::Ask
        }
    }

    /// The end woke up, and does not believe what it had before. Whether a question is to be sent: not while one waits for
    /// its answer.
    pub fn probe(&mut self, now: u64) -> bool {
        let asks = self.dead_at.is_none_or(|at| now >= at);
        if asks {
            self.ask(now, DEAD_AFTER_PROBE_MS);
        }
        asks
    }

    /// When [`LinkMonitor::poll`] has something to say next.
    pub fn poll_timeout(&self) -> u64 {
        self.dead_at.unwrap_or_else(|| {
            let after = if self.asks_when_idle { HEARTBEAT_MS } else { LAST_CHANCE_MS };
            let idle = self.last_received.saturating_add(after);
            let probe = |since: u64| since.saturating_add(PROBE_AFTER_SEND_MS);
            self.unanswered_since.map_or(idle, |since| idle.min(probe(since)))
        })
    }

    /// From the first thing that has no answer, but leaves the question its time.
    fn ask(&mut self, now: u64, most_ms: u64) {
        let since = *self.unanswered_since.get_or_insert(now);
        let verdict = since.saturating_add(DEAD_AFTER_SEND_MS).max(now.saturating_add(PROBE_AFTER_SEND_MS));
        self.dead_at = Some(verdict.min(now.saturating_add(most_ms)));
    }
}

//! When what was sent to a peer is sent again: the server refused it, because the peer is not there or has too much before it.
//! What the server took arrives, or the session of the peer ends.

use crate::output::Failure;

/// The first wait after a refusal, in milliseconds; it doubles.
const FIRST_MS: u64 = 500;
/// The longest such wait, in milliseconds.
const MOST_MS: u64 = 8_000;

#[derive(Debug)]
pub struct Resend {
    at: Option<u64>,
    wait: u64,
    /// Why the server did not deliver, while it does not.
    undelivered: Option<Failure>,
}

impl Resend {
    pub fn new() -> Self {
        Self { at: None, wait: FIRST_MS, undelivered: None }
    }

    /// The server did not deliver what was sent. Several messages of one moment are refused one by one.
    pub fn handle_refused(&mut self, now: u64, failure: Failure) {
        if self.at.is_none() {
            self.at = Some(now.saturating_add(self.wait));
            self.wait = self.wait.saturating_mul(2).min(MOST_MS);
            self.undelivered = Some(failure);
        }
    }

    /// The peer was heard of. Returns whether it had not got what was sent.
    pub fn handle_heard(&mut self) -> bool {
        let was_undelivered = self.undelivered.take().is_some();
        if was_undelivered {
            self.at = None;
        }
        was_undelivered
    }

    pub fn handle_connected(&mut self) {
        self.wait = FIRST_MS;
    }

    /// Everything is sent again now.
    pub fn handle_sent(&mut self) {
        self.at = None;
    }

    /// Send at the next wake-up.
    pub fn hurry(&mut self, now: u64) {
        self.at = Some(now);
    }

    pub fn is_due(&self, now: u64) -> bool {
        self.at.is_some_and(|at| now >= at)
    }

    pub fn is_undelivered(&self) -> bool {
        self.undelivered.is_some()
    }

    /// The code for why nothing got through; empty if none is known.
    pub fn reason(&self) -> &str {
        self.undelivered.as_ref().map_or("", |failure| &failure.code)
    }

    /// Why nothing got through, if that is known.
    pub fn take_reason(&mut self) -> Option<Failure> {
        self.undelivered.take()
    }

    pub fn poll_timeout(&self) -> Option<u64> {
        self.at
    }
}

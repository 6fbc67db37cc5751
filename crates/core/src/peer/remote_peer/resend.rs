//! When what was sent to a peer is sent again: the server refused it, because the peer is not there or has too much before it.
//! What the server took arrives, or the session of the peer ends.

use crate::failure::Failure;
use crate::time::Time;

/// The first wait after a refusal, in milliseconds; it doubles.
const FIRST_MS: u32 = 500;
/// The longest such wait, in milliseconds.
const MAX_MS: u32 = 8_000;

/// The wait after a refusal.
#[derive(Debug)]
pub struct Resend {
    at: Option<Time>,
    wait_ms: u32,
    /// Why the server did not deliver, while it does not.
    undelivered: Option<Failure>,
}

impl Resend {
    /// Nothing was refused.
    pub fn new() -> Self {
        Self { at: None, wait_ms: FIRST_MS, undelivered: None }
    }

    /// The server did not deliver what was sent. Several messages of one moment are refused one by one.
    pub fn handle_refused(&mut self, now: Time, failure: Failure) {
        if self.at.is_none() {
            self.at = Some(now.after_ms(self.wait_ms));
            self.wait_ms = self.wait_ms.saturating_mul(2).min(MAX_MS);
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

    /// The pair is connected: the next wait is a short one again.
    pub fn handle_connected(&mut self) {
        self.wait_ms = FIRST_MS;
    }

    /// Everything is sent again now.
    pub fn handle_sent(&mut self) {
        self.at = None;
    }

    /// Everything is to be sent again at the next wake-up.
    pub fn send_now(&mut self, now: Time) {
        self.at = Some(now);
    }

    /// Whether the wait is over.
    pub fn is_due(&self, now: Time) -> bool {
        self.at.is_some_and(|at| now >= at)
    }

    /// Whether the server did not deliver what was sent last.
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

    /// When the wait is over.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.at
    }
}

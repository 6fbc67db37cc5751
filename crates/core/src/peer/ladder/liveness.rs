//! Pings on the SDK's own data channel, which are sent only where nothing else came.

use crate::time::Time;

/// The shortest time that an answer has before the connection is probed, in milliseconds. With the probe's 900 ms a round trip may
/// grow to 1.6 s between two pings and is still no silence.
const PATIENCE_MS: u32 = 700;
/// The longest such time, in milliseconds.
const MAX_PATIENCE_MS: u32 = 5_000;
/// The time that an answer has before any round trip is known, in milliseconds.
const FIRST_PATIENCE_MS: u32 = 3_000;
/// The wait between two probes of a silent connection, in milliseconds.
const AGAIN_MS: u32 = 100;

/// The pings; their answers name them, so that a late one is not taken for another.
const PINGS: [&str; 8] = ["?0", "?1", "?2", "?3", "?4", "?5", "?6", "?7"];
const ANSWERS: [&str; 8] = ["!0", "!1", "!2", "!3", "!4", "!5", "!6", "!7"];

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Send this text.
    Ping(&'static str),
    /// Probe the connection, because the answer is late, and send this text: its answer may come before the probe ends.
    Probe(&'static str),
}

/// What is done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Nothing,
    Ping(Time),
    Probe(Time),
}

/// Watches one connection.
pub struct Liveness {
    ping_ms: Option<u32>,
    heard_at: Time,
    next: Next,
    /// When each of the last pings was sent, until it is answered.
    sent: [Option<Time>; 8],
    newest: u8,
}

impl Liveness {
    /// Watches nothing yet. `ping_ms`: after how much silence a ping is sent; `None`: there are no pings.
    pub fn new(now: Time, ping_ms: Option<u32>) -> Self {
        Self { ping_ms, heard_at: now, next: Next::Nothing, sent: [None; 8], newest: 0 }
    }

    /// Data can flow: the first ping measures the round trip.
    pub fn start(&mut self, now: Time) {
        self.heard_at = now;
        self.ask(now);
    }

    /// Nothing can flow any more.
    pub fn stop(&mut self) {
        self.next = Next::Nothing;
        self.sent = [None; 8];
    }

    /// Whether silence is found by pings.
    pub fn is_on(&self) -> bool {
        self.next != Next::Nothing
    }

    /// When something was heard last.
    pub fn heard_at(&self) -> Time {
        self.heard_at
    }

    /// There is a reason to doubt: a ping is sent now.
    pub fn ask(&mut self, now: Time) {
        if self.ping_ms.is_some() {
            self.next = Next::Ping(now);
        }
    }

    /// Something arrived, of whatever kind.
    pub fn handle_life(&mut self, now: Time) {
        self.heard_at = now;
        if let (Some(ping_ms), true) = (self.ping_ms, self.is_on()) {
            self.next = Next::Ping(now.after_ms(ping_ms));
        }
    }

    /// A probe is out, whose end decides what comes next.
    pub fn handle_probe(&mut self, now: Time) {
        if self.is_on() {
            self.next = Next::Probe(now.after_ms(MAX_PATIENCE_MS));
        }
    }

    /// Nothing arrived during a probe. Answers that still come say nothing about the round trip.
    pub fn handle_silence(&mut self, now: Time) {
        self.sent = [None; 8];
        if self.is_on() {
            self.next = Next::Probe(now.after_ms(AGAIN_MS));
        }
    }

    /// The answer to a text of the other side's, if it is a ping.
    pub fn answer(text: &str) -> Option<&'static str> {
        let at = PINGS.iter().position(|ping| *ping == text)?;
        ANSWERS.get(at).copied()
    }

    /// The round trip in milliseconds that a text of the other side's shows, if it answers a ping.
    pub fn round_trip_ms(&mut self, now: Time, text: &str) -> Option<u32> {
        let at = ANSWERS.iter().position(|answer| *answer == text)?;
        let sent = self.sent.get_mut(at)?.take()?;
        Some(now.ms_since(sent))
    }

    /// What is to be done at `now`. `explained_ms`: the silence that the round trip explains, if that is known.
    pub fn poll(&mut self, now: Time, explained_ms: Option<u32>) -> Option<Act> {
        match self.next {
            Next::Ping(at) if now >= at => {
                let patience_ms = explained_ms.map_or(FIRST_PATIENCE_MS, |explained_ms| {
                    explained_ms.clamp(PATIENCE_MS, MAX_PATIENCE_MS)
                });
                self.next = Next::Probe(now.after_ms(patience_ms));
                self.next_ping(Some(now)).map(Act::Ping)
            }
            Next::Probe(at) if now >= at => self.next_ping(None).map(Act::Probe),
            Next::Nothing | Next::Ping(_) | Next::Probe(_) => None,
        }
    }

    fn next_ping(&mut self, measured: Option<Time>) -> Option<&'static str> {
        self.newest = self.newest.wrapping_add(1) % 8;
        let at = usize::from(self.newest);
        *self.sent.get_mut(at)? = measured;
        PINGS.get(at).copied()
    }

    /// When [`Liveness::poll`] has something.
    pub fn poll_timeout(&self) -> Option<Time> {
        match self.next {
            Next::Nothing => None,
            Next::Ping(at) | Next::Probe(at) => Some(at),
        }
    }
}

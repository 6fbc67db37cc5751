//! One loss: what was tried, and what is tried next.

use crate::time::Time;
use alloc::string::{String, ToString};

/// How many connections are tried in the place of the one that was lost. Each fails by itself after 11 to 15 s without a path, and Firefox
/// never opens a data channel of one that failed.
const MAX_REPLACEMENTS: u8 = 5;
/// The restarts that are tried before the connection is replaced, and how long each has, in milliseconds: from direct to relay Chromium
/// needs 3 s, and checks that run find a path that comes back.
const RESTARTS_MS: &[u32] = &[5_000, 5_000, 6_000, 8_000];
/// The same where one of the browsers is Firefox, whose DTLS fails for good at a second restart while the first has found no path.
const FIREFOX_RESTARTS_MS: &[u32] = &[10_000];
/// How long data has to flow once checks have succeeded, in milliseconds: the transport's own back-off ends within 3 s.
const FLOW_MS: u32 = 3_500;
/// How long another connection has, in milliseconds: somewhat longer than browsers need to call it failed.
const REPLACED_MS: u32 = 16_000;
/// How long a channel that closed on a live path may have been closed by the other side, in milliseconds: its `close` comes by the server.
const GRACE_MS: u32 = 500;
/// The wait where the browser cannot make another connection, in milliseconds.
const UNAVAILABLE_MS: u32 = 5_000;
/// The wait where an offer is out that the other side has not answered, in milliseconds.
const ASKING_MS: u32 = 1_000;
/// After so many such waits the offer counts as a restart that failed.
const MAX_ASKED: u8 = 5;
/// The whole time of a loss, in milliseconds.
const LIMIT_MS: u32 = 60_000;
/// What is left of it at least when the link to the server is back, or the other side's.
const BACK_MS: u32 = 15_000;

/// What is tried now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rung {
    /// Nothing yet.
    Wait,
    /// Restart ICE.
    Restart,
    /// Make another connection.
    Replace,
}

/// A loss that is being repaired.
#[derive(Debug)]
pub struct Loss {
    /// Whether the application knows.
    pub is_confirmed: bool,
    /// Whether a rung is due and waits for a sign of life of the link.
    pub waits_for_link: bool,
    /// When the pair is given up.
    pub deadline: Time,
    /// Whether the other side may have closed the connection: the channel closed while the path was live.
    pub is_sudden: bool,
    /// Whether nothing will ever flow on the present connection.
    is_broken: bool,
    restarts_ms: &'static [u32],
    /// When something is tried next; `None`: nothing is left to try.
    next: Option<Time>,
    asked: u8,
    restarts: u8,
    replacements: u8,
}

impl Loss {
    /// Something is wrong, or may be. `since`: the last sign of life. `has_firefox`: one of the browsers is Firefox.
    pub fn new(now: Time, since: Time, has_firefox: bool) -> Self {
        Self {
            restarts_ms: if has_firefox { FIREFOX_RESTARTS_MS } else { RESTARTS_MS },
            is_confirmed: false,
            waits_for_link: false,
            deadline: since.after_ms(LIMIT_MS),
            is_sudden: false,
            is_broken: false,
            next: Some(now),
            asked: 0,
            restarts: 0,
            replacements: 0,
        }
    }

    /// The connection's data channel has closed. `is_sudden`: the path was live, so that the other side may have closed it.
    pub fn handle_broken(&mut self, now: Time, is_sudden: bool) {
        self.is_broken = true;
        self.is_sudden |= is_sudden;
        self.next = Some(now.after_ms(if is_sudden { GRACE_MS } else { 0 }));
    }

    /// The browser could not make another connection.
    pub fn handle_unavailable(&mut self, now: Time) {
        self.is_broken = true;
        self.next = Some(now.after_ms(UNAVAILABLE_MS));
    }

    /// The next rung is due at this time, or before.
    pub fn hurry(&mut self, at: Time) {
        self.next = self.next.map(|next| next.min(at));
    }

    /// Another ICE generation began, or checks have just succeeded: it has this time at least.
    fn give(&mut self, now: Time, ms: u32) {
        if !self.is_broken {
            self.next = self.next.map(|next| next.max(now.after_ms(ms)));
        }
    }

    /// An ICE generation began, by whichever side.
    pub fn handle_generation(&mut self, now: Time) {
        self.give(now, self.restart_ms());
    }

    /// The browser says that checks have succeeded.
    pub fn handle_checked(&mut self, now: Time) {
        self.give(now, FLOW_MS);
    }

    /// There is another connection in the place of the one that was lost.
    pub fn handle_replaced(&mut self, now: Time) {
        self.is_broken = false;
        self.replacements = self.replacements.saturating_add(1);
        self.next = Some(now.after_ms(REPLACED_MS));
    }

    /// The link to the server is back, or the other side's: now something can be said.
    pub fn handle_back(&mut self, now: Time) {
        self.deadline = self.deadline.max(now.after_ms(BACK_MS));
        self.hurry(now);
    }

    /// Whether something is to be tried at `now`.
    pub fn is_due(&self, now: Time) -> bool {
        self.next.is_some_and(|next| now >= next)
    }

    /// When something is to be tried, unless that waits for the link.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.next.filter(|_| !self.waits_for_link)
    }

    /// The rung that is tried now. `is_asking`: an offer is out, which has no answer.
    pub fn climb(&mut self, now: Time, is_asking: bool) -> Rung {
        if self.is_broken || self.replacements > 0 || usize::from(self.restarts) >= self.restarts_ms.len() {
            if self.replacements < MAX_REPLACEMENTS {
                return Rung::Replace;
            }
            self.next = None;
            return Rung::Wait;
        }
        self.asked = if is_asking { self.asked.saturating_add(1) } else { 0 };
        if !is_asking || self.asked.is_multiple_of(MAX_ASKED) {
            self.restarts = self.restarts.saturating_add(1);
        }
        self.next = Some(now.after_ms(if is_asking { ASKING_MS } else { self.restart_ms() }));
        if is_asking { Rung::Wait } else { Rung::Restart }
    }

    /// Why the pair is given up, in words that name what was tried.
    pub fn tried(&self) -> String {
        let mut message = String::from("the path to the peer was lost and not found again: ");
        for (count, what) in
            [(self.restarts, " ICE restarts and "), (self.replacements, " new connections were tried")]
        {
            message.push_str(&count.to_string());
            message.push_str(what);
        }
        message
    }

    fn restart_ms(&self) -> u32 {
        self.restarts_ms.get(usize::from(self.restarts).saturating_sub(1)).copied().unwrap_or(FLOW_MS)
    }
}

//! Whether the other side is there although nothing says so: its page answers no ping, or the server calls it away.
//!
//! Browsers take up to 11 s to say that nothing arrives any more, and the server's word comes up to 9 s after the last packet of
//! the peer. So the connection is asked for a sign of life, one probe after the other as long as there is a doubt.

use crate::time::Time;

/// How long one probe takes, in milliseconds.
pub const PROBE_MS: u16 = 800;
/// How much later than a round trip an acknowledgement may come, in milliseconds (RFC 9260 §6.2).
const ACK_MS: u32 = 200;
/// The longest silence that a round trip can explain, in milliseconds: the browser's figure may be wrong.
const MAX_SILENCE_MS: u32 = 15_000;
/// How late the end of a probe may be, in milliseconds. The page slept meanwhile, or its machine, and silence shows nothing. A page
/// that is hidden is woken once a second.
const LATE_MS: u32 = 1_500;

/// The probe of one connection, and what the last ones showed.
#[derive(Default)]
pub struct Presence {
    /// When the probe began that is out.
    began: Option<Time>,
    /// How long nothing arrived, in probes without a gap, in milliseconds.
    silent_ms: u32,
    /// The round trip, in milliseconds: a longer one counts at once, a shorter one little by little.
    round_trip_ms: Option<u32>,
}

impl Presence {
    /// Begins a probe. Returns false while one is out.
    pub fn begin_probe(&mut self, now: Time) -> bool {
        let begins = self.began.is_none();
        self.began.get_or_insert(now);
        begins
    }

    /// A probe has ended. `is_live`: whether something arrived meanwhile. `round_trip_ms`: the connection's round trip, where the
    /// browser knows it.
    pub fn handle_probed(&mut self, now: Time, is_live: bool, round_trip_ms: Option<u32>) {
        let is_late = self
            .began
            .take()
            .is_some_and(|began| now.ms_since(began) > LATE_MS.saturating_add(PROBE_MS.into()));
        if let Some(round_trip_ms) = round_trip_ms {
            self.handle_round_trip(round_trip_ms);
        }
        if is_live {
            self.silent_ms = 0;
        } else if !is_late {
            self.silent_ms = self.silent_ms.saturating_add(PROBE_MS.into());
        }
    }

    /// Something arrived.
    pub fn handle_life(&mut self) {
        self.silent_ms = 0;
    }

    /// The round trip was measured.
    pub fn handle_round_trip(&mut self, measured_ms: u32) {
        let before = self.round_trip_ms.unwrap_or_default();
        let slowly = before.saturating_sub(before.saturating_sub(measured_ms) / 4);
        self.round_trip_ms = Some(measured_ms.max(slowly));
    }

    /// The silence that the way to the other side and back explains, with one packet lost, in milliseconds.
    pub fn explained_ms(&self) -> Option<u32> {
        self.round_trip_ms.map(|round_trip_ms| round_trip_ms.saturating_mul(2).saturating_add(ACK_MS))
    }

    /// Whether nothing arrived for longer than that.
    pub fn is_silent(&self) -> bool {
        let explained_ms = self.explained_ms().unwrap_or_default();
        self.silent_ms >= explained_ms.clamp(PROBE_MS.into(), MAX_SILENCE_MS)
    }
}

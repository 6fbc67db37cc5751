//! Whether the other side is there although the server calls it away.
//!
//! Browsers take up to 11 s to say that nothing arrives any more, and the server's word comes up to 9 s after the last packet of
//! the peer. So the connection is asked for a sign of life, one probe after the other as long as there is a doubt.

/// How long one probe takes, in milliseconds.
pub const PROBE_MS: u16 = 900;
/// How much later than a round trip an acknowledgement may come, in milliseconds (RFC 9260 §6.2).
const ACK_MS: u32 = 200;
/// The longest silence that a round trip can explain, in milliseconds: the browser's figure may be wrong.
const MAX_SILENCE_MS: u32 = 15_000;

/// The probe of one connection, and what the last ones showed.
#[derive(Default)]
pub struct Presence {
    is_probing: bool,
    /// How long nothing arrived, in probes without a gap, in milliseconds.
    silent_ms: u32,
    /// The round trip that the browser measured last, in milliseconds.
    round_trip_ms: u32,
}

impl Presence {
    /// Begins a probe. Returns false while one is out.
    pub fn begin_probe(&mut self) -> bool {
        !core::mem::replace(&mut self.is_probing, true)
    }

    /// A probe has ended. `is_live`: whether something arrived meanwhile. `round_trip_ms`: the connection's round trip, where the
    /// browser knows it.
    pub fn handle_probed(&mut self, is_live: bool, round_trip_ms: Option<u32>) {
        self.is_probing = false;
        self.round_trip_ms = round_trip_ms.unwrap_or(self.round_trip_ms);
        self.silent_ms = if is_live { 0 } else { self.silent_ms.saturating_add(PROBE_MS.into()) };
    }

    /// Whether nothing arrived for longer than the way to the other side and back explains, with one packet lost.
    pub fn is_silent(&self) -> bool {
        let explained_ms = self.round_trip_ms.saturating_mul(2).saturating_add(ACK_MS);
        self.silent_ms >= explained_ms.clamp(PROBE_MS.into(), MAX_SILENCE_MS)
    }
}

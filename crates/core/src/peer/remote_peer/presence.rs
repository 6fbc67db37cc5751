//! Whether the other side is there although the server calls it away.
//!
//! Browsers take up to 11 s to say that nothing arrives any more, and the server's word comes up to 9 s after the last packet of
//! the peer. So the connection is asked for a sign of life, one probe after the other as long as there is a doubt.

/// How long a sign of life may take, in milliseconds: a round trip, the 200 ms that an acknowledgement may be put off
/// (RFC 9260 §6.2), and a retransmission.
pub const PROBE_MS: u16 = 900;

/// The probe of one connection, and what the last one showed.
#[derive(Default)]
pub struct Presence {
    is_probing: bool,
    is_silent: bool,
}

impl Presence {
    /// Begins a probe. Returns false while one is out.
    pub fn begin_probe(&mut self) -> bool {
        !core::mem::replace(&mut self.is_probing, true)
    }

    /// A probe has ended. `is_live`: whether something arrived meanwhile.
    pub fn handle_probed(&mut self, is_live: bool) {
        self.is_probing = false;
        self.is_silent = !is_live;
    }

    /// Whether nothing arrived during the last probe.
    pub fn is_silent(&self) -> bool {
        self.is_silent
    }
}

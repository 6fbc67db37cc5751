//! Logs: to stderr, as text or as JSON lines.
//!
//! What may be logged: codes, message types, socket ids, counts and, escaped, peer ids. Never a
//! description, a candidate, an address, metadata, a key or a token.

use super::options::{LogFormat, Options};
use crate::SocketId;
use signalpost_protocol::ErrorCode;
use tracing::level_filters::LevelFilter;

/// Refusals of one socket that are logged one by one; after that only each doubling is.
const LOGGED_ONE_BY_ONE: u64 = 16;

/// Sends the logs of this process to stderr. Without effect when the process has a subscriber already.
pub fn start(options: &Options) {
    let level: LevelFilter = options.log.log_level.into();
    let builder =
        tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).with_ansi(false);
    // An error means that the process has a subscriber already, for example in a test.
    let _kept = match options.log.log_format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
}

/// The refusals of one socket.
#[derive(Debug, Default)]
pub(super) struct Refusals(u64);

impl Refusals {
    /// Logs a refusal, or only counts it when the socket had many: a flood of bad frames must not become a flood of
    /// lines.
    pub(super) fn log(&mut self, socket: SocketId, code: ErrorCode, kind: &str, field: &str) {
        self.0 = self.0.saturating_add(1);
        if self.0 <= LOGGED_ONE_BY_ONE || self.0.is_power_of_two() {
            let (code, count) = (code.as_str(), self.0);
            tracing::warn!(%socket, code, r#type = kind, field, count, "refused");
        }
    }
}

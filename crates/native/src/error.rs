//! Why a call failed.

use signalpost_core::Failure;
use signalpost_core::protocol::{ErrorCode, InvalidId, Open};
use std::fmt;
use std::time::Duration;

/// Why a call failed, or what went wrong that no call waits for. The codes are those of the browser's `SignalingError`
/// (`docs/guides/errors.md`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Error {
    /// The code; a newer server may know more codes than this build.
    pub code: Open<ErrorCode>,
    /// Details, in words; may be empty.
    pub message: String,
    /// Whether the same call can succeed later without a change.
    pub retryable: bool,
    /// In how much time the same call can succeed, where the client or the server knows it (`rate-limited`).
    pub retry_after: Option<Duration>,
}

impl Error {
    /// An error of this crate's own.
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), retryable: code.retryable(), retry_after: None }
    }
}

impl From<&Failure> for Error {
    fn from(failure: &Failure) -> Self {
        Self {
            code: failure.code.as_str().into(),
            message: failure.message.clone(),
            retryable: failure.retryable,
            retry_after: failure.retry_after_ms.map(|wait| Duration::from_millis(wait.into())),
        }
    }
}

impl From<InvalidId> for Error {
    fn from(why: InvalidId) -> Self {
        Self::new(ErrorCode::InvalidArgument, why.to_string())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code.as_str())?;
        if self.message.is_empty() { Ok(()) } else { write!(formatter, ": {}", self.message) }
    }
}

impl std::error::Error for Error {}

//! What a promise rejects with.

use crate::census::Census;
use alloc::{boxed::Box, string::String, sync::Arc};
use core::error::Error;
use core::fmt;
use core::ops::Deref;
use signalpost_protocol::ErrorCode;

/// What a promise rejects with, or an error event carries. Shared, since one failure settles many calls; its fields are read
/// through it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure(Arc<FailureDetails>);

/// The fields of a [`Failure`].
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailureDetails {
    /// The code as text: a newer server may know more codes than this build.
    pub code: String,
    /// Whether the same call can succeed later.
    pub retryable: bool,
    /// Details, in words; may be empty.
    pub message: String,
    /// In how many milliseconds the same call can succeed, where that is known.
    pub retry_after_ms: Option<u32>,
    /// The candidates of a pair that found no path.
    pub census: Option<Box<Census>>,
}

impl Failure {
    /// A failure with a code of this build.
    pub fn new(code: ErrorCode, message: &str) -> Self {
        Self::told(code.as_str().into(), message.into())
    }

    /// A failure as the server told it. A failure whose code this build does not know is not retryable.
    pub fn told(code: String, message: String) -> Self {
        let retryable = ErrorCode::parse(&code).is_some_and(ErrorCode::retryable);
        Self(Arc::new(FailureDetails { code, retryable, message, retry_after_ms: None, census: None }))
    }

    /// The failure with the time in which the same call can succeed.
    pub fn retry_after(self, retry_after_ms: Option<u32>) -> Self {
        let FailureDetails { code, message, retryable, .. } = &*self.0;
        let (code, message, retryable) = (code.clone(), message.clone(), *retryable);
        Self(Arc::new(FailureDetails { code, retryable, message, retry_after_ms, census: None }))
    }

    /// The failure with the candidates of the pair.
    pub fn with_census(self, census: Census) -> Self {
        let FailureDetails { code, message, retryable, retry_after_ms, .. } = &*self.0;
        let (code, message, retryable, retry_after_ms) =
            (code.clone(), message.clone(), *retryable, *retry_after_ms);
        let census = Some(Box::new(census));
        Self(Arc::new(FailureDetails { code, retryable, message, retry_after_ms, census }))
    }
}

impl Deref for Failure {
    type Target = FailureDetails;

    fn deref(&self) -> &FailureDetails {
        &self.0
    }
}

impl From<ErrorCode> for Failure {
    fn from(code: ErrorCode) -> Self {
        Self::new(code, "")
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.code)?;
        if self.message.is_empty() { Ok(()) } else { write!(formatter, ": {}", self.message) }
    }
}

impl Error for Failure {}

//! Why the registry does not do what a client asks for.

use crate::engine::explanation;
use signalpost_protocol::{ErrorCode, PeerId};
use std::borrow::Cow;

/// The reason why the registry does not do what a frame asks for.
pub(super) struct Refused {
    pub(super) code: ErrorCode,
    pub(super) text: Cow<'static, str>,
    pub(super) about: Option<PeerId>,
    /// In how many milliseconds the registry would do it.
    pub(super) after: Option<u32>,
}

impl From<ErrorCode> for Refused {
    fn from(code: ErrorCode) -> Self {
        Self { code, text: explanation(code).into(), about: None, after: None }
    }
}

impl Refused {
    /// Refuses a peer that enters rooms or describes itself too often, and may do it again in `after` milliseconds.
    pub(super) fn wait(after: u64) -> Self {
        let after = u32::try_from(after).unwrap_or(u32::MAX);
        let text = format!("the peer does this too often: it may do it again in {after} ms").into();
        Self { code: ErrorCode::RateLimited, text, about: None, after: Some(after) }
    }
}

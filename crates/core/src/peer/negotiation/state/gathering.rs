//! Candidates that a description waits for, and offers that one side asks the other to make because of them.

use crate::input::Description;
use alloc::string::String;
use signalpost_protocol::session_description;

/// The description that is being made, and its candidates.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Gathering {
    #[default]
    Idle,
    /// It is set, and waits for them.
    Waiting,
    /// It is read once more.
    Reading { is_complete: bool },
}

/// The offers that one side asks the other to make.
#[derive(Debug, Default)]
pub struct Invites {
    /// We asked the other side to offer, and no generation of ours has begun since.
    pub is_inviting: bool,
    /// The generation that the other side named when it asked us last.
    pub heeded: Option<String>,
}

impl Gathering {
    /// The description was read.
    pub fn finish(self, made: &mut Option<Description>) {
        if let (Self::Reading { is_complete: true }, Some(made)) = (self, made) {
            made.sdp = session_description::with_end_of_candidates(core::mem::take(&mut made.sdp));
        }
    }
}

//! Why a pair found no path.

use super::Peer;
use crate::census::Census;
use crate::failure::Failure;
use alloc::string::String;
use signalpost_protocol::ErrorCode;

impl Peer {
    /// The candidates of both ends in their present generations.
    pub fn census(&self) -> Census {
        let mut census = Census { remote: self.negotiation.count(), ..Census::default() };
        self.candidates.count(&mut census);
        census
    }

    /// The failure of a pair without a path: `why` in a few words, then the census, then what is missing.
    pub(super) fn no_path(&self, why: &str) -> Failure {
        let census = self.census();
        let mut message = String::from(why);
        message.push_str("; ");
        message.push_str(&census.words());
        if !self.candidates.has_turn() {
            message.push_str("; no TURN server is set");
        }
        Failure::new(ErrorCode::ConnectionFailed, &message).with_census(census)
    }
}

//! Why a pair found no path.

use super::Peer;
use crate::census::Census;
use crate::failure::Failure;
use signalpost_protocol::ErrorCode;

impl Peer {
    /// The candidates of both ends in their present generations.
    pub fn census(&self) -> Census {
        let mut census = Census { remote: self.negotiation.count(), ..Census::default() };
        self.candidates.count(&mut census);
        census
    }

    /// The failure of a pair without a path: `why` in a few words, the verdicts about both networks and what is missing, then
    /// the census.
    pub(super) fn no_path(&self, why: &str) -> Failure {
        let census = self.census();
        let mut message = self.ends.outlook.explanation(why);
        message.push_str("; ");
        message.push_str(&census.words());
        Failure::new(ErrorCode::ConnectionFailed, &message).with_census(census)
    }
}

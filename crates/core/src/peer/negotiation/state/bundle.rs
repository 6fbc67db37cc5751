//! The first media section of the bundle, whose transport all media and data use (RFC 9143 §7.2).
//!
//! It changes when the first transceiver is stopped, and when its place is used again: then all move to another transport.

use alloc::string::String;
use signalpost_protocol::session_description;

#[derive(Debug, Default)]
pub struct Bundle {
    /// The section that both sides agreed on.
    tag: Option<String>,
    is_moving: bool,
    /// The last own offer is Firefox's and moves the bundle, by which Firefox loses its data channel.
    is_losing: bool,
}

impl Bundle {
    /// Whether both sides agreed on a bundle.
    pub fn is_settled(&self) -> bool {
        self.tag.is_some()
    }

    /// An own offer is sent.
    pub fn handle_offer(&mut self, offer: &str) {
        self.is_moving = self.is_elsewhere(offer);
        self.is_losing = self.is_moving && session_description::is_of_firefox(offer);
    }

    /// Both sides agreed on what this answer says.
    pub fn handle_answer(&mut self, answer: &str) {
        self.is_moving = self.is_elsewhere(answer);
        self.tag = session_description::bundle_tag(answer).map(String::from);
    }

    /// Whether the negotiation that runs, or the last one, moves the bundle.
    pub fn is_moving(&self) -> bool {
        self.is_moving
    }

    /// Whether the last own offer costs this browser its data channel.
    pub fn is_losing(&self) -> bool {
        self.is_losing
    }

    /// Whether this offer moves the bundle and has to be set before it is sent. Chromium loses its data channel when such an offer is
    /// set only after the other side has answered it (8 of 8 times in plain connections, and never when it is set first). That
    /// one is rolled back for glare, which costs nothing here, since it is never the first. Firefox loses the channel in either
    /// order when the offer is its own.
    pub fn cannot_be_held(&self, offer: &str) -> bool {
        self.is_elsewhere(offer) && !session_description::is_of_firefox(offer)
    }

    fn is_elsewhere(&self, sdp: &str) -> bool {
        let tags = self.tag.as_deref().zip(session_description::bundle_tag(sdp));
        tags.is_some_and(|(agreed, other)| agreed != other)
    }
}

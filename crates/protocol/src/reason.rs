//! The words of which messages choose one, most of them reasons. The lists may grow: a word that this version does not know keeps its text.

use crate::error_code::ErrorCode;
use alloc::string::String;
use core::fmt;

/// A list of words of the wire.
pub trait Word: Copy + PartialEq + 'static {
    /// Every word of the list.
    const ALL: &'static [Self];

    /// The word on the wire.
    fn as_str(self) -> &'static str;

    /// The word of that text; `None` for one that this version does not know.
    fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|word| word.as_str() == text).copied()
    }
}

/// A word of a list that may grow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Open<W> {
    /// A word that this version knows.
    Known(W),
    /// Another, as it was on the wire.
    Unknown(String),
}

impl<W: Word> Open<W> {
    /// The word on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(word) => word.as_str(),
            Self::Unknown(text) => text,
        }
    }
}

impl<W: Word> From<W> for Open<W> {
    fn from(word: W) -> Self {
        Self::Known(word)
    }
}

impl<W: Word> From<String> for Open<W> {
    fn from(text: String) -> Self {
        match W::parse(&text) {
            Some(word) => Self::Known(word),
            None => Self::Unknown(text),
        }
    }
}

impl<W: Word> From<&str> for Open<W> {
    fn from(text: &str) -> Self {
        W::parse(text).map_or_else(|| Self::Unknown(text.into()), Self::Known)
    }
}

impl<W: Word> PartialEq<W> for Open<W> {
    fn eq(&self, other: &W) -> bool {
        matches!(self, Self::Known(word) if word == other)
    }
}

impl<W: Word> fmt::Display for Open<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

macro_rules! words {
    ($($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)* })*) => {$(
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// The word on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl Word for $name {
            const ALL: &'static [Self] = &[$(Self::$variant,)*];

            fn as_str(self) -> &'static str {
                self.as_str()
            }
        }
    )*};
}

words! {
    /// Why a peer is no longer in a room, as `peer-left` tells it.
    LeaveReason {
        /// It left this room and is still there.
        Left = "left",
        /// It said `bye`.
        Closed = "closed",
        /// Its session ended without `bye`.
        Lost = "lost",
    }

    /// Why a peer is away, as `peer-away` tells it.
    AwayReason {
        /// Its socket ended.
        Lost = "lost",
        /// It said nothing for too long.
        Silent = "silent",
        /// It closed its socket because its page is frozen.
        Suspended = "suspended",
    }

    /// How a network maps the address and port of a client to public ones (RFC 5780 §3), as far as the client could find out.
    Mapping {
        /// To the same ones for every destination: others can reach the client there. It is proven.
        EndpointIndependent = "endpoint-independent",
        /// To other ones for another destination, as a symmetric NAT does. It is proven.
        Dependent = "dependent",
        /// It could not be found out.
        Unknown = "unknown",
        /// No UDP packet comes back.
        UdpBlocked = "udp-blocked",
    }

    /// Why a session could not be resumed, as `welcome` tells it.
    LossReason {
        /// It is not there (any more).
        SessionExpired = "session-expired",
        /// It is there, but not what the client has seen of it.
        PositionLost = "position-lost",
    }
}

impl Word for ErrorCode {
    const ALL: &'static [Self] = Self::ALL;

    fn as_str(self) -> &'static str {
        self.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_of_a_newer_server_keeps_its_text() {
        for text in ["lost", "abducted", "", "Lost"] {
            assert_eq!(Open::<AwayReason>::from(String::from(text)).as_str(), text);
        }
        assert_eq!(Open::from(String::from("lost")), LeaveReason::Lost);
        assert_ne!(Open::from(String::from("lost?")), LeaveReason::Lost);
    }
}

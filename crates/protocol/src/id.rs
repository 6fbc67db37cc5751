//! Names that travel on the wire, checked once where they enter.

use crate::limits;
use alloc::sync::Arc;
use core::fmt;

/// Why a name was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidId {
    /// It has no character.
    Empty,
    /// It is longer than its limit in [`limits`].
    TooLong,
    /// It holds a control character (U+0000–U+001F, U+007F–U+009F).
    ControlCharacter,
}

impl InvalidId {
    /// What is wrong, in words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "is empty",
            Self::TooLong => "is too long",
            Self::ControlCharacter => "holds a control character",
        }
    }
}

impl fmt::Display for InvalidId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the name {}", self.as_str())
    }
}

impl core::error::Error for InvalidId {}

fn check(text: &str, most_bytes: usize) -> Result<(), InvalidId> {
    if text.is_empty() {
        Err(InvalidId::Empty)
    } else if text.len() > most_bytes {
        Err(InvalidId::TooLong)
    } else if text.chars().any(char::is_control) {
        Err(InvalidId::ControlCharacter)
    } else {
        Ok(())
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $limit:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks `text` and takes it.
            ///
            /// # Errors
            /// [`InvalidId`] when it is empty, too long or holds a control character.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                check(text, $limit).map(|()| Self(text.into()))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// The public name of a peer. Its order is that of its UTF-8 bytes, which decides the negotiation
    /// roles; JavaScript's `<` compares UTF-16 units and differs above U+FFFF.
    PeerId, limits::PEER_ID_BYTES
}
name! {
    /// The name of a room.
    RoomName, limits::ROOM_NAME_BYTES
}
name! {
    /// A region or a capability.
    Label, limits::LABEL_BYTES
}

impl PeerId {
    /// Whether this peer is the polite one towards `other`: the lower id is impolite, so that its offer
    /// proceeds when both offer at once (W3C WebRTC, perfect negotiation).
    pub fn is_polite_towards(&self, other: &Self) -> bool {
        self.as_str().as_bytes() > other.as_str().as_bytes()
    }
}

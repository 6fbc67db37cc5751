//! Who sees whom, and what.

/// An observer, by its place.
pub type Observer = u16;
/// A guest, by its number.
pub type Guest = u32;

/// What an observer saw of a guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sight {
    /// It is in the room.
    Joined,
    /// It is away.
    Away,
    /// It is back.
    Back,
    /// It is no longer in the room; why, in the word of the wire.
    Left(String),
}

//! The words of a history.

/// A moment, in microseconds since the run began.
pub type At = u64;
/// A client, by its place in the run.
pub type Peer = u16;
/// A room, by its place in the run.
pub type Room = u16;

/// The way of a message: all messages of one way arrive in the order in which they were sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Way {
    /// The sender.
    pub from: Peer,
    /// The receiver.
    pub to: Peer,
    /// The room of a broadcast; `None` for a message to one peer.
    pub room: Option<Room>,
}

/// How a call that sent something ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The server has it in the receiver's mailbox.
    Accepted,
    /// The receiver's client has said that it has it.
    Confirmed,
    /// It was not sent, with this error code.
    Refused(String),
    /// It may have been sent or not, with this error code.
    Unknown(String),
}

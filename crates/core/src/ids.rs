//! Numbers that name things, a type for each, so that none can be taken for another.

use core::fmt;

/// Declares a type for each kind of number.
macro_rules! ids {
    ($($(#[$about:meta])* $name:ident,)+) => {$(
        $(#[$about])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, formatter)
            }
        }

        impl fmt::LowerHex for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::LowerHex::fmt(&self.0, formatter)
            }
        }

        impl From<u32> for $name {
            fn from(number: u32) -> Self {
                Self(number)
            }
        }
    )+};
}

ids! {
    /// A WebSocket that [`crate::Output::OpenSocket`] asked for.
    SocketId,
    /// An `RTCPeerConnection` that [`crate::Output::CreateConnection`] asked for, or one of a remote peer.
    /// The protocol's `connection` and `target` carry it.
    ConnectionId,
    /// An asynchronous method of one `RTCPeerConnection` that [`crate::Output::Operate`] asked for.
    OperationId,
    /// A promise of the application. The driver chooses the number; [`crate::Output::Settle`] repeats it.
    CallId,
    /// A frame of the client. The protocol's `id` and `ref` carry it, so that an answer says what it answers.
    FrameId,
    /// An offer of one connection; offers count up from 1. The protocol's `number` carries it.
    OfferNumber,
}

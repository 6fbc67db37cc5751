//! What becomes of a signal of another peer, before anything changes.
//!
//! The rules are those of `docs/protocol.md`, "Between peers". A remote peer that starts anew draws another connection id, so
//! the ids alone say which of the two connections a signal is from and which of ours it is for.

use crate::ids::ConnectionId;
use signalpost_protocol::Signal;
use signalpost_protocol::message::{Description, Route};

/// What is known of the connection to the sender of a signal.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// Our connection.
    pub own: ConnectionId,
    /// The sender's connection, once it has sent a signal from it.
    pub remote: Option<ConnectionId>,
    /// Whether an answer to our offer can still be used.
    pub awaits_answer: bool,
    /// The sender's incarnation, once data could flow on the connection.
    pub incarnation: Option<u32>,
}

/// What is done with a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It is dropped.
    Ignore,
    /// It is dropped, and the sender hears that the connection which it is for is gone; otherwise it would wait.
    RejectAsGone {
        /// The number of the description that is rejected; 0 for an `invite`.
        number: u32,
    },
    /// A connection is made for the sender, which takes the signal.
    Accept,
    /// The sender started anew: the connection to its former self is closed, and another one takes the signal.
    ReplaceAndAccept,
    /// The sender replaced its connection: so does this side, and the new connection takes the signal.
    RenewAndDeliver,
    /// The connection to the sender takes the signal.
    Deliver,
}

/// Decides what is done with a signal that has this route. `known`: the connection to its sender, if there is one. `has_room`:
/// whether another connection may be made.
pub fn decide(signal: &Signal, route: Route, known: Option<Known>, has_room: bool) -> Arrival {
    let from = ConnectionId(route.connection);
    let target = route.target.map(ConnectionId);
    let begins = matches!(signal, Signal::Offer(_) | Signal::Invite { .. });
    let is_crossed = matches!(signal, Signal::Answer(_)) && known.is_some_and(|known| known.is_crossed(from));
    if target.is_some() && (target != known.map(|known| known.own) || is_crossed) {
        return reject_as_gone(signal);
    }
    let Some(known) = known else {
        return if begins && has_room { Arrival::Accept } else { Arrival::Ignore };
    };
    match known.remote {
        Some(remote) if remote == from => Arrival::Deliver,
        Some(_) if target.is_none() && begins && known.is_same_peer(signal) => Arrival::RenewAndDeliver,
        Some(_) if target.is_none() && begins => Arrival::ReplaceAndAccept,
        // Since frames keep their order, the sender of an answer is the connection that knows ours last. And the sender of a
        // `reject` may have no connection.
        Some(_) if target.is_some() && matches!(signal, Signal::Reject { .. } | Signal::Answer(_)) => {
            Arrival::Deliver
        }
        Some(_) => Arrival::Ignore,
        // Only an offer or an invite can be from a connection that was never heard of and does not know ours.
        None if target.is_none() && !begins => Arrival::Ignore,
        None => Arrival::Deliver,
    }
}

impl Known {
    /// Whether a signal that begins is of the incarnation to which data could flow.
    fn is_same_peer(self, signal: &Signal) -> bool {
        let (Signal::Offer(Description { session, .. }) | Signal::Invite { session, .. }) = signal else {
            return false;
        };
        session.is_some() && *session == self.incarnation
    }

    /// Whether an answer from this connection crossed the offer of another one, which was taken up meanwhile.
    fn is_crossed(self, from: ConnectionId) -> bool {
        self.remote.is_some_and(|remote| remote != from) && !self.awaits_answer
    }
}

/// The sender of a description or an `invite` waits for what comes of it; of anything else it does not.
fn reject_as_gone(signal: &Signal) -> Arrival {
    match signal {
        Signal::Offer(Description { number, .. }) | Signal::Answer(Description { number, .. }) => {
            Arrival::RejectAsGone { number: *number }
        }
        Signal::Invite { .. } => Arrival::RejectAsGone { number: 0 },
        _ => Arrival::Ignore,
    }
}

#[cfg(test)]
#[path = "arrival_tests.rs"]
mod tests;

//! What every step of the rooms has at hand.

use super::steps::RoomSteps;
use crate::engine::Mail;
use crate::redis::error::StoreError;
use crate::redis::local::{Owned, Taken};
use crate::redis::mailbox;
use crate::redis::node::Node;
use crate::redis::seats::{Book, Member, Seat};
use futures_util::future::join_all;
use metrics::counter;
use signalpost_protocol::{RoomName, SequenceNumber};
use std::sync::{Arc, MutexGuard};

/// The rooms, as one step of one node sees them. The time counts only where callers tell it.
#[derive(Clone, Copy)]
pub(super) struct Rooms<'a> {
    pub(super) node: &'a Arc<Node>,
    pub(super) now: u64,
}

impl<'a> Rooms<'a> {
    pub(super) fn here(&self) -> MutexGuard<'a, Book> {
        self.node.rooms.lock()
    }

    pub(super) fn steps(&self) -> RoomSteps<'a> {
        RoomSteps { node: self.node, now: self.now }
    }

    pub(super) fn member(&self, owned: &Owned) -> Option<Arc<Member>> {
        self.here().by_seal(&owned.id, &owned.seal)
    }

    /// Returns the seat of a member in a room, with its text. A session with a seat that cannot be read ends with the next
    /// command or sweep of this node: its client begins another.
    ///
    /// # Errors
    /// [`StoreError::Malformed`] when the text is none of a seat.
    pub(super) fn seat(
        &self,
        member: &Member,
        room: &RoomName,
    ) -> Result<Option<(String, Seat)>, StoreError> {
        member.seat(room).inspect_err(|_| self.node.overflow(member.peer.clone(), member.session))
    }

    /// Hands mail that is in the mailbox to the socket.
    pub(super) async fn deliver(
        &self,
        seal: &str,
        era: &str,
        mails: impl Iterator<Item = (SequenceNumber, Arc<Mail>)> + Send,
    ) {
        let mut is_missing = false;
        for (seq, mail) in mails {
            is_missing |= self.node.local.take(seal, era, seq, mail) == Taken::Gap;
        }
        if is_missing {
            mailbox::fetch(self.node, self.now, seal).await;
        }
    }
}

/// Waits for the end of all these steps, and returns the first error. No step is dropped on the way: each may be delivering
/// mail.
pub(super) async fn all<T>(
    steps: impl IntoIterator<Item = impl Future<Output = Result<T, StoreError>>>,
) -> Result<Vec<T>, StoreError> {
    join_all(steps).await.into_iter().collect()
}

/// Returns the name of the field of a session's seat in a room.
pub(super) fn seat_field(room: &RoomName) -> String {
    format!("room:{room}")
}

/// Leaves to a later look what was not the command's own step: the room finds who does not know its version.
pub(super) fn later(told: Result<(), StoreError>) {
    if let Err(error) = told {
        counter!("signalpost_redis_untold_total", "kind" => error.label()).increment(1);
        tracing::warn!(%error, "a member was not told the news of its rooms");
    }
}

//! What every step of the rooms has at hand.

use super::steps::RoomSteps;
use crate::engine::Mail;
use crate::redis::error::StoreError;
use crate::redis::local::{Owned, Taken};
use crate::redis::mailbox;
use crate::redis::node::Node;
use crate::redis::region::Region;
use crate::redis::seats::{Book, Member, Seat};
use futures_util::future::join_all;
use metrics::counter;
use signalpost_protocol::{RoomName, SequenceNumber};
use std::sync::{Arc, MutexGuard};

/// The parts of the rooms that lie in one region, as one step of one node sees them. The time counts only where callers tell it.
#[derive(Clone, Copy)]
pub(super) struct Rooms<'a> {
    pub(super) node: &'a Arc<Node>,
    pub(super) now: u64,
    /// Whether the step waits for the region; otherwise it goes on without.
    is_patient: bool,
}

impl<'a> Rooms<'a> {
    /// Takes a step for which the region is needed.
    pub(super) const fn new(node: &'a Arc<Node>, now: u64) -> Self {
        Self { node, now, is_patient: true }
    }

    /// Takes a step in another region, for a session that goes on without.
    pub(super) const fn beside(node: &'a Arc<Node>, now: u64) -> Self {
        Self { node, now, is_patient: false }
    }

    /// Takes a step of a member in the parts that lie in a region.
    pub(super) fn of(node: &'a Arc<Node>, now: u64, home: Region) -> Self {
        Self { node, now, is_patient: node.region == home }
    }

    /// Returns the node as it works on a region.
    pub(super) fn at(&self, region: Region) -> Result<Arc<Node>, StoreError> {
        if region == self.node.region { Ok(Arc::clone(self.node)) } else { self.node.at(region) }
    }

    /// Returns the node as it works on every region, this one first.
    pub(super) fn parts(&self) -> Vec<Arc<Node>> {
        std::iter::once(Arc::clone(self.node)).chain(self.node.elsewhere()).collect()
    }

    pub(super) fn here(&self) -> MutexGuard<'a, Book> {
        self.node.rooms.lock()
    }

    /// Whether a step for a session that lies in the region of `home` waits for that region.
    pub(super) fn waits_for(&self, home: &Node) -> bool {
        home.region == Region::OWN || (home.region == self.node.region && self.is_patient)
    }

    pub(super) fn steps(&self) -> RoomSteps<'a> {
        RoomSteps { node: self.node, now: self.now, is_patient: self.is_patient }
    }

    pub(super) fn member(&self, owned: &Owned) -> Option<Arc<Member>> {
        self.here().by_seal(&owned.id, &owned.seal)
    }

    /// Returns the seat of a member in this part of a room, with its text. A session with a seat that cannot be read ends with the
    /// next command or sweep of this node: its client begins another.
    ///
    /// # Errors
    /// [`StoreError::Malformed`] when the text is none of a seat.
    pub(super) fn seat(
        &self,
        member: &Member,
        room: &RoomName,
    ) -> Result<Option<(String, Seat)>, StoreError> {
        member.seat(self.node.region, room).inspect_err(|_| {
            if let Ok(home) = self.at(member.region) {
                home.overflow(member.peer.clone(), member.session);
            }
        })
    }

    /// Hands mail that is in the mailbox of a session of this region to its socket.
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

/// Leaves to a later look what was not the command's own step: the room finds who does not know its version.
pub(super) fn later(told: Result<(), StoreError>) {
    if let Err(error) = told {
        counter!("signalpost_redis_untold_total", "kind" => error.label()).increment(1);
        tracing::warn!(%error, "a member was not told the news of its rooms");
    }
}

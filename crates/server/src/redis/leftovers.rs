//! What is left to do for a session beside its commands. Redis has it written down until it is done.

use super::error::StoreError;
use super::reply::Fields;
use signalpost_protocol::{PeerId, SequenceNumber};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;

/// A receipt that is due: the mail with this number was acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Receipt {
    pub(super) seq: SequenceNumber,
    pub(super) sender: PeerId,
    pub(super) session: u64,
    pub(super) reference: u32,
}

impl Receipt {
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('\n');
        Some(Self {
            seq: SequenceNumber(parts.next()?.parse().ok()?),
            sender: PeerId::parse(parts.next()?).ok()?,
            session: parts.next()?.parse().ok()?,
            reference: parts.next()?.parse().ok()?,
        })
    }

    /// Writes it as the scripts do.
    pub(super) fn write(&self) -> String {
        format!("{}\n{}\n{}\n{}", self.seq.0, self.sender.as_str(), self.session, self.reference)
    }
}

/// Reads the receipts that are due.
pub(super) fn receipts(mut fields: Fields) -> Result<Vec<Receipt>, StoreError> {
    let mut receipts = Vec::new();
    while !fields.is_empty() {
        receipts.push(Receipt::read(&fields.text()?).ok_or_else(|| fields.malformed())?);
    }
    Ok(receipts)
}

/// What a script has found left to do for a peer.
#[derive(Debug)]
pub(super) struct Leftovers {
    /// The number of the session that owes the receipts.
    pub(super) session: u64,
    pub(super) receipts: Vec<Receipt>,
    /// Earlier sessions of the peer have ended, and not everybody knows.
    pub(super) graves: bool,
}

/// Peers for which something is done at once.
const AT_ONCE: usize = 256;

/// The peers for which a task of this node does what is left, and what was found since it began.
#[derive(Debug)]
pub(super) struct Settling {
    peers: Mutex<HashMap<PeerId, Option<Leftovers>>>,
    /// Bounds how many of these tasks act at once. It is never closed.
    pub(super) permits: Semaphore,
}

impl Default for Settling {
    fn default() -> Self {
        Self { peers: Mutex::default(), permits: Semaphore::new(AT_ONCE) }
    }
}

impl Settling {
    fn peers(&self) -> MutexGuard<'_, HashMap<PeerId, Option<Leftovers>>> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins with what is left for a peer, and returns it. While a task does something for this peer it waits for that task.
    pub(super) fn begin(&self, id: &PeerId, leftovers: Leftovers) -> Option<Leftovers> {
        let mut peers = self.peers();
        let Some(waiting) = peers.get_mut(id) else {
            peers.insert(id.clone(), None);
            return Some(leftovers);
        };
        // Scripts return everything that is left: what was found before is among it.
        *waiting = Some(leftovers);
        None
    }

    /// Returns what a task goes on with; `None`: it ends.
    pub(super) fn next(&self, id: &PeerId) -> Option<Leftovers> {
        let mut peers = self.peers();
        let waiting = peers.get_mut(id)?.take();
        if waiting.is_none() {
            peers.remove(id);
        }
        waiting
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_task_of_a_peer_takes_what_was_found_last() {
        let settling = Settling::default();
        let found = |session| Leftovers { session, receipts: Vec::new(), graves: true };
        let (ada, bob) = (PeerId::parse("ada").unwrap(), PeerId::parse("bob").unwrap());
        let number = |left: Option<Leftovers>| left.map(|left| left.session);
        assert_eq!(number(settling.begin(&ada, found(1))), Some(1));
        assert_eq!(number(settling.begin(&ada, found(2))), None);
        assert_eq!(number(settling.begin(&ada, found(3))), None);
        assert_eq!(number(settling.begin(&bob, found(4))), Some(4));
        assert_eq!(number(settling.next(&ada)), Some(3));
        assert_eq!(number(settling.next(&ada)), None);
        assert_eq!(number(settling.begin(&ada, found(5))), Some(5), "the task has ended");
    }
}

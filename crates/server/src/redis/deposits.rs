//! What this node has put into mailboxes of late. Redis confirms a write before its replicas have it: when one of them takes its
//! place, mail that a sender was told of may be gone, and neither side would hear of it.

use super::leftovers::Receipt;
use signalpost_protocol::{PeerId, SequenceNumber};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long a node stands for the mail: no replica that may take the place of its primary lacks more than that.
const KEPT: Duration = Duration::from_secs(60);
/// Most deposits that are kept: beyond that the oldest are forgotten.
const MAX: usize = 16_384;

/// Mail of this node in one mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Deposit {
    /// The receiver.
    pub(super) to: PeerId,
    /// The number of the receiver's session.
    pub(super) session: u64,
    /// The era in which it was put there.
    pub(super) era: Arc<str>,
    /// Its number there; of several the highest.
    pub(super) top: SequenceNumber,
    /// The receipts that its senders want.
    pub(super) receipts: Vec<Receipt>,
    at: Instant,
}

impl Deposit {
    /// A deposit that was made just now.
    pub(super) fn new(
        to: &PeerId,
        session: u64,
        era: &str,
        top: SequenceNumber,
        receipt: Option<Receipt>,
    ) -> Self {
        let receipts = receipt.into_iter().collect();
        Self { to: to.clone(), session, era: era.into(), top, receipts, at: Instant::now() }
    }
}

/// The deposits of the last minute, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Deposits(Mutex<VecDeque<Deposit>>);

impl Deposits {
    fn all(&self) -> MutexGuard<'_, VecDeque<Deposit>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a deposit.
    pub(super) fn note(&self, mut deposit: Deposit) {
        let mut all = self.all();
        if let Some(last) = all.back().filter(|last| last.era == deposit.era) {
            deposit.era = Arc::clone(&last.era);
        }
        if all.len() >= MAX {
            all.pop_front();
        }
        all.push_back(deposit);
    }

    /// Forgets what is old, and returns one deposit of each era.
    pub(super) fn samples(&self, now: Instant) -> Vec<Deposit> {
        let mut all = self.all();
        while all.front().is_some_and(|oldest| now.saturating_duration_since(oldest.at) >= KEPT) {
            all.pop_front();
        }
        let samples: BTreeMap<&str, &Deposit> = all.iter().map(|deposit| (&*deposit.era, deposit)).collect();
        samples.into_values().cloned().collect()
    }

    /// Takes the deposits of an era, those in one mailbox together, their receipts in the order of the mail.
    pub(super) fn take(&self, era: &str) -> Vec<Deposit> {
        let mut all = self.all();
        let mut taken: BTreeMap<(PeerId, u64), Deposit> = BTreeMap::new();
        for deposit in std::mem::take(&mut *all) {
            if *deposit.era != *era {
                all.push_back(deposit);
                continue;
            }
            let key = (deposit.to.clone(), deposit.session);
            match taken.get_mut(&key) {
                Some(same) => {
                    same.top = same.top.max(deposit.top);
                    same.receipts.extend(deposit.receipts);
                }
                None => {
                    taken.insert(key, deposit);
                }
            }
        }
        let in_order = |mut deposit: Deposit| {
            deposit.receipts.sort_by_key(|receipt| receipt.seq);
            deposit
        };
        taken.into_values().map(in_order).collect()
    }

    /// Puts back what was taken: it could not be looked at.
    pub(super) fn put_back(&self, deposit: Deposit) {
        let mut all = self.all();
        if all.len() < MAX {
            all.push_front(deposit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deposit(to: &str, era: &str, top: u32) -> Deposit {
        let sender = PeerId::parse("eve").unwrap();
        let receipt = Receipt { seq: SequenceNumber(top), sender, session: 1, reference: top };
        Deposit::new(&PeerId::parse(to).unwrap(), 7, era, SequenceNumber(top), Some(receipt))
    }

    #[test]
    fn the_deposits_of_an_era_are_taken_together() {
        let deposits = Deposits::default();
        for (to, era, top) in [("ada", "a", 1), ("bob", "b", 5), ("ada", "a", 2), ("cleo", "a", 9)] {
            deposits.note(deposit(to, era, top));
        }
        let samples = deposits.samples(Instant::now());
        let eras: Vec<_> = samples.into_iter().map(|sample| sample.era.to_string()).collect();
        assert_eq!(eras, ["a", "b"]);
        let taken = deposits.take("a");
        let said = taken.iter().map(|it| (it.to.as_str(), it.top.0, it.receipts.len())).collect::<Vec<_>>();
        assert_eq!(said, [("ada", 2, 2), ("cleo", 9, 1)]);
        assert_eq!(deposits.take("a"), []);
        taken.into_iter().for_each(|deposit| deposits.put_back(deposit));
        assert_eq!((deposits.take("a").len(), deposits.take("b").len()), (2, 1));
    }

    #[test]
    fn old_deposits_are_forgotten_and_so_are_those_beyond_the_bound() {
        let deposits = Deposits::default();
        let first = deposit("ada", "a", 1);
        let begun = first.at;
        deposits.note(first);
        deposits.note(Deposit { at: begun + Duration::from_secs(1), ..deposit("bob", "b", 1) });
        let samples = |after| deposits.samples(begun + after).len();
        assert_eq!(samples(KEPT - Duration::from_millis(1)), 2);
        assert_eq!((samples(KEPT), deposits.all().len()), (1, 1));
        (0..=MAX).for_each(|_| deposits.note(deposit("cleo", "c", 1)));
        assert_eq!((samples(KEPT), deposits.all().len()), (1, MAX));
    }
}

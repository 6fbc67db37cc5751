//! What a node notes about a region of its mesh.

use super::deposits::Deposits;
use super::distance::Distance;
use super::doubts::Doubts;
use signalpost_protocol::PeerId;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64};

/// What a node notes about one region.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) distance: Distance,
    /// Sessions elsewhere that began while the region did not answer.
    pub(super) doubts: Doubts,
    /// The time of the next sweep, in milliseconds, where the region is not the node's own.
    pub(super) next_sweep: AtomicU64,
    /// Whether it is being swept.
    pub(super) is_swept: AtomicBool,
    /// How many sessions its store had when it was last counted.
    pub(super) sessions: AtomicU64,
    /// Sessions, by their numbers, whose mailbox could not take an answer: they end with the command.
    pub(super) overflowed: Mutex<BTreeSet<(PeerId, u64)>>,
    /// What it has put into mailboxes there of late.
    pub(super) deposits: Deposits,
}

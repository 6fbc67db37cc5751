//! What a node notes about a region of its mesh.

use super::distance::Distance;
use super::doubts::Doubts;
use std::sync::atomic::{AtomicBool, AtomicU64};

/// What a node notes about one region.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) distance: Distance,
    /// Sessions elsewhere that began while the region did not answer.
    pub(super) doubts: Doubts,
    /// Before this time the region is not swept again, in milliseconds, if it is another's.
    pub(super) next_sweep: AtomicU64,
    /// Whether it is being swept.
    pub(super) is_swept: AtomicBool,
}

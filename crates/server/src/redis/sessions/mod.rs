//! The sessions: claims, frames, signs of life, absences and ends.

pub(super) mod beat;
#[cfg(test)]
mod beat_tests;
pub(super) mod claim;
pub(super) mod commit;
pub(super) mod detach;
pub(super) mod frame;
mod grave;
pub(super) mod lost;
mod receipts;
mod settle;
mod stored;
pub(super) mod unique;

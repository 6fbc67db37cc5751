//! One session: its peer (`registration`), its keys, its two streams (`frames` in, `mailbox` out) and when it ends
//! (`deadlines`). `store` counts all mailboxes together. `claim_decision` decides which session a claim gets.
//!
//! Apart from `registration` and `store` these are values that know nothing of the registry; an engine with a store of its own
//! keeps to the same rules by using them.

pub(crate) mod claim_decision;
pub(crate) mod deadlines;
pub(crate) mod frames;
pub(crate) mod keys;
pub(crate) mod mailbox;
pub(crate) mod registration;
pub(crate) mod store;

#[cfg(test)]
mod absence_tests;
#[cfg(test)]
mod delivery_tests;
#[cfg(test)]
mod mailbox_tests;
#[cfg(test)]
pub(crate) mod session_tests;
#[cfg(test)]
mod version_1_tests;

//! The registry: which peers there are, with their sessions, leases and rooms. It is sans-IO, and the state of the memory engine.
//!
//! A session is connected as long as its lease lasts, which every command of its socket renews. Without a socket a session is
//! away until its window ends. A session ends in one place ([`Registry`]'s `remove`), whatever the cause, so each
//! stay in a room ends with at most one notice to each member. Peers of version 1 have no mailbox and are never away: their
//! registration ends with their socket. Members of version 1 get the absence of another peer as `peer-left` and its return as
//! `peer-joined`, as they always did.
//!
//! The files from the ground up: `index`, `labels`, `deadlines`, `mailbox`, `keys`, `frames`, `marks` and `presence` are values
//! of their own; `registration` is one peer with its session; `state` holds them all; `execute`, `claim` (which acts as
//! `claim_decision` decides), `session_end`, `rooms`, `post`, `spread`, `discovery` and `sweep` are what commands and time do.

mod allowance;
mod bounds;
mod claim;
mod claim_decision;
mod deadlines;
mod discovery;
mod execute;
mod frames;
mod index;
mod keys;
mod labels;
mod mailbox;
mod marks;
mod post;
mod presence;
mod refused;
mod registration;
mod rooms;
mod session_end;
mod spread;
mod state;
mod store;
mod sweep;
mod turns;
mod work;

pub use bounds::Bounds;
#[cfg(feature = "redis")]
pub(crate) use claim_decision::{Decision, Farewell, Holder, HolderState, KeyFit, decide};
#[cfg(feature = "redis")]
pub(crate) use frames::Frames;
#[cfg(feature = "redis")]
pub(crate) use keys::Keys;
pub use state::Registry;
pub use turns::Pace;

#[cfg(test)]
mod absence_tests;
#[cfg(test)]
mod crowd_tests;
#[cfg(test)]
mod crowd_world_tests;
#[cfg(test)]
mod delivery_tests;
#[cfg(test)]
mod listing_tests;
#[cfg(test)]
mod mailbox_tests;
#[cfg(test)]
mod picture_tests;
#[cfg(test)]
mod session_tests;
#[cfg(test)]
mod version_1_tests;
#[cfg(test)]
mod world_tests;

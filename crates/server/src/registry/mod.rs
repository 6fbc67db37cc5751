//! The registry: which peers there are, with their sessions, leases and rooms. It is sans-IO, and the state of the memory engine.
//!
//! A session is connected as long as its lease lasts, which every command of its socket renews. Without a socket a session is
//! away until its window ends. A session ends in one place ([`Registry`]'s `remove`), whatever the cause, so each
//! stay in a room ends with at most one notice to each member. Peers of version 1 have no mailbox and are never away: their
//! registration ends with their socket. Members of version 1 get the absence of another peer as `peer-left` and its return as
//! `peer-joined`, as they always did.
//!
//! From the ground up: `sessions`, `rooms` and `listing` are values of their own; `state` holds them all, within its `bounds`,
//! and counts the `work`; `commands` is what commands and time do to the state.

mod bounds;
mod commands;
mod listing;
pub(crate) mod rooms;
pub(crate) mod sessions;
mod state;
mod work;

pub use bounds::Bounds;
pub use rooms::turns::Pace;
pub use state::Registry;

#[cfg(test)]
mod picture_tests;
#[cfg(test)]
mod world_tests;

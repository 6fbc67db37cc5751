//! Who is there: peers, their sessions, their leases and their rooms. Sans-IO; the state of the memory engine.
//!
//! A session is connected as long as its lease, which every command of its socket renews. Without a socket it
//! is away until its window ends. It ends in one place, [`Registry::remove`](Registry), whatever the cause, so that each
//! stay in a room ends with at most one notice to each member. Peers of version 1 have no mailbox and are never away: their socket
//! and their registration end together, and members of that version hear of the others' absences as they always
//! have, as `peer-left` and `peer-joined`.

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

//! The sessions of this node in their rooms: what a session's hash keeps of a room, and what the node knows of its own members.

mod here;
#[cfg(test)]
mod here_tests;
mod member;
mod seat;
mod spending;
mod target;

pub(super) use here::{Book, Here};
pub(super) use member::{Member, Seats};
pub(super) use seat::{Known, MAX_AHEAD, Seat};
pub(super) use target::Target;

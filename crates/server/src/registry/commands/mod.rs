//! What commands and time do to the [`Registry`](super::Registry). `execute` takes every command; `claim` acts as
//! `claim_decision` decides; `session_end`, `rooms`, `post`, `spread` (notices to the members of a room) and `discovery` (lists)
//! are the parts of a command; `sweep` is what time makes due. `refused` says why a command changes nothing.

mod claim;
mod describe;
pub(super) mod discovery;
mod execute;
mod post;
mod refused;
mod rooms;
mod session_end;
mod spread;
mod sweep;

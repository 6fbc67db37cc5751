//! The load: clients that send to each other, and enter and leave rooms.

mod acting;
mod cast;
mod listener;
mod names;
mod payload;
mod stays;

pub use cast::Cast;
pub use names::Names;

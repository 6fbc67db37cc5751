//! The candidates of one connection: the own ones on their way out, and those of the other side.

pub mod hidden_names;
pub mod incoming;
mod networks;
pub mod order;
pub mod outgoing;
mod places;
pub mod selection;

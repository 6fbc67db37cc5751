//! What a negotiation remembers, a room for each thing.

pub mod bundle;
pub mod excess;
pub mod gathering;
pub mod own_offers;
pub mod remote_offers;
pub mod wish;

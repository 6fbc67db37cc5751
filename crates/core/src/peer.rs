//! Remote peers: the connection to each, its negotiation, and its candidates both ways.

mod arrival;
pub mod candidates;
pub mod directory;
mod effects;
mod ladder;
mod negotiation;
pub mod own;
pub mod peers;
mod remote_peer;
pub mod timeline;

//! Remote peers: the connection to each, its negotiation, and its candidates both ways.

pub mod candidates;
pub mod effects;
pub mod negotiation;
pub mod peers;
pub mod remote_peer;
pub mod resend;
pub mod timeline;

//! What is sent and received once and in order, from one socket to the next.

pub mod outbox;

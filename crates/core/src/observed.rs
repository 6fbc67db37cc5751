//! What the browser's own events mean to the client. A driver reads an event's fields, asks here, and gives the answer to
//! [`crate::Client::handle_input`].

pub mod candidates;
pub mod page_life;
pub mod sleep;
pub mod socket_policy;

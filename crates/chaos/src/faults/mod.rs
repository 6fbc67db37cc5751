//! What happens to the sockets of the clients, to the servers and to their store.

mod clients;
mod deck;
mod servers;
mod tally;

pub use clients::trouble_clients;
pub use servers::{Limits, Word, trouble_servers};
pub use tally::Tally;

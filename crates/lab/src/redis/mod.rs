//! One Redis server.

mod certificates;
mod options;
mod server;

pub use certificates::Certificates;
pub use options::RedisOptions;
pub use server::{Clients, Data, RedisServer};
pub(crate) use server::{PASSWORD, USER};

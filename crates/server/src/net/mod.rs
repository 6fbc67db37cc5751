//! The listener: sockets, HTTP, metrics, logs and shutdown around the sans-IO part.
//!
//! One task per socket owns its session, its WebSocket and its bounded inbox; nothing is shared but the
//! engine. A step of the task is: do what the session asks, then wait for one event. A connection stays on one thread.

mod admission;
mod audit;
mod audit_api;
mod clock;
mod counters;
mod files;
mod http;
mod http_stream;
mod inbox;
mod listener;
mod log;
mod milliseconds;
mod options;
#[cfg(feature = "redis")]
mod redis_options;
mod server;
mod shared;
mod socket;
mod socket_task;
mod sweeper;
mod upgrade;
mod workers;

pub use log::start as start_log;
pub use milliseconds::Milliseconds;
pub use options::{AuditOptions, LogFormat, LogLevel, LogOptions, Options, StopOptions};
#[cfg(feature = "redis")]
pub use redis_options::RedisOptions;
pub use server::{Server, StartError};

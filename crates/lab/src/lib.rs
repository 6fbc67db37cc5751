//! The laboratory: real processes on loopback for the tests of the signaling server.
//!
//! Each value of this crate owns processes on ports and in folders of its own, and ends them when it is dropped. A test that panics
//! drops its values. A test process that is killed leaves nothing either: a shell waits for the end of the test process and then kills
//! what the test process has started (`guard.rs`).
//!
//! Every wait here is a wait for a condition, with a deadline.
#![cfg(unix)]
#![forbid(unsafe_code)]

mod balancer;
mod cluster;
mod deadline;
mod failure;
mod folder;
mod guard;
mod http;
mod node;
mod port;
mod process;
mod program;
mod proxied;
mod proxy;
mod redis;
mod resp;
mod sentinel;

pub use balancer::LoadBalancer;
pub use cluster::RedisCluster;
pub use deadline::Deadline;
pub use failure::Failure;
pub use http::{HttpAnswer, get};
pub use node::{NodeOptions, ServerNode, WaitFor, built_server};
pub use program::RedisProgram;
pub use proxied::ProxiedRedis;
pub use proxy::{Fault, FaultProxy, Which};
pub use redis::{Certificates, Clients, Data, RedisOptions, RedisServer};
pub use resp::{Connection, Reply};
pub use sentinel::{Sentinel, SentinelGroup};

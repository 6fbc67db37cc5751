//! The Signalpost client without I/O.
//!
//! # The law
//! The core is told. A driver calls [`Client::handle_input`] with the time and what happened, then drains
//! [`Client::poll_output`] and does each thing it is asked, then asks [`Client::poll_timeout`] when to come
//! back with [`Input::Timeout`]. The core never reads a clock, never draws randomness (it is given a seed),
//! never does I/O and never panics on what comes from outside. Times are milliseconds of one monotonic clock.
#![cfg_attr(not(test), no_std)]
#![allow(clippy::single_char_add_str, reason = "String::push brings the encoding of UTF-8 into the module")]

extern crate alloc;

mod calls;
mod client;
mod collections;
pub mod config;
mod deadline;
mod ids;
pub mod input;
mod link;
pub mod observed;
pub mod output;
mod peer;
mod rng;
mod rooms;
mod stream;

pub use client::Client;
pub use collections::queue::Queue;
pub use config::{CandidateOptions, Config, ReconnectOptions};
pub use ids::{CallId, ConnectionId, OperationId, SocketId};
pub use input::{
    Command, ConnectionEvent, ConnectionState, Description, Input, Outcome, PageEvent, Receiver, SdpType,
    SignalingState, SocketEvent,
};
pub use link::backoff::ReconnectPolicy;
pub use output::{ClientState, Event, Failure, Operation, Output, Reason, Reply, TimerName};
pub use peer::timeline::Timeline;
pub use rng::Rng;
pub use signalpost_protocol as protocol;

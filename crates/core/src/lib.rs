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
mod candidate_batch;
mod client;
pub mod config;
mod delivery;
mod directory;
mod earliest;
mod effects;
mod hidden_names;
pub mod input;
mod letters;
mod negotiation;
pub mod output;
mod own_candidates;
mod peer;
mod peers;
mod queue;
mod reconnect_policy;
mod remote_candidates;
mod requests;
mod resend;
mod rng;
mod rooms;
mod session;
mod table;
mod timeline;

pub use client::Client;
pub use config::{CandidateOptions, Config, ReconnectOptions};
pub use input::{
    Command, ConnectionEvent, ConnectionState, Description, Input, Outcome, PageEvent, Receiver, SdpType,
    SignalingState, SocketEvent,
};
pub use output::{ClientState, Event, Failure, Operation, Output, Reason, Reply, TimerName};
pub use queue::Queue;
pub use reconnect_policy::ReconnectPolicy;
pub use rng::Rng;
pub use signalpost_protocol as protocol;
pub use timeline::Timeline;

//! The Signalpost client without I/O.
//!
//! # The law
//! The core only takes inputs. A driver calls [`Client::handle_input`] with the time and what happened, then drains
//! [`Client::poll_output`] and does each thing that the core asks for, then asks [`Client::poll_timeout`] when to come
//! back with [`Input::Timeout`]. The core never reads a clock, never draws randomness (it is given a seed),
//! never does I/O and never panics on what comes from outside. Times are milliseconds of one monotonic clock.
//!
//! `examples/two_clients.rs` drives two cores and the server's sans-IO part in one process.
//!
//! # The tree
//! - `client/` hands each input to the part that it concerns, and holds what the application waits for;
//! - `link/` has one socket after another: opening, registering, watching, losing and regaining them;
//! - `stream/` has the numbers of a session: what is sent and received once and in order, from one socket to the next;
//! - `rooms` knows who is in the rooms of the client;
//! - `peer/` has the connection to each remote peer: its negotiation, its candidates both ways, its timers;
//! - `topology/` finds out how the own network maps addresses, and what that means for a pair.
//!
//! `client` uses all of them, `link` uses `stream`, `peer` uses `topology`, and no other of them uses another.
#![cfg_attr(not(test), no_std)]
#![allow(clippy::single_char_add_str, reason = "String::push brings the encoding of UTF-8 into the module")]

extern crate alloc;

mod calls;
mod census;
mod client;
mod collections;
pub mod config;
mod context;
mod deadline;
mod failure;
mod ids;
pub mod input;
mod link;
mod network;
pub mod observed;
pub mod output;
mod peer;
mod rng;
mod rooms;
mod stream;
mod time;
mod topology;
mod trace;

pub use census::{Census, ErrorCount, Kinds, Side};
pub use client::Client;
pub use collections::queue::Queue;
pub use config::{CandidateOptions, Config, IceServers, ReconnectOptions};
pub use deadline::TimerName;
pub use failure::{Failure, FailureDetails};
pub use ids::{CallId, ConnectionId, OperationId, SocketId};
pub use input::{
    Command, ConnectionEvent, ConnectionState, Description, Input, Outcome, PageEvent, Receiver, SdpType,
    SignalingState, SocketEvent,
};
pub use link::backoff::Backoff;
pub use network::{Evidence, Verdict};
pub use output::{ClientState, Event, Operation, Output, Reply};
pub use peer::timeline::Timeline;
pub use rng::Rng;
pub use signalpost_protocol as protocol;
pub use topology::outlook::Outlook;
pub use trace::Trace;

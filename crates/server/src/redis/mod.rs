//! The engine of many nodes: everything that a session is lies in Redis, and any node serves any client.
//!
//! # Mailbox and doorbell
//! The mailbox of a session is a stream in Redis; it is the truth. A script that puts mail into it rings the node that owns the
//! session, over Pub/Sub, and hands the mail over with the bell. The node delivers it if it is the next; otherwise it fetches
//! what is missing. So a bell that is lost costs time and nothing else: the next bell, the next command of the client or the next
//! sign of life finds what it was for.
//!
//! # One step, one script
//! Everything about one session is in one hash slot, so each step is one script. Whatever touches two sessions is written
//! down at the first, done at the second once (by the number of its source), and then crossed out: the node that finds it written
//! goes on with it.
//!
//! # Seals
//! The node draws a seal for each claim that it grants. Scripts of an owner compare it, so a node that slept, or was cut off,
//! changes nothing once another has the session.
//!
//! # Files
//! From the ground up: `error`, `reply`, `keys`, `region`, `codec`, `scripts`, `call`, `config`, `connect`, `store` and `bell` are
//! values and the way to Redis; `proof` and `local` are what the sockets of this node own, `leftovers` what is to be done beside
//! their commands, `renewals` what the agenda does not know yet, `health` what went wrong last; `node` is what all steps share.
//! `agenda` and `mailbox` are used by all that follows: `rooms` and `discovery`, `sessions`, and on top `sweep`, `listener` and
//! `engine`. `audit` is a store of its own beside all of it, over the same way to Redis.

mod agenda;
#[cfg(test)]
mod agenda_tests;
mod audit;
mod bell;
mod call;
mod codec;
mod config;
mod connect;
mod deposits;
mod discovery;
mod distance;
mod doubts;
mod engine;
mod error;
mod find;
mod guard;
mod health;
mod keys;
mod leftovers;
mod listener;
mod listing;
mod local;
#[cfg(test)]
mod local_tests;
mod mailbox;
#[cfg(test)]
mod mailbox_tests;
mod node;
mod notes;
mod pages;
mod presence;
mod proof;
mod region;
mod regional;
mod regions;
mod renewals;
mod reply;
mod rooms;
mod scripts;
mod seats;
mod sessions;
mod store;
mod sweep;
mod whereabouts;

pub use audit::RedisAuditStore;
pub use config::{Clock, Config, Topology};
pub use engine::RedisEngine;
pub use error::StoreError;
pub use regions::Regions;

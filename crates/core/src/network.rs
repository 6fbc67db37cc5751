//! How the own network maps addresses, as the application hears it.

use alloc::{string::String, vec::Vec};
use signalpost_protocol::Mapping;

/// How the own network maps addresses, and why that is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The mapping.
    pub mapping: Mapping,
    /// What it rests on.
    pub evidence: Evidence,
}

/// What a verdict rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// How many STUN servers are set that surely have different addresses.
    pub stun_addresses: u32,
    /// How many different public addresses and ports they saw.
    pub server_reflexive: u32,
    /// Host candidates over UDP.
    pub hosts: u32,
    /// Relayed candidates.
    pub relayed: u32,
    /// The servers that did not answer, or refused, as the browser reported them (`icecandidateerror`): URL and code.
    pub errors: Vec<(String, u16)>,
    /// Whether the browser has found everything.
    pub is_complete: bool,
}

//! What a connection holds, by concept.

use super::description::{Applied, SessionText};
use super::timings::Milliseconds;
use super::transceiver::Transceiver;
use super::waiting::{Operation, Task};
use std::collections::{BTreeMap, VecDeque};

/// The clock, and the tasks that come later, in the order in which they were scheduled.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    pub now: Milliseconds,
    pub tasks: BTreeMap<(Milliseconds, u64), Task>,
    pub next_task: u64,
}

/// The operations chain, and `negotiationneeded`, which waits for it.
#[derive(Debug, Default)]
pub(super) struct Operations {
    pub chain: VecDeque<Operation>,
    pub update_on_empty_chain: bool,
    pub negotiation_needed: bool,
}

/// The descriptions, and what a rollback and the next offer need beside them.
#[derive(Debug, Default)]
pub(super) struct Descriptions {
    pub current_local: Option<Applied>,
    pub pending_local: Option<Applied>,
    pub current_remote: Option<Applied>,
    pub pending_remote: Option<Applied>,
    /// The transceivers as they were when the connection left `stable`.
    pub before_offer: Option<Vec<Transceiver>>,
    pub last_created: Option<SessionText>,
}

/// The mids and numbers that transceivers got. Rollbacks do not take them back: none is given twice.
#[derive(Debug, Default)]
pub(super) struct Identities {
    pub given_mids: Vec<(String, usize)>,
    pub next_mid: usize,
    pub next_transceiver: usize,
}

/// The line `o=` of the connection's descriptions.
#[derive(Debug)]
pub(super) struct Origin {
    pub session: u64,
    pub version: u64,
}

/// What the next offer does to the ICE credentials.
#[derive(Debug, Default)]
pub(super) struct Restart {
    /// `[[LocalIceCredentialsToReplace]]`, one for all sections.
    pub credentials_to_replace: Vec<String>,
    pub before_anything: bool,
    pub kept_credentials: Option<String>,
}

/// What a rollback did to the data section in Chromium.
#[derive(Debug, Default)]
pub(super) struct DataSection {
    pub left_mid: Option<String>,
    pub is_broken: bool,
}

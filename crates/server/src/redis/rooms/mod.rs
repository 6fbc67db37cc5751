//! The rooms of the Redis engine.

use super::error::StoreError;
use super::local::Owned;
use super::node::Node;
use crate::engine::{Action, LeaveReason, Mail, Outcome, explanation};
use signalpost_protocol::{ErrorCode, PeerId, RoomName};
use std::sync::Arc;

/// What a frame about rooms comes to.
pub(super) struct Step {
    pub(super) answer: Option<Mail>,
    pub(super) outcome: Outcome,
    pub(super) fields: Vec<(String, String)>,
}

/// The receiver of a relay.
pub(super) struct Target {
    pub(super) peer: PeerId,
    pub(super) session: u64,
    pub(super) has_session: bool,
}

pub(super) async fn act(
    _node: &Arc<Node>,
    _now: u64,
    _owned: &Owned,
    _number: u64,
    reference: Option<u32>,
    _action: Action,
    _again: bool,
) -> Result<Step, StoreError> {
    let code = ErrorCode::RoomNotJoined;
    let answer = Mail::Refused { code, text: explanation(code).into(), reference, about: None, after: None };
    Ok(Step { answer: Some(answer), outcome: Outcome::Refused(code), fields: Vec::new() })
}
pub(super) async fn committed(
    _: &Arc<Node>,
    _: u64,
    _: &Owned,
    _: &[(String, String)],
) -> Result<(), StoreError> {
    Ok(())
}
pub(super) async fn resumed(
    _: &Arc<Node>,
    _: u64,
    _: &Owned,
    _rev: u64,
    _seats: Vec<(String, String)>,
    _was_away: bool,
) -> Result<(), StoreError> {
    Ok(())
}
pub(super) async fn standing(_: &Arc<Node>, _: u64, _: &PeerId) -> Result<(), StoreError> {
    Ok(())
}
pub(super) async fn end(
    _: &Arc<Node>,
    _: u64,
    _: &PeerId,
    _number: u64,
    _: LeaveReason,
    _: Vec<RoomName>,
) -> Result<(), StoreError> {
    Ok(())
}
pub(super) async fn acked(_: &Arc<Node>, _: u64, _: &Owned, _notices: usize) -> Result<(), StoreError> {
    Ok(())
}
pub(super) async fn sweep(_: &Arc<Node>, _: u64) -> Result<Option<u64>, StoreError> {
    Ok(None)
}
pub(super) async fn tell_about(
    _: &Arc<Node>,
    _: u64,
    _: Target,
    _: RoomName,
    _about: &PeerId,
    _seat: String,
) -> Result<bool, StoreError> {
    Ok(true)
}
pub(super) fn forget(_: &Node, _: &Owned) {}
pub(super) fn own_versions(_: &Node, _: &Owned) -> Vec<(RoomName, u64)> {
    Vec::new()
}
pub(super) fn handle_bell(_: &Arc<Node>, _now: u64, _: RoomName, _version: u64) {}

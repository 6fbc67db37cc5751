//! The rooms of the Redis engine.
//!
//! A room is a few keys in one slot. Each change gives it its next version, and the seat of a member, in the slot of its session, keeps
//! the version up to which its client has the news. So a change costs the room one entry however many members there are, changes that
//! a member was not told of collapse, and the notices of a member are the difference between two versions.
//!
//! Of a mesh with several regions each has its own part of every room: a room of its own with the members whose sessions lie there. A
//! member is in the part of its own region, and watches the others: it has a seat there too, which is kept in its session like every
//! seat, and no entry. So the news of each part come once and in order, a list is the union of the lists of the parts, and a region
//! that is lost takes only its own members along.
//!
//! The files from the ground up: `entry` (what a room keeps of a peer), `difference` and `plan` (the next notices for a member) are
//! values; `steps` runs the scripts of a room; `context` is what every step has at hand; `list`, `tell`, `ghosts`, `spread`, `standing`, `enter`, `describe` and `broadcast` are what frames,
//! bells and time do.

mod broadcast;
mod context;
mod describe;
mod difference;
mod enter;
mod entry;
mod ghosts;
mod list;
mod plan;
mod spread;
mod standing;
mod steps;
mod tell;

#[cfg(test)]
mod broadcast_tests;
#[cfg(test)]
mod difference_tests;
#[cfg(test)]
mod plan_tests;
#[cfg(test)]
mod script_tests;
#[cfg(test)]
mod tell_script_tests;

pub(super) use enter::Step;

use super::error::StoreError;
use super::local::Owned;
use super::node::Node;
pub(super) use super::seats::Target;
use super::seats::{Member, Seats};
use crate::engine::limits::UNPROMPTED_NOTICES;
use crate::engine::{Action, LeaveReason};
use context::{Rooms, later};
use signalpost_protocol::{ErrorCode, PeerId, RoomName};
use std::sync::Arc;

/// Executes a frame that is about rooms, asks for peers or describes its own. `number`: its number; `again`: the caller could not commit the step
/// before, because a seat has moved.
///
/// # Errors
/// Those of the store.
pub(super) async fn act(
    node: &Arc<Node>,
    now: u64,
    owned: &Owned,
    number: u64,
    reference: Option<u32>,
    action: Action,
    again: bool,
) -> Result<Step, StoreError> {
    let rooms = Rooms::new(node, now);
    let Some(member) = rooms.member(owned) else { return Ok(Step::unregistered()) };
    if again {
        rooms.read_seats(&member).await?;
    }
    let step = match action {
        Action::Describe(mapping) => rooms.describe(&member, reference, mapping, again).await,
        Action::Join(room) => rooms.join(&member, number, reference, &room, again).await,
        Action::Leave(room) => rooms.leave(&member, number, reference, &room).await,
        Action::Broadcast { room, data } => rooms.broadcast(&member, number, reference, &room, data).await,
        Action::Discover(query) => rooms.discover(&member, reference, &query).await,
        Action::Send { .. } | Action::Refuse { .. } => Ok(Step::unregistered()),
    };
    match step {
        Err(StoreError::OutOfMemory) => Ok(Step::refused(ErrorCode::ServerFull, reference)),
        other => other,
    }
}

/// Takes note of the fields of a step that were committed, and tells the member what has changed meanwhile.
///
/// # Errors
/// None: what was not done is done later.
pub(super) async fn committed(
    node: &Arc<Node>,
    now: u64,
    owned: &Owned,
    fields: &[(String, String)],
) -> Result<(), StoreError> {
    let rooms = Rooms::new(node, now);
    if let Some(member) = rooms.member(owned) {
        later(rooms.committed(&member, fields).await);
    }
    Ok(())
}

/// Takes in a session that this node owns from now on: it is back in the rooms in which it has a seat, and gets their news. `turn`:
/// the revision of the session; `seats`: the fields of its seats and their texts; `was_away`: whether it had no socket
/// before.
///
/// # Errors
/// None: what was not done is done later.
pub(super) async fn resumed(
    node: &Arc<Node>,
    now: u64,
    owned: &Owned,
    turn: u64,
    seats: Vec<(String, String)>,
    was_away: bool,
) -> Result<(), StoreError> {
    let rooms = Rooms::new(node, now);
    let mut parts = Seats::new();
    for (field, text) in seats {
        if let Some((part, room)) = node.read_seat_field(&field) {
            parts.entry(part).or_default().insert(room, text);
        }
    }
    let member = Arc::new(Member::new(owned, turn, parts));
    rooms.here().insert(&member);
    if node.local.by_seal(&owned.seal).is_none() {
        // It was lost before it was here to be forgotten.
        rooms.here().forget(&member.peer, &member.seal);
        return Ok(());
    }
    rooms.watch_again(&member).await;
    later(rooms.come_back(&member, was_away).await);
    Ok(())
}

/// Takes note that a client has acknowledged mail, and that so many notices still wait.
///
/// # Errors
/// [`StoreError::Unready`] when this node owns the session and its rooms do not know it: the client would hear no news until it
/// comes again.
pub(super) async fn acked(
    node: &Arc<Node>,
    now: u64,
    owned: &Owned,
    notices: usize,
) -> Result<(), StoreError> {
    let rooms = Rooms::new(node, now);
    let Some(member) = rooms.member(owned) else {
        return match node.local.by_seal(&owned.seal) {
            Some(_) => Err(StoreError::Unready("the rooms do not know a session of this node".into())),
            None => Ok(()),
        };
    };
    let is_behind = {
        let mut state = member.state();
        state.notices = notices;
        state.is_behind && notices <= UNPROMPTED_NOTICES / 2
    };
    if is_behind {
        later(rooms.tell_all_rooms(&member).await);
    }
    Ok(())
}

/// Forgets a session that is this node's no more.
pub(super) fn forget(node: &Node, owned: &Owned) {
    node.rooms.lock().forget(&owned.id, &owned.seal);
    for other in node.elsewhere() {
        other.rooms.lock().forget(&owned.id, &owned.seal);
    }
}

/// Returns the rooms of a session with the versions of its own last changes: a receiver that is in one of them must have been told up to
/// that version before it gets a relay.
pub(super) fn own_versions(node: &Node, owned: &Owned) -> Vec<(RoomName, u64)> {
    let member = node.rooms.lock().by_seal(&owned.id, &owned.seal);
    member.map_or_else(Vec::new, |member| member.news())
}

/// Tells the rooms of a peer how its session stands now.
///
/// # Errors
/// Those of the store; the session's hash still says that it is to be done.
pub(super) async fn standing(node: &Arc<Node>, now: u64, peer: &PeerId) -> Result<(), StoreError> {
    Rooms::new(node, now).standing(peer).await
}

/// Takes an ended session out of its rooms. It may be repeated.
///
/// # Errors
/// Those of the store.
pub(super) async fn end(
    node: &Arc<Node>,
    now: u64,
    peer: &PeerId,
    session: u64,
    reason: LeaveReason,
    rooms: Vec<RoomName>,
) -> Result<(), StoreError> {
    Rooms::new(node, now).end(peer, session, reason, &rooms).await
}

/// Tells a receiver what is new of the sender before a relay; `seat`: the text of the receiver's seat as `post` has read it. Returns
/// whether there was room.
///
/// # Errors
/// Those of the store.
pub(super) async fn tell_about(
    node: &Arc<Node>,
    now: u64,
    target: Target,
    room: RoomName,
    sender: &PeerId,
    seat: String,
) -> Result<bool, StoreError> {
    Rooms::new(node, now).tell_before_relay(target, &room, sender, seat).await
}

/// Gives large rooms their turn, and looks for lost bells now and then: a bounded part. [`due`] returns when to call again.
pub(super) async fn sweep(node: &Arc<Node>, now: u64) {
    let rooms = Rooms::new(node, now);
    rooms.ask_for_lost_bells().await;
    rooms.take_turn().await;
}

/// Returns when [`sweep`] has work to do, if a large room waits for its turn.
pub(super) fn due(node: &Node) -> Option<u64> {
    node.rooms.lock().due()
}

/// Takes a bell: a room has changed.
pub(super) fn handle_bell(node: &Arc<Node>, now: u64, room: RoomName, version: u64) {
    // The bell is a hint that anybody may ring: what is so, the room says.
    let (heard, _) = node.rooms.lock().known(&room);
    if version > heard {
        Rooms::new(node, now).tell_later(room);
    }
}

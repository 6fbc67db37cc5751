//! Plans the next notices for a member.

use super::difference::{ListAgain, Notice, difference};
use super::entry::Entry;
use crate::engine::Mail;
use crate::redis::region::Region;
use crate::redis::seats::Seat;
use signalpost_protocol::{PeerId, RoomName};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The part of a room that has changed after some version.
#[derive(Clone, Debug, Default)]
pub(super) struct Changes {
    /// The version of the room.
    pub(super) version: u64,
    /// The entries are complete for every cursor from this version on.
    pub(super) reach: u64,
    /// Changes up to this version may be forgotten.
    pub(super) floor: u64,
    /// Peers in the room, present or away.
    pub(super) members: usize,
    /// The peers that have changed, those that changed first in front.
    pub(super) entries: Vec<Entry>,
    /// Those of them that are away or gone here, and in another part of the room with a later session: the region of that part, and
    /// the version at which their stay there began.
    pub(super) moved: BTreeMap<PeerId, (Region, u64)>,
}

/// The member that gets the notices.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    pub(super) room: &'a RoomName,
    pub(super) peer: &'a PeerId,
    pub(super) seat: &'a Seat,
    /// Whether its version knows of absences.
    pub(super) sessions: bool,
    /// Peers that it knows in another part of the room, with a later session.
    pub(super) elsewhere: &'a BTreeSet<PeerId>,
}

/// The next notices for a member.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Plan {
    /// It knows everything.
    Nothing,
    /// These notices; its seat is this one afterwards. `is_all`: the member knows everything then.
    Tell { notices: Vec<Mail>, seat: Seat, is_all: bool },
    /// The list of the room.
    List,
}

/// Plans the next notices for a member, about `limit` of them: more only where a single change takes them.
pub(super) fn plan(member: Reader<'_>, changes: &Changes, limit: usize) -> Plan {
    let seat = member.seat;
    if seat.cursor == 0 || seat.cursor < changes.floor || seat.cursor < changes.reach {
        return Plan::List;
    }
    if seat.cursor >= changes.version {
        return Plan::Nothing;
    }
    let tell = |until: u64| notices_until(member, changes, until);
    let Ok(notices) = tell(changes.version) else { return Plan::List };
    if notices.len() <= limit {
        return Plan::Tell { notices, seat: seat.told_until(changes.version), is_all: true };
    }
    let mut versions: Vec<u64> =
        changes.entries.iter().flat_map(|entry| &entry.events).map(|it| it.version).collect();
    versions.retain(|version| *version > seat.cursor && *version <= changes.version);
    versions.sort_unstable();
    // Every change takes at most two notices, and a later stop may take fewer than an earlier one.
    let mut best = None;
    let mut step = (limit / 2).max(1);
    while let Some(until) = versions.get(step.saturating_sub(1)) {
        let Ok(notices) = tell(*until) else { return Plan::List };
        if notices.len() <= limit || best.is_none() {
            best = Some((notices, *until));
        }
        step = step.saturating_mul(2);
    }
    match best {
        Some((notices, until)) => Plan::Tell { notices, seat: seat.told_until(until), is_all: false },
        None => Plan::List,
    }
}

fn notices_until(member: Reader<'_>, changes: &Changes, until: u64) -> Result<Vec<Mail>, ListAgain> {
    let mut all = Vec::new();
    for entry in changes.entries.iter().filter(|entry| entry.peer != *member.peer) {
        if member.elsewhere.contains(&entry.peer) {
            continue;
        }
        for notice in difference(entry, member.seat.knows(&entry.peer), until, member.sessions)? {
            all.push(mail(member.room, entry, notice));
        }
    }
    Ok(all)
}

/// Makes the mail of a notice.
pub(super) fn mail(room: &RoomName, entry: &Entry, notice: Notice) -> Mail {
    let (room, peer) = (room.clone(), entry.peer.clone());
    match notice {
        Notice::Joined => Mail::PeerJoined { room, peer: Arc::clone(&entry.info) },
        Notice::Back => Mail::PeerBack { room, peer: Arc::clone(&entry.info) },
        Notice::Away(reason) => Mail::PeerAway { room, peer, reason },
        Notice::Left(reason) => Mail::PeerLeft { room, peer, reason },
    }
}

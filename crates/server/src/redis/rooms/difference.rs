//! The notices for a member: the difference between the room at two versions.
//!
//! What a member knows at a version depends on two numbers only: that version, its *cursor*, and the version at which it
//! was given the list of the room. It knows each peer as it stood at the cursor, except a peer that was away when the list was
//! made and has not been present since: no list and no notice has named that peer. So nothing has to be kept for each
//! pair of members, and changes that a member was not told of collapse by themselves.

use super::entry::{Change, Entry};
use crate::engine::{AwayReason, LeaveReason};
use crate::redis::seats::Known;

/// A notice about one peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    Joined,
    Back,
    Away(AwayReason),
    Left(LeaveReason),
}

/// The entry does not reach back to the member's cursor: the member needs the list of the room again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ListAgain;

/// A stay as one member sees it at one version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    /// The version at which the stay began.
    stay: u64,
    standing: Standing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Present,
    Away(AwayReason),
    /// Away, and the member was never told of this stay.
    Unnamed,
}

/// How far an entry tells what a member saw at a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sight {
    /// The peer was not in the room.
    Nobody,
    Stay(Seen),
    /// It was this stay, of which the member may have been told or not; the changes of that time are forgotten.
    SomeStandingOf(u64),
    /// The changes of that time are forgotten.
    Forgotten,
}

/// Lists the notices that bring a member from `known`, its knowledge of a peer, to the peer as of version `until`.
/// `sessions`: the member's version knows of absences; to another version a peer that is away has left, and a
/// peer that is back has joined.
///
/// # Errors
/// [`ListAgain`] when the entry does not say it.
pub(super) fn difference(
    entry: &Entry,
    known: Known,
    until: u64,
    sessions: bool,
) -> Result<Vec<Notice>, ListAgain> {
    if until <= known.cursor {
        return Ok(Vec::new());
    }
    let now = match sight(entry, known.listed, until) {
        Sight::Nobody => None,
        Sight::Stay(seen) => Some(seen),
        // The notices for what is forgotten of both versions go from the later one on, in the same way.
        Sight::SomeStandingOf(stay) if stay <= known.cursor => return Ok(Vec::new()),
        Sight::Forgotten => return Ok(Vec::new()),
        Sight::SomeStandingOf(_) => return Err(ListAgain),
    };
    let before = match sight(entry, known.listed, known.cursor) {
        Sight::Nobody => None,
        Sight::Stay(seen) => Some(seen),
        Sight::SomeStandingOf(stay) => return same_stay_again(stay, now, sessions),
        Sight::Forgotten => return Err(ListAgain),
    };
    let mut told = Vec::new();
    match (before, now) {
        (Some(before), Some(now)) if before.stay == now.stay => {
            let renewed = entry.events.iter().any(|event| {
                event.change == Change::Renewed && known.cursor < event.version && event.version <= until
            });
            told.extend(within_stay(before.standing, now.standing, renewed, sessions).into_iter().flatten());
        }
        _ => {
            if let Some(before) = before {
                told.extend(end_of(entry, before.standing, known.cursor, sessions)?);
            }
            if let Some(now) = now {
                told.extend(beginning(now.standing, sessions).into_iter().flatten());
            }
        }
    }
    Ok(told)
}

/// Finds out what a member that was given the list at `listed` saw of a peer at `version`.
fn sight(entry: &Entry, listed: u64, version: u64) -> Sight {
    let mut seen: Option<Seen> = None;
    let mut is_known = !entry.is_shortened;
    for event in entry.events.iter().take_while(|event| event.version <= version) {
        // The list names who is present when it is made, and every notice after it names its peer.
        let is_told = event.version > listed;
        let stay = seen.map_or_else(|| stay_before(entry, event.version), |seen| seen.stay);
        seen = match event.change {
            Change::Joined => Some(Seen { stay: event.version, standing: Standing::Present }),
            Change::Back | Change::Renewed => Some(Seen { stay, standing: Standing::Present }),
            Change::Away(reason) => {
                let standing = if is_told { Standing::Away(reason) } else { Standing::Unnamed };
                Some(Seen { stay, standing })
            }
            Change::Left(_) => None,
        };
        is_known = true;
    }
    match seen {
        Some(seen) => Sight::Stay(seen),
        None if is_known => Sight::Nobody,
        None if entry.stay <= version => Sight::SomeStandingOf(entry.stay),
        None => Sight::Forgotten,
    }
}

/// Returns the beginning of the stay to which the first event of a shortened entry belongs: 0 if that is forgotten.
fn stay_before(entry: &Entry, first: u64) -> u64 {
    if entry.stay <= first { entry.stay } else { 0 }
}

/// Lists the notices about a stay that goes on.
fn within_stay(before: Standing, now: Standing, renewed: bool, sessions: bool) -> [Option<Notice>; 2] {
    let back = if sessions { Notice::Back } else { Notice::Joined };
    match (before, now) {
        (Standing::Present, Standing::Present) => [(renewed && sessions).then_some(Notice::Back), None],
        (Standing::Present, Standing::Away(reason)) => [Some(away(reason, sessions)), None],
        (_, Standing::Present) => [Some(back), None],
        // It was back meanwhile, and from its next return on the member takes it for a peer that it knows.
        (Standing::Unnamed, Standing::Away(reason)) if sessions => [Some(back), Some(Notice::Away(reason))],
        (Standing::Away(_) | Standing::Unnamed, Standing::Away(_)) | (_, Standing::Unnamed) => [None, None],
    }
}

/// Lists the notices about a stay of which the member was not told.
fn beginning(now: Standing, sessions: bool) -> [Option<Notice>; 2] {
    match now {
        Standing::Present => [Some(Notice::Joined), None],
        Standing::Away(reason) if sessions => [Some(Notice::Joined), Some(Notice::Away(reason))],
        Standing::Away(_) | Standing::Unnamed => [None, None],
    }
}

/// Returns the notice about the end of the stay that went on at the cursor, if the member knows of the stay.
fn end_of(entry: &Entry, before: Standing, cursor: u64, sessions: bool) -> Result<Option<Notice>, ListAgain> {
    match before {
        Standing::Unnamed => Ok(None),
        Standing::Away(_) if !sessions => Ok(None),
        Standing::Present | Standing::Away(_) => {
            let reason = entry.events.iter().find_map(|event| match event.change {
                Change::Left(reason) if event.version > cursor => Some(reason),
                _ => None,
            });
            reason.map(|reason| Some(Notice::Left(reason))).ok_or(ListAgain)
        }
    }
}

/// Lists the notices about a stay that goes on and whose changes at the cursor are forgotten: a `peer-back` is right
/// wherever the member saw the peer.
fn same_stay_again(stay: u64, now: Option<Seen>, sessions: bool) -> Result<Vec<Notice>, ListAgain> {
    match now {
        Some(now) if now.stay == stay && sessions => Ok(match now.standing {
            Standing::Present => vec![Notice::Back],
            Standing::Away(reason) => vec![Notice::Back, Notice::Away(reason)],
            Standing::Unnamed => return Err(ListAgain),
        }),
        _ => Err(ListAgain),
    }
}

fn away(reason: AwayReason, sessions: bool) -> Notice {
    if sessions { Notice::Away(reason) } else { Notice::Left(LeaveReason::Lost) }
}

//! What a room keeps about one peer: its changes with their versions.
//!
//! The scripts of a room write it as text, `NUM OP TURN NODE STAY FORGOTTEN EVENTS`, where `EVENTS` are versions with
//! letters, separated by commas (`scripts/room_change.lua`).

use crate::engine::{AwayReason, LeaveReason};
use crate::redis::error::StoreError;
use signalpost_protocol::{PeerId, PeerInfo};
use std::sync::Arc;

/// One peer of a room, present, away or gone.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) peer: PeerId,
    /// The number of the session that made the last change.
    pub(super) session: u64,
    /// The version at which the last stay began.
    pub(super) stay: u64,
    /// Whether there were changes before the first of `events`.
    pub(super) is_shortened: bool,
    /// The last changes, oldest first.
    pub(super) events: Vec<Event>,
    /// How the peer describes itself, as of its last change.
    pub(super) info: Arc<PeerInfo>,
}

/// One change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Event {
    /// The room's version with this change.
    pub(super) version: u64,
    pub(super) change: Change,
}

/// What a peer of a room can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Its stay begins.
    Joined,
    Away(AwayReason),
    Back,
    /// It is back after an absence, with another description.
    Renewed,
    /// Its stay ends.
    Left(LeaveReason),
}

impl Entry {
    /// Reads what a script returned.
    ///
    /// # Errors
    /// [`StoreError::Malformed`] when no script of this version wrote it.
    pub(super) fn parse(peer: &str, head: &str, info: &str) -> Result<Self, StoreError> {
        let peer = PeerId::parse(peer).map_err(|_| StoreError::Malformed("a peer id of a room"))?;
        let entry = Self::parse_head(peer, head).ok_or(StoreError::Malformed("a peer's entry in a room"))?;
        // A peer that is gone has no description any more, only its id: a member that is told of it step by step hears of its stay.
        if entry.is_gone() && info.is_empty() {
            return Ok(entry);
        }
        let info: Option<PeerInfo> = serde_json::from_str(info).ok();
        let info = info.filter(|info| info.id == entry.peer.as_str());
        let info = info.ok_or(StoreError::Malformed("a peer's description in a room"))?;
        Ok(Self { info: Arc::new(info), ..entry })
    }

    /// Reads what a script returned without a description.
    pub(super) fn parse_head(peer: PeerId, head: &str) -> Option<Self> {
        let mut fields = head.split(' ');
        let session = fields.next()?.parse().ok()?;
        let (_op, _turn, _node) = (fields.next()?, fields.next()?, fields.next()?);
        let stay = fields.next()?.parse().ok()?;
        let is_shortened = fields.next()? != "0";
        let events: Option<Vec<Event>> = fields.next()?.split(',').map(Event::parse).collect();
        let events = events?;
        let is_ordered = events.is_sorted_by(|one, next| one.version < next.version);
        let info = Arc::new(PeerInfo { id: peer.as_str().into(), ..PeerInfo::default() });
        is_ordered.then_some(Self { peer, session, stay, is_shortened, events, info })
    }

    /// Whether the peer's last stay has ended.
    pub(super) fn is_gone(&self) -> bool {
        matches!(self.events.last(), Some(Event { change: Change::Left(_), .. }))
    }

    /// Whether the peer is in the room and not away.
    pub(super) fn is_present(&self) -> bool {
        matches!(
            self.events.last(),
            Some(Event { change: Change::Joined | Change::Back | Change::Renewed, .. })
        )
    }

    /// Returns the version of the last change.
    pub(super) fn version(&self) -> u64 {
        self.events.last().map_or(0, |event| event.version)
    }
}

impl Event {
    fn parse(text: &str) -> Option<Self> {
        let digits = text.find(|it: char| !it.is_ascii_digit())?;
        let (version, letters) = text.split_at_checked(digits)?;
        Some(Self { version: version.parse().ok()?, change: Change::parse(letters)? })
    }
}

impl Change {
    /// The letters of each change in an entry.
    const LETTERS: [(&'static str, Self); 9] = [
        ("j", Self::Joined),
        ("al", Self::Away(AwayReason::Lost)),
        ("as", Self::Away(AwayReason::Silent)),
        ("au", Self::Away(AwayReason::Suspended)),
        ("b", Self::Back),
        ("d", Self::Renewed),
        ("ll", Self::Left(LeaveReason::Left)),
        ("lc", Self::Left(LeaveReason::Closed)),
        ("lo", Self::Left(LeaveReason::Lost)),
    ];

    fn parse(letters: &str) -> Option<Self> {
        Self::LETTERS.iter().find(|(written, _)| *written == letters).map(|(_, change)| *change)
    }

    /// Returns the letters by which scripts know the change.
    pub(super) fn letters(self) -> &'static str {
        Self::LETTERS.iter().find(|(_, change)| *change == self).map_or("j", |(written, _)| *written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INFO: &str = r#"{"id":"ada","session":7}"#;

    #[test]
    fn a_peer_that_is_gone_keeps_its_id() {
        let entry = Entry::parse("ada", "9 4 2 n1 12 0 12j,20lc", "").unwrap();
        assert_eq!((entry.is_gone(), entry.info.id.as_str()), (true, "ada"));
    }

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        let entry = Entry::parse("ada", "9 4 2 n1 12 1 12j,14as,15d,20lc", INFO).unwrap();
        let changes: Vec<(u64, Change)> =
            entry.events.iter().map(|event| (event.version, event.change)).collect();
        let expected = [
            (12, Change::Joined),
            (14, Change::Away(AwayReason::Silent)),
            (15, Change::Renewed),
            (20, Change::Left(LeaveReason::Closed)),
        ];
        assert_eq!((entry.session, entry.stay, entry.is_shortened), (9, 12, true));
        assert_eq!((changes, entry.info.incarnation), (expected.to_vec(), 7));
        for (letters, change) in Change::LETTERS {
            assert_eq!((Change::parse(letters), change.letters()), (Some(change), letters));
        }
    }

    #[test]
    fn a_peer_that_is_gone_needs_no_description() {
        let entry = Entry::parse("ada", "9 4 2 - 12 0 12j,14ll", "").unwrap();
        assert!(entry.is_gone() && entry.version() == 14);
    }

    #[test]
    fn what_no_script_wrote_is_an_error() {
        let heads = [
            "",
            "9",
            "9 4 2 n1 12 0",
            "9 4 2 n1 12 0 ",
            "x 4 2 n1 12 0 12j",
            "9 4 2 n1 12 0 12j,12b",
            "9 4 2 n1 12 0 14j,12b",
            "9 4 2 n1 12 0 12x",
            "9 4 2 n1 12 0 j",
            "9 4 2 n1 12 0 99999999999999999999999j",
            "-9 4 2 n1 12 0 12j",
        ];
        for head in heads {
            assert!(Entry::parse("ada", head, INFO).is_err(), "{head}");
        }
        assert!(Entry::parse("", "9 4 2 n1 12 0 12j", INFO).is_err());
        for info in ["", "{"] {
            assert!(Entry::parse("ada", "9 4 2 n1 12 0 12j", info).is_err(), "{info}");
        }
    }
}

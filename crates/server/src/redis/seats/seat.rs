//! What a session keeps about one of its rooms: the text of the field `room:NAME` of its hash. Of the parts of the room that lie in
//! other regions, which it only watches, it keeps the same in fields `at:REGION:NAME`.

use crate::redis::error::StoreError;
use signalpost_protocol::PeerId;
use std::collections::BTreeMap;

/// Most peers whose news a member gets ahead of its turn. Beyond them it gets the news of all.
pub(in crate::redis) const MAX_AHEAD: usize = 32;

/// What a member knows of a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::redis) struct Known {
    /// The version at which the member was given the list of the room.
    pub(in crate::redis) listed: u64,
    /// The version up to which the member has the news of this peer.
    pub(in crate::redis) cursor: u64,
}

/// The seat of a session in a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::redis) struct Seat {
    /// The version up to which the client has the news. 0: the client needs the list of the room.
    pub(in crate::redis) cursor: u64,
    /// The version of the session's own last change. 0: it wants to enter, and may have entered or not. 1 where it only watches.
    pub(in crate::redis) own: u64,
    /// The version of the list that the client was given.
    pub(in crate::redis) listed: u64,
    /// Peers whose news the client has up to a later version, because a relay of theirs came.
    pub(in crate::redis) ahead: BTreeMap<PeerId, u64>,
}

impl Seat {
    /// Makes the seat of a session that was given the list at `version`.
    pub(in crate::redis) fn listed_at(version: u64, own: u64) -> Self {
        Self { cursor: version, own, listed: version, ahead: BTreeMap::new() }
    }

    /// Makes the seat of a session that watches a part of a room, as it was listed at `version`; `None`: it could not be listed.
    pub(in crate::redis) fn watching(version: Option<u64>) -> Self {
        Self::listed_at(version.unwrap_or(0), 1)
    }

    /// Whether the session has entered the room, as far as it is known.
    pub(in crate::redis) fn has_entered(&self) -> bool {
        self.own > 0
    }

    /// Returns what the client knows of a peer.
    pub(in crate::redis) fn knows(&self, peer: &PeerId) -> Known {
        let ahead = self.ahead.get(peer).copied().unwrap_or(0);
        Known { listed: self.listed, cursor: self.cursor.max(ahead) }
    }

    /// Returns the seat of a client that has all news up to `version`.
    pub(in crate::redis) fn told_until(&self, version: u64) -> Self {
        let mut seat = self.clone();
        seat.cursor = seat.cursor.max(version);
        seat.ahead.retain(|_, ahead| *ahead > version);
        seat
    }

    /// Returns the seat of a client that has the news of one peer up to `version`.
    pub(in crate::redis) fn told_of(&self, peer: &PeerId, version: u64) -> Self {
        let mut seat = self.clone();
        seat.ahead.insert(peer.clone(), version);
        seat
    }

    /// Writes the seat: three numbers, and peers with versions as JSON where there are any.
    pub(in crate::redis) fn to_text(&self) -> String {
        let mut text = format!("{} {} {}", self.cursor, self.own, self.listed);
        if !self.ahead.is_empty() {
            let ahead = self.ahead.iter().map(|(peer, at)| (peer.as_str().into(), (*at).into()));
            text.push(' ');
            text.push_str(&serde_json::Value::Object(ahead.collect()).to_string());
        }
        text
    }

    /// Reads what [`Seat::to_text`] wrote.
    ///
    /// # Errors
    /// [`StoreError::Malformed`] for anything else.
    pub(in crate::redis) fn parse(text: &str) -> Result<Self, StoreError> {
        Self::read(text).ok_or(StoreError::Malformed("a session's seat in a room"))
    }

    fn read(text: &str) -> Option<Self> {
        let mut fields = text.splitn(4, ' ');
        let mut number = || fields.next()?.parse().ok();
        let (cursor, own, listed) = (number()?, number()?, number()?);
        let ahead: BTreeMap<String, u64> = match fields.next() {
            Some(json) => serde_json::from_str(json).ok()?,
            None => BTreeMap::new(),
        };
        let ahead = ahead.into_iter().map(|(peer, at)| Some((PeerId::parse(&peer).ok()?, at)));
        Some(Self { cursor, own, listed, ahead: ahead.collect::<Option<_>>()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> PeerId {
        PeerId::parse(text).unwrap()
    }

    #[test]
    fn a_seat_is_read_as_it_was_written() {
        let plain = Seat::listed_at(1_795_917_139_923_251, 1_795_917_139_923_250);
        assert_eq!(plain.to_text(), "1795917139923251 1795917139923250 1795917139923251");
        for seat in [Seat::default(), plain.clone(), plain.told_of(&id("a \"b\" {}"), 9).told_of(&id("c"), 7)]
        {
            assert_eq!(Seat::parse(&seat.to_text()), Ok(seat));
        }
        for text in
            ["", "1", "1 2", "1 2 x", "1 2 3 ", "1 2 3 {", "1 2 3 {\"a\":-1}", "1 2 3 {\"\":1}", "-1 2 3"]
        {
            assert!(Seat::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn who_was_told_of_ahead_is_known_better_until_the_rest_was_told() {
        let seat = Seat::listed_at(5, 4).told_of(&id("ada"), 9);
        assert_eq!((seat.knows(&id("ada")).cursor, seat.knows(&id("bob")).cursor), (9, 5));
        assert_eq!(seat.told_until(8).knows(&id("ada")).cursor, 9);
        let later = seat.told_until(10);
        assert_eq!((later.ahead.len(), later.cursor, later.listed), (0, 10, 5));
        assert!(seat.has_entered() && !Seat::default().has_entered());
    }
}

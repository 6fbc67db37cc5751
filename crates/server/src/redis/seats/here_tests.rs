//! Which ownership of a session counts.

use super::{Here, Member, Seat};
use crate::redis::local::{Owned, Stream};
use crate::redis::proof::Proof;
use crate::redis::region::Region;
use crate::registry::sessions::frames::Frames;
use signalpost_protocol::{PeerId, PeerInfo, RoomName, SESSIONS};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::time::Instant;

fn ownership(session: u64, turn: u64, seal: &str) -> Arc<Member> {
    let owned = Owned {
        id: PeerId::parse("ada").unwrap(),
        region: Region::OWN,
        number: session,
        rev: turn,
        proof: Proof::new(0, Instant::now()),
        seal: seal.into(),
        version: SESSIONS,
        info: Arc::new(PeerInfo::default()),
        frames: Frames::default(),
        unproven: None,
        stream: Stream::default(),
    };
    let room = RoomName::parse("lobby").unwrap();
    let seats = BTreeMap::from([(room, Seat::listed_at(5, 1).to_text())]);
    Arc::new(Member::new(&owned, turn, BTreeMap::from([(Region::OWN, seats)])))
}

/// A client came back twice on the same node, and the first claim was welcomed last: the session still hears the news of its rooms.
#[test]
fn an_older_ownership_does_not_replace_a_later_one() {
    let room = RoomName::parse("lobby").unwrap();
    for (session, turn) in [(7, 3), (6, 9)] {
        let here = Here::default();
        let later = ownership(7, 4, "later");
        here.lock().insert(&later);
        let older = ownership(session, turn, "older");
        here.lock().insert(&older);
        here.lock().forget(&older.peer, &older.seal);
        let members = here.lock().members_of(&room, None, 9);
        assert_eq!(members.iter().map(|member| member.seal.as_str()).collect::<Vec<_>>(), ["later"]);
    }
}

#[test]
fn a_later_ownership_replaces_an_older_one() {
    let here = Here::default();
    here.lock().insert(&ownership(7, 3, "older"));
    here.lock().insert(&ownership(7, 4, "later"));
    here.lock().insert(&ownership(8, 1, "next"));
    let ada = PeerId::parse("ada").unwrap();
    assert!(here.lock().by_seal(&ada, "next").is_some() && here.lock().by_seal(&ada, "later").is_none());
}

//! What a socket gets of the mail that comes, in which order and from which era.

use super::local::{Local, Owned, Stream, Taken};
use super::proof::Proof;
use super::region::Region;
use crate::SocketId;
use crate::engine::{Claimed, Delivery, DeliveryQueue, Full, Mail};
use crate::registry::sessions::frames::Frames;
use signalpost_protocol::{PeerId, PeerInfo, Position, SequenceNumber};
use std::sync::{Arc, Mutex};
use tokio::time::Instant;

#[derive(Default)]
struct Line(Mutex<Vec<Delivery>>);

impl DeliveryQueue for Line {
    fn deliver(&self, delivery: Delivery) -> Result<(), Full> {
        self.0.lock().unwrap().push(delivery);
        Ok(())
    }
}

/// A socket whose claim is under way.
fn claiming(version: u16) -> (Local, Arc<Line>) {
    let (local, line, socket) = (Local::default(), Arc::<Line>::default(), SocketId::new(1));
    local.attach(socket, line.clone());
    let owned = Owned {
        id: PeerId::parse("ada").unwrap(),
        region: Region::OWN,
        number: 1,
        rev: 1,
        seal: "seal".into(),
        version,
        info: Arc::new(PeerInfo::default()),
        frames: Frames::default(),
        unproven: None,
        stream: Stream::default(),
        proof: Proof::new(0, Instant::now()),
    };
    local.own(socket, owned);
    (local, line)
}

/// A socket whose session has everything up to 2 in the era `a`.
fn local(version: u16) -> (Local, Arc<Line>) {
    let (local, line) = claiming(version);
    let claimed =
        Claimed { resumed: true, reason: None, received: Position::START, acknowledged: Position(2) };
    local.welcome(SocketId::new(1), claimed, "a");
    line.0.lock().unwrap().clear();
    (local, line)
}

fn take(local: &Local, era: &str, seq: u32) -> Taken {
    local.take("seal", era, SequenceNumber(seq), Arc::new(Mail::Sent { reference: Some(seq) }))
}

fn delivered(line: &Line) -> Vec<u32> {
    let number = |delivery: Delivery| match delivery {
        Delivery::Mail { seq: Some(seq), .. } => seq.0,
        other => panic!("{other:?}"),
    };
    line.0.lock().unwrap().drain(..).map(number).collect()
}

#[test]
fn mail_comes_once_and_in_order() {
    let (local, line) = local(2);
    assert_eq!((take(&local, "a", 2), take(&local, "a", 3)), (Taken::Yes, Taken::Yes));
    assert_eq!((take(&local, "a", 5), take(&local, "a", 6)), (Taken::Gap, Taken::No), "one of them fetches");
    assert_eq!((take(&local, "a", 4), take(&local, "a", 5)), (Taken::Yes, Taken::Yes));
    assert!(local.fetched("seal", false), "6 is missing");
    assert_eq!(take(&local, "a", 6), Taken::Yes);
    assert!(!local.fetched("seal", false));
    assert_eq!(delivered(&line), [3, 4, 5, 6]);
}

/// The same number may be another piece of mail in another era.
#[test]
fn mail_of_another_era_waits_until_redis_has_been_asked() {
    let (local, line) = local(2);
    assert_eq!(take(&local, "b", 2), Taken::Gap);
    assert_eq!(take(&local, "b", 3), Taken::No);
    assert!(local.fetched("seal", false), "nobody has asked yet");
    assert!(local.turn_to("seal", "b", Position(2)));
    assert_eq!(take(&local, "b", 3), Taken::Yes);
    assert!(!local.fetched("seal", false));
    assert_eq!(take(&local, "a", 4), Taken::Gap, "a bell from before");
    assert_eq!(delivered(&line), [3]);
}

#[test]
fn what_came_while_redis_was_asked_is_asked_for_again() {
    let (local, _line) = local(2);
    assert_eq!(take(&local, "b", 3), Taken::Gap);
    assert_eq!(take(&local, "a", 3), Taken::Yes, "it was on its way");
    assert!(!local.turn_to("seal", "b", Position(2)));
    assert!(local.fetched("seal", false));
    assert!(local.turn_to("seal", "b", Position(3)));
}

#[test]
fn the_mailbox_of_who_acknowledges_nothing_is_emptied_once_at_a_time() {
    let (local, _line) = local(1);
    for seq in 3..=65 {
        assert_eq!((take(&local, "a", seq), local.may_confirm("seal")), (Taken::Yes, false), "{seq}");
    }
    assert_eq!((take(&local, "a", 66), local.may_confirm("seal")), (Taken::Yes, true));
    assert_eq!(local.confirming("seal"), Some(SocketId::new(1)));
    assert_eq!((local.confirming("seal"), local.may_confirm("seal")), (None, false));
}

/// A sign of life for it would be refused as that of a former owner, and the claim would never be answered.
#[test]
fn a_socket_whose_claim_is_under_way_owns_nothing_yet() {
    assert!(claiming(2).0.owners(Region::OWN).is_empty());
    assert_eq!(local(2).0.owners(Region::OWN), [SocketId::new(1)]);
}

//! Everything waits in a bounded place.

use super::mailbox::{BYTES, ENTRIES, RELAY_BYTES, RELAYS, RESERVE, RESERVE_BYTES, RESERVED_EACH};
use super::session_tests::{claim, fresh};
use super::tests::{LOST, World, id, refused, room};
use super::*;
use crate::engine::LossReason;
use signalpost_protocol::message::{Description, Route};
use signalpost_protocol::{Query, Signal, limits};

const BUSY: Outcome = Outcome::Refused(ErrorCode::PeerBusy);

fn offer(to: &str, bytes: usize) -> Action {
    let route = Route { connection: 1, target: None };
    let signal = Signal::Offer(Description { route, session: None, number: 1, sdp: "s".repeat(bytes) });
    Action::Send { to: id(to), signal }
}

fn size(world: &World, name: &str) -> usize {
    world.registry.peers[&id(name)].mailbox.iter().map(|(_, news)| news.weight()).sum()
}

impl World {
    /// Sends until it is refused; how many were taken.
    fn flood(&mut self, number: u64, from_seq: u32, to: &str, bytes: usize) -> u32 {
        for seq in from_seq.. {
            match self.request(1, number, seq, offer(to, bytes)) {
                Outcome::Executed => {}
                BUSY => {
                    let told = self.told(number);
                    self.ack(1, number, told.last().unwrap().0.unwrap());
                    return seq - from_seq;
                }
                other => panic!("{other:?}"),
            }
        }
        unreachable!()
    }
}

#[test]
fn relays_are_bounded_and_the_session_lives() {
    for away in [false, true] {
        let mut world = World::in_a_room(&["ada", "bob"]);
        if away {
            world.detach(0, 2, LOST);
        }
        assert_eq!(world.flood(1, 2, "bob", 10) as usize, RELAYS);
        assert_eq!(world.send(1, 1, 3 + RELAYS as u32, "bob"), BUSY);
        // What was taken is there.
        world.news(2);
        world.resume(2, 9, claim("bob", "next", "n", Some(1))).unwrap();
        assert_eq!(world.numbers(9).len(), RELAYS);
        world.ack(3, 9, 1 + RELAYS as u32);
        assert_eq!(world.send(4, 1, 4 + RELAYS as u32, "bob"), Outcome::Executed);
    }
}

#[test]
fn bytes_are_bounded_and_the_largest_description_fits_an_empty_mailbox() {
    let mut world = World::in_a_room(&["ada", "bob"]);
    let largest = limits::DESCRIPTION_FRAME_BYTES;
    assert_eq!(world.request(1, 1, 2, offer("bob", largest)), Outcome::Executed);
    assert_eq!(world.request(1, 1, 3, offer("bob", largest)), BUSY);
    world.ack(1, 2, 2);
    assert_eq!(world.flood(1, 4, "bob", 60_000), 4 + 2, "in 256 KiB, and the reserve");
    assert!(size(&world, "bob") <= RESERVE_BYTES);
}

#[test]
fn a_flooder_keeps_nobody_else_out() {
    let mut world = World::in_a_room(&["eve", "bob", "ada"]);
    assert_eq!(world.flood(1, 2, "bob", 2_000) as usize, RELAY_BYTES / 2_131);
    for seq in 2..2 + RESERVED_EACH as u32 {
        assert_eq!(world.request(1, 3, seq, offer("bob", 5_000)), Outcome::Executed);
    }
    assert_eq!(world.request(1, 3, 2 + RESERVED_EACH as u32, offer("bob", 5_000)), BUSY);
    // However many there are of them.
    let mut number = 10;
    loop {
        let name = format!("e{number}");
        world.resume(1, number, claim(&name, "key", "next", None)).unwrap();
        let all_taken =
            (1..=RESERVED_EACH as u32).all(|seq| world.request(1, number, seq, offer("bob", 9)) != BUSY);
        if !all_taken {
            break;
        }
        number += 1;
    }
    let mailbox = &world.registry.peers[&id("bob")].mailbox;
    assert!(mailbox.iter().count() <= RESERVE && size(&world, "bob") <= RESERVE_BYTES);
    assert!(world.registry.peers.contains_key(&id("bob")), "notices and answers still have room");
}

#[test]
fn who_never_acknowledges_its_answers_loses_its_session() {
    let mut world = World::in_a_room(&["eve", "bob"]);
    let mut seq = 2;
    while world.request(1, 1, seq, Action::Leave(room("never"))) == refused(ErrorCode::RoomNotJoined) {
        seq += 1;
        assert!(seq < 1_000);
        if !world.registry.peers.contains_key(&id("eve")) {
            break;
        }
    }
    assert_eq!(world.news(1).pop(), Some(Delivery::SessionLost));
    assert_eq!(seq as usize, 2 + ENTRIES + 1);
    let told: Vec<News> = world.told(2).into_iter().map(|(_, news)| news).collect();
    assert_eq!(told, [News::PeerLeft { room: room("r"), peer: id("eve"), reason: LeaveReason::Lost }]);
    assert_eq!(world.execute(2, 1, Command::Beat { ack: None }), Outcome::Unregistered);
    let expired = Ok(fresh(Some(LossReason::SessionExpired)));
    assert_eq!(world.resume(3, 9, claim("eve", "next", "n", Some(5))), expired);
}

#[test]
fn absent_members_of_a_busy_room_lose_their_sessions_and_the_room_hears_of_each_once() {
    let mut world = World::in_a_room(&["ada", "bob", "cy", "dan"]);
    world.detach(0, 2, LOST);
    world.detach(0, 3, LOST);
    world.told(1);
    let mut heard = Vec::new();
    for seq in (2..2 + ENTRIES as u32).step_by(2) {
        world.request(1, 1, seq, Action::Leave(room("r")));
        world.request(1, 1, seq + 1, Action::Join(room("r")));
        for number in [1, 4] {
            let told = world.told(number);
            world.ack(1, number, told.last().unwrap().0.unwrap());
            heard.extend(told.into_iter().filter(|_| number == 4).map(|(_, news)| news));
        }
    }
    let left = |name: &str| {
        let of = |news: &&News| matches!(news, News::PeerLeft { peer, reason: LeaveReason::Lost, .. } if peer.as_str() == name);
        heard.iter().filter(of).count()
    };
    assert_eq!((left("bob"), left("cy"), left("ada")), (1, 1, 0));
    assert_eq!(world.registry.len(), 2);
    let expired = Ok(fresh(Some(LossReason::SessionExpired)));
    assert_eq!(world.resume(2, 9, claim("bob", "next", "n", Some(3))), expired);
}

#[test]
fn who_asks_faster_than_it_acknowledges_gets_shorter_pages_and_keeps_its_session() {
    let mut world = World::new();
    world.resume(0, 1, claim("ada", "key", "next", None)).unwrap();
    for number in 0..100 {
        let mut fat = claim(&format!("p{number:02}"), "key", "next", None);
        fat.peer.metadata = Some("m".repeat(limits::METADATA_BYTES));
        world.resume(0, 10 + number, fat).unwrap();
    }
    let mut counts = Vec::new();
    for seq in 1..=40 {
        let query = Query { limit: Some(100), ..Query::default() };
        assert_eq!(world.request(1, 1, seq, Action::Discover(query)), Outcome::Executed);
        match world.told(1).pop() {
            Some((_, News::Found { page, .. })) => {
                assert!(page.cursor.is_some() || page.peers.len() == 100);
                counts.push(page.peers.len());
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(counts[0], 100);
    assert!(counts.is_sorted_by(|a, b| a >= b) && counts[39] == 1, "{counts:?}");
    assert!(size(&world, "ada") <= BYTES);
    assert!(world.registry.peers.contains_key(&id("ada")));
}

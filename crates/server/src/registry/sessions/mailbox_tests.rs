//! Everything waits in a bounded place.

use super::session_tests::{claim, fresh};
use crate::engine::limits::RESUME_WINDOW_MS;
use crate::engine::limits::{MAX_ANSWER_BYTES, MAX_ANSWERS, MAX_RELAY_BYTES, SHARED_RELAYS};
use crate::engine::{Action, Command, Delivery, LeaveReason, LossReason, Mail, Outcome};
use crate::registry::bounds::Bounds;
use crate::registry::state::Registry;
use crate::registry::world_tests::{LOST, World, id, refused, room};
use signalpost_protocol::message::{Description, Route};
use signalpost_protocol::{ErrorCode, Query, Signal, limits};

const BUSY: Outcome = Outcome::Refused(ErrorCode::PeerBusy);

fn offer(to: &str, bytes: usize) -> Action {
    let route = Route { connection: 1, target: None };
    let signal =
        Signal::Offer(Description { route, session: None, mapping: None, number: 1, sdp: "s".repeat(bytes) });
    Action::Send { to: id(to), signal }
}

fn size(world: &World, name: &str) -> usize {
    world.registry.peers[&id(name)].mailbox.iter().map(|(_, mail)| mail.weight()).sum()
}

impl World {
    /// Sends until it is refused; how many were taken.
    fn flood(&mut self, now: u64, number: u64, from_seq: u32, to: &str, bytes: usize) -> u32 {
        for seq in from_seq.. {
            match self.request(now, number, seq, offer(to, bytes)) {
                Outcome::Executed => {}
                BUSY => {
                    let told = self.told(number);
                    self.ack(now, number, told.last().unwrap().0.unwrap());
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
        assert_eq!(world.flood(1, 1, 2, "bob", 10) as usize, SHARED_RELAYS);
        assert_eq!(world.send(1, 1, 3 + SHARED_RELAYS as u32, "bob"), BUSY);
        // What was taken is there.
        world.mail(2);
        world.resume(2, 9, claim("bob", "next", "n", Some(1))).unwrap();
        assert_eq!(world.numbers(9).len(), SHARED_RELAYS);
        world.ack(3, 9, 1 + SHARED_RELAYS as u32);
        assert_eq!(world.send(4, 1, 4 + SHARED_RELAYS as u32, "bob"), Outcome::Executed);
    }
}

#[test]
fn bytes_are_bounded_and_the_largest_description_fits_an_empty_mailbox() {
    let mut world = World::in_a_room(&["ada", "bob"]);
    let largest = limits::DESCRIPTION_FRAME_BYTES;
    assert_eq!(world.request(1, 1, 2, offer("bob", largest)), Outcome::Executed);
    assert_eq!(world.request(1, 1, 3, offer("bob", largest)), BUSY);
    world.ack(1, 2, 2);
    assert_eq!(world.flood(1, 1, 4, "bob", 60_000), 5, "what any sender may");
    assert!(size(&world, "bob") <= MAX_RELAY_BYTES);
}

#[test]
fn senders_that_fill_a_mailbox_leave_room_for_a_friend() {
    for (senders, bytes) in [(1, 2_000), (18, 10), (18, 14_000), (50, 10)] {
        let mut world = World::in_a_room(&["ada", "bob"]);
        world.detach(0, 2, LOST);
        for number in 10..10 + senders {
            world.resume(1, number, claim(&format!("e{number}"), "key", "next", None)).unwrap();
            assert!(world.flood(1 + number, number, 1, "bob", bytes) > 0);
        }
        assert_eq!(world.request(1, 1, 2, offer("bob", bytes)), Outcome::Executed, "{senders} of {bytes}");
    }
}

#[test]
fn all_mailboxes_together_are_bounded_and_an_empty_one_has_room() {
    let bounds = Bounds { mailbox_bytes: 4 * 1024 * 1024, ..Bounds::default() };
    let mut world = World::new();
    world.registry = Registry::default().with_bounds(bounds);
    world.resume(0, 1, claim("ada", "key", "next", None)).unwrap();
    let mut seq = 1;
    for number in 100..140 {
        let name = format!("p{number}");
        world.resume(0, number, claim(&name, "key", "next", None)).unwrap();
        world.detach(0, number, LOST);
        let taken = world.flood(1, 1, seq, &name, 10_000);
        assert!(taken > 0, "{name}");
        seq += taken + 1;
    }
    let held: usize = world.registry.mailboxes().map(|(.., (_, bytes))| bytes).sum();
    assert_eq!(held, world.registry.held());
    assert!(held <= bounds.mailbox_bytes, "{held}");
    world.registry.sweep(RESUME_WINDOW_MS, &mut world.out);
    assert_eq!(world.registry.held(), world.registry.peers[&id("ada")].mailbox.size().1);
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
    assert_eq!(world.mail(1).pop(), Some(Delivery::SessionLost));
    assert_eq!(seq as usize, 2 + MAX_ANSWERS + 1);
    let told: Vec<Mail> = world.told(2).into_iter().map(|(_, mail)| mail).collect();
    assert_eq!(told, [Mail::PeerLeft { room: room("r"), peer: id("eve"), reason: LeaveReason::Lost }]);
    assert_eq!(world.execute(2, 1, Command::Beat { ack: None }), Outcome::Unregistered);
    let expired = Ok(fresh(Some(LossReason::SessionExpired)));
    assert_eq!(world.resume(3, 9, claim("eve", "next", "n", Some(5))), expired);
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
            Some((_, Mail::Found { page, .. })) => {
                assert!(page.cursor.is_some() || page.peers.len() == 100);
                counts.push(page.peers.len());
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(counts[0], 100);
    assert!(counts.is_sorted_by(|a, b| a >= b) && counts[39] == 1, "{counts:?}");
    assert!(size(&world, "ada") <= MAX_ANSWER_BYTES);
    assert!(world.registry.peers.contains_key(&id("ada")));
}

#[test]
fn a_position_that_no_socket_has_had_is_a_lie() {
    let mut world = World::in_a_room(&["ada", "bob"]);
    world.detach(0, 2, LOST);
    world.send(1, 1, 2, "bob");
    let lost = Ok(fresh(Some(LossReason::PositionLost)));
    assert_eq!(world.resume(2, 9, claim("bob", "next", "n", Some(2))), lost);
}

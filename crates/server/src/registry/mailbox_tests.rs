//! Everything waits in a bounded place.

use super::mailbox::{BYTES, ENTRIES, Mailbox, RELAY_BYTES, RELAYS, RESERVE, RESERVE_BYTES, RESERVED_EACH};
use super::session_tests::{claim, fresh};
use super::tests::{LOST, World, hello, id, refused, room};
use super::*;
use crate::engine::LossReason;
use signalpost_protocol::message::{Description, Route};
use signalpost_protocol::{PeerInfo, Query, Signal, limits};
use std::sync::Arc;

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
    // Of version 1, so that they have no mailboxes of their own.
    for number in 100..100 + ENTRIES as u64 + 1 {
        world.claim(1, number, hello(&format!("p{number}"), 'k'));
        world.join(1, number, "r");
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
    assert_eq!(world.registry.len(), 2 + ENTRIES + 1);
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

#[test]
fn a_member_that_comes_and_goes_ends_no_session_that_is_away() {
    let mut world = World::in_a_room(&["ada", "bob", "eve"]);
    let sent = |world: &World, name: &str| world.registry.peers[&id(name)].mailbox.sent();
    world.detach(0, 2, LOST);
    let (mut connection, mut key, mut seq) = (3, "next".to_owned(), 2);
    for round in 0..ENTRIES as u64 {
        world.detach(1, connection, LOST);
        (connection, key) = {
            let (fresh, next) = (10 + round, format!("n{round}"));
            let has = sent(&world, "eve");
            world.resume(1, fresh, claim("eve", &key, &next, Some(has))).unwrap();
            (fresh, next)
        };
        for action in [Action::Leave(room("r")), Action::Join(room("r"))] {
            assert_eq!(world.request(1, connection, seq, action), Outcome::Executed);
            seq += 1;
        }
        for (number, name) in [(connection, "eve"), (1, "ada")] {
            let has = sent(&world, name);
            world.ack(1, number, has);
        }
    }
    let has = sent(&world, "bob");
    assert!(world.resume(2, 9, claim("bob", "next", "n", Some(has))).is_ok_and(|it| it.resumed));
    let told: Vec<News> = world.told(9).into_iter().map(|(_, news)| news).collect();
    assert!(matches!(&told[..], [News::PeerLeft { .. }, News::PeerJoined { .. }]), "{told:?}");
}

#[test]
fn notices_that_nobody_has_had_cancel_each_other() {
    let peer = Arc::new(PeerInfo { id: "x".into(), ..PeerInfo::default() });
    let news = |letter| {
        let (room, peer) = (room("r"), peer.clone());
        Arc::new(match letter {
            'j' => News::PeerJoined { room, peer },
            'a' => News::PeerAway { room, peer: id("x"), reason: crate::engine::AwayReason::Lost },
            'b' => News::PeerBack { room, peer, changed: false },
            'c' => News::PeerBack { room, peer, changed: true },
            'l' => News::PeerLeft { room, peer: id("x"), reason: LeaveReason::Lost },
            'o' => News::PeerLeft { room, peer: id("other"), reason: LeaveReason::Lost },
            _ => News::Sent { reference: None },
        })
    };
    let letter = |told: &News| "jabclos".chars().find(|it| *news(*it) == *told).unwrap();
    // What is before the bar was handed to a socket.
    for (posted, kept) in [
        ("jl", ""),
        ("ab", ""),
        ("al", "l"),
        ("ac", "c"),
        ("jab", "j"),
        ("jal", ""),
        ("lj", "lj"),
        ("ljl", "l"),
        ("ljabljl", "l"),
        ("j|l", "jl"),
        ("j|abab", "j"),
        ("j|ac", "jc"),
        ("j|aca", "jca"),
        ("j|acab", "jc"),
        ("j|acac", "jc"),
        ("j|acal", "jl"),
        ("a|b", "ab"),
        ("a|ba", "aba"),
        ("a|bab", "ab"),
        ("a|bac", "ac"),
        ("a|bal", "al"),
        ("a|l", "al"),
        ("joasb", "jos"),
        ("sasobsl", "ssosl"),
        ("sjsoal", "sso"),
    ] {
        let mut mailbox = Mailbox::default();
        for it in posted.chars() {
            match it {
                '|' => mailbox.handle_sent(mailbox.iter().last().unwrap().0),
                it => drop(mailbox.push(news(it), None).unwrap()),
            }
        }
        let told: String = mailbox.iter().map(|(_, news)| letter(news)).collect();
        assert_eq!(told, kept, "of {posted}");
        let numbers: Vec<u32> = mailbox.iter().map(|(seq, _)| seq).collect();
        assert_eq!(numbers, (1..=kept.len() as u32).collect::<Vec<_>>(), "of {posted}");
        // The next has the next number, and nothing is left of what went.
        assert_eq!(mailbox.push(news('s'), None), Ok(Some(kept.len() as u32 + 1)));
        mailbox.acknowledge(u32::MAX);
        assert_eq!(mailbox.page_bytes(), RELAY_BYTES / 2);
    }
}

#[test]
fn a_position_that_no_socket_has_had_is_a_lie() {
    let mut world = World::in_a_room(&["ada", "bob"]);
    world.detach(0, 2, LOST);
    world.send(1, 1, 2, "bob");
    let lost = Ok(fresh(Some(LossReason::PositionLost)));
    assert_eq!(world.resume(2, 9, claim("bob", "next", "n", Some(2))), lost);
}

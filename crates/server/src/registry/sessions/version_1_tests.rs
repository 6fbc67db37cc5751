//! Peers of version 1, which have no sessions.

use super::deadlines::Deadlines;
use crate::engine::{Action, ClientFrame, Command, Delivery, Departure, LeaveReason, Mail, Outcome, Page};
use crate::registry::listing::labels::Labels;
use crate::registry::state::Registry;
use crate::registry::world_tests::{LOST, World, hello, id, ids, left, refused, room, signal, socket, told};
use signalpost_protocol::{ErrorCode, Position, Query, limits};

/// Three peers in one room, their mail taken.
fn three_in_a_room() -> World {
    let mut world = World::new();
    for (number, name) in [(1, "ada"), (2, "bob"), (3, "cy")] {
        assert_eq!(world.claim(0, number, hello(name, 'k')), None);
        world.join(0, number, "r");
    }
    for number in 1..=3 {
        world.mail(number);
    }
    world
}

#[test]
fn a_join_lists_the_others_and_is_announced_once() {
    let mut world = World::new();
    world.claim(0, 1, hello("ada", 'k'));
    world.claim(0, 2, hello("bob", 'k'));
    assert_eq!(world.join(0, 1, "r"), Page::default());
    for _ in 0..3 {
        let page = world.join(0, 2, "r");
        assert_eq!(ids(&page).0, ["ada"]);
    }
    let mail = world.mail(1);
    let joined = |mail: &Mail| matches!(mail, Mail::PeerJoined { peer, .. } if peer.id == "bob");
    assert!(matches!(mail.as_slice(), [Delivery::Mail { seq: None, mail }] if joined(mail)), "{mail:?}");
    assert!(world.mail(2).is_empty());
}

#[test]
fn each_way_to_go_is_told_to_members_exactly_once() {
    for (reason, go) in [
        (
            LeaveReason::Left,
            (|world| {
                world.run(1, 3, Action::Leave(room("r")));
            }) as fn(&mut World),
        ),
        (LeaveReason::Closed, |world| world.detach(1, 3, Departure::Bye)),
        (LeaveReason::Lost, |world| world.detach(1, 3, LOST)),
        (LeaveReason::Lost, |world| {
            world.claim(1, 9, hello("cy", 'k'));
        }),
    ] {
        let mut world = three_in_a_room();
        world.claim(0, 4, hello("dan", 'k'));
        go(&mut world);
        world.detach(2, 3, LOST);
        for now in [40_000, 60_000] {
            world.execute(now - 1, 4, Command::Beat { ack: None });
            world.registry.sweep(now, &mut world.out);
        }
        assert_eq!(world.mail(1)[0], left("r", "cy", reason));
        let doubled = world
            .mail(2)
            .iter()
            .filter(|it| matches!(it, Delivery::Mail { mail, .. } if matches!(&**mail, Mail::PeerLeft { peer, .. } if peer.as_str() == "cy")))
            .count();
        assert_eq!(doubled, 1, "{reason:?}");
        assert!(world.mail(4).is_empty(), "an outsider was told");
    }
}

#[test]
fn an_ended_lease_hides_the_peer_before_the_sweep_and_leaves_once() {
    let mut world = three_in_a_room();
    world.registry.sweep(25_000, &mut world.out);
    for number in 1..=2 {
        world.execute(29_999, number, Command::Beat { ack: None });
    }
    assert_eq!(world.found(29_999, 1, Query::default()).0, ["bob", "cy"]);
    assert_eq!(world.found(30_000, 1, Query::default()).0, ["bob"]);
    let send = Action::Send { to: id("cy"), signal: signal() };
    assert_eq!(world.run(30_000, 1, send), refused(ErrorCode::PeerNotFound));
    assert!(world.mail(3).is_empty());
    // Too early after the sweep before.
    world.registry.sweep(34_999, &mut world.out);
    assert!(world.mail(1).is_empty());
    assert_eq!(world.registry.poll_timeout(), Some(35_000));
    world.registry.sweep(35_000, &mut world.out);
    world.registry.sweep(45_000, &mut world.out);
    assert_eq!(world.mail(1), [left("r", "cy", LeaveReason::Lost)]);
    assert_eq!(world.mail(2), [left("r", "cy", LeaveReason::Lost)]);
    assert_eq!(world.mail(3), [Delivery::Expired]);
    assert_eq!(world.registry.len(), 2);
}

#[test]
fn every_command_renews_the_lease() {
    let mut world = three_in_a_room();
    let request = |action| Command::Frame(ClientFrame { seq: None, ack: None, reference: None, action });
    let commands = [
        Command::Beat { ack: None },
        request(Action::Join(room("r"))),
        request(Action::Discover(Query::default())),
        request(Action::Send { to: id("nobody"), signal: signal() }),
        request(Action::Leave(room("never"))),
    ];
    let mut now = 0;
    for command in commands {
        now += 29_000;
        assert_ne!(world.execute(now, 1, command), Outcome::Unregistered);
        world.registry.sweep(now, &mut world.out);
    }
    assert_eq!(world.registry.len(), 1);
    assert_eq!(world.execute(now + 30_000, 1, Command::Beat { ack: None }), Outcome::Unregistered);
    assert!(world.registry.is_empty());
}

#[test]
fn an_id_is_taken_while_its_lease_lasts_and_free_after() {
    let mut world = three_in_a_room();
    assert_eq!(world.claim(29_999, 7, hello("ada", 'x')), Some(refused(ErrorCode::PeerIdTaken)));
    assert!(world.mail(1).is_empty());
    assert_eq!(world.claim(30_000, 7, hello("ada", 'x')), None);
    assert_eq!(world.mail(1), [Delivery::Expired]);
    assert_eq!(world.execute(30_000, 1, Command::Beat { ack: None }), Outcome::Unregistered);
    assert_eq!(world.execute(30_000, 7, Command::Beat { ack: None }), Outcome::Executed);
}

#[test]
fn the_same_key_takes_over_and_the_old_socket_cannot_undo_it() {
    let mut world = three_in_a_room();
    assert_eq!(world.claim(5, 9, hello("ada", 'k')), None);
    assert_eq!(world.mail(1), [Delivery::Superseded]);
    world.detach(6, 1, LOST);
    assert_eq!(world.execute(7, 9, Command::Beat { ack: None }), Outcome::Executed);
    assert_eq!(world.mail(2), [left("r", "ada", LeaveReason::Lost)]);
    world.join(8, 9, "r");
}

#[test]
fn a_second_claim_on_one_socket_is_refused() {
    let mut world = three_in_a_room();
    assert_eq!(world.claim(1, 1, hello("eve", 'k')), Some(refused(ErrorCode::AlreadyRegistered)));
    assert_eq!(world.registry.len(), 3);
}

#[test]
fn rooms_of_one_peer_are_bounded() {
    let mut world = World::new();
    world.claim(0, 1, hello("ada", 'k'));
    for number in 0..limits::ROOMS_PER_PEER {
        world.join(0, 1, &format!("r{number}"));
    }
    let one_more = || Action::Join(room("one-more"));
    assert_eq!(world.run(0, 1, one_more()), refused(ErrorCode::TooManyRooms));
    world.join(0, 1, "r0");
    let leave = || Action::Leave(room("r0"));
    assert_eq!(world.ask(0, 1, leave()), Mail::Left { room: room("r0"), reference: None });
    assert_eq!(world.run(0, 1, leave()), refused(ErrorCode::RoomNotJoined));
    world.join(0, 1, "one-more");
}

#[test]
fn a_full_queue_refuses_a_signal_and_spares_the_others() {
    let mut world = three_in_a_room();
    world.out.full.insert(socket(2));
    let send = |to: &str| Action::Send { to: id(to), signal: signal() };
    assert_eq!(world.run(1, 1, send("bob")), refused(ErrorCode::PeerBusy));
    assert_eq!(world.run(1, 1, send("cy")), Outcome::Executed);
    assert_eq!(world.mail(3), [told(Mail::Relay { from: id("ada"), signal: signal() })]);
}

#[test]
fn a_socket_without_a_peer_can_do_nothing() {
    let mut world = three_in_a_room();
    assert_eq!(world.execute(1, 50, Command::Beat { ack: Some(Position(1)) }), Outcome::Unregistered);
    for action in [
        Action::Join(room("r")),
        Action::Leave(room("r")),
        Action::Discover(Query::default()),
        Action::Send { to: id("ada"), signal: signal() },
    ] {
        assert_eq!(world.run(1, 50, action), Outcome::Unregistered);
    }
    world.detach(1, 50, LOST);
    assert!((1..=3).all(|number| world.mail(number).is_empty()));
}

#[test]
fn nothing_is_left_behind() {
    let mut world = World::new();
    for round in 0..50 {
        for number in 0..8 {
            let mut hello = hello(&format!("p{}", number % 5), if number < 5 { 'k' } else { 'x' });
            hello.peer.region = Some(format!("region{round}"));
            hello.peer.capabilities = vec![format!("c{round}"), format!("c{round}"), "d".into()];
            world.claim(round * 31_000, round * 10 + number, hello);
            world.run(round * 31_000, round * 10 + number, Action::Join(room(&format!("r{round}"))));
        }
    }
    world.registry.sweep(u64::MAX, &mut world.out);
    let Registry { peers, sockets, rooms, labels, deadlines, .. } = &world.registry;
    let (Labels { regions, capabilities }, Deadlines { leases, windows, .. }) = (labels, deadlines);
    assert!(peers.is_empty() && sockets.is_empty() && leases.is_empty() && windows.is_empty());
    assert!(rooms.is_empty() && regions.is_empty() && capabilities.is_empty());
}

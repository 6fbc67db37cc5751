//! Requests once and in their turn, and receipts.

use super::session_tests::{Told, claim, fresh};
use crate::engine::limits::RESUME_WINDOW_MS;
use crate::engine::{Action, ClientFrame, Command, Delivery, Departure, Mail, Outcome};
use crate::registry::world_tests::{LOST, World, id, refused, room, signal};
use signalpost_protocol::{ErrorCode, Position, SequenceNumber, Signal};
use std::borrow::Cow;

fn message(data: &str, receipt: bool) -> Signal {
    Signal::Message { room: None, data: data.into(), receipt }
}

fn post(to: &str, data: &str) -> Action {
    Action::Send { to: id(to), signal: message(data, true) }
}

fn kinds(told: Told) -> Vec<Mail> {
    told.into_iter().map(|(_, mail)| mail).collect()
}

#[test]
fn answers_and_news_share_one_row_of_numbers() {
    let mut world = World::in_a_room(&["ada", "bob"]);
    world.request(1, 2, 2, Action::Leave(room("r")));
    world.send(1, 1, 2, "bob");
    world.request(1, 2, 3, Action::Join(room("r")));
    world.request(1, 2, 4, Action::Leave(room("x")));
    let told = world.told(2);
    assert_eq!(told.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [Some(2), Some(3), Some(4), Some(5)]);
    assert!(matches!(
        &kinds(told)[..],
        [
            Mail::Left { reference: Some(2), .. },
            Mail::Relay { .. },
            Mail::Joined { reference: Some(3), .. },
            Mail::Refused { code: ErrorCode::RoomNotJoined, reference: Some(4), .. },
        ]
    ));
}

#[test]
fn a_request_is_executed_once_and_in_its_turn() {
    let mut world = World::in_a_room(&["ada", "bob"]);
    assert_eq!(world.send(1, 1, 2, "bob"), Outcome::Executed);
    world.mail(1);
    for seq in [0, 1, 2] {
        assert_eq!(world.send(1, 1, seq, "bob"), Outcome::Duplicate);
    }
    for seq in [4, 5, u32::MAX] {
        assert_eq!(world.send(1, 1, seq, "bob"), Outcome::Gap);
    }
    let unnumbered = ClientFrame { seq: None, ack: None, reference: None, action: Action::Leave(room("r")) };
    let invalid = refused(ErrorCode::InvalidMessage);
    assert_eq!(world.execute(1, 1, Command::Frame(unnumbered)), invalid);
    assert!(world.mail(1).is_empty());
    assert_eq!(world.send(1, 1, 3, "bob"), Outcome::Executed);
    assert_eq!(world.numbers(2), [2, 3]);
}

#[test]
fn a_refused_request_uses_its_number_up() {
    let mut world = World::in_a_room(&["ada", "bob"]);
    assert_eq!(world.send(1, 1, 2, "nobody"), refused(ErrorCode::PeerNotFound));
    assert_eq!(world.send(1, 1, 2, "nobody"), Outcome::Duplicate);
    let text: Cow<'static, str> = "why".into();
    let (code, about) = (ErrorCode::InvalidCandidate, Some(id("bob")));
    let refuse = Action::Refuse { code, text: text.clone(), about: about.clone() };
    assert_eq!(world.request(1, 1, 3, refuse), refused(code));
    let told = kinds(world.told(1));
    assert!(
        matches!(&told[0], Mail::Refused { code: ErrorCode::PeerNotFound, reference: Some(2), about: Some(about), .. } if *about == id("nobody"))
    );
    assert_eq!(told[1..], [Mail::Refused { code, text, reference: Some(3), about, after: None }]);
}

#[test]
fn the_reply_says_what_was_received() {
    let mut world = World::in_a_room(&["ada", "bob"]);
    let received = |world: &mut World, seq| {
        let request = ClientFrame {
            seq: Some(SequenceNumber(seq)),
            ack: None,
            reference: None,
            action: Action::Leave(room("r")),
        };
        let command = Command::Frame(request);
        world.registry.execute(1, crate::SocketId::new(1), command, &mut world.out);
        match world.mail(1).pop() {
            Some(Delivery::Done { received, .. }) => received.0,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!([2, 2, 4, 3, 1].map(|seq| received(&mut world, seq)), [2, 2, 2, 3, 3]);
}

#[test]
fn an_acknowledgement_lets_go_and_one_from_the_future_does_nothing() {
    let mut world = World::in_a_room(&["ada", "bob"]);
    for seq in 2..=5 {
        world.send(1, 1, seq, "bob");
    }
    let kept = |world: &World| world.registry.peers[&id("bob")].mailbox.iter().count();
    assert_eq!(kept(&world), 4);
    world.ack(1, 2, 3);
    assert_eq!(kept(&world), 2);
    for ack in [6, u32::MAX, 0, 2] {
        world.ack(1, 2, ack);
        assert_eq!(kept(&world), 2, "{ack}");
    }
    world.ack(1, 2, 5);
    assert_eq!(kept(&world), 0);
    assert_eq!(world.registry.peers[&id("bob")].mailbox.floor(), Position(5));
}

#[test]
fn a_duplicate_and_a_gap_acknowledge_all_the_same() {
    let mut world = World::in_a_room(&["ada", "bob"]);
    for (now, seq) in [(1, 1), (2, 9)] {
        world.send(now, 1, 1 + now as u32, "bob");
        let action = Action::Leave(room("r"));
        let ack = world.numbers(2).last().copied().map(Position);
        world.execute(
            now,
            2,
            Command::Frame(ClientFrame { seq: Some(SequenceNumber(seq)), ack, reference: None, action }),
        );
        assert_eq!(world.registry.peers[&id("bob")].mailbox.iter().count(), 0);
    }
}

#[test]
fn a_receipt_comes_when_the_receiver_has_acknowledged() {
    let mut world = World::in_a_room(&["ada", "bob"]);
    world.request(1, 1, 2, post("bob", "one"));
    world.request(1, 1, 3, Action::Send { to: id("bob"), signal: message("no receipt", false) });
    world.request(1, 1, 4, post("bob", "two"));
    let sent = |seq| Mail::Sent { reference: Some(seq) };
    let received = |seq| Mail::Received { reference: Some(seq) };
    assert_eq!(kinds(world.told(1)), [sent(2), sent(3), sent(4)]);
    let heard = kinds(world.told(2));
    let relay = |data| Mail::Relay { from: id("ada"), signal: message(data, false) };
    assert_eq!(heard, ["one", "no receipt", "two"].map(relay), "the receiver is not told of the wish");
    world.ack(2, 2, 3);
    assert_eq!(kinds(world.told(1)), [received(2)]);
    world.ack(2, 2, 3);
    assert!(world.told(1).is_empty());
    // The position of a claim is an acknowledgement too.
    world.detach(3, 2, LOST);
    world.told(1);
    assert!(world.resume(4, 9, claim("bob", "next", "n", Some(4))).is_ok());
    let told = kinds(world.told(1));
    assert!(told.contains(&received(4)) && !told.contains(&received(2)), "{told:?}");
}

#[test]
fn a_receipt_waits_for_a_receiver_that_is_away_and_its_end_is_told() {
    let mut world = World::in_a_room(&["ada", "bob"]);
    world.detach(1, 2, LOST);
    world.request(1, 1, 2, post("bob", "one"));
    world.told(1);
    for now in (0..RESUME_WINDOW_MS).step_by(20_000) {
        world.execute(now, 1, Command::Beat { ack: None });
    }
    world.registry.sweep(RESUME_WINDOW_MS, &mut world.out);
    assert!(world.told(1).is_empty());
    world.registry.sweep(1 + RESUME_WINDOW_MS, &mut world.out);
    let told = kinds(world.told(1));
    assert!(
        matches!(&told[..], [.., Mail::Refused { code: ErrorCode::PeerNotFound, reference: Some(2), about: Some(about), .. }] if *about == id("bob")),
        "{told:?}"
    );
}

#[test]
fn a_later_session_of_the_sender_gets_no_receipt_that_it_did_not_ask_for() {
    for ends in [false, true] {
        let mut world = World::in_a_room(&["ada", "bob"]);
        world.request(1, 1, 2, post("bob", "one"));
        world.detach(2, 1, Departure::Bye);
        assert_eq!(world.resume(3, 9, claim("ada", "key", "next", None)), Ok(fresh(None)));
        if ends {
            world.detach(4, 2, Departure::Bye);
        } else {
            world.ack(4, 2, 2);
        }
        assert!(world.told(9).is_empty());
    }
}

#[test]
fn receipts_and_version_1() {
    let mut world = World::in_a_room(&["ada", "bob"]);
    world.claim(0, 8, crate::registry::world_tests::hello("old", 'k'));
    let upgrade = refused(ErrorCode::UpgradeRequired);
    assert_eq!(world.request(1, 1, 2, post("old", "x")), upgrade, "it would never acknowledge");
    assert!(world.mail(8).is_empty());
    assert_eq!(world.request(1, 1, 3, Action::Send { to: id("old"), signal: signal() }), Outcome::Executed);
    assert_eq!(world.numbers(8).len(), 0);
    // What an old client sends in that field means nothing.
    assert_eq!(world.run(1, 8, post("bob", "x")), Outcome::Executed);
    assert_eq!(kinds(world.told(2)), [Mail::Relay { from: id("old"), signal: message("x", false) }]);
    world.ack(2, 2, 2);
    assert!(world.mail(8).is_empty());
}

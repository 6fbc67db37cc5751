//! Sessions and their keys. Also what the other tests of version 2 share.

use crate::TokenHash;
use crate::engine::limits::LEASE_MS;
use crate::engine::limits::RESUME_WINDOW_MS;
use crate::engine::{
    Action, AwayReason, Claim, Claimed, ClientFrame, Command, Delivery, Departure, LeaveReason, LossReason,
    Mail, Outcome,
};
use crate::registry::world_tests::{LOST, World, hello, id, refused, room, signal, socket};
use signalpost_protocol::{ErrorCode, Label, Position, SequenceNumber};
use std::sync::Arc;

/// A claim of version 2 with these keys.
pub(crate) fn claim(peer: &str, key: &str, next: &str, received: Option<u32>) -> Claim {
    let (key, next) = (TokenHash::of(key), TokenHash::of(next));
    Claim { version: 2, key, next, received: received.map(Position), ..hello(peer, 'k') }
}

/// The mail of a socket with its numbers, without the replies that say nothing.
pub(crate) type Told = Vec<(Option<u32>, Mail)>;

impl World {
    /// Claims; what the reply says. What follows it stays.
    pub(crate) fn resume(&mut self, now: u64, number: u64, claim: Claim) -> Result<Claimed, Outcome> {
        self.registry.execute(now, socket(number), Command::Claim(Box::new(claim)), &mut self.out);
        match self.out.got.get_mut(&socket(number)).map(|got| got.remove(0)) {
            Some(Delivery::Claimed(claimed)) => Ok(claimed),
            Some(Delivery::Done { outcome, .. }) => Err(outcome),
            other => panic!("no reply but {other:?}"),
        }
    }

    /// A new session of version 2 for each of the names, on the sockets 1, 2, 3 …, all in one room. They have
    /// acknowledged their mail.
    pub(crate) fn in_a_room(names: &[&str]) -> Self {
        let mut world = Self::new();
        for (number, name) in (1..).zip(names) {
            assert_eq!(world.resume(0, number, claim(name, "key", "next", None)), Ok(fresh(None)));
            assert_eq!(world.request(0, number, 1, Action::Join(room("r"))), Outcome::Executed);
        }
        for number in 1..=names.len() as u64 {
            let top = world.told(number).last().and_then(|(seq, _)| *seq);
            assert_eq!(world.execute(0, number, Command::Beat { ack: top.map(Position) }), Outcome::Executed);
        }
        world
    }

    /// Takes one frame with a number. The client's mail stays.
    pub(crate) fn request(&mut self, now: u64, number: u64, seq: u32, action: Action) -> Outcome {
        let request = ClientFrame { seq: Some(SequenceNumber(seq)), ack: None, reference: Some(seq), action };
        self.execute(now, number, Command::Frame(request))
    }

    pub(crate) fn send(&mut self, now: u64, number: u64, seq: u32, to: &str) -> Outcome {
        self.request(now, number, seq, Action::Send { to: id(to), signal: signal() })
    }

    pub(crate) fn ack(&mut self, now: u64, number: u64, ack: u32) {
        assert_eq!(self.execute(now, number, Command::Beat { ack: Some(Position(ack)) }), Outcome::Executed);
    }

    pub(crate) fn told(&mut self, number: u64) -> Told {
        let mail = |delivery| match delivery {
            Delivery::Mail { seq, mail } => (seq.map(|seq| seq.0), Arc::unwrap_or_clone(mail)),
            other => panic!("{other:?}"),
        };
        self.mail(number).into_iter().map(mail).collect()
    }

    /// Returns the numbers of a socket's mail.
    pub(crate) fn numbers(&mut self, number: u64) -> Vec<u32> {
        self.told(number).into_iter().filter_map(|(seq, _)| seq).collect()
    }
}

/// The reply to a claim that begins a session.
pub(crate) fn fresh(reason: Option<LossReason>) -> Claimed {
    Claimed { resumed: false, reason, received: Position::START, acknowledged: Position::START }
}

fn resumed(received: u32, acknowledged: u32) -> Claimed {
    Claimed {
        resumed: true,
        reason: None,
        received: Position(received),
        acknowledged: Position(acknowledged),
    }
}

#[test]
fn a_session_goes_on_at_what_its_client_has() {
    let mut world = World::in_a_room(&["ada", "bob"]);
    for seq in 2..=6 {
        assert_eq!(world.send(1, 1, seq, "bob"), Outcome::Executed);
    }
    assert_eq!(world.numbers(2), [2, 3, 4, 5, 6]);
    world.ack(1, 2, 3);
    world.detach(2, 2, LOST);
    assert_eq!(world.send(3, 1, 7, "bob"), Outcome::Executed);
    // It has one more than it has acknowledged.
    assert_eq!(world.resume(4, 9, claim("bob", "next", "n2", Some(4))), Ok(resumed(1, 4)));
    assert_eq!(world.numbers(9), [5, 6, 7]);
    assert_eq!(world.send(5, 1, 8, "bob"), Outcome::Executed);
    assert_eq!(world.numbers(9), [8]);
    // The same once more, from a socket that was not lost.
    assert_eq!(world.resume(6, 10, claim("bob", "n2", "n3", Some(4))), Ok(resumed(1, 4)));
    assert_eq!(world.numbers(10), [5, 6, 7, 8]);
    assert_eq!(world.mail(9), [Delivery::Replaced]);
}

#[test]
fn a_position_that_the_mailbox_does_not_know_begins_a_new_session() {
    for (position, what) in [(2, "acknowledged before"), (6, "never sent"), (u32::MAX, "never sent")] {
        let mut world = World::in_a_room(&["ada", "bob", "cy"]);
        for seq in 2..=4 {
            world.send(1, 1, seq, "bob");
        }
        assert_eq!(world.numbers(2), [3, 4, 5]);
        world.ack(1, 2, 4);
        world.mail(3);
        let lost = Ok(fresh(Some(LossReason::PositionLost)));
        assert_eq!(world.resume(2, 9, claim("bob", "next", "n2", Some(position))), lost, "{what}");
        assert_eq!(world.mail(2), [Delivery::Replaced]);
        assert!(world.mail(9).is_empty(), "what is of the old session");
        let gone = Mail::PeerLeft { room: room("r"), peer: id("bob"), reason: LeaveReason::Lost };
        assert_eq!(world.told(3), [(Some(2), gone)]);
        assert_eq!(world.request(3, 9, 1, Action::Join(room("r"))), Outcome::Executed);
        assert_eq!(world.numbers(9), [1]);
    }
}

#[test]
fn each_client_that_expects_a_session_that_is_gone_hears_so_once() {
    let mut world = World::new();
    let expired = Ok(fresh(Some(LossReason::SessionExpired)));
    assert_eq!(world.resume(0, 1, claim("ada", "key", "next", Some(0))), expired);
    assert_eq!(world.resume(0, 2, claim("bob", "key", "next", None)), Ok(fresh(None)));
    world.detach(1, 1, Departure::Bye);
    assert_eq!(world.resume(2, 3, claim("ada", "next", "n2", Some(0))), expired);
}

#[test]
fn a_welcome_that_is_lost_leaves_the_key_good() {
    let mut world = World::in_a_room(&["ada"]);
    // Proven: from here only "next" counts. Each of these welcomes is lost.
    for (number, next) in (2..).zip(["a", "b", "c", "d", "e"]) {
        assert_eq!(world.resume(1, number, claim("ada", "next", next, Some(1))), Ok(resumed(1, 1)));
    }
    for stale in ["key", "a", "x", ""] {
        let taken = Err(refused(ErrorCode::PeerIdTaken));
        assert_eq!(world.resume(2, 20, claim("ada", stale, "n", Some(1))), taken, "{stale}");
    }
    // A late one arrived after all: its key is good, and the one before it is not any more.
    assert_eq!(world.resume(3, 21, claim("ada", "d", "f", Some(1))), Ok(resumed(1, 1)));
    assert!(world.resume(4, 22, claim("ada", "next", "n", Some(1))).is_err());
    assert!(world.resume(4, 22, claim("ada", "e", "n", Some(1))).is_err());
    for (number, next) in [(23, "g"), (24, "h")] {
        assert_eq!(world.resume(5, number, claim("ada", "f", next, Some(1))), Ok(resumed(1, 1)));
    }
    // The last of them is proven, so those before it are not good any more.
    world.ack(6, 24, 1);
    for stale in ["f", "g"] {
        assert!(world.resume(7, 25, claim("ada", stale, "n", Some(1))).is_err(), "{stale}");
    }
    assert_eq!(world.resume(8, 26, claim("ada", "h", "i", Some(1))), Ok(resumed(1, 1)));
}

#[test]
fn a_client_that_was_never_welcomed_claims_with_its_first_key_again() {
    let mut world = World::new();
    assert_eq!(world.resume(0, 1, claim("ada", "key", "n1", None)), Ok(fresh(None)));
    // It sent its frames right behind; some arrived, and so did their effect.
    assert_eq!(world.request(0, 1, 1, Action::Join(room("r"))), Outcome::Executed);
    assert_eq!(world.resume(1, 2, claim("ada", "key", "n2", None)), Ok(resumed(1, 0)));
    assert_eq!(world.numbers(2), [1]);
    assert_eq!(world.request(1, 2, 1, Action::Join(room("r"))), Outcome::Duplicate);
    assert!(world.mail(2).is_empty());
}

#[test]
fn an_acknowledgement_proves_the_new_key_and_a_replayed_hello_is_refused() {
    let mut world = World::in_a_room(&["ada"]);
    let hello = || claim("ada", "next", "n2", Some(1));
    assert!(world.resume(1, 2, hello()).is_ok());
    assert!(world.resume(2, 3, hello()).is_ok(), "nothing proves that the welcome arrived");
    // What the fenced socket says proves nothing.
    assert_eq!(world.mail(2), [Delivery::Replaced]);
    assert_eq!(world.execute(3, 2, Command::Beat { ack: Some(Position(1)) }), Outcome::Unregistered);
    assert!(world.resume(4, 4, hello()).is_ok());
    // Nor does an acknowledgement of what was never sent.
    world.ack(5, 4, 7);
    assert!(world.resume(6, 5, hello()).is_ok());
    world.ack(7, 5, 1);
    let taken = Err(refused(ErrorCode::PeerIdTaken));
    assert_eq!(world.resume(8, 6, hello()), taken);
    world.detach(9, 5, LOST);
    assert_eq!(world.resume(10, 6, hello()), taken, "also while the peer is away");
    assert!(world.resume(11, 7, claim("ada", "n2", "n3", Some(1))).is_ok());
}

#[test]
fn a_forged_key_gets_nothing_and_costs_nothing() {
    let mut world = World::in_a_room(&["ada", "bob"]);
    world.send(1, 1, 2, "bob");
    world.mail(2);
    for (version, received) in [(2, Some(1)), (2, None), (1, None)] {
        let forged = Claim { version, ..claim("bob", "forged", "mine", received) };
        assert_eq!(world.resume(2, 9, forged), Err(refused(ErrorCode::PeerIdTaken)));
        assert!(world.mail(9).is_empty() && world.mail(2).is_empty());
    }
    assert!(world.resume(3, 9, claim("bob", "mine", "n", Some(1))).is_err());
    assert_eq!(world.resume(3, 10, claim("bob", "next", "n2", Some(1))), Ok(resumed(1, 1)));
}

#[test]
fn of_two_claims_at_once_one_socket_lives() {
    let mut world = World::in_a_room(&["ada", "bob"]);
    world.detach(1, 2, LOST);
    assert!(world.resume(2, 10, claim("bob", "next", "a", Some(1))).is_ok());
    assert!(world.resume(2, 11, claim("bob", "next", "b", Some(1))).is_ok());
    assert_eq!(world.mail(10), [Delivery::Replaced]);
    assert_eq!(world.send(3, 10, 2, "ada"), Outcome::Unregistered);
    world.mail(1);
    for departure in [LOST, Departure::Bye] {
        world.detach(3, 10, departure);
    }
    assert!(world.mail(1).is_empty(), "the end of the fenced socket is nobody's mail");
    assert_eq!(world.send(4, 11, 2, "ada"), Outcome::Executed);
    assert_eq!(world.numbers(1).len(), 1);
}

#[test]
fn another_session_number_of_the_same_client_ends_the_old_session() {
    for away in [false, true] {
        let mut world = World::in_a_room(&["ada", "bob"]);
        if away {
            world.detach(1, 2, LOST);
        }
        world.send(1, 1, 2, "bob");
        for number in [1, 2] {
            world.mail(number);
        }
        let mut reloaded = claim("bob", "next", "n2", None);
        reloaded.peer.incarnation = 2;
        assert_eq!(world.resume(2, 9, reloaded), Ok(fresh(None)));
        assert!(world.mail(9).is_empty(), "what was for the old session");
        let expected: &[Delivery] = if away { &[] } else { &[Delivery::Superseded] };
        assert_eq!(world.mail(2), expected);
        let told: Vec<Mail> = world.told(1).into_iter().map(|(_, mail)| mail).collect();
        let left = Mail::PeerLeft { room: room("r"), peer: id("bob"), reason: LeaveReason::Lost };
        assert_eq!(told, [left]);
    }
}

#[test]
fn a_client_of_version_1_and_one_of_version_2_take_each_others_place_without_resuming() {
    let mut world = World::in_a_room(&["ada", "bob"]);
    let old = Claim { version: 1, ..claim("bob", "next", "n", None) };
    assert_eq!(world.resume(1, 9, old), Ok(fresh(None)));
    assert_eq!(world.mail(2), [Delivery::Superseded]);
    world.join(2, 9, "r");
    let expired = Ok(fresh(Some(LossReason::SessionExpired)));
    assert_eq!(world.resume(3, 10, claim("bob", "next", "n", Some(1))).map(|it| it.resumed), Ok(false));
    assert_eq!(world.mail(9), [Delivery::Superseded]);
    world.detach(4, 10, Departure::Bye);
    assert_eq!(world.resume(5, 11, claim("bob", "next", "n", Some(1))), expired);
}

#[test]
fn what_a_peer_says_of_itself_at_its_return_counts() {
    let mut world = World::in_a_room(&["ada", "bob"]);
    world.detach(1, 2, LOST);
    world.mail(1);
    let mut changed = claim("bob", "next", "n2", Some(1));
    changed.peer.region = Some("eu".into());
    changed.peer.capabilities = vec!["video".into()];
    let info = Arc::new(changed.peer.clone());
    assert!(world.resume(2, 9, changed).is_ok());
    let told: Vec<Mail> = world.told(1).into_iter().map(|(_, mail)| mail).collect();
    assert_eq!(told, [Mail::PeerBack { room: room("r"), peer: info }]);
    let query = signalpost_protocol::Query { region: Label::parse("eu").ok(), ..Default::default() };
    world.request(3, 1, 2, Action::Discover(query));
    let found = world.told(1);
    assert!(matches!(&found[..], [(_, Mail::Found { page, .. })] if page.peers.len() == 1), "{found:?}");
    world.detach(4, 9, Departure::Bye);
    world.detach(4, 1, Departure::Bye);
    world.registry.sweep(5, &mut world.out);
    assert!(world.registry.labels.regions.is_empty() && world.registry.labels.capabilities.is_empty());
}

#[test]
fn an_ended_lease_is_an_absence_and_the_client_resumes() {
    let mut world = World::in_a_room(&["ada", "bob"]);
    for now in [15_000, 29_999] {
        world.execute(now, 1, Command::Beat { ack: None });
    }
    world.registry.sweep(30_000, &mut world.out);
    let told: Vec<Mail> = world.told(1).into_iter().map(|(_, mail)| mail).collect();
    let silent = Mail::PeerAway { room: room("r"), peer: id("bob"), reason: AwayReason::Silent };
    assert_eq!(told, [silent]);
    assert_eq!(world.mail(2), [Delivery::Expired]);
    assert_eq!(world.execute(30_001, 2, Command::Beat { ack: None }), Outcome::Unregistered);
    assert_eq!(world.resume(30_002, 9, claim("bob", "next", "n", Some(1))), Ok(resumed(1, 1)));
    // Without a sweep, the socket's own command finds it out.
    assert_eq!(world.execute(90_000, 9, Command::Beat { ack: None }), Outcome::Unregistered);
    assert!(!world.registry.peers[&id("bob")].is_present(90_000));
    // And a claim after lease and window finds nothing.
    let mut world = World::in_a_room(&["ada"]);
    let expired = Ok(fresh(Some(LossReason::SessionExpired)));
    let now = LEASE_MS + RESUME_WINDOW_MS;
    assert_eq!(world.resume(now, 9, claim("ada", "other", "n", Some(1))), expired);
}

#[test]
fn a_welcome_that_was_lost_is_said_again_with_the_same_reason() {
    for reason in [LossReason::PositionLost, LossReason::SessionExpired] {
        let mut world = World::in_a_room(&["ada", "bob"]);
        if reason == LossReason::SessionExpired {
            world.detach(1, 2, Departure::Bye);
        }
        for number in [9, 10, 11] {
            let again = claim("bob", "next", &number.to_string(), Some(77));
            assert_eq!(world.resume(2, number, again), Ok(fresh(Some(reason))), "on {number}");
        }
        world.ack(3, 11, 0);
        let late = claim("bob", "next", "n", Some(77));
        assert_eq!(world.resume(3, 12, late), Err(refused(ErrorCode::PeerIdTaken)));
    }
}

#[test]
fn who_never_received_anything_of_an_acknowledged_session_has_lost_the_position() {
    let mut world = World::in_a_room(&["ada"]);
    let lost = Ok(fresh(Some(LossReason::PositionLost)));
    assert_eq!(world.resume(1, 9, claim("ada", "next", "n", None)), lost);
}

#[test]
fn a_client_that_never_brings_the_frame_that_is_missing_comes_to_an_end() {
    let mut world = World::in_a_room(&["ada"]);
    let gap = |world: &mut World, number: u64| {
        assert_eq!(world.request(1, number, 3, Action::Leave(room("r"))), Outcome::Gap);
        world.detach(1, number, LOST);
    };
    let back = |number: u64| {
        let (key, next) = (format!("k{}", number - 1), format!("k{number}"));
        claim("ada", if number == 10 { "next" } else { &key }, &next, Some(1))
    };
    gap(&mut world, 1);
    for number in 10..16 {
        assert_eq!(world.resume(1, number, back(number)), Ok(resumed(1, 1)));
        gap(&mut world, number);
    }
    // What it brings after all counts, and what is missing then is another frame.
    assert_eq!(world.resume(1, 16, back(16)), Ok(resumed(1, 1)));
    assert_eq!(world.request(1, 16, 2, Action::Join(room("r"))), Outcome::Executed);
    for number in 17..25 {
        assert_eq!(world.request(1, number - 1, 4, Action::Leave(room("r"))), Outcome::Gap);
        assert_eq!(
            world.resume(1, number, back(number)).map(|it| it.resumed),
            Ok(number < 24),
            "on {number}"
        );
    }
}

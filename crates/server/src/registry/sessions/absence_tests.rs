//! Who is away, who hears of it, and when an absence ends.

use super::deadlines::Deadlines;
use super::session_tests::{claim, fresh};
use crate::engine::limits::LEASE_MS;
use crate::engine::limits::RESUME_WINDOW_MS;
use crate::engine::{
    Action, AwayReason, Command, Delivery, Departure, LeaveReason, LossReason, Mail, Outcome, explanation,
};
use crate::registry::bounds::Bounds;
use crate::registry::listing::labels::Labels;
use crate::registry::state::Registry;
use crate::registry::world_tests::{LOST, World, hello, id, ids, room, told};
use signalpost_protocol::message::Route;
use signalpost_protocol::{Description, ErrorCode, Query, Signal};

const AT: u64 = 1_000;

impl World {
    /// Returns the mail of a socket, without numbers.
    fn heard(&mut self, number: u64) -> Vec<Mail> {
        self.told(number).into_iter().map(|(_, mail)| mail).collect()
    }

    /// Keeps the leases of these sockets until then.
    fn pass(&mut self, from: u64, to: u64, sockets: &[u64]) {
        for now in (from..to).step_by(5_000) {
            for number in sockets {
                self.execute(now, *number, Command::Beat { ack: None });
            }
            self.registry.sweep(now, &mut self.out);
        }
    }

    fn listed(&mut self, number: u64, seq: u32, query: Query) -> Vec<String> {
        assert_eq!(self.request(AT, number, seq, Action::Discover(query)), Outcome::Executed);
        match self.heard(number).pop() {
            Some(Mail::Found { page, .. }) => ids(&page).0,
            other => panic!("{other:?}"),
        }
    }
}

fn away(peer: &str, reason: AwayReason) -> Mail {
    Mail::PeerAway { room: room("r"), peer: id(peer), reason }
}

fn gone(peer: &str, reason: LeaveReason) -> Mail {
    Mail::PeerLeft { room: room("r"), peer: id(peer), reason }
}

fn is_back(mail: &Mail, name: &str) -> bool {
    matches!(mail, Mail::PeerBack { peer, .. } if peer.id == name)
}

#[test]
fn an_absence_has_its_reason_and_ends_with_a_return() {
    for reason in [AwayReason::Lost, AwayReason::Silent, AwayReason::Suspended] {
        let mut world = World::in_a_room(&["ada", "bob"]);
        world.detach(AT, 2, Departure::Away(reason));
        assert_eq!(world.heard(1), [away("bob", reason)]);
        assert!(world.resume(AT + 1, 9, claim("bob", "next", "n", Some(1))).is_ok());
        let heard = world.heard(1);
        assert!(matches!(&heard[..], [back] if is_back(back, "bob")), "{heard:?}");
        // The window is over only for an absence.
        world.pass(AT, AT + 2 * RESUME_WINDOW_MS, &[1, 9]);
        assert!(world.heard(1).is_empty());
    }
}

#[test]
fn members_hear_of_an_absence_before_a_list_of_the_room_leaves_it_out() {
    let query = Query { room: Some(room("r")), ..Query::default() };
    for action in [Action::Join(room("r")), Action::Discover(query)] {
        let mut world = World::in_a_room(&["ada", "bob", "cy"]);
        world.registry.sweep(LEASE_MS - 1, &mut world.out);
        for number in [1, 3] {
            world.execute(LEASE_MS - 1, number, Command::Beat { ack: None });
        }
        // The sweep before was just now.
        world.registry.sweep(LEASE_MS, &mut world.out);
        assert!(world.heard(1).is_empty());
        assert_eq!(world.request(LEASE_MS, 1, 2, action), Outcome::Executed);
        let silent = away("bob", AwayReason::Silent);
        match &world.heard(1)[..] {
            [told, Mail::Joined { page, .. } | Mail::Found { page, .. }] => {
                assert_eq!((told, ids(page).0), (&silent, vec!["cy".to_string()]));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(world.heard(3), [silent]);
        assert_eq!(world.mail(2), [Delivery::Expired]);
    }
}

#[test]
fn a_window_ends_with_exactly_one_leave() {
    let mut world = World::in_a_room(&["ada", "bob"]);
    world.detach(AT, 2, LOST);
    world.heard(1);
    world.pass(AT, AT + RESUME_WINDOW_MS, &[1]);
    world.registry.sweep(AT + RESUME_WINDOW_MS - 1, &mut world.out);
    assert!(world.heard(1).is_empty());
    assert_eq!(world.send(AT + RESUME_WINDOW_MS - 1, 1, 2, "bob"), Outcome::Executed, "it may still come");
    world.heard(1);
    // The sweep before was just now: windows do not wait for the next look at leases.
    assert_eq!(world.registry.poll_timeout(), Some(AT + RESUME_WINDOW_MS));
    world.registry.sweep(AT + RESUME_WINDOW_MS, &mut world.out);
    assert_eq!(world.heard(1), [gone("bob", LeaveReason::Lost)]);
    world.pass(AT + RESUME_WINDOW_MS, AT + 2 * RESUME_WINDOW_MS, &[1]);
    assert!(world.heard(1).is_empty());
    let expired = Ok(fresh(Some(LossReason::SessionExpired)));
    assert_eq!(world.resume(AT + 2 * RESUME_WINDOW_MS, 9, claim("bob", "x", "n", Some(1))), expired);
}

#[test]
fn a_window_that_is_over_and_not_swept_is_over() {
    let mut world = World::in_a_room(&["ada", "bob"]);
    world.detach(AT, 2, LOST);
    world.pass(AT, AT + RESUME_WINDOW_MS - 10_000, &[1]);
    world.heard(1);
    let now = AT + RESUME_WINDOW_MS;
    assert_eq!(world.send(now, 1, 2, "bob"), Outcome::Refused(ErrorCode::PeerNotFound));
    world.heard(1);
    let expired = Ok(fresh(Some(LossReason::SessionExpired)));
    assert_eq!(world.resume(now, 9, claim("bob", "next", "n", Some(1))), expired);
    assert_eq!(world.heard(1), [gone("bob", LeaveReason::Lost)]);
}

#[test]
fn bye_ends_at_once() {
    let mut world = World::in_a_room(&["ada", "bob"]);
    world.detach(AT, 2, Departure::Bye);
    assert_eq!(world.heard(1), [gone("bob", LeaveReason::Closed)]);
    assert_eq!(world.registry.len(), 1);
    world.pass(AT, AT + 2 * RESUME_WINDOW_MS, &[1]);
    assert!(world.heard(1).is_empty());
}

#[test]
fn a_page_that_was_probably_left_and_is_loaded_anew_has_closed() {
    let mut world = World::in_a_room(&["ada", "bob"]);
    world.detach(AT, 2, Departure::Leaving);
    assert_eq!(world.heard(1), [away("bob", AwayReason::Lost)]);
    let mut reloaded = claim("bob", "next", "n", None);
    reloaded.peer.incarnation += 1;
    assert!(world.resume(AT + 100, 9, reloaded).is_ok());
    assert_eq!(world.heard(1), [gone("bob", LeaveReason::Closed)]);
}

#[test]
fn the_id_of_a_page_that_was_probably_left_is_free_at_once() {
    let mut world = World::in_a_room(&["ada", "bob"]);
    let other = || claim("bob", "another", "n", None);
    world.detach(AT, 2, LOST);
    assert_eq!(world.resume(AT + 1, 9, other()), Err(Outcome::Refused(ErrorCode::PeerIdTaken)));
    assert!(world.resume(AT + 2, 10, claim("bob", "next", "n", Some(1))).is_ok());
    world.heard(1);
    world.detach(AT + 3, 10, Departure::Leaving);
    assert_eq!(world.resume(AT + 4, 11, other()), Ok(fresh(None)));
    assert_eq!(world.heard(1), [away("bob", AwayReason::Lost), gone("bob", LeaveReason::Closed)]);
}

#[test]
fn without_a_window_a_page_that_was_probably_left_has_closed_at_once() {
    let mut world = World::in_a_room(&["ada", "bob"]);
    world.registry.window_ms = 0;
    world.detach(AT, 2, Departure::Leaving);
    assert_eq!(world.heard(1), [gone("bob", LeaveReason::Closed)]);
}

#[test]
fn who_is_away_is_listed_nowhere_and_hears_of_everything() {
    let mut world = World::in_a_room(&["ada", "bob", "cy"]);
    let in_room = || Query { room: Some(room("r")), ..Query::default() };
    assert_eq!(world.listed(1, 2, Query::default()), ["bob", "cy"]);
    world.detach(AT, 2, LOST);
    assert_eq!(world.listed(1, 3, Query::default()), ["cy"]);
    assert_eq!(world.listed(1, 4, in_room()), ["cy"]);
    // While it is away: a message, a broadcast, a leave, a join, another absence.
    world.send(AT, 1, 5, "bob");
    world.request(AT, 1, 6, Action::Broadcast { room: room("r"), data: "all".into() });
    world.request(AT, 3, 2, Action::Leave(room("r")));
    world.request(AT, 3, 3, Action::Join(room("r")));
    world.detach(AT, 3, LOST);
    let bob = world.registry.peers[&id("bob")].mailbox.floor().0;
    assert!(world.resume(AT + 1, 9, claim("bob", "next", "n", Some(bob))).is_ok());
    let told = world.told(9);
    let first = bob + 1;
    assert_eq!(
        told.iter().map(|(seq, _)| seq.unwrap()).collect::<Vec<_>>(),
        (first..first + 3).collect::<Vec<_>>()
    );
    assert!(
        matches!(
            &told.iter().map(|(_, mail)| mail).collect::<Vec<_>>()[..],
            [Mail::Relay { .. }, Mail::Relay { .. }, Mail::PeerLeft { .. },]
        ),
        "{told:?}"
    );
    assert_eq!(world.listed(1, 7, in_room()), ["bob"]);
}

#[test]
fn who_joins_during_an_absence_hears_of_the_return() {
    let mut world = World::in_a_room(&["ada", "bob"]);
    world.detach(AT, 2, LOST);
    assert!(world.resume(AT, 3, claim("cy", "key", "next", None)).is_ok());
    world.request(AT, 3, 1, Action::Join(room("r")));
    let heard = world.heard(3);
    assert!(matches!(&heard[..], [Mail::Joined { page, .. }] if ids(page).0 == ["ada"]), "{heard:?}");
    assert!(world.resume(AT + 1, 9, claim("bob", "next", "n", Some(1))).is_ok());
    let heard = world.heard(3);
    assert!(matches!(&heard[..], [back] if is_back(back, "bob")), "{heard:?}");
    // The one who was away heard of the join.
    let heard = world.heard(9);
    assert!(matches!(&heard[..], [Mail::PeerJoined { peer, .. }] if peer.id == "cy"), "{heard:?}");
}

#[test]
fn a_return_without_an_absence_is_nobodys_news() {
    let mut world = World::in_a_room(&["ada", "bob"]);
    assert!(world.resume(AT, 9, claim("bob", "next", "n", Some(1))).is_ok());
    assert!(world.heard(1).is_empty());
}

#[test]
fn members_of_version_1_hear_of_an_absence_as_they_always_have() {
    let mut world = World::in_a_room(&["ada", "bob"]);
    world.claim(0, 7, hello("old", 'k'));
    world.join(0, 7, "r");
    world.heard(1);
    let mut key = ("next".to_owned(), 10);
    for _ in 0..2 {
        let bob = if key.1 == 10 { 2 } else { key.1 - 1 };
        world.detach(AT, bob, LOST);
        assert_eq!(world.mail(7), [told(gone("bob", LeaveReason::Lost))]);
        let next = format!("n{}", key.1);
        let top = world.registry.peers[&id("bob")].mailbox.sent().0;
        assert!(world.resume(AT, key.1, claim("bob", &key.0, &next, Some(top))).is_ok());
        let heard = world.heard(7);
        assert!(
            matches!(&heard[..], [Mail::PeerJoined { peer, .. }] if peer.id == "bob"),
            "a member of version 1 heard {heard:?}"
        );
        key = (next, key.1 + 1);
    }
    // Members hear once of an absence that ends with its window, and at once of an absence that `bye` cuts short.
    world.detach(AT, key.1 - 1, LOST);
    world.mail(7);
    world.pass(AT, AT + RESUME_WINDOW_MS + 10_000, &[1, 7]);
    assert!(world.mail(7).is_empty());
    world.detach(AT + RESUME_WINDOW_MS, 1, Departure::Bye);
    assert_eq!(world.mail(7), [told(gone("ada", LeaveReason::Closed))]);
    // And a peer of version 1 is never away.
    let mut world = World::in_a_room(&["ada"]);
    world.claim(0, 7, hello("old", 'k'));
    world.join(0, 7, "r");
    world.heard(1);
    world.detach(AT, 7, LOST);
    assert_eq!(world.heard(1), [gone("old", LeaveReason::Lost)]);
}

#[test]
fn a_window_of_0_ends_a_session_with_its_socket() {
    let mut world = World::in_a_room(&["ada", "bob"]);
    world.registry.window_ms = 0;
    world.detach(AT, 2, LOST);
    assert_eq!(world.heard(1), [gone("bob", LeaveReason::Lost)]);
    assert_eq!(world.registry.len(), 1);
}

#[test]
fn a_newcomer_takes_no_place_from_a_peer_that_is_away() {
    let mut world = World::new();
    world.registry = Registry::default().with_bounds(Bounds { peers: 3, ..Bounds::default() });
    world.resume(0, 1, claim("ada", "key", "next", None)).unwrap();
    world.ack(0, 1, 0);
    world.detach(AT, 1, LOST);
    for number in 2..12 {
        let claimed = world.resume(AT, number, claim(&format!("p{number}"), "key", "next", None));
        assert_eq!(claimed.is_ok(), number < 4);
        if number >= 4 {
            assert_eq!(claimed, Err(Outcome::Refused(ErrorCode::ServerFull)));
        }
        world.detach(AT, number, LOST);
    }
    assert!(world.resume(AT + 1, 20, claim("ada", "next", "n", Some(0))).is_ok_and(|it| it.resumed));
    // There is room again when a window is over.
    world.registry.sweep(AT + RESUME_WINDOW_MS, &mut world.out);
    assert!(world.resume(AT + RESUME_WINDOW_MS, 21, claim("dan", "key", "next", None)).is_ok());
}

#[test]
fn nothing_is_left_behind_by_sessions() {
    let mut world = World::new();
    for round in 0..20u64 {
        let now = round * 50_000;
        for number in 0..6 {
            let mut claim = claim(&format!("p{number}"), "key", "key", Some(0));
            claim.peer.region = Some(format!("region{round}"));
            claim.peer.capabilities = vec![format!("c{round}"), "d".into()];
            let socket = round * 10 + number;
            world.resume(now, socket, claim).unwrap();
            world.request(now, socket, 1, Action::Join(room(&format!("r{round}"))));
            if number % 2 == 0 {
                world.detach(now + 1, socket, LOST);
            }
        }
        world.registry.sweep(now + 40_000, &mut world.out);
    }
    for now in [u64::MAX - 1, u64::MAX] {
        world.registry.deadlines.next_lease_sweep = 0;
        world.registry.sweep(now, &mut world.out);
    }
    let Registry { peers, sockets, rooms, presences, labels, deadlines, overflowed, .. } = &world.registry;
    let (Labels { regions, capabilities }, Deadlines { leases, windows, .. }) = (labels, deadlines);
    assert!(peers.is_empty() && sockets.is_empty() && leases.is_empty() && windows.is_empty());
    assert!(presences.is_empty() && world.registry.held() == 0);
    assert!(rooms.is_empty() && regions.is_empty() && capabilities.is_empty() && overflowed.is_empty());
}

#[test]
fn who_negotiates_with_a_session_that_ends_is_told_once_that_it_was_not_heard() {
    let mut world = World::in_a_room(&["ada", "bob", "cy"]);
    let route = Route { connection: 1, target: None };
    let offer =
        || Signal::Offer(Description { route, session: None, mapping: None, number: 1, sdp: "v=0".into() });
    let invite = Signal::Invite { route, session: None, mapping: None, end: None };
    world.detach(AT, 2, LOST);
    for (seq, signal) in [(2, offer()), (3, invite), (4, Signal::Close { route })] {
        let action = Action::Send { to: id("bob"), signal };
        assert_eq!(world.request(AT, 1, seq, action), Outcome::Executed);
    }
    assert_eq!(world.send(AT, 3, 2, "bob"), Outcome::Executed, "a close needs no answer");
    world.heard(1);
    world.heard(3);
    world.pass(AT, AT + RESUME_WINDOW_MS, &[1, 3]);
    world.registry.sweep(AT + RESUME_WINDOW_MS, &mut world.out);
    let code = ErrorCode::PeerNotFound;
    let unheard = Mail::Refused {
        code,
        text: explanation(code).into(),
        reference: None,
        about: Some(id("bob")),
        after: None,
    };
    assert_eq!(world.heard(1), [gone("bob", LeaveReason::Lost), unheard]);
    assert_eq!(world.heard(3), [gone("bob", LeaveReason::Lost)]);
}

//! Rooms of thousands, and members that make more noise than others.

use super::crowd_world_tests::MAX_WORK;
use super::presence::MAX_ENDED_STAYS;
use super::turns::Pace;
use crate::SocketId;
use crate::engine::limits::RESUME_WINDOW_MS;
use crate::engine::limits::UNPROMPTED_NOTICES;
use crate::engine::{Action, AwayReason, Command, Departure, LeaveReason, Mail, Outcome};
use crate::registry::bounds::Bounds;
use crate::registry::sessions::registration::{JOIN_PAUSE_MS, JOINS};
use crate::registry::sessions::session_tests::claim;
use crate::registry::state::Registry;
use crate::registry::world_tests::{LOST, World, hello, id, ids, refused, room};
use signalpost_protocol::{ErrorCode, Query};
use std::collections::BTreeSet;

/// Case A1: everybody in a large room loses its socket within a moment.
#[test]
fn a_crowd_that_loses_its_sockets_costs_each_command_a_bounded_amount() {
    const CROWD: u64 = 4_000;
    let mut world = World::new();
    world.crowd(0, CROWD);
    for number in 1..CROWD {
        let work = world.work_of(1_000, number, Command::Detach(LOST));
        assert!(work <= MAX_WORK + CROWD, "a detach touched {work} entries");
        world.registry.sweep(1_000, &mut world.out);
    }
    let calm = world.settle(1_000);
    assert!(calm < 1_000 + 3_000, "told after {} ms", calm - 1_000);
    let picture = world.picture(0);
    assert_eq!(
        (picture.absences, picture.away.len(), picture.ends),
        (CROWD as usize - 1, CROWD as usize - 1, 0)
    );
    assert_eq!(world.registry.len(), CROWD as usize, "no session has ended");
    // They come back: each hears once where the others stand, not what happened meanwhile.
    for number in 1..CROWD {
        let name = format!("p{number:04}");
        let has = world.registry.peers[&id(&name)].mailbox.sent().0;
        let before = world.registry.touched();
        let claim = claim(&name, "next", "n", Some(has));
        assert!(world.resume(2_000, CROWD + number, claim).unwrap().resumed);
        let work = world.registry.touched() - before;
        assert!(work <= MAX_WORK + CROWD, "a claim touched {work} entries");
    }
    world.pictures.clear();
    world.settle(2_000);
    let told: usize = (CROWD + 1..2 * CROWD)
        .filter_map(|number| world.pictures.get(&SocketId::new(number)))
        .map(|picture| picture.absences)
        .sum();
    assert!(told < 10 * CROWD as usize, "{told} absences told of peers that were back");
}

/// The windows of a crowd end in one moment, and no sweep does it all.
#[test]
fn a_crowd_whose_windows_end_is_removed_in_bounded_parts() {
    const CROWD: u64 = 2_000;
    let mut world = World::new();
    world.crowd(0, CROWD);
    for number in 1..CROWD {
        world.work_of(1_000, number, Command::Detach(LOST));
    }
    world.settle(1_000);
    world.work_of(25_000, 0, Command::Beat { ack: None });
    for now in (30_000..1_000 + RESUME_WINDOW_MS).step_by(20_000) {
        world.work_of(now, 0, Command::Beat { ack: None });
    }
    world.settle(1_000 + RESUME_WINDOW_MS);
    let picture = world.picture(0);
    assert_eq!(picture.absences, CROWD as usize - 1);
    assert_eq!((picture.away.len(), picture.present.len()), (0, 0));
    assert_eq!(world.registry.len(), 1);
    assert_eq!(world.registry.presences[&room("r")].places(), 1, "every place was given back");
}

/// Case A5: more peers than a mailbox holds entries come while a member is away.
#[test]
fn a_member_that_was_away_hears_of_all_that_came() {
    for count in [300, 600, 3_000] {
        let mut world = World::in_a_room(&["ada", "bob"]);
        world.detach(0, 2, LOST);
        world.crowd(1_000, count);
        let has = world.registry.peers[&id("bob")].mailbox.sent().0;
        assert!(world.resume(20_000, 9, claim("bob", "next", "n", Some(has))).unwrap().resumed);
        world.settle(20_000);
        let picture = world.picture(9);
        assert_eq!((picture.present.len(), picture.ends), (count as usize, 0), "of {count}");
        assert!(world.registry.presences[&room("r")].members() == 2 + count as usize);
    }
}

/// Case A3: one peer enters and leaves as fast as it can.
#[test]
fn a_peer_that_storms_is_slowed_down_and_ends_nobodys_session() {
    for members in [16, Pace::SERVER.small + 36] {
        let mut world = World::new();
        world.crowd(0, members as u64 + 1);
        world.detach(0, 1, LOST);
        world.settle(0);
        let (mut seq, mut refusals, mut joins) = (2, 0, 0);
        for now in 1_000..5_000 {
            assert_eq!(world.request(now, 0, seq, Action::Leave(room("r"))), Outcome::Executed);
            seq += 1;
            loop {
                let outcome = world.request(now.max(1_000), 0, seq, Action::Join(room("r")));
                seq += 1;
                if outcome == Outcome::Executed {
                    joins += 1;
                    break;
                }
                assert_eq!(outcome, refused(ErrorCode::RateLimited));
                let told = world.told(0);
                let after = told.iter().rev().find_map(|(_, mail)| match mail {
                    Mail::Refused { after, .. } => *after,
                    _ => None,
                });
                assert!(after.is_some_and(|ms| u64::from(ms) <= JOIN_PAUSE_MS), "{told:?}");
                world.ack(now, 0, told.last().unwrap().0.unwrap());
                refusals += 1;
                if refusals > 20 {
                    break;
                }
            }
            if refusals > 20 {
                break;
            }
            world.settle(now);
        }
        assert_eq!(joins, JOINS);
        assert_eq!(world.registry.len(), members + 1);
        // The member that was away has missed nothing that it would have to know.
        let has = world.registry.peers[&id("p0001")].mailbox.sent().0;
        assert!(world.resume(9_000, 5_000, claim("p0001", "next", "n", Some(has))).unwrap().resumed);
        world.settle(9_000);
        assert_eq!(world.picture(5_000).ends, 1, "of the stay that it knew");
    }
}

/// The server forgets notices that a member could not take for long, and the member lists the room again.
#[test]
fn a_member_for_which_too_much_is_kept_lists_the_room_again() {
    let crowd = MAX_ENDED_STAYS as u64 + 200;
    let mut world = World::new();
    world.crowd(0, crowd);
    world.detach(0, 1, LOST);
    world.detach(0, 2, LOST);
    world.settle(0);
    for number in 3..crowd {
        world.detach(0, number, Departure::Bye);
    }
    world.settle(0);
    let places = world.registry.presences[&room("r")].places();
    assert!(places <= MAX_ENDED_STAYS + 8, "{places} places");
    let picture = world.picture(0);
    assert!(picture.lists == 2 && picture.present.is_empty() && picture.away.is_empty(), "{picture:?}");
    let has = world.registry.peers[&id("p0001")].mailbox.sent().0;
    assert!(world.resume(1_000, 9_000, claim("p0001", "next", "n", Some(has))).unwrap().resumed);
    world.settle(1_000);
    let picture = world.picture(9_000);
    assert_eq!(picture.lists, 1);
    assert_eq!(picture.present, BTreeSet::from(["p0000".to_owned()]));
    // The members hear of the peer that is still away as of one that joins.
    let has = world.registry.peers[&id("p0002")].mailbox.sent().0;
    world.resume(1_000, 9_001, claim("p0002", "next", "n", Some(has))).unwrap();
    world.settle(1_000);
    let both = ["p0000".to_owned(), "p0002".to_owned()];
    assert_eq!(world.picture(9_000).present, BTreeSet::from(both));
}

/// What a member does not acknowledge stays in the room, and not in its mailbox.
#[test]
fn a_member_that_acknowledges_nothing_is_told_no_more_than_its_mailbox_keeps() {
    let mut world = World::in_a_room(&["ada"]);
    for number in 0..2 * UNPROMPTED_NOTICES as u64 {
        world.claim(0, 100 + number, hello(&format!("p{number}"), 'k'));
        world.join(0, 100 + number, "r");
        world.registry.sweep(number * 10, &mut world.out);
    }
    let told = world.told(1);
    assert_eq!(told.len(), UNPROMPTED_NOTICES);
    world.ack(6_000, 1, told.last().unwrap().0.unwrap());
    world.settle(6_000);
    assert_eq!(told.len() + world.picture(1).present.len(), 2 * UNPROMPTED_NOTICES);
}

/// A relay is the word of a peer that the receiver knows: in a large room the notice about it goes before.
#[test]
fn a_relay_comes_after_the_notice_about_its_sender() {
    let mut world = World::new();
    world.crowd(0, 200);
    world.resume(10, 900, claim("late", "key", "next", None)).unwrap();
    world.request(10, 900, 1, Action::Join(room("r")));
    world.send(10, 900, 2, "p0007");
    world.request(10, 900, 3, Action::Broadcast { room: room("r"), data: "all".into() });
    for number in [7, 8] {
        let told = world.told(number);
        let kinds: Vec<bool> = told.iter().map(|(_, mail)| matches!(mail, Mail::PeerJoined { .. })).collect();
        assert_eq!(kinds.iter().position(|it| *it), Some(0), "{told:?}");
        assert_eq!(kinds.iter().filter(|it| **it).count(), 1, "{told:?}");
    }
    // The turn of the room does not say it again.
    world.settle(200);
    assert!(world.registry.turns.due_ms().is_none());
    // And a new session of a sender is not spoken for by the old one's end.
    world.detach(20, 900, Departure::Bye);
    world.resume(20, 901, claim("late", "key", "next", None)).unwrap();
    world.send(20, 901, 1, "p0007");
    let told = world.told(7);
    assert!(matches!(&told[..], [(_, Mail::PeerLeft { .. }), (_, Mail::Relay { .. })]), "{told:?}");
}

/// Point 3 of the document's cases: who was away when a member entered is not named by its end either.
#[test]
fn a_member_hears_no_end_of_a_peer_that_it_was_never_told_of() {
    let mut world = World::in_a_room(&["ada", "bob"]);
    world.detach(0, 2, LOST);
    world.resume(0, 3, claim("cy", "key", "next", None)).unwrap();
    world.request(0, 3, 1, Action::Join(room("r")));
    world.told(3);
    world.told(1);
    for number in [1, 3] {
        for now in (20_000..RESUME_WINDOW_MS).step_by(20_000) {
            world.execute(now, number, Command::Beat { ack: None });
        }
    }
    world.registry.sweep(RESUME_WINDOW_MS, &mut world.out);
    assert_eq!(world.told(3), []);
    let gone = Mail::PeerLeft { room: room("r"), peer: id("bob"), reason: LeaveReason::Lost };
    assert_eq!(world.told(1).into_iter().map(|(_, mail)| mail).collect::<Vec<_>>(), [gone]);
}

/// A member that asks for the list again while it is behind hears of no stay twice.
#[test]
fn a_list_that_is_asked_for_again_is_what_the_member_knows() {
    let mut world = World::new();
    world.crowd(0, 100);
    world.detach(10, 5, Departure::Away(AwayReason::Lost));
    world.request(10, 7, 2, Action::Join(room("r")));
    let told = world.told(7);
    let (last, before) = told.split_last().unwrap();
    assert!(
        before
            .iter()
            .any(|(_, mail)| matches!(mail, Mail::PeerAway { peer, .. } if peer.as_str() == "p0005"))
    );
    match &last.1 {
        Mail::Joined { page, .. } => assert!(!ids(page).0.contains(&"p0005".to_owned())),
        other => panic!("{other:?}"),
    }
    world.ack(10, 7, last.0.unwrap());
    world.settle(10);
    let query = Query { room: Some(room("r")), limit: Some(1), ..Query::default() };
    assert_eq!(world.request(10, 7, 3, Action::Discover(query)), Outcome::Executed);
    assert_eq!(world.told(7).len(), 1, "nothing more is to be told");
}

/// A peer that comes back and says something else of itself costs a large room one change.
#[test]
fn who_says_something_else_of_itself_at_its_return_is_told_with_it() {
    for (members, kinds) in [(16, "b"), (Pace::SERVER.small as u64 + 36, "lj")] {
        let mut world = World::new();
        world.crowd(0, members);
        world.detach(10, 1, LOST);
        let has = world.registry.peers[&id("p0001")].mailbox.sent().0;
        let mut claim = claim("p0001", "next", "n", Some(has));
        claim.peer.metadata = Some("new".into());
        let work = world.work_of(10, 900, Command::Claim(Box::new(claim)));
        assert!(work < 100, "{work} for {members}");
        world.mail(900);
        let mut told = Vec::new();
        for _ in 0..50 {
            world.registry.sweep(50, &mut world.out);
            told.extend(world.told(0));
        }
        let letters: String = told
            .iter()
            .filter_map(|(_, mail)| match mail {
                Mail::PeerAway { .. } => None,
                Mail::PeerBack { peer, .. } => peer.metadata.as_ref().map(|_| 'b'),
                Mail::PeerJoined { peer, .. } => peer.metadata.as_ref().map(|_| 'j'),
                Mail::PeerLeft { .. } => Some('l'),
                _ => Some('?'),
            })
            .collect();
        assert_eq!(letters, kinds, "{told:?}");
    }
}

/// Where a page of a list contradicts a notice that is still to come, the member gets the whole list afterwards.
#[test]
fn a_member_that_lists_while_it_is_behind_gets_the_list_again() {
    let mut world = World::new();
    world.crowd(0, 200);
    // More joins than its mailbox takes, and one of them leaves before its turn.
    for number in 300..300 + UNPROMPTED_NOTICES as u64 + 50 {
        world.resume(10, number, claim(&format!("q{number}"), "key", "next", None)).unwrap();
        world.request(10, number, 1, Action::Join(room("r")));
    }
    let query =
        Query { room: Some(room("r")), limit: Some(100), cursor: Some("q5".into()), ..Query::default() };
    assert_eq!(world.request(10, 7, 2, Action::Discover(query)), Outcome::Executed);
    world.detach(10, 590, Departure::Bye);
    world.pictures.clear();
    world.settle(10);
    let lists = world.picture(7).lists;
    assert_eq!(lists, 1, "without having asked for it");
}

/// Pages are bounded by what they take as JSON, and answers take nothing from the room of messages.
#[test]
fn pages_of_escaped_text_are_short_and_keep_no_message_out() {
    let mut world = World::new();
    world.registry =
        Registry::default().with_bounds(Bounds { mailbox_bytes: 64 * 1024, ..Bounds::default() });
    for number in 0..100 {
        let mut fat = claim(&format!("p{number:02}"), "key", "next", None);
        fat.peer.metadata = Some("\u{1}".repeat(1024));
        world.resume(0, number, fat).unwrap();
    }
    for seq in 1..=3 {
        let query = Query { limit: Some(100), ..Query::default() };
        assert_eq!(world.request(1, 0, seq, Action::Discover(query)), Outcome::Executed);
    }
    for (_, mail) in world.told(0) {
        let text = serde_json::to_string(&mail.into_message().into_envelope(0)).unwrap();
        assert!(text.len() < 200_000, "{} bytes", text.len());
    }
    assert!(world.registry.held() > 64 * 1024);
    assert_eq!(world.send(1, 1, 1, "p02"), Outcome::Executed);
}

/// The server's memory of what members know of each other is bounded over all rooms.
#[test]
fn rooms_take_no_more_members_than_the_server_keeps_pairs_of() {
    let mut world = World::new();
    world.registry = Registry::default().with_bounds(Bounds { pairs: 100, ..Bounds::default() });
    for number in 0..12 {
        world.resume(0, number, claim(&format!("p{number:02}"), "key", "next", None)).unwrap();
        let full = Outcome::Refused(ErrorCode::ServerFull);
        let expected = if number < 10 { Outcome::Executed } else { full };
        assert_eq!(world.request(0, number, 1, Action::Join(room("r"))), expected);
    }
    assert_eq!(world.registry.view_bytes(), 25);
    world.request(0, 0, 2, Action::Leave(room("r")));
    assert_eq!(world.request(0, 11, 2, Action::Join(room("r"))), Outcome::Executed);
    for number in 0..12 {
        world.detach(0, number, Departure::Bye);
    }
    assert_eq!(world.registry.view_bytes(), 0);
}

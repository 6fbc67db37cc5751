//! Forged histories of a room.

use super::*;

/// The sender is 0; 1 is in the room from the beginning.
fn room() -> History {
    let mut history = History::default();
    for peer in [0, 1] {
        history.joining(peer, 0);
        history.joined(0, peer, 0);
    }
    history
}

const fn to(to: Peer) -> Way {
    Way { from: 0, to, room: Some(0) }
}

fn offences(history: History) -> Vec<(Offence, Peer)> {
    history.finish().findings.iter().map(|finding| (finding.offence.clone(), finding.way.to)).collect()
}

#[test]
fn every_member_must_hear_a_broadcast_once() {
    let mut history = room();
    history.broadcast(1, 0, 0, 0);
    history.broadcast_settled(2, 0, 0, 0, &Outcome::Accepted);
    assert_eq!(history.under_way(), 1);
    history.received(3, to(1), 0);
    assert_eq!(history.under_way(), 0);
    assert_eq!(offences(history), []);
    let mut history = room();
    history.broadcast(1, 0, 0, 0);
    history.broadcast_settled(2, 0, 0, 0, &Outcome::Accepted);
    assert_eq!(offences(history), [(Offence::Lost, 1)]);
    let mut history = room();
    history.broadcast(1, 0, 0, 0);
    history.received(2, to(1), 0);
    history.received(3, to(1), 0);
    history.broadcast_settled(4, 0, 0, 0, &Outcome::Accepted);
    assert_eq!(offences(history), [(Offence::Doubled, 1)]);
}

#[test]
fn who_enters_or_leaves_meanwhile_may_hear_it() {
    for heard in [false, true] {
        let mut history = room();
        history.joining(2, 0);
        history.broadcast(1, 0, 0, 0);
        history.leaving(1, 0);
        history.joining(3, 0);
        for peer in [1, 2, 3] {
            if heard {
                history.received(2, to(peer), 0);
            }
        }
        history.broadcast_settled(3, 0, 0, 0, &Outcome::Accepted);
        assert_eq!(offences(history), [], "{heard}");
    }
}

#[test]
fn who_left_before_or_was_never_there_must_not_hear_it() {
    let mut history = room();
    history.leaving(1, 0);
    history.left(1, 0);
    history.broadcast(1, 0, 0, 0);
    history.received(2, to(1), 0);
    history.received(2, to(4), 0);
    history.broadcast_settled(3, 0, 0, 0, &Outcome::Accepted);
    assert_eq!(offences(history), [(Offence::Invented, 1), (Offence::Invented, 4)]);
}

#[test]
fn who_leaves_after_it_was_accepted_must_hear_it() {
    let mut history = room();
    history.broadcast(1, 0, 0, 0);
    history.broadcast_settled(2, 0, 0, 0, &Outcome::Accepted);
    history.leaving(1, 0);
    history.left(1, 0);
    assert_eq!(offences(history), [(Offence::Lost, 1)]);
}

#[test]
fn a_broadcast_that_some_have_not_got_may_have_reached_others() {
    for heard in [false, true] {
        let mut history = room();
        history.broadcast(1, 0, 0, 0);
        if heard {
            history.received(2, to(1), 0);
        }
        history.broadcast_settled(3, 0, 0, 0, &Outcome::Refused("peer-busy".into()));
        assert_eq!(offences(history), [], "{heard}");
    }
}

#[test]
fn a_member_whose_session_was_lost_is_in_no_room_for_sure() {
    let mut history = room();
    history.session_lost(1, 1);
    history.broadcast(2, 0, 0, 0);
    history.broadcast_settled(3, 0, 0, 0, &Outcome::Accepted);
    // What was asked before says nothing of the new session.
    history.joined(0, 1, 0);
    history.broadcast(3, 0, 0, 9);
    history.broadcast_settled(3, 0, 0, 9, &Outcome::Accepted);
    history.joined(2, 1, 0);
    history.broadcast(4, 0, 0, 10);
    history.broadcast_settled(5, 0, 0, 10, &Outcome::Accepted);
    let verdict = history.finish();
    assert_eq!(verdict.offences, [(Offence::Lost, 1)].into());
    assert_eq!(verdict.findings[0].number, 10);
}

#[test]
fn a_broadcast_is_refused_only_to_one_whose_session_was_lost() {
    let refused = Outcome::Refused("room-not-joined".into());
    for lost in [false, true] {
        let mut history = room();
        history.broadcast(1, 0, 0, 0);
        history.broadcast_settled(2, 0, 0, 0, &refused);
        if lost {
            history.outage(3, Some(Outage::Wiped));
            history.session_lost(3, 0);
        }
        assert_eq!(history.finish().is_kept(), lost);
    }
}

#[test]
fn who_is_leaving_may_miss_what_begins_then_and_nothing_from_before() {
    let mut history = room();
    history.broadcast(1, 0, 0, 0);
    history.broadcast_settled(2, 0, 0, 0, &Outcome::Accepted);
    history.broadcast(3, 0, 0, 1);
    history.leaving(1, 0);
    history.broadcast_settled(4, 0, 0, 1, &Outcome::Accepted);
    history.broadcast(5, 0, 0, 2);
    history.broadcast_settled(6, 0, 0, 2, &Outcome::Accepted);
    let findings: Vec<_> =
        history.finish().findings.iter().map(|it| (it.offence.clone(), it.number)).collect();
    assert_eq!(findings, [(Offence::Lost, 0)]);
}

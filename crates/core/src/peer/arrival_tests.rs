//! The table of `docs/protocol.md`, "Between peers", row by row.

use super::*;
use Arrival::{Accept, Deliver, Ignore, RejectAsGone, ReplaceAndAccept};
use alloc::{string::String, vec::Vec};
use signalpost_protocol::ErrorCode;
use signalpost_protocol::message::CandidateBatch;

const OWN: u32 = 7;
const OLD_OWN: u32 = 6;
const THEIRS: u32 = 20;
const OTHER: u32 = 21;

/// A connection to the sender, of which it has heard this remote connection.
fn known(remote: Option<u32>) -> Option<Known> {
    Some(Known {
        own: ConnectionId(OWN),
        remote: remote.map(ConnectionId),
        awaits_answer: true,
        incarnation: None,
    })
}

fn description(route: Route) -> Description {
    Description { route, session: None, mapping: None, number: 3, sdp: String::new() }
}

fn offer(route: Route) -> Signal {
    Signal::Offer(description(route))
}

fn answer(route: Route) -> Signal {
    Signal::Answer(description(route))
}

fn invite(route: Route) -> Signal {
    Signal::Invite { route, session: None, mapping: None, end: None }
}

fn candidates(route: Route) -> Signal {
    Signal::Candidates(CandidateBatch { route, candidates: Vec::new(), end: None })
}

fn reject(route: Route) -> Signal {
    Signal::Reject { route, number: 3, code: ErrorCode::DescriptionRejected }
}

fn close(route: Route) -> Signal {
    Signal::Close { route }
}

type Make = fn(Route) -> Signal;

const ALL: [Make; 6] = [offer, answer, invite, candidates, reject, close];

fn decision(make: Make, connection: u32, target: Option<u32>, known: Option<Known>) -> Arrival {
    let route = Route { connection, target };
    decide(&make(route), route, known, true)
}

/// What is decided of each of `offer answer invite candidates reject close`.
fn decisions(connection: u32, target: Option<u32>, known: Option<Known>) -> [Arrival; 6] {
    ALL.map(|make| decision(make, connection, target, known))
}

#[test]
fn a_target_that_is_not_the_present_connection_is_gone() {
    let gone = RejectAsGone { number: 3 };
    for known in [None, known(None), known(Some(THEIRS)), known(Some(OTHER))] {
        let invite = RejectAsGone { number: 0 };
        let expected = [gone, gone, invite, Ignore, Ignore, Ignore];
        assert_eq!(decisions(THEIRS, Some(OLD_OWN), known), expected, "{known:?}");
    }
    assert_eq!(decision(offer, THEIRS, Some(OWN), None), gone, "there is no connection at all");
}

#[test]
fn an_unknown_sender_is_accepted_with_an_offer_or_an_invite_alone() {
    assert_eq!(decisions(THEIRS, None, None), [Accept, Ignore, Accept, Ignore, Ignore, Ignore]);
}

#[test]
fn an_unknown_sender_is_accepted_only_where_there_is_room() {
    let route = Route { connection: THEIRS, target: None };
    for make in ALL {
        assert_eq!(decide(&make(route), route, None, false), Ignore);
        assert_eq!(decide(&make(route), route, known(Some(THEIRS)), false), Deliver);
    }
    assert_eq!(decide(&offer(route), route, known(Some(OTHER)), false), ReplaceAndAccept);
}

#[test]
fn everything_from_the_known_connection_is_delivered() {
    assert_eq!(decisions(THEIRS, None, known(Some(THEIRS))), [Deliver; 6]);
    assert_eq!(decisions(THEIRS, Some(OWN), known(Some(THEIRS))), [Deliver; 6]);
}

#[test]
fn another_connection_that_does_not_know_ours_started_anew() {
    let expected = [ReplaceAndAccept, Ignore, ReplaceAndAccept, Ignore, Ignore, Ignore];
    assert_eq!(decisions(OTHER, None, known(Some(THEIRS))), expected);
}

#[test]
fn another_connection_that_knows_ours_is_heard_with_an_answer_or_a_reject_alone() {
    let expected = [Ignore, Deliver, Ignore, Ignore, Deliver, Ignore];
    assert_eq!(decisions(OTHER, Some(OWN), known(Some(THEIRS))), expected);
    assert_eq!(decision(reject, 0, Some(OWN), known(Some(THEIRS))), Deliver, "its sender has no connection");
}

#[test]
fn the_first_signal_of_a_connection_begins_or_knows_ours() {
    assert_eq!(decisions(THEIRS, None, known(None)), [Deliver, Ignore, Deliver, Ignore, Ignore, Ignore]);
    assert_eq!(decisions(THEIRS, Some(OWN), known(None)), [Deliver; 6]);
}

#[test]
fn an_answer_of_another_connection_is_gone_once_its_offer_was_taken_up() {
    let taken_up = known(Some(THEIRS)).map(|known| Known { awaits_answer: false, ..known });
    assert_eq!(decision(answer, OTHER, Some(OWN), taken_up), RejectAsGone { number: 3 });
    assert_eq!(decision(answer, THEIRS, Some(OWN), taken_up), Deliver, "it is not of another connection");
    assert_eq!(decision(reject, OTHER, Some(OWN), taken_up), Deliver);
    let unheard = known(None).map(|known| Known { awaits_answer: false, ..known });
    assert_eq!(decision(answer, THEIRS, Some(OWN), unheard), Deliver);
}

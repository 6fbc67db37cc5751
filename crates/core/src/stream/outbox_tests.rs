//! What waits, what supersedes it, and the bounds.

use super::*;
use alloc::{format, string::String, vec::Vec};
use signalpost_protocol::message::{CandidateBatch, Route};
use signalpost_protocol::{Description, IceCandidateInit, OwnSignal, SequenceNumber};

fn relay(to: &str, signal: Signal) -> ClientMessage {
    ClientMessage::Relay { to: PeerId::parse(to).unwrap(), signal }
}

fn offer(to: &str, connection: u32, number: u32, fragment: &str) -> ClientMessage {
    let route = Route { connection, target: None };
    let sdp = format!("v=0\r\na=ice-ufrag:{fragment}\r\n");
    relay(to, Signal::Offer(Description { route, session: None, mapping: None, number, sdp }))
}

fn candidates(to: &str, connection: u32, fragment: Option<&str>, end: Option<&str>) -> ClientMessage {
    let candidate = |fragment: &str| IceCandidateInit {
        username_fragment: Some(fragment.into()),
        ..IceCandidateInit::default()
    };
    relay(
        to,
        Signal::Candidates(CandidateBatch {
            route: Route { connection, target: None },
            candidates: fragment.map(candidate).into_iter().collect(),
            end: end.map(Into::into),
        }),
    )
}

fn ids(outbox: &mut Outbox) -> Vec<FrameId> {
    core::iter::from_fn(|| outbox.pop()).map(|waiting| waiting.id).collect()
}

#[test]
fn an_offer_voids_the_older_one_and_the_candidates_of_another_generation() {
    let mut outbox = Outbox::new();
    let messages = [
        offer("ada", 1, 1, "old"),
        candidates("ada", 1, Some("old"), None),
        candidates("ada", 1, None, Some("old")),
        candidates("ada", 1, Some("new"), None),
        offer("bea", 1, 1, "old"),
        offer("ada", 2, 1, "old"),
        relay("ada", Signal::Close { route: Route { connection: 1, target: None } }),
        offer("ada", 1, 2, "new"),
    ];
    for (id, message) in (0..).zip(messages) {
        outbox.push(FrameId(id), message);
    }
    assert_eq!(ids(&mut outbox), [3, 4, 5, 6, 7].map(FrameId));
    assert_eq!(outbox.bytes, 0);
}

#[test]
fn what_has_a_number_is_not_voided() {
    let mut outbox = Outbox::new();
    outbox.push(FrameId(1), offer("ada", 1, 1, "old"));
    let waiting = outbox.pop().unwrap();
    outbox.frame(waiting, None, true);
    outbox.push(FrameId(2), offer("ada", 1, 2, "new"));
    assert_eq!(outbox.kept().count(), 1);
    assert!(outbox.handle_ack(Position(1)));
    assert_eq!((outbox.kept().count(), ids(&mut outbox)), (0, vec![FrameId(2)]));
    assert_eq!(outbox.bytes, 0);
}

#[test]
fn bytes_are_bounded_and_counted_until_the_acknowledgement() {
    let mut outbox = Outbox::new();
    let message = || relay("ada", Signal::Own(OwnSignal::Offer("x".repeat(200_000))));
    for id in 0..5 {
        assert!(!outbox.is_full(200_000));
        outbox.push(FrameId(id), message());
    }
    assert!(outbox.is_full(200_000) && !outbox.is_full(1_000) && !outbox.is_overfull());
    while let Some(waiting) = outbox.pop() {
        outbox.frame(waiting, None, true);
    }
    assert!(outbox.is_full(200_000));
    assert!(!outbox.handle_ack(Position(6)), "only five were sent, and nothing is believed");
    assert!(outbox.is_full(200_000));
    assert!(outbox.handle_ack(Position(5)));
    assert_eq!(outbox.bytes, 0);
    for id in 0..11 {
        outbox.push(FrameId(id), message());
    }
    assert!(outbox.is_overfull());
}

#[test]
fn a_new_session_keeps_of_what_waits_only_the_applications() {
    let mut outbox = Outbox::new();
    outbox.push(FrameId(1), offer("ada", 1, 1, "f"));
    let text = |data: &str| Signal::Message { room: None, data: String::from(data), receipt: false };
    outbox.push(FrameId(2), relay("ada", text("mine")));
    outbox.push(FrameId(3), ClientMessage::Join(signalpost_protocol::RoomName::parse("r").unwrap()));
    let first = outbox.pop().unwrap();
    outbox.frame(first, None, true);
    outbox.restart();
    assert_eq!(outbox.kept().count(), 0);
    let waiting = outbox.pop().unwrap();
    assert_eq!(outbox.frame(waiting, None, true).seq, Some(SequenceNumber::FIRST));
    assert!(outbox.pop().is_none());
}

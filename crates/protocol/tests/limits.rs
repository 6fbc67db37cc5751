//! Each limit holds at its edge and not one beyond.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use serde_json::{Value, json};
use signalpost_protocol::{
    Candidate, ClientMessage, Envelope, ErrorCode, Label, PeerId, Refusal, RoomName, limits,
};

fn read(frame: Value) -> Result<ClientMessage, Refusal> {
    ClientMessage::from_envelope(serde_json::from_value::<Envelope>(frame).unwrap())
}

fn hello(key: &str, peer: Value) -> Result<ClientMessage, Refusal> {
    read(json!({ "type": "hello", "payload": { "versions": [1, 1], "key": key, "peer": peer } }))
}

fn text(bytes: usize) -> String {
    "x".repeat(bytes)
}

const KEY: &str = "0123456789abcdef";

#[test]
fn names_are_limited_in_bytes() {
    assert!(PeerId::parse(&text(limits::PEER_ID_BYTES)).is_ok());
    assert!(PeerId::parse(&text(limits::PEER_ID_BYTES + 1)).is_err());
    assert!(RoomName::parse(&text(limits::ROOM_NAME_BYTES)).is_ok());
    assert!(RoomName::parse(&text(limits::ROOM_NAME_BYTES + 1)).is_err());
    assert!(Label::parse(&text(limits::LABEL_BYTES)).is_ok());
    assert!(Label::parse(&text(limits::LABEL_BYTES + 1)).is_err());
    assert!(PeerId::parse(&"é".repeat(64)).is_ok() && PeerId::parse(&"é".repeat(65)).is_err());
}

#[test]
fn names_hold_no_control_character_and_something() {
    for bad in ["", "\0", "a\n", "\u{7f}", "\u{80}x", "\u{9f}"] {
        assert!(PeerId::parse(bad).is_err(), "{bad:?}");
        assert!(RoomName::parse(bad).is_err(), "{bad:?}");
    }
    for good in [" ", "\u{a0}", "\u{2028}", "😀"] {
        assert!(PeerId::parse(good).is_ok(), "{good:?}");
    }
}

#[test]
fn a_key_has_16_to_64_bytes() {
    let peer = || json!({ "id": "a", "session": 1 });
    let (least, most) = (limits::MIN_KEY_BYTES, limits::KEY_BYTES);
    assert_eq!((least, most), (16, 64));
    for (bytes, is_ok) in [(least - 1, false), (least, true), (most, true), (most + 1, false)] {
        assert_eq!(hello(&text(bytes), peer()).is_ok(), is_ok, "{bytes}");
    }
    let refusal = hello(&text(least - 1), peer()).unwrap_err();
    assert_eq!(refusal.problem, format!("must be {least} to {most} bytes long"));
}

#[test]
fn a_peer_tells_a_limited_amount() {
    let capabilities = |n: usize| hello(KEY, json!({ "id": "a", "capabilities": vec!["c"; n] }));
    assert!(capabilities(limits::CAPABILITIES).is_ok());
    let refusal = capabilities(limits::CAPABILITIES + 1).unwrap_err();
    assert_eq!(refusal.field, "peer.capabilities");
    assert_eq!(refusal.problem, format!("holds more than {} entries", limits::CAPABILITIES));
    let metadata = |n: usize| hello(KEY, json!({ "id": "a", "metadata": text(n) }));
    assert!(metadata(limits::METADATA_BYTES).is_ok());
    let refusal = metadata(limits::METADATA_BYTES + 1).unwrap_err();
    assert_eq!(refusal.field, "peer.metadata");
    assert_eq!(refusal.problem, format!("is longer than {} bytes", limits::METADATA_BYTES));
}

#[test]
fn a_batch_holds_at_most_a_generation() {
    let line = json!({ "candidate": "candidate:1 1 udp 1 192.0.2.1 1 typ host" });
    let batch = |n: usize| {
        let candidates = vec![line.clone(); n];
        read(
            json!({ "type": "ice-candidate", "to": "b", "payload": { "connection": 1, "candidates": candidates } }),
        )
    };
    let full = batch(limits::CANDIDATES_PER_GENERATION);
    assert!(full.is_ok());
    assert_eq!(batch(limits::CANDIDATES_PER_GENERATION + 5), full, "the excess is left out");
}

#[test]
fn a_candidate_line_is_limited_in_bytes() {
    let start = "candidate:1 1 udp 1 192.0.2.1 1 typ host x ";
    let line = |bytes: usize| format!("{start}{}", text(bytes - start.len()));
    assert!(Candidate::parse(&line(limits::CANDIDATE_BYTES)).is_some());
    assert!(Candidate::parse(&line(limits::CANDIDATE_BYTES + 1)).is_none());
}

#[test]
fn a_message_is_limited_in_bytes() {
    let message =
        |bytes: usize| read(json!({ "type": "message", "to": "b", "payload": { "data": text(bytes) } }));
    assert!(message(limits::MESSAGE_BYTES).is_ok());
    let refusal = message(limits::MESSAGE_BYTES + 1).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::MessageTooLarge);
    assert_eq!(refusal.problem, format!("is longer than {} bytes", limits::MESSAGE_BYTES));
}

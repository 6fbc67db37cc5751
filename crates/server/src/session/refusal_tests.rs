//! A refusal names its code, its frame and its field, and the socket stays open.

use super::tests::{drain, error_of, fresh, refusal, registered, sent};
use super::*;
use signalpost_protocol::limits;

#[test]
fn every_refusal_names_its_code_its_frame_and_its_field() {
    let large =
        format!(r#"{{"type":"join","id":9,"payload":{{"room":"{}"}}}}"#, "r".repeat(limits::FRAME_BYTES));
    type Case<'a> = (&'a str, &'a str, &'a str, Option<u32>, Option<&'a str>);
    let cases: &[Case<'_>] = &[
        ("{", "invalid-json", "EOF", None, None),
        ("no json", "invalid-json", "expected", None, None),
        ("", "invalid-json", "EOF", None, None),
        ("[\"heartbeat\"]", "invalid-message", "not an object", None, None),
        ("3", "invalid-message", "not an object", None, None),
        (r#"{"type":"heartbeat"} x"#, "invalid-json", "trailing", None, None),
        (r#"{"id":4}"#, "invalid-message", "type", Some(4), None),
        (r#"{"type":"dance","id":4,"to":"bob"}"#, "unknown-type", "type", Some(4), Some("bob")),
        (r#"{"type":"dance","id":4,"payload":7}"#, "unknown-type", "type", Some(4), None),
        (r#"{"type":"welcome","id":4}"#, "unknown-type", "type", Some(4), None),
        (r#"{"type":5,"id":4}"#, "invalid-message", "type", Some(4), None),
        (r#"{"type":"join","id":"x"}"#, "invalid-message", "id", None, None),
        (r#"{"type":"join","id":4}"#, "invalid-message", "room is missing", Some(4), None),
        (r#"{"type":"join","id":4,"payload":{"room":5}}"#, "invalid-message", "payload.room", Some(4), None),
        (
            r#"{"type":"join","id":4,"payload":{"room":""}}"#,
            "invalid-message",
            "room is empty",
            Some(4),
            None,
        ),
        (
            r#"{"type":"join","id":4,"payload":{"room":"a\u0007"}}"#,
            "invalid-message",
            "room holds",
            Some(4),
            None,
        ),
        (
            r#"{"type":"peer-discovery","id":4,"payload":{"limit":0}}"#,
            "invalid-message",
            "limit",
            Some(4),
            None,
        ),
        (
            r#"{"type":"peer-discovery","id":4,"payload":{"limit":-1}}"#,
            "invalid-message",
            "payload.limit",
            Some(4),
            None,
        ),
        (
            r#"{"type":"peer-discovery","id":4,"payload":{"cursor":""}}"#,
            "invalid-message",
            "cursor",
            Some(4),
            None,
        ),
        (
            r#"{"type":"offer","id":4,"to":"bob","payload":{"connection":1,"number":1}}"#,
            "invalid-message",
            "sdp is missing",
            Some(4),
            Some("bob"),
        ),
        (
            r#"{"type":"offer","id":4,"to":"bob","payload":{"connection":"x"}}"#,
            "invalid-message",
            "payload.connection",
            Some(4),
            Some("bob"),
        ),
        (
            r#"{"type":"offer","id":4,"to":"bob","payload":{"connection":1,"number":1,"sdp":"hi"}}"#,
            "invalid-description",
            "sdp",
            Some(4),
            Some("bob"),
        ),
        (
            r#"{"type":"ice-candidate","id":4,"to":"bob","payload":{"connection":1,"candidates":[{"candidate":"junk"}]}}"#,
            "invalid-candidate",
            "candidates",
            Some(4),
            Some("bob"),
        ),
        (
            r#"{"type":"ice-candidate","id":4,"to":"bob","payload":{"connection":1,"candidates":[{"candidate":1}]}}"#,
            "invalid-message",
            "candidates[0].candidate",
            Some(4),
            Some("bob"),
        ),
        (
            r#"{"type":"close","id":4,"payload":{"connection":1}}"#,
            "invalid-message",
            "to is missing",
            Some(4),
            None,
        ),
        (
            r#"{"type":"close","id":4,"to":"ada","payload":{"connection":1}}"#,
            "invalid-message",
            "to is the sender",
            Some(4),
            Some("ada"),
        ),
        (
            r#"{"type":"close","id":4,"from":"eve","to":"bob","payload":{"connection":1}}"#,
            "forged-sender",
            "from",
            Some(4),
            Some("bob"),
        ),
        (r#"{"type":"hello","id":4}"#, "already-registered", "", Some(4), None),
        (&large, "message-too-large", "16384", Some(9), None),
    ];
    for (text, code, words, reference, about) in cases {
        let mut session = registered();
        let (got, message, got_reference, got_about) = refusal(&mut session, text);
        let shown = &text[..text.len().min(120)];
        assert_eq!(got, *code, "{shown}: {message}");
        assert!(message.contains(words), "{shown}: {message}");
        assert_eq!((got_reference, got_about.as_deref()), (*reference, *about), "{shown}");
        // The session goes on.
        session.handle_frame(20, r#"{"type":"heartbeat"}"#);
        assert!(drain(&mut session).contains(&sent(ServerMessage::HeartbeatAck)));
    }
}

#[test]
fn a_binary_frame_is_refused() {
    let mut session = registered();
    session.handle_binary(10);
    assert_eq!(error_of(&mut session).0, "binary-frame");
}

#[test]
fn before_registration_only_hello_is_listened_to() {
    for text in [
        r#"{"type":"join","id":2,"payload":{"room":"r"}}"#,
        r#"{"type":"close","id":2,"to":"bob","from":"bob","payload":{"connection":1}}"#,
        r#"{"type":"peer-discovery","id":2}"#,
    ] {
        assert_eq!(refusal(&mut fresh(), text).0, "not-registered");
    }
    let mut session = fresh();
    session.handle_frame(0, r#"{"type":"heartbeat"}"#);
    assert!(drain(&mut session).contains(&sent(ServerMessage::HeartbeatAck)));
}

#[test]
fn a_payload_cannot_make_an_answer_long() {
    let text = format!(r#"{{"type":"join","id":4,"payload":{{"room":{{"{}":1}}}}}}"#, "é".repeat(5_000));
    assert_eq!(refusal(&mut registered(), &text).0, "invalid-message");
    let text = format!(r#"{{"type":"join","id":4,"payload":{{"limit":"{}"}}}}"#, "é".repeat(5_000));
    assert_eq!(refusal(&mut registered(), &text).0, "invalid-message");
    let deep = format!(r#"{{"type":"join","x":{}}}"#, "[".repeat(10_000));
    assert_eq!(refusal(&mut registered(), &deep).0, "invalid-json");
}

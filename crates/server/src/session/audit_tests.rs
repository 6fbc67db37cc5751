//! What the session says for the audit trail.

use super::tests::{drain, fresh, registered};
use super::*;
use crate::audit::{AuditEvent, AuditResult, SizeClass};
use crate::engine::{Claimed, Outcome};
use signalpost_protocol::Position;

const HELLO: &str = r#"{"type":"hello","id":1,"payload":{"versions":[1,2],"key":"0123456789abcdef","peer":{"id":"ada","session":7}}}"#;
const CLAIMED: Delivery = Delivery::Claimed(Claimed {
    resumed: false,
    reason: None,
    received: Position::START,
    acknowledged: Position::START,
});

const fn done(outcome: Outcome) -> Delivery {
    Delivery::Done { received: Position::START, outcome }
}

/// Type, receiver, result and size class of everything that the session says; the sender is always Ada.
fn said(session: &mut Session) -> Vec<(&'static str, Option<String>, AuditResult, u32)> {
    let read = |output| match output {
        SessionOutput::Audited(AuditEvent { kind, size, from, to, result }) => {
            assert_eq!(from.as_str(), "ada");
            Some((kind.as_str(), to.map(|to| to.as_str().into()), result, size.at_most()))
        }
        _ => None,
    };
    drain(session).into_iter().filter_map(read).collect()
}

/// A registered session of version 2 that says everything.
fn audited() -> Session {
    let mut session = fresh().with_audit();
    session.handle_frame(0, HELLO);
    assert_eq!(said(&mut session), [], "the result is not known yet");
    session.handle_delivery(0, CLAIMED);
    assert_eq!(said(&mut session), [("hello", None, AuditResult::Executed, 256)]);
    session
}

fn message(seq: u32, bytes: usize) -> String {
    let data = "x".repeat(bytes);
    format!(r#"{{"type":"message","id":2,"seq":{seq},"ack":0,"to":"bob","payload":{{"data":"{data}"}}}}"#)
}

#[test]
fn each_frame_is_told_once_with_its_result() {
    let refused = |code| AuditResult::Refused(code);
    for (outcome, result) in [
        (Outcome::Executed, AuditResult::Executed),
        (Outcome::Duplicate, AuditResult::Duplicate),
        (Outcome::Refused(ErrorCode::PeerNotFound), refused(ErrorCode::PeerNotFound)),
        (Outcome::Gap, refused(ErrorCode::SequenceGap)),
        (Outcome::Unregistered, refused(ErrorCode::NotRegistered)),
    ] {
        let mut session = audited();
        session.handle_frame(1, &message(1, 900));
        assert_eq!(said(&mut session), []);
        session.handle_delivery(2, done(outcome));
        assert_eq!(said(&mut session), [("message", Some("bob".into()), result, 1_024)]);
        session.handle_socket_closed(3, None);
        assert_eq!(said(&mut session), []);
    }
}

#[test]
fn a_frame_whose_result_never_comes_is_told_as_unknown() {
    let mut session = audited();
    session.handle_frame(1, &message(1, 10));
    session.handle_socket_closed(2, None);
    assert_eq!(said(&mut session), [("message", Some("bob".into()), AuditResult::Unknown, 256)]);
    session.handle_delivery(3, done(Outcome::Executed));
    assert_eq!(said(&mut session), []);
    let mut session = fresh().with_audit();
    session.handle_frame(1, HELLO);
    session.handle_slow();
    assert_eq!(said(&mut session), [("hello", None, AuditResult::Unknown, 256)]);
}

#[test]
fn a_refused_claim_names_the_peer_that_it_wanted() {
    let mut session = fresh().with_audit();
    session.handle_frame(0, HELLO);
    session.handle_delivery(0, done(Outcome::Refused(ErrorCode::PeerIdTaken)));
    let taken = AuditResult::Refused(ErrorCode::PeerIdTaken);
    assert_eq!(said(&mut session), [("hello", None, taken, 256)]);
}

#[test]
fn what_the_session_refuses_itself_is_told_too() {
    let mut session = audited();
    session.handle_binary(1);
    session.handle_frame(1, &HELLO.replace(r#","id":1"#, ""));
    let refused = AuditResult::Refused;
    let expected = [
        ("unknown", None, refused(ErrorCode::BinaryFrame), 256),
        ("hello", None, refused(ErrorCode::AlreadyRegistered), 256),
    ];
    assert_eq!(said(&mut session), expected);
    // A numbered frame uses its number up, so the engine answers.
    session.handle_frame(2, r#"{"type":"no-such-type","seq":1,"ack":0,"to":"bob"}"#);
    assert_eq!(said(&mut session), []);
    session.handle_delivery(2, done(Outcome::Refused(ErrorCode::UnknownType)));
    let unknown = ("unknown", Some("bob".into()), refused(ErrorCode::UnknownType), 256);
    assert_eq!(said(&mut session), [unknown]);
    session.handle_frame(3, r#"{"type":"bye"}"#);
    assert_eq!(said(&mut session), [("bye", None, AuditResult::Executed, 256)]);
}

#[test]
fn a_size_is_that_of_its_own_frame_when_others_wait() {
    let mut session = audited();
    session.handle_frame(1, &message(1, 5_000));
    session.handle_frame(1, &message(2, 10));
    session.handle_delivery(2, done(Outcome::Executed));
    session.handle_delivery(2, done(Outcome::Executed));
    let sizes: Vec<u32> = said(&mut session).into_iter().map(|(.., size)| size).collect();
    assert_eq!(sizes, [SizeClass::of(5_100).at_most(), 256]);
}

#[test]
fn signs_of_life_strangers_and_sessions_without_audit_tell_nothing() {
    let mut session = audited();
    for (at, frame) in ["heartbeat", "heartbeat-ack", "ack", "leaving"].into_iter().enumerate() {
        let at = at as u64 * BEAT_MS;
        session.handle_frame(at, &format!(r#"{{"type":"{frame}","ack":0}}"#));
        session.handle_delivery(at, done(Outcome::Executed));
    }
    session.handle_frame(4 * BEAT_MS, r#"{"type":"heartbeat","from":"eve"}"#);
    assert_eq!(said(&mut session), []);
    let mut stranger = fresh().with_audit();
    stranger.handle_frame(0, r#"{"type":"message","to":"bob","payload":{"data":"x"}}"#);
    stranger.handle_binary(0);
    stranger.handle_frame(0, "nonsense");
    assert_eq!(said(&mut stranger), []);
    let mut silent = registered();
    silent.handle_frame(1, r#"{"type":"message","to":"bob","payload":{"data":"x"}}"#);
    silent.handle_delivery(1, done(Outcome::Executed));
    silent.handle_frame(1, r#"{"type":"message","to":"bob"}"#);
    silent.handle_frame(2, r#"{"type":"bye"}"#);
    assert_eq!(said(&mut silent), []);
}

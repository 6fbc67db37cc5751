//! One socket of version 2: numbers, acknowledgements, keys.

use super::tests::{ends, token};
use super::*;
use crate::TokenHash;
use crate::engine::{Action, Claimed, ClientFrame, LossReason, Mail, Outcome};
use signalpost_protocol::message::Welcome;
use signalpost_protocol::{AckPolicy, Open, Position, SequenceNumber};
use std::sync::Arc;

const ACK_MS: u64 = AckPolicy::SERVER.delay_ms;

const FRESH: Claimed =
    Claimed { resumed: false, reason: None, received: Position(0), acknowledged: Position(0) };

fn hello(received: Option<u32>) -> String {
    let received = received.map_or(String::new(), |received| format!(r#","received":{received}"#));
    format!(
        r#"{{"type":"hello","id":1,"payload":{{"versions":[1,9],"key":"0123456789abcdef","peer":{{"id":"ada","session":7}}{received}}}}}"#
    )
}

/// A socket whose hello is with the engine.
fn claiming(received: Option<u32>) -> (Session, crate::engine::Claim) {
    let mut session = Session::new(0, SocketId::new(1), None, token());
    session.handle_frame(0, &hello(received));
    match drain(&mut session).pop() {
        Some(SessionOutput::Execute(Command::Claim(claim))) => (session, *claim),
        other => panic!("{other:?}"),
    }
}

fn claimed(received: Option<u32>, claimed: Claimed) -> Session {
    let mut session = claiming(received).0;
    session.handle_delivery(0, Delivery::Claimed(claimed));
    drain(&mut session);
    session
}

/// What the session asks for, without what only logs want.
fn drain(session: &mut Session) -> Vec<SessionOutput> {
    let outputs = std::iter::from_fn(|| session.poll_output());
    outputs.filter(|output| !matches!(output, SessionOutput::Accepted { .. })).collect()
}

fn send(message: ServerMessage, seq: Option<u32>, ack: u32) -> SessionOutput {
    SessionOutput::Send { message, seq: seq.map(SequenceNumber), ack: Some(Position(ack)) }
}

fn join(seq: u32, ack: &str) -> String {
    format!(r#"{{"type":"join","id":{seq},"seq":{seq}{ack},"payload":{{"room":"r"}}}}"#)
}

/// Sends a frame that is executed, and has the engine do it.
fn executed(session: &mut Session, now: u64, seq: u32) -> Vec<SessionOutput> {
    session.handle_frame(now, &join(seq, r#","ack":0"#));
    session.handle_delivery(now, Delivery::Done { received: Position(seq), outcome: Outcome::Executed });
    let mut outputs = drain(session);
    outputs.retain(|output| !matches!(output, SessionOutput::Execute(_)));
    outputs
}

/// The one request that the frame becomes.
fn request(session: &mut Session, text: &str) -> ClientFrame {
    session.handle_frame(1, text);
    let outputs = drain(session);
    session.handle_delivery(1, Delivery::Done { received: Position(1), outcome: Outcome::Executed });
    drain(session);
    match outputs.as_slice() {
        [SessionOutput::Execute(Command::Frame(request))] => request.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_hello_becomes_a_claim_of_hashes_and_the_welcome_carries_the_next_key() {
    let (mut session, claim) = claiming(Some(4));
    assert_eq!(
        (claim.version, claim.received.map(|received| received.0), claim.peer.incarnation),
        (2, Some(4), 7)
    );
    assert_eq!(claim.key, TokenHash::of("0123456789abcdef"));
    assert_eq!(claim.next, TokenHash::of(&token().to_hex()));
    let resumed = Claimed { resumed: true, reason: None, received: Position(9), acknowledged: Position(4) };
    session.handle_delivery(0, Delivery::Claimed(resumed));
    let welcome = Welcome { key: token().to_hex(), resumed: true, reason: None, received: Position(9) };
    let message = ServerMessage::Welcome { version: 2, region: None, session: Some(welcome) };
    assert_eq!(drain(&mut session), [SessionOutput::Send { message, seq: None, ack: None }]);
    let shown = format!("{session:?}");
    assert!(!shown.contains("0123456789abcdef") && !shown.contains(&token().to_hex()), "{shown}");
}

#[test]
fn a_session_that_is_gone_is_told_with_its_reason() {
    for (reason, text) in
        [(LossReason::SessionExpired, "session-expired"), (LossReason::PositionLost, "position-lost")]
    {
        let mut session = claiming(Some(4)).0;
        session.handle_delivery(0, Delivery::Claimed(Claimed { reason: Some(reason), ..FRESH }));
        match drain(&mut session).as_slice() {
            [
                SessionOutput::Send {
                    message: ServerMessage::Welcome { session: Some(welcome), .. }, ..
                },
                _,
            ] => {
                assert_eq!((welcome.resumed, welcome.reason.as_ref().map(Open::as_str)), (false, Some(text)))
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn frames_reach_the_engine_with_their_numbers_and_only_in_version_2() {
    let mut session = claimed(None, FRESH);
    session.handle_delivery(0, relay(1));
    drain(&mut session);
    let got = request(&mut session, &join(1, r#","ack":1"#));
    assert_eq!((got.seq, got.ack, got.reference), (Some(SequenceNumber(1)), Some(Position(1)), Some(1)));
    let mut old = Session::new(0, SocketId::new(1), None, token());
    old.handle_frame(0, &hello(None).replace("[1,9]", "[1,1]"));
    old.handle_delivery(0, Delivery::Claimed(FRESH));
    drain(&mut old);
    let got = request(&mut old, &join(1, r#","ack":1"#));
    assert_eq!((got.seq, got.ack, got.reference), (None, None, Some(1)));
    old.handle_delivery(1, Delivery::Mail { seq: None, mail: Arc::new(Mail::Sent { reference: Some(1) }) });
    let message = ServerMessage::Sent { reference: Some(1) };
    assert_eq!(drain(&mut old), [SessionOutput::Send { message, seq: None, ack: None }]);
    old.handle_timeout(ACK_MS);
    assert!(drain(&mut old).is_empty());
    old.handle_shutdown(2, 7);
    assert_eq!(drain(&mut old), ends(AwayReason::Lost, CloseCode::Shutdown), "it would not know `reconnect`");
}

fn relay(seq: u32) -> Delivery {
    Delivery::Mail { seq: Some(SequenceNumber(seq)), mail: Arc::new(Mail::Sent { reference: Some(seq) }) }
}

#[test]
fn a_frame_that_is_wrong_uses_its_number_up() {
    let long = format!(r#"{{"type":"join","id":5,"seq":1,"payload":{{"room":"{}"}}}}"#, "r".repeat(17_000));
    let cases = [
        (r#"{"type":"join","id":5,"seq":1}"#, "room is missing", ErrorCode::InvalidMessage),
        (r#"{"type":"join","id":5,"seq":1,"payload":{"room":5}}"#, "payload.room", ErrorCode::InvalidMessage),
        (r#"{"type":"dance","id":5,"seq":1}"#, "type", ErrorCode::UnknownType),
        (r#"{"type":"dance","id":5,"seq":1,"payload":7}"#, "type", ErrorCode::UnknownType),
        (
            r#"{"type":"close","id":5,"seq":1,"to":"ada","payload":{"connection":1}}"#,
            "to is the sender",
            ErrorCode::InvalidMessage,
        ),
        (
            r#"{"type":"close","id":5,"seq":1,"to":"bob","from":"eve","payload":{"connection":1}}"#,
            "from",
            ErrorCode::ForgedSender,
        ),
        (&long, "16384", ErrorCode::MessageTooLarge),
    ];
    for (frame, words, expected) in cases {
        let mut session = claimed(None, FRESH);
        session.handle_frame(1, frame);
        let outputs = drain(&mut session);
        let [SessionOutput::Execute(Command::Frame(request))] = outputs.as_slice() else {
            panic!("{words}: {outputs:?}")
        };
        let Action::Refuse { code, text, .. } = &request.action else { panic!("{request:?}") };
        assert_eq!((request.seq, request.reference, *code), (Some(SequenceNumber(1)), Some(5), expected));
        assert!(text.contains(words), "{text}");
        // It is logged when the engine has done it, with the field that was at fault.
        let mail =
            Mail::Refused { code: *code, text: text.clone(), reference: Some(5), about: None, after: None };
        session.handle_delivery(2, Delivery::Mail { seq: Some(SequenceNumber(1)), mail: Arc::new(mail) });
        let outcome = Outcome::Refused(*code);
        session.handle_delivery(2, Delivery::Done { received: Position(1), outcome });
        let outputs = drain(&mut session);
        assert!(
            matches!(
                outputs.as_slice(),
                [
                    SessionOutput::Send {
                        message: ServerMessage::Error { .. },
                        seq: Some(SequenceNumber(1)),
                        ..
                    },
                    SessionOutput::Refused { .. }
                ]
            ),
            "{outputs:?}"
        );
    }
}

#[test]
fn a_frame_without_a_number_is_told_so_and_not_executed() {
    for (frame, field) in [
        (r#"{"type":"join","id":5,"payload":{"room":"r"}}"#, "seq"),
        (r#"{"type":"join","id":5,"seq":-1,"payload":{"room":"r"}}"#, "seq"),
        (r#"{"type":"join","id":5,"seq":0,"payload":{"room":"r"}}"#, "seq"),
        (r#"{"type":"join","id":5,"seq":0,"payload":{"room":5}}"#, "room"),
        (r#"{"type":"join","id":5,"seq":"1","payload":{"room":"r"}}"#, "seq"),
        (r#"{"type":"join","id":5,"seq":4294967296,"payload":{"room":"r"}}"#, "seq"),
        (r#"{"type":"dance","id":5}"#, "type"),
        ("{nonsense", ""),
    ] {
        let mut session = claimed(None, FRESH);
        session.handle_frame(1, frame);
        let outputs = drain(&mut session);
        assert!(
            matches!(outputs.as_slice(), [SessionOutput::Refused { field: told, .. }, SessionOutput::Send { message: ServerMessage::Error { .. }, seq: None, ack: Some(Position(0)) }] if *told == field),
            "{frame}: {outputs:?}"
        );
        assert!(session.accepts_frames());
    }
}

#[test]
fn what_goes_to_the_client_acknowledges_on_its_way() {
    let mut session = claimed(None, FRESH);
    assert!(executed(&mut session, 10, 1).is_empty());
    session.handle_delivery(20, relay(1));
    assert_eq!(drain(&mut session), [send(ServerMessage::Sent { reference: Some(1) }, Some(1), 1)]);
    session.handle_timeout(10 + ACK_MS);
    assert!(drain(&mut session).is_empty(), "it is said already");
    executed(&mut session, 300, 2);
    session.handle_frame(310, r#"{"type":"heartbeat"}"#);
    assert_eq!(drain(&mut session), [send(ServerMessage::HeartbeatAck, None, 2)]);
}

#[test]
fn frames_are_acknowledged_after_250_ms_and_after_16() {
    let mut session = claimed(None, FRESH);
    executed(&mut session, 10, 1);
    executed(&mut session, 200, 2);
    assert_eq!(session.poll_timeout(), Some((10 + ACK_MS, TimeoutReason::Ack)));
    session.handle_timeout(10 + ACK_MS - 1);
    assert!(drain(&mut session).is_empty());
    session.handle_timeout(10 + ACK_MS);
    assert_eq!(drain(&mut session), [send(ServerMessage::Ack, None, 2)]);
    assert_eq!(session.poll_timeout().map(|(_, why)| why), Some(TimeoutReason::Liveness));
    for seq in 3..18 {
        assert!(executed(&mut session, 300, seq).is_empty());
    }
    assert_eq!(executed(&mut session, 300, 18), [send(ServerMessage::Ack, None, 18)]);
}

#[test]
fn an_acknowledgement_is_no_question() {
    let mut session = claimed(None, FRESH);
    executed(&mut session, 10, 1);
    session.handle_timeout(10 + ACK_MS);
    drain(&mut session);
    // The last frame of the client was at 10; asked is after 6 s of silence, not 1.5 s after the ack.
    assert_eq!(session.poll_timeout(), Some((6_010, TimeoutReason::Liveness)));
}

#[test]
fn a_client_that_repeats_itself_is_told_again() {
    let mut session = claimed(None, Claimed { resumed: true, received: Position(5), ..FRESH });
    session.handle_frame(10, &join(4, ""));
    session.handle_delivery(10, Delivery::Done { received: Position(5), outcome: Outcome::Duplicate });
    drain(&mut session);
    session.handle_timeout(10 + ACK_MS);
    assert_eq!(drain(&mut session), [send(ServerMessage::Ack, None, 5)]);
    assert!(!session.is_closed());
}

#[test]
fn the_engine_hears_each_acknowledgement_once_and_the_first_in_any_case() {
    let mut session = claimed(
        Some(3),
        Claimed { resumed: true, reason: None, received: Position(0), acknowledged: Position(3) },
    );
    let beats = |session: &mut Session, text: &str| {
        session.handle_frame(1, text);
        let outputs = drain(session);
        session.handle_delivery(1, Delivery::Done { received: Position(0), outcome: Outcome::Executed });
        outputs.into_iter().find_map(|output| match output {
            SessionOutput::Execute(Command::Beat { ack }) => ack.map(|ack| ack.0),
            _ => None,
        })
    };
    // It proves that the welcome arrived.
    assert_eq!(beats(&mut session, r#"{"type":"ack","ack":3}"#), Some(3));
    assert_eq!(beats(&mut session, r#"{"type":"heartbeat-ack","ack":3}"#), None);
    assert_eq!(beats(&mut session, r#"{"type":"ack"}"#), None);
    session.handle_delivery(1, relay(4));
    assert_eq!(beats(&mut session, r#"{"type":"heartbeat","ack":4}"#), Some(4));
    assert_eq!(beats(&mut session, r#"{"type":"ack","ack":4}"#), None);
    assert_eq!(beats(&mut session, r#"{"type":"ack","ack":3}"#), None);
}

#[test]
fn an_acknowledgement_of_what_was_never_sent_is_told_and_does_nothing_else() {
    let mut session = claimed(None, FRESH);
    session.handle_delivery(0, relay(1));
    drain(&mut session);
    for frame in [r#"{"type":"ack","ack":2}"#, r#"{"type":"heartbeat-ack","ack":4294967295}"#] {
        session.handle_frame(1, frame);
        let outputs = drain(&mut session);
        assert!(
            matches!(
                outputs.as_slice(),
                [
                    SessionOutput::Refused { code: ErrorCode::InvalidMessage, field: "ack", .. },
                    SessionOutput::Send {
                        message: ServerMessage::Error { reference: None, .. },
                        seq: None,
                        ..
                    }
                ]
            ),
            "{outputs:?}"
        );
    }
    // The frame that carries it is executed, and its own answer is the only one that refers to it.
    session.handle_frame(1, &join(1, r#","ack":9"#));
    let outputs = drain(&mut session);
    let Some(SessionOutput::Execute(Command::Frame(request))) = outputs.last() else { panic!("{outputs:?}") };
    assert_eq!((request.seq, request.ack), (Some(SequenceNumber(1)), None));
    assert!(matches!(
        &outputs[1],
        SessionOutput::Send { message: ServerMessage::Error { reference: None, .. }, .. }
    ));
}

#[test]
fn a_gap_is_told_and_closed_and_its_frame_is_not_answered() {
    let mut session = claimed(None, FRESH);
    session.handle_frame(1, &join(3, ""));
    drain(&mut session);
    session.handle_delivery(1, Delivery::Done { received: Position(0), outcome: Outcome::Gap });
    let outputs = drain(&mut session);
    assert!(
        matches!(&outputs[1], SessionOutput::Send { message: ServerMessage::Error { code, reference: None, .. }, seq: None, .. } if code == "sequence-gap"),
        "{outputs:?}"
    );
    assert_eq!(outputs[2..], ends(AwayReason::Lost, CloseCode::SequenceGap));
}

#[test]
fn what_was_sent_for_a_session_that_is_gone_is_dropped_until_the_client_knows() {
    let mut session = claimed(Some(3), Claimed { reason: Some(LossReason::SessionExpired), ..FRESH });
    for frame in [
        join(7, ""),
        r#"{"type":"dance","seq":8}"#.into(),
        r#"{"type":"join","seq":9}"#.into(),
        r#"{"type":"join","seq":10,"payload":{"room":5}}"#.into(),
        r#"{"type":"leave","seq":11,"ack":5,"payload":5}"#.into(),
    ] {
        session.handle_frame(1, &frame);
        let outputs = drain(&mut session);
        let executes = outputs.iter().any(|output| matches!(output, SessionOutput::Execute(_)));
        assert!(!executes, "{frame}: {outputs:?}");
    }
    session.handle_frame(1, r#"{"type":"heartbeat"}"#);
    assert_eq!(drain(&mut session).len(), 1, "what has no number is of no session");
    assert_eq!(request(&mut session, &join(1, r#","ack":0"#)).seq, Some(SequenceNumber(1)));
    // A client that did not expect a session has numbered its frames for this one.
    let mut session = claimed(None, FRESH);
    assert_eq!(request(&mut session, &join(1, "")).seq, Some(SequenceNumber(1)));
    let mut session = claimed(Some(3), Claimed { resumed: true, acknowledged: Position(3), ..FRESH });
    assert_eq!(request(&mut session, &join(1, "")).seq, Some(SequenceNumber(1)));
}

#[test]
fn a_shutdown_says_when_to_come_back() {
    let mut session = claimed(None, FRESH);
    session.handle_shutdown(1, 4_321);
    let outputs = drain(&mut session);
    assert_eq!(outputs[0], send(ServerMessage::Reconnect { after: 4_321 }, None, 0));
    assert_eq!(outputs[1..], ends(AwayReason::Lost, CloseCode::Shutdown));
    // A client that has not registered hears nothing.
    let mut session = claiming(None).0;
    session.handle_shutdown(1, 4_321);
    assert_eq!(drain(&mut session), ends(AwayReason::Lost, CloseCode::Shutdown));
}

#[test]
fn frames_behind_a_hello_wait_for_its_answer() {
    let mut session = claiming(Some(2)).0;
    for seq in 3..6 {
        session.handle_frame(0, &join(seq, ""));
    }
    assert!(drain(&mut session).is_empty());
    let resumed = Claimed { resumed: true, reason: None, received: Position(2), acknowledged: Position(2) };
    session.handle_delivery(1, Delivery::Claimed(resumed));
    for seq in 3..6 {
        let outputs = drain(&mut session);
        let Some(SessionOutput::Execute(Command::Frame(request))) = outputs.last() else {
            panic!("{outputs:?}")
        };
        assert_eq!(request.seq, Some(SequenceNumber(seq)));
        session.handle_delivery(1, Delivery::Done { received: Position(seq), outcome: Outcome::Executed });
    }
    assert!(session.accepts_frames());
}

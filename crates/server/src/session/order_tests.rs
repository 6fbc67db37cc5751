//! What has a place in the order of a session although it is wrong, and what a session that was begun anew holds back.

use super::tests::token;
use super::*;
use crate::engine::{Action, Claimed, ClientFrame, LossReason, Outcome};
use signalpost_protocol::{Position, Signal};

const FRESH: Claimed =
    Claimed { resumed: false, reason: None, received: Position(0), acknowledged: Position(0) };

/// A socket whose hello of this version was accepted, with what the server said.
fn welcomed(version: u16, claimed: Claimed) -> (Session, Vec<SessionOutput>) {
    let mut session = Session::new(0, SocketId::new(1), None, token());
    let hello = format!(
        r#"{{"type":"hello","payload":{{"versions":[1,{version}],"key":"0123456789abcdef","received":4,"peer":{{"id":"ada","session":7}}}}}}"#
    );
    session.handle_frame(0, &hello);
    drain(&mut session);
    session.handle_delivery(0, Delivery::Claimed(claimed));
    let said = drain(&mut session);
    (session, said)
}

fn drain(session: &mut Session) -> Vec<SessionOutput> {
    let outputs = std::iter::from_fn(|| session.poll_output());
    outputs.filter(|output| !matches!(output, SessionOutput::Accepted { .. })).collect()
}

/// What the frame becomes in version 2.
fn outputs_of(frame: &str) -> Vec<SessionOutput> {
    let (mut session, _) = welcomed(2, FRESH);
    session.handle_frame(1, frame);
    drain(&mut session)
}

/// The request that is among these.
fn request(outputs: &[SessionOutput]) -> &ClientFrame {
    let found = outputs.iter().find_map(|output| match output {
        SessionOutput::Execute(Command::Frame(request)) => Some(request),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("no request in {outputs:?}"))
}

#[test]
fn a_frame_whose_number_can_be_read_has_its_place_whatever_else_is_wrong() {
    for frame in [
        r#"{"id":5,"seq":1,"payload":{"room":"r"}}"#,
        r#"{"type":null,"id":5,"seq":1}"#,
        r#"{"type":7,"id":5,"seq":1}"#,
        r#"{"type":"join","id":5,"seq":1,"type":"join","payload":{"room":"r"}}"#,
        r#"{"type":"join","id":5,"seq":1,"seq":1,"payload":{"room":"r"}}"#,
        r#"{"type":"join","id":4,"id":5,"seq":1,"payload":{"room":"r"}}"#,
        r#"{"type":"join","id":5,"seq":1,"payload":{"room":"r","room":"s"}}"#,
        r#"{"type":"join","id":5,"seq":1,"payload":["r"]}"#,
    ] {
        let outputs = outputs_of(frame);
        let ClientFrame { seq, reference, action, .. } = request(&outputs);
        assert_eq!((*seq, *reference), (Some(SequenceNumber(1)), Some(5)), "{frame}");
        assert!(
            matches!(action, Action::Refuse { code: ErrorCode::InvalidMessage, .. }),
            "{frame}: {action:?}"
        );
    }
}

#[test]
fn a_frame_in_which_no_number_can_be_read_is_told_and_has_no_place() {
    for (frame, expected) in [
        (r#"["join"]"#, "invalid-message"),
        ("5", "invalid-message"),
        (r#"{"type":"join","seq":1,"payload":{"room":NaN}}"#, "invalid-json"),
        (r#"{"type":"join","seq":1,"payload":{"room":"r"}"#, "invalid-json"),
        (r#"{"type":"join","seq":1,"payload":{"room":"r"}} x"#, "invalid-json"),
    ] {
        let outputs = outputs_of(frame);
        let [_, SessionOutput::Send { message: ServerMessage::Error { code, .. }, seq: None, .. }] =
            outputs.as_slice()
        else {
            panic!("{frame}: {outputs:?}")
        };
        assert_eq!(code, expected, "{frame}");
    }
}

#[test]
fn a_receipt_without_an_id_is_refused_where_there_are_receipts() {
    let frame = r#"{"type":"message","seq":1,"to":"bob","payload":{"data":"1","receipt":true}}"#;
    let outputs = outputs_of(frame);
    let Action::Refuse { code, text, .. } = &request(&outputs).action else { panic!("{outputs:?}") };
    assert_eq!((*code, &**text), (ErrorCode::InvalidMessage, "a receipt needs an id"));
    // Version 1 does not know the field.
    let (mut session, _) = welcomed(1, FRESH);
    session.handle_frame(1, frame);
    let outputs = drain(&mut session);
    assert!(matches!(request(&outputs).action, Action::Send { .. }), "{outputs:?}");
}

#[test]
fn of_a_batch_the_candidates_that_can_be_read_are_sent_and_the_odd_one_is_told() {
    let good = |port: u16| format!(r#"{{"candidate":"candidate:1 1 udp 1 192.0.2.1 {port} typ host"}}"#);
    let batch = |odd: &str| {
        format!(
            r#"{{"type":"ice-candidate","id":3,"seq":1,"to":"bob","payload":{{"connection":1,"candidates":[{},{{"candidate":"{odd}"}},{}]}}}}"#,
            good(1),
            good(2)
        )
    };
    let sent = |outputs: &[SessionOutput]| match &request(outputs).action {
        Action::Send { signal: Signal::Candidates(batch), .. } => batch.candidates.len(),
        other => panic!("{other:?}"),
    };
    // What browsers take is passed on.
    for odd in [
        "candidate:1 1 udp 1 fe80::1%eth0 3 typ host",
        "candidate:1 1 udp 1 192.0.2.1 3 typ host ",
        "candidate:1 1 udp 1 192.0.2.1 3 typ host generation",
        "candidate:a-b 1 udp 1 192.0.2.1 3 typ host",
    ] {
        let outputs = outputs_of(&batch(odd));
        assert_eq!((outputs.len(), sent(&outputs)), (1, 3), "{odd}: {outputs:?}");
    }
    let outputs = outputs_of(&batch("candidate:1 1 udp 1 192.0.2.1 65536 typ host"));
    assert_eq!(sent(&outputs), 2);
    let told = outputs.iter().find_map(|output| match output {
        SessionOutput::Send {
            message: ServerMessage::Error { code, message, reference, about, .. },
            seq: None,
            ..
        } => Some((code.as_str(), message.as_str(), *reference, about.as_ref().map(PeerId::as_str))),
        _ => None,
    });
    let words = "candidates[1] is not an RFC 8839 candidate; what is one was taken";
    assert_eq!(told, Some(("invalid-candidate", words, None, Some("bob"))));
}

#[test]
fn an_excess_of_candidates_is_left_out_told_and_counted() {
    let line = r#"{"candidate":"candidate:1 1 udp 1 192.0.2.1 1 typ host"}"#;
    let batch = [line; 15].join(",");
    let outputs = outputs_of(&format!(
        r#"{{"type":"ice-candidate","seq":1,"to":"bob","payload":{{"connection":1,"candidates":[{batch}]}}}}"#
    ));
    let Action::Send { signal: Signal::Candidates(batch), .. } = &request(&outputs).action else {
        panic!("{outputs:?}")
    };
    assert_eq!(batch.candidates.len(), 10);
    let is_counted = |output: &&SessionOutput| {
        matches!(output, SessionOutput::Refused { code: ErrorCode::InvalidMessage, field: "candidates", .. })
    };
    assert_eq!(outputs.iter().filter(is_counted).count(), 1, "{outputs:?}");
}

/// The numbers of what is sent.
fn sent(session: &mut Session) -> Vec<u32> {
    let outputs = drain(session).into_iter();
    outputs
        .filter_map(
            |output| if let SessionOutput::Send { seq, .. } = output { seq.map(|seq| seq.0) } else { None },
        )
        .collect()
}

fn mail(seq: u32) -> Delivery {
    Delivery::Mail { seq: Some(SequenceNumber(seq)), mail: Arc::new(Mail::Sent { reference: Some(seq) }) }
}

#[test]
fn a_session_begun_anew_asks_at_once_and_sends_nothing_numbered_before_the_welcome_is_known() {
    let anew = Claimed { reason: Some(LossReason::SessionExpired), ..FRESH };
    for answer in [r#"{"type":"heartbeat-ack"}"#, r#"{"type":"ack","ack":0}"#] {
        let (mut session, said) = welcomed(2, anew);
        assert!(
            matches!(
                said.as_slice(),
                [
                    SessionOutput::Send { message: ServerMessage::Welcome { .. }, .. },
                    SessionOutput::Send { message: ServerMessage::Heartbeat, .. }
                ]
            ),
            "{said:?}"
        );
        session.handle_delivery(1, mail(1));
        session.handle_frame(2, r#"{"type":"heartbeat"}"#);
        assert!(sent(&mut session).is_empty(), "it may not know the welcome yet");
        session.handle_frame(3, answer);
        session.handle_delivery(3, mail(2));
        let outputs = drain(&mut session);
        let beat = Command::Beat { ack: Some(Position(0)) };
        assert_eq!(outputs, [SessionOutput::Execute(beat)], "the engine has to know it first");
        session.handle_delivery(4, Delivery::Done { received: Position(0), outcome: Outcome::Executed });
        session.handle_delivery(4, mail(3));
        assert_eq!(sent(&mut session), [1, 2, 3]);
    }
}

#[test]
fn an_answer_to_a_frame_of_a_session_begun_anew_does_not_wait() {
    let (mut session, _) = welcomed(2, Claimed { reason: Some(LossReason::PositionLost), ..FRESH });
    session.handle_delivery(1, mail(1));
    session.handle_frame(2, r#"{"type":"join","id":1,"seq":1,"ack":0,"payload":{"room":"r"}}"#);
    session.handle_delivery(2, mail(2));
    session.handle_delivery(2, Delivery::Done { received: Position(1), outcome: Outcome::Executed });
    assert_eq!(sent(&mut session), [1, 2]);
    // Neither a first session nor one that is resumed holds anything.
    for claimed in [FRESH, Claimed { resumed: true, ..FRESH }] {
        let (mut session, said) = welcomed(2, claimed);
        assert_eq!(said.len(), 1);
        session.handle_delivery(1, mail(1));
        assert_eq!(sent(&mut session), [1]);
    }
}

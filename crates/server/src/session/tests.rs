use super::*;
use crate::engine::{Action, Claimed, ClientFrame, Mail, Outcome, Page};
use signalpost_protocol::{Position, RoomName};
use std::sync::Arc;

const HELLO: &str = r#"{"type":"hello","id":1,"payload":{"versions":[1,1],"key":"0123456789abcdef","peer":{"id":"ada","session":7}}}"#;

pub(super) fn fresh() -> Session {
    Session::new(0, SocketId::new(1), Label::parse("eu").ok(), token())
}

pub(super) fn token() -> Token {
    Token::new([0xab; 32])
}

fn claimed() -> Delivery {
    Delivery::Claimed(Claimed {
        resumed: false,
        reason: None,
        received: Position(0),
        acknowledged: Position(0),
    })
}

fn done(outcome: Outcome) -> Delivery {
    Delivery::Done { received: Position(0), outcome }
}

fn mail(mail: Mail) -> Delivery {
    Delivery::Mail { seq: None, mail: Arc::new(mail) }
}

pub(super) fn sent(message: ServerMessage) -> SessionOutput {
    SessionOutput::Send { message, seq: None, ack: None }
}

pub(super) fn registered() -> Session {
    let mut session = fresh();
    session.handle_frame(0, HELLO);
    session.handle_delivery(0, claimed());
    drain(&mut session);
    session
}

pub(super) fn drain(session: &mut Session) -> Vec<SessionOutput> {
    std::iter::from_fn(|| session.poll_output()).collect()
}

/// The one error that the frame is answered with: code, text, `ref`, `about`.
pub(super) fn refusal(session: &mut Session, text: &str) -> (String, String, Option<u32>, Option<String>) {
    session.handle_frame(10, text);
    error_of(session)
}

pub(super) fn error_of(session: &mut Session) -> (String, String, Option<u32>, Option<String>) {
    let outputs = drain(session);
    assert!(!session.is_closed(), "the socket did not survive: {outputs:?}");
    match outputs.as_slice() {
        [
            SessionOutput::Refused { code: logged, .. },
            SessionOutput::Send {
                message: ServerMessage::Error { code, message, reference, about, .. }, ..
            },
        ] => {
            assert_eq!(logged.as_str(), code);
            assert!(message.len() <= 210, "{message}");
            (code.clone(), message.clone(), *reference, about.as_ref().map(|id| id.as_str().into()))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn welcome_names_the_common_version_and_the_region() {
    let mut session = fresh();
    session.handle_frame(0, HELLO);
    let outputs = drain(&mut session);
    assert!(
        matches!(outputs.as_slice(), [SessionOutput::Accepted { kind: "hello" }, SessionOutput::Execute(Command::Claim(claim))] if claim.version == 1 && claim.peer.id == "ada")
    );
    session.handle_delivery(3, claimed());
    let welcome = ServerMessage::Welcome { version: 1, region: Label::parse("eu").ok(), session: None };
    assert_eq!(drain(&mut session), [sent(welcome)]);
    assert_eq!(session.peer().map(PeerId::as_str), Some("ada"));
}

#[test]
fn a_bad_hello_leaves_the_socket_open_until_the_hello_time_out() {
    let mut session = fresh();
    let short_key = r#"{"type":"hello","id":2,"payload":{"versions":[1,1],"key":"k","peer":{"id":"ada"}}}"#;
    assert_eq!(refusal(&mut session, short_key).0, "invalid-message");
    let forged = HELLO.replace(r#""id":1,"#, r#""id":1,"from":"eve","#);
    assert_eq!(refusal(&mut session, &forged).0, "forged-sender");
    assert_eq!(session.poll_timeout(), Some((HELLO_TIMEOUT_MS, TimeoutReason::Hello)));
    session.handle_timeout(HELLO_TIMEOUT_MS - 1);
    assert!(drain(&mut session).is_empty());
    session.handle_timeout(HELLO_TIMEOUT_MS);
    assert_eq!(drain(&mut session), ends(AwayReason::Lost, CloseCode::HelloTimeout));
    assert_eq!(session.poll_timeout(), None);
}

pub(super) fn ends(reason: AwayReason, code: CloseCode) -> [SessionOutput; 2] {
    [
        SessionOutput::Execute(Command::Detach(Departure::Away(reason))),
        SessionOutput::Close(Close::Code(code)),
    ]
}

#[test]
fn a_hello_that_waits_for_the_engine_is_in_time() {
    let mut session = fresh();
    session.handle_frame(HELLO_TIMEOUT_MS - 1, HELLO);
    assert_eq!(session.poll_timeout(), None);
    session.handle_timeout(HELLO_TIMEOUT_MS + 500);
    assert!(!session.is_closed());
}

#[test]
fn no_common_version_is_told_and_closed() {
    for versions in ["[3,9]", "[0,0]"] {
        let mut session = fresh();
        session.handle_frame(0, &HELLO.replace("[1,1]", versions).replace(r#""key""#, r#""other""#));
        let outputs = drain(&mut session);
        assert!(
            matches!(&outputs[1], SessionOutput::Send { message: ServerMessage::Error { code, reference: Some(1), .. }, .. } if code == "upgrade-required"),
            "{outputs:?}"
        );
        assert_eq!(outputs[2..], ends(AwayReason::Lost, CloseCode::UpgradeRequired));
    }
    assert_eq!(refusal(&mut fresh(), &HELLO.replace("[1,1]", "[3,1]")).0, "invalid-message");
}

#[test]
fn a_claim_that_cannot_be_granted_is_told_and_closed() {
    for (refused, close) in
        [(ErrorCode::PeerIdTaken, CloseCode::PeerIdTaken), (ErrorCode::ServerFull, CloseCode::ServerFull)]
    {
        let mut session = fresh();
        session.handle_frame(0, HELLO);
        drain(&mut session);
        session.handle_delivery(1, done(Outcome::Refused(refused)));
        let outputs = drain(&mut session);
        assert!(
            matches!(&outputs[1], SessionOutput::Send { message: ServerMessage::Error { code, reference: Some(1), .. }, .. } if code == refused.as_str())
        );
        assert_eq!(outputs[2..], ends(AwayReason::Lost, close));
    }
}

#[test]
fn frames_are_executed_in_order_one_command_at_a_time() {
    let mut session = registered();
    session.handle_frame(1, r#"{"type":"join","id":5,"payload":{"room":"a"}}"#);
    session.handle_frame(1, r#"{"type":"nonsense","id":6}"#);
    session.handle_frame(1, r#"{"type":"leave","id":7,"payload":{"room":"a"}}"#);
    assert!(!session.accepts_frames());
    let room = RoomName::parse("a").unwrap();
    let actions = |outputs: Vec<SessionOutput>| -> Vec<Action> {
        let actions = outputs.into_iter().filter_map(|output| match output {
            SessionOutput::Execute(Command::Frame(ClientFrame { action, .. })) => Some(action),
            _ => None,
        });
        actions.collect()
    };
    assert_eq!(actions(drain(&mut session)), [Action::Join(room.clone())]);
    let joined = Mail::Joined { room: room.clone(), page: Page::default(), reference: Some(5) };
    session.handle_delivery(2, mail(joined));
    session.handle_delivery(2, done(Outcome::Executed));
    let outputs = drain(&mut session);
    assert!(matches!(
        &outputs[0],
        SessionOutput::Send { message: ServerMessage::Joined { reference: Some(5), .. }, .. }
    ));
    assert!(matches!(
        &outputs[2],
        SessionOutput::Send { message: ServerMessage::Error { reference: Some(6), .. }, .. }
    ));
    assert_eq!(actions(outputs), [Action::Leave(room.clone())]);
    session.handle_delivery(3, mail(Mail::Left { room, reference: Some(7) }));
    session.handle_delivery(3, done(Outcome::Executed));
    assert!(session.accepts_frames());
}

#[test]
fn too_many_waiting_frames_end_the_session() {
    let mut session = registered();
    session.handle_frame(1, r#"{"type":"join","payload":{"room":"a"}}"#);
    drain(&mut session);
    for _ in 0..MAX_WAITING_FRAMES {
        session.handle_frame(1, r#"{"type":"heartbeat"}"#);
    }
    assert!(!session.is_closed());
    session.handle_frame(1, r#"{"type":"heartbeat"}"#);
    assert_eq!(drain(&mut session), ends(AwayReason::Lost, CloseCode::Slow));
}

#[test]
fn an_idle_link_is_asked_at_6_s_and_dead_at_9() {
    let mut session = registered();
    assert_eq!(session.poll_timeout(), Some((1_500, TimeoutReason::Liveness)), "welcome is unanswered");
    session.handle_frame(100, r#"{"type":"heartbeat-ack"}"#);
    drain(&mut session);
    assert_eq!(session.poll_timeout(), Some((6_100, TimeoutReason::Liveness)));
    session.handle_timeout(6_100);
    assert_eq!(drain(&mut session), [sent(ServerMessage::Heartbeat)]);
    session.handle_timeout(9_099);
    assert!(drain(&mut session).is_empty());
    session.handle_timeout(9_100);
    assert_eq!(drain(&mut session), ends(AwayReason::Silent, CloseCode::HeartbeatTimeout));
}

#[test]
fn an_ack_is_not_counted_as_unanswered() {
    let mut session = registered();
    session.handle_frame(100, r#"{"type":"heartbeat"}"#);
    drain(&mut session);
    assert_eq!(session.poll_timeout(), Some((6_100, TimeoutReason::Liveness)));
}

#[test]
fn a_sign_of_life_renews_the_lease_at_most_each_10_s() {
    let mut session = registered();
    let mut beats = Vec::new();
    for now in (0..40_000).step_by(500) {
        session.handle_frame(now, r#"{"type":"heartbeat-ack"}"#);
        for output in drain(&mut session) {
            if output == SessionOutput::Execute(Command::Beat { ack: None }) {
                beats.push(now);
                session.handle_delivery(now, done(Outcome::Executed));
            }
        }
    }
    assert_eq!(beats, [10_000, 20_000, 30_000]);
}

#[test]
fn the_end_is_told_once_with_its_reason() {
    type Case = (fn(&mut Session), Departure, Option<Close>);
    const LOST: Departure = Departure::Away(AwayReason::Lost);
    const SILENT: Departure = Departure::Away(AwayReason::Silent);
    let code = |code| Some(Close::Code(code));
    let cases: [Case; 10] = [
        (|s| s.handle_frame(1, r#"{"type":"bye"}"#), Departure::Bye, Some(Close::Normal)),
        (|s| s.handle_socket_closed(1, Some(1001)), LOST, None),
        (|s| s.handle_socket_closed(1, None), LOST, None),
        (|s| s.handle_socket_closed(1, Some(4101)), Departure::Away(AwayReason::Suspended), None),
        (|s| s.handle_shutdown(1, 5), LOST, code(CloseCode::Shutdown)),
        (Session::handle_slow, LOST, code(CloseCode::Slow)),
        (|s| s.handle_delivery(1, Delivery::Superseded), LOST, code(CloseCode::Superseded)),
        (|s| s.handle_delivery(1, Delivery::Replaced), LOST, code(CloseCode::Replaced)),
        (|s| s.handle_delivery(1, Delivery::SessionLost), LOST, code(CloseCode::SessionLost)),
        (|s| s.handle_delivery(1, Delivery::Expired), SILENT, code(CloseCode::HeartbeatTimeout)),
    ];
    for (end, departure, close) in cases {
        let mut session = registered();
        end(&mut session);
        let mut outputs = drain(&mut session);
        outputs.retain(|output| !matches!(output, SessionOutput::Accepted { .. }));
        let mut expected = vec![SessionOutput::Execute(Command::Detach(departure))];
        expected.extend(close.map(SessionOutput::Close));
        assert_eq!(outputs, expected);
        session.handle_socket_closed(2, None);
        session.handle_shutdown(2, 0);
        session.handle_frame(2, HELLO);
        session.handle_binary(2);
        session.handle_delivery(2, claimed());
        session.handle_timeout(u64::MAX);
        assert!(drain(&mut session).is_empty());
    }
}

/// What the end of a socket means for the session, after these frames at these times and a close at `end` with this code.
fn departure(versions: &str, frames: &[(u64, &str)], end: u64, code: Option<u16>) -> Departure {
    let mut session = fresh();
    session.handle_frame(0, &HELLO.replace("[1,1]", versions));
    session.handle_delivery(0, claimed());
    for (now, frame) in frames {
        session.handle_frame(*now, frame);
    }
    drain(&mut session);
    session.handle_socket_closed(end, code);
    let outputs = drain(&mut session);
    let [SessionOutput::Execute(Command::Detach(departure))] = outputs[..] else { panic!("{outputs:?}") };
    departure
}

#[test]
fn no_close_code_alone_ends_a_session() {
    const LOST: Departure = Departure::Away(AwayReason::Lost);
    for code in [None, Some(1000), Some(1001), Some(1005), Some(1006), Some(4000), Some(4100), Some(4500)] {
        assert_eq!(departure("[1,2]", &[], 1, code), LOST, "{code:?}");
        assert_eq!(departure("[1,1]", &[], 1, code), LOST, "{code:?} in version 1");
    }
}

#[test]
fn a_page_that_said_that_it_may_be_left_and_goes_away_is_leaving_for_10_s() {
    const LOST: Departure = Departure::Away(AwayReason::Lost);
    let hint = (1_000, r#"{"type":"leaving"}"#);
    assert_eq!(departure("[1,2]", &[hint], 1_000, Some(1001)), Departure::Leaving);
    assert_eq!(departure("[1,2]", &[hint], 10_999, Some(1001)), Departure::Leaving);
    assert_eq!(departure("[1,2]", &[hint], 11_000, Some(1001)), LOST, "it was not left");
    for code in [None, Some(1000), Some(1006)] {
        assert_eq!(departure("[1,2]", &[hint], 1_001, code), LOST, "{code:?} is no page that is left");
    }
    // What is said meanwhile takes nothing back: pages go on for a moment.
    let more = (1_002, r#"{"type":"ack"}"#);
    assert_eq!(departure("[1,2]", &[hint, more], 1_003, Some(1001)), Departure::Leaving);
}

#[test]
fn a_lost_registration_closes_the_socket() {
    let mut session = registered();
    session.handle_frame(1, r#"{"type":"peer-discovery"}"#);
    drain(&mut session);
    session.handle_delivery(1, done(Outcome::Unregistered));
    assert_eq!(drain(&mut session), ends(AwayReason::Silent, CloseCode::HeartbeatTimeout));
}

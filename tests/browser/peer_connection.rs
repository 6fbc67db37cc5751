//! One `RTCPeerConnection`: it does every operation and reports how it ended, and reports nothing after its own end.

use crate::support::{Log, Uncaught, report, run, sleep, until};
use js_sys::JSON;
use signalpost::browser::peer_connection::PeerConnections;
use signalpost_core::protocol::{IceCandidateInit, session_description};
use signalpost_core::{
    ConnectionEvent, ConnectionId, ConnectionState, Description, Input, Operation, OperationId, Outcome,
    SdpType, SignalingState,
};
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

fn configuration(text: &str) -> JsValue {
    JSON::parse(text).unwrap()
}

/// Connection 1 of a client.
struct PeerConnection(PeerConnections);

impl PeerConnection {
    fn new(configuration: &JsValue, heard: impl Fn(ConnectionEvent) + 'static) -> Self {
        let report = report(move |input| match input {
            Input::Connection { connection: ConnectionId(1), event } => heard(event),
            other => panic!("{other:?}"),
        });
        let connections = PeerConnections::new(configuration.clone().unchecked_into(), &report);
        connections.connect(ConnectionId(1), None);
        Self(connections)
    }

    fn operate(&self, operation: u32, what: &Operation) {
        self.0.operate(ConnectionId(1), OperationId(operation), what);
    }

    fn object(&self) -> JsValue {
        self.0.object(ConnectionId(1)).into()
    }

    fn restart_ice(&self) {
        self.0.restart_ice(ConnectionId(1), None);
    }
}

impl Drop for PeerConnection {
    fn drop(&mut self) {
        self.0.close(ConnectionId(1));
    }
}

/// A connection and all that was heard of it.
struct Side {
    connection: PeerConnection,
    heard: Log<ConnectionEvent>,
    operations: std::cell::Cell<u32>,
}

impl Side {
    fn new() -> Self {
        let heard = Log::default();
        let log = heard.clone();
        let connection = PeerConnection::new(&configuration("{}"), move |event| log.push(event));
        Self { connection, heard, operations: std::cell::Cell::new(0) }
    }

    fn outcome(&self, wanted: u32) -> Option<Outcome> {
        self.heard.entries().into_iter().find_map(|event| match event {
            ConnectionEvent::Done { operation, outcome } if operation.0 == wanted => Some(outcome),
            _ => None,
        })
    }

    async fn operate(&self, what: Operation) -> Outcome {
        let operation = self.operations.get() + 1;
        self.operations.set(operation);
        self.connection.operate(operation, &what);
        assert!(self.outcome(operation).is_none(), "nothing ends before the caller is done");
        until("the end of the operation", || self.outcome(operation).is_some()).await;
        self.outcome(operation).unwrap()
    }

    async fn describe(&self) -> Description {
        self.operate(Operation::SetLocalDescription).await.result.unwrap().unwrap()
    }

    fn candidates(&self) -> Vec<IceCandidateInit> {
        let candidate = |event| match event {
            ConnectionEvent::Candidate(init) => Some(init),
            _ => None,
        };
        self.heard.entries().into_iter().filter_map(candidate).collect()
    }

    fn has(&self, is_it: impl Fn(&ConnectionEvent) -> bool) -> bool {
        self.heard.entries().iter().any(is_it)
    }
}

fn offer(sdp: &str) -> Operation {
    Operation::SetRemoteDescription(Description { kind: SdpType::Offer, sdp: sdp.into() })
}

#[wasm_bindgen_test]
fn a_constructor_that_throws_is_an_error() {
    for bad in [
        r#"{ "iceServers": [{ "urls": "nonsense" }] }"#,
        r#"{ "iceServers": [{ "urls": "turn:127.0.0.1" }] }"#,
        r#"{ "bundlePolicy": "no-such-policy" }"#,
    ] {
        let heard = Log::default();
        let log = heard.clone();
        let made = PeerConnection::new(&configuration(bad), move |event| log.push(event));
        let Some(ConnectionEvent::Unavailable { message: thrown }) = heard.entries().pop() else {
            panic!("{bad}");
        };
        assert!(made.object().is_undefined(), "{bad}");
        assert!(thrown.contains("Error"), "{bad}: {thrown}");
    }
}

#[wasm_bindgen_test]
async fn an_offer_is_made_set_and_taken_back() {
    let side = Side::new();
    let made = side.operate(Operation::CreateOffer).await;
    assert_eq!(made.signaling_state, SignalingState::Stable);
    let made = made.result.unwrap().unwrap();
    assert_eq!(made.kind, SdpType::Offer);
    assert!(made.sdp.starts_with("v=0") && made.sdp.contains("m=application"));
    let set = side.operate(Operation::SetLocalOffer(made.clone())).await;
    assert_eq!(set.signaling_state, SignalingState::HaveLocalOffer);
    let back = side.operate(Operation::RollbackLocal).await;
    assert_eq!((back.signaling_state, back.result), (SignalingState::Stable, Ok(None)));
    let again = side.operate(Operation::SetLocalDescription).await;
    assert_eq!(again.signaling_state, SignalingState::HaveLocalOffer);
    assert_eq!(again.result.unwrap().unwrap().kind, SdpType::Offer);
}

#[wasm_bindgen_test]
async fn the_local_description_is_read_with_what_was_found_since() {
    let side = Side::new();
    let offer = side.describe().await;
    until("the end of candidates", || side.has(|event| matches!(event, ConnectionEvent::EndOfCandidates)))
        .await;
    let read = side.operate(Operation::ReadLocalDescription).await;
    assert_eq!(read.signaling_state, SignalingState::HaveLocalOffer);
    let read = read.result.unwrap().unwrap();
    assert_eq!(read.kind, SdpType::Offer);
    let held =
        |sdp: &str, init: &IceCandidateInit| session_description::holds_candidate(sdp, &init.candidate);
    assert!(!side.candidates().is_empty());
    for found in side.candidates() {
        assert!(held(&read.sdp, &found) && !held(&offer.sdp, &found), "{}\n{}", found.candidate, read.sdp);
    }
}

#[wasm_bindgen_test]
async fn what_the_browser_refuses_is_told_in_its_words() {
    let side = Side::new();
    let refused = side.operate(offer("v=0\r\ngarbage")).await;
    assert_eq!(refused.signaling_state, SignalingState::Stable);
    let text = refused.result.unwrap_err();
    assert!(text.contains("Error"), "{text}");
    let answer = Description { kind: SdpType::Answer, sdp: "v=0\r\n".into() };
    let refused = side.operate(Operation::SetRemoteDescription(answer)).await;
    assert!(refused.result.is_err());
    let candidate = IceCandidateInit {
        candidate: "candidate:1 1 udp 1 192.0.2.1 9 typ host".into(),
        sdp_mid: Some("0".into()),
        sdp_m_line_index: Some(0),
        username_fragment: None,
    };
    let refused = side.operate(Operation::AddIceCandidate(candidate)).await;
    assert!(refused.result.unwrap_err().contains("InvalidStateError"));
    let refused = side.operate(Operation::RollbackLocal).await;
    assert_eq!(refused.signaling_state, SignalingState::Stable);
    // It is as good as new.
    assert_eq!(side.describe().await.kind, SdpType::Offer);
}

#[wasm_bindgen_test]
async fn garbage_after_an_offer_of_ones_own_leaves_a_state_that_is_told() {
    let side = Side::new();
    side.describe().await;
    let refused = side.operate(offer("v=0\r\ngarbage")).await;
    assert!(refused.result.is_err());
    let state = run("return given.signalingState", &side.connection.object()).as_string().unwrap();
    let told = match refused.signaling_state {
        SignalingState::Stable => "stable",
        SignalingState::HaveLocalOffer => "have-local-offer",
        SignalingState::HaveRemoteOffer => "have-remote-offer",
        SignalingState::Closed => "closed",
    };
    assert_eq!(told, state);
}

#[wasm_bindgen_test]
async fn two_connections_of_a_page_connect_and_restart() {
    let (a, b) = (Side::new(), Side::new());
    b.operate(Operation::SetRemoteDescription(a.describe().await)).await.result.unwrap();
    let answer = b.describe().await;
    assert_eq!(answer.kind, SdpType::Answer);
    a.operate(Operation::SetRemoteDescription(answer)).await.result.unwrap();
    until("candidates of both", || !a.candidates().is_empty() && !b.candidates().is_empty()).await;
    for (from, to) in [(&a, &b), (&b, &a)] {
        for candidate in from.candidates() {
            assert!(candidate.candidate.starts_with("candidate:"), "{candidate:?}");
            assert!(candidate.username_fragment.is_some(), "{candidate:?}");
            to.operate(Operation::AddIceCandidate(candidate)).await.result.unwrap();
        }
    }
    let connected = |side: &Side| {
        side.has(|event| matches!(event, ConnectionEvent::StateChanged(ConnectionState::Connected)))
    };
    let opened = |side: &Side| side.has(|event| matches!(event, ConnectionEvent::Opened));
    until("both to be connected", || [&a, &b].iter().all(|side| connected(side) && opened(side))).await;
    until("the end of candidates", || a.has(|event| matches!(event, ConnectionEvent::EndOfCandidates))).await;
    let needed = |side: &Side| {
        side.heard
            .entries()
            .iter()
            .filter(|event| matches!(event, ConnectionEvent::NegotiationNeeded))
            .count()
    };
    let before = needed(&a);
    a.connection.restart_ice();
    until("negotiationneeded", || needed(&a) > before).await;
}

#[wasm_bindgen_test]
async fn one_that_is_replaced_stays_open_until_it_is_closed_and_is_not_heard() {
    let heard = Log::<(u32, ConnectionEvent)>::default();
    let log = heard.clone();
    let report = report(move |input| {
        if let Input::Connection { connection: ConnectionId(number), event } = input {
            log.push((number, event));
        }
    });
    let connections = PeerConnections::new(configuration("{}").unchecked_into(), &report);
    connections.connect(ConnectionId(1), None);
    let object = |number| JsValue::from(connections.object(ConnectionId(number)));
    let state = |object: &JsValue| run("return given.signalingState", object).as_string().unwrap();
    let first = object(1);
    connections.operate(ConnectionId(1), OperationId(1), &Operation::SetLocalDescription);
    connections.replace(ConnectionId(1), ConnectionId(2));
    let second = object(2);
    assert!(object(1).is_undefined() && second != first);
    until("the new one", || heard.entries().iter().any(|(number, _)| *number == 2)).await;
    sleep(100).await;
    assert_eq!(state(&first), "have-local-offer", "the application may still read it");
    connections.replace(ConnectionId(2), ConnectionId(3));
    connections.close_replaced();
    assert_eq!([&first, &second, &object(3)].map(state), ["closed", "closed", "stable"]);
    let of_first = |(number, _): &(u32, ConnectionEvent)| *number == 1;
    assert!(!heard.entries().iter().any(of_first), "{:?}", heard.entries());
}

#[wasm_bindgen_test]
async fn a_restart_waits_for_what_it_needs_however_that_ends() {
    for ready in
        ["new Promise((done) => setTimeout(done, 150))", "new Promise((_, no) => setTimeout(no, 150))"]
    {
        let side = Side::new();
        let connection = &side.connection;
        let watched = "const restart = given.restartIce;
            given.restartIce = function () { this.restarted = true; restart.call(this); }";
        run(watched, &connection.object());
        let restarted = || run("return given.restarted === true", &connection.object()).is_truthy();
        let ready = run(&format!("return {ready}"), &JsValue::UNDEFINED);
        connection.0.restart_ice(ConnectionId(1), Some(ready.unchecked_into()));
        sleep(50).await;
        assert!(!restarted());
        until("the restart", restarted).await;
    }
}

#[wasm_bindgen_test]
async fn after_the_drop_nothing_is_heard_and_nothing_is_thrown() {
    let uncaught = Uncaught::watch();
    let log = Log::<ConnectionEvent>::default();
    for round in 0..4 {
        let heard = log.clone();
        let connection = PeerConnection::new(&configuration("{}"), move |event| heard.push(event));
        let object = connection.object();
        match round {
            0 => {}
            1 => connection.operate(1, &Operation::SetLocalDescription),
            2 => connection.operate(1, &offer("v=0\r\ngarbage")),
            _ => {
                connection.operate(1, &Operation::SetLocalDescription);
                connection.operate(2, &Operation::CreateOffer);
                connection.operate(3, &offer("nonsense"));
            }
        }
        drop(connection);
        assert_eq!(run("return given.signalingState", &object).as_string().unwrap(), "closed");
        sleep(100).await;
    }
    assert!(log.entries().is_empty(), "{:?}", log.entries());
    assert_eq!(uncaught.entries(), Vec::<String>::new());
}

#[wasm_bindgen_test]
async fn it_may_be_dropped_while_it_tells_something() {
    let uncaught = Uncaught::watch();
    let slot: Rc<std::cell::RefCell<Option<PeerConnection>>> = Rc::default();
    let (own, log) = (Rc::downgrade(&slot), Log::default());
    let heard = log.clone();
    let connection = PeerConnection::new(&configuration("{}"), move |event| {
        if matches!(event, ConnectionEvent::Done { .. }) {
            heard.push(());
            let taken = own.upgrade().and_then(|slot| slot.borrow_mut().take());
            drop(taken);
        }
    });
    connection.operate(1, &Operation::SetLocalDescription);
    connection.operate(2, &Operation::CreateOffer);
    *slot.borrow_mut() = Some(connection);
    until("the first end", || log.len() > 0).await;
    sleep(100).await;
    assert_eq!(log.len(), 1, "the second is not heard");
    assert_eq!(uncaught.entries(), Vec::<String>::new());
}

//! What the outputs of the core tell of themselves.
#![allow(clippy::unwrap_used)]

mod support;

use signalpost_core::protocol::{
    Envelope, ErrorCode, IceCandidateInit, OwnSignal, Payload, PeerInfo, Position,
};
use signalpost_core::{
    CallId, Client, ClientState, Command, ConnectionId, ConnectionState, Description, Event, Failure, Input,
    Operation, OperationId, Output, Reply, SdpType, SocketEvent, SocketId, Trace,
};
use std::sync::Arc;
use support::{config, id, room};

/// What no trace may hold: keys, texts of applications, descriptions, candidates.
const SECRET: &str = "secret";

fn traces(client: &mut Client) -> Vec<Trace> {
    std::iter::from_fn(|| client.poll_output()).map(|output: Output| output.trace()).collect()
}

fn trace(action: &'static str, id: Option<u32>, detail: &str) -> Trace {
    Trace { action, id, detail: detail.into() }
}

/// A frame with a secret in each field that may hold one.
fn frame(kind: &str) -> Arc<Envelope> {
    let text = || Some(String::from(SECRET));
    let payload = Payload { key: text(), data: text(), sdp: text(), ..Payload::default() };
    Arc::new(Envelope { kind: kind.into(), payload: Some(Box::new(payload)), ..Envelope::default() })
}

fn operations() -> [(Operation, &'static str); 9] {
    let offer = || Description { kind: SdpType::Offer, sdp: SECRET.into() };
    let candidate = IceCandidateInit { candidate: SECRET.into(), ..IceCandidateInit::default() };
    [
        (Operation::SetLocalDescription, "setLocalDescription"),
        (Operation::CreateOffer, "createOffer"),
        (Operation::CreateAnswer, "createAnswer"),
        (Operation::SetLocalOffer(offer()), "setLocalDescription"),
        (Operation::ReadLocalDescription, "localDescription"),
        (Operation::RollbackLocal, "setLocalDescription"),
        (Operation::RollbackRemote, "setRemoteDescription"),
        (Operation::SetRemoteDescription(offer()), "setRemoteDescription"),
        (Operation::AddIceCandidate(candidate), "addIceCandidate"),
    ]
}

fn events() -> [(Event, &'static str); 15] {
    let (peer, room, info) = (|| id("zoe"), || room("lobby"), PeerInfo::default());
    let failure = Failure::new(ErrorCode::ConnectionFailed, SECRET);
    let (key, data) = (SECRET.into(), SECRET.into());
    let signal = OwnSignal::Offer(SECRET.into());
    [
        (Event::State { state: ClientState::Connected, reason: SECRET.into() }, "state"),
        (Event::Resumed { resumed: true, reason: None }, "resumed"),
        (Event::Key { key }, "key"),
        (Event::Error { peer: None, failure }, "error"),
        (Event::PeerJoined { room: room(), peer: info }, "peer-joined"),
        (Event::PeerAway { room: room(), peer: peer(), reason: "lost".into() }, "peer-away"),
        (Event::PeerBack { room: room(), peer: peer() }, "peer-back"),
        (Event::PeerLeft { room: room(), peer: peer(), reason: "lost".into() }, "peer-left"),
        (Event::Message { from: peer(), room: None, data }, "message"),
        (Event::OwnSignal { from: peer(), signal }, "own-signal"),
        (Event::Peer { peer: peer() }, "peer"),
        (
            Event::PeerState { peer: peer(), state: ConnectionState::Failed, reason: SECRET.into() },
            "peer-state",
        ),
        (Event::Network { verdict: None }, "network"),
        (Event::PeerOpen { peer: peer() }, "peer-open"),
        (Event::PeerReplaced { peer: peer() }, "peer-replaced"),
    ]
}

#[test]
fn every_output_says_what_it_is_about_and_nothing_secret() {
    let (socket, connection, call) = (SocketId(3), ConnectionId(4), CallId(5));
    let peers = vec![PeerInfo { metadata: Some(SECRET.into()), ..PeerInfo::default() }];
    let settle = |result| Output::Settle { call, result };
    let mut all = vec![
        (Output::OpenSocket { socket }, trace("open-socket", Some(3), "")),
        (
            Output::Send { socket, envelope: frame("hello"), ack: Some(Position(9)) },
            trace("send", Some(3), "hello"),
        ),
        (Output::CloseSocket { socket, code: 3_001 }, trace("close-socket", Some(3), "3001")),
        (
            Output::CreateConnection { connection, peer: id("zoe") },
            trace("create-connection", Some(4), "zoe"),
        ),
        (
            Output::ReplaceConnection { peer: id("zoe"), old: ConnectionId(2), connection },
            trace("replace-connection", Some(4), "zoe"),
        ),
        (Output::Gather { connection }, trace("gather", Some(4), "")),
        (Output::RestartIce { connection }, trace("restart-ice", Some(4), "")),
        (Output::AwaitPair { connection, within_ms: 3_000 }, trace("await-pair", Some(4), "")),
        (Output::Ping { connection, text: "?1" }, trace("ping", Some(4), "?1")),
        (Output::Probe { connection, after_ms: 900 }, trace("probe", Some(4), "")),
        (Output::CloseConnection { connection }, trace("close-connection", Some(4), "")),
        (settle(Ok(Reply::Done)), trace("settle", Some(5), "ok")),
        (settle(Ok(Reply::Peers { peers, cursor: None })), trace("settle", Some(5), "ok")),
        (
            settle(Err(Failure::new(ErrorCode::PeerNotFound, SECRET))),
            trace("settle", Some(5), "peer-not-found"),
        ),
    ];
    for (what, name) in operations() {
        let operation = OperationId(6);
        all.push((Output::Operate { connection, operation, what }, trace("operate", Some(4), name)));
    }
    for (event, name) in events() {
        all.push((Output::Event(event), trace("event", None, name)));
    }
    for (output, expected) in all {
        assert_eq!(output.trace(), expected, "{output:?}");
    }
}

#[test]
fn each_step_of_a_client_is_traced() {
    let config = config();
    let key = config.key.clone();
    let mut client = Client::new(config, 1);
    client.handle_input(0, Input::Command(Command::Connect { call: CallId(7), timeout_ms: 1_000 }));
    assert_eq!(traces(&mut client), [trace("event", None, "state"), trace("open-socket", Some(1), "")]);
    let opened = client.poll_timeout();
    assert_eq!(opened.map(|(_, name)| name.as_str()), Some("call"));
    let socket = SocketId(1);
    client.handle_input(0, Input::Socket { socket, event: SocketEvent::Opened });
    let sent = traces(&mut client);
    assert_eq!(sent, [trace("send", Some(1), "hello")]);
    assert!(!format!("{sent:?}").contains(&key));
    client.handle_input(5, Input::Command(Command::OpenPeer { peer: id("zoe") }));
    let made = traces(&mut client);
    assert_eq!((made[0].action, made[0].detail.as_str()), ("create-connection", "zoe"));
    assert!(made[0].id.is_some());
    client.handle_input(1_000, Input::Timeout);
    assert!(traces(&mut client).contains(&trace("settle", Some(7), "timeout")));
}

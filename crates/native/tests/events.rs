//! An application that takes no events, and peers that want WebRTC.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use futures_util::{SinkExt, StreamExt};
use signalpost_native::{ErrorCode, Event, OwnSignal, Settings};
use std::collections::HashMap;
use support::{CALM, Member, PATIENCE, Server, peer, url};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

/// A description that the server lets through.
const SDP: &str =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n";

/// A socket on which frames are written by hand.
async fn socket(server: &Server, name: &str) -> WebSocketStream<TcpStream> {
    let stream = TcpStream::connect(server.address).await.unwrap();
    let (mut socket, _) = client_async(url(server.address), stream).await.unwrap();
    let hello = format!(
        r#"{{"type":"hello","id":1,"payload":{{"versions":[1,1],"key":"0123456789abcdef","peer":{{"id":"{name}","session":1}}}}}}"#
    );
    socket.send(Message::text(hello)).await.unwrap();
    socket
}

/// The next frame of this type.
async fn frame(socket: &mut WebSocketStream<TcpStream>, kind: &str) -> serde_json::Value {
    let hearing = async {
        loop {
            let Message::Text(text) = socket.next().await.unwrap().unwrap() else { continue };
            let frame: serde_json::Value = serde_json::from_str(&text).unwrap();
            if frame["type"] == kind {
                return frame;
            }
        }
    };
    tokio::time::timeout(PATIENCE, hearing).await.unwrap()
}

#[tokio::test]
async fn a_peer_that_wants_webrtc_is_refused_at_once() {
    let server = Server::start();
    let mut ada = Member::connect("ada", url(server.address)).await;
    let mut browser = socket(&server, "browser").await;
    frame(&mut browser, "welcome").await;
    let payload = serde_json::json!({"connection": 5, "session": 1, "number": 1, "sdp": SDP});
    let offer = serde_json::json!({"type": "offer", "id": 2, "to": "ada", "payload": payload});
    browser.send(Message::text(offer.to_string())).await.unwrap();
    let refusal = frame(&mut browser, "close").await;
    assert_eq!((&refusal["from"], &refusal["payload"]["target"]), (&"ada".into(), &5.into()), "{refusal}");
    let (who, code) = ada
        .hear(|event| match event {
            Event::Error { peer, error } => Some((peer.clone(), error.code.clone())),
            _ => None,
        })
        .await;
    assert_eq!((who, code), (Some(peer("browser")), ErrorCode::ConnectionUnavailable.into()));
    ada.client.send(&peer("browser"), "words work").await.unwrap();
    frame(&mut browser, "message").await;
}

#[tokio::test]
async fn an_application_with_webrtc_of_its_own_carries_its_signals() {
    let server = Server::start();
    let ada = Member::connect("ada", url(server.address)).await;
    let mut bob = Member::connect("bob", url(server.address)).await;
    ada.client.signal(&peer("bob"), OwnSignal::Offer(SDP.into())).await.unwrap();
    let signal = bob.hear(|event| match event {
        Event::Signal { signal, .. } => Some(signal.clone()),
        _ => None,
    });
    assert_eq!(signal.await, OwnSignal::Offer(SDP.into()));
    let wrong = ada.client.signal(&peer("bob"), OwnSignal::Answer("no description".into())).await;
    assert_eq!(wrong.unwrap_err().code, ErrorCode::InvalidDescription);
}

#[tokio::test]
async fn an_application_that_takes_no_events_stops_its_client_from_reading() {
    let server = Server::start();
    let mut settings = Settings::new("ada", url(server.address)).unwrap();
    settings.most_events = 4;
    let mut ada = Member::connect_with(settings).await;
    // More than fits into the queues on the way, from as many as may send that much at once.
    let mut senders = Vec::new();
    for name in ["b", "c", "d", "e", "f"] {
        let sender = Member::connect(name, url(server.address)).await;
        for number in 0..38 {
            sender.client.send(&peer("ada"), &number).await.unwrap();
        }
        senders.push(sender);
    }
    let last = senders[0].client.clone();
    let mut waiting = tokio::spawn(async move { last.send_with_receipt(&peer("ada"), "last").await });
    assert!(tokio::time::timeout(CALM, &mut waiting).await.is_err(), "the client read on");
    let mut heard: HashMap<_, Vec<_>> = HashMap::new();
    for _ in 0..5 * 38 + 1 {
        let (from, data) = ada
            .hear(|event| match event {
                Event::Message { from, data, .. } => Some((from.clone(), data.clone())),
                _ => None,
            })
            .await;
        heard.entry(from).or_default().push(data);
    }
    waiting.await.unwrap().unwrap();
    let numbers: Vec<_> = (0..38).map(|number| number.to_string()).collect();
    assert_eq!(heard.remove(&peer("b")).unwrap().pop().unwrap(), "\"last\"");
    assert_eq!(heard.len(), 4);
    assert!(heard.values().all(|all| *all == numbers), "{heard:?}");
}

//! Below the protocol: sizes, bytes, slowness, limits, shutdown.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use std::time::Duration;
use support::{Server, command, relay};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Error, Message};

const MOST: usize = 256 * 1024;

fn offer(bytes: usize) -> String {
    let text = |sdp: &str| {
        json!({"type": "offer", "id": 7, "to": "bob", "payload": {"connection": 1, "number": 1, "sdp": sdp}})
            .to_string()
    };
    let empty = text("v=0\r\n").len();
    text(&format!("v=0\r\n{}", "x".repeat(bytes - empty)))
}

#[tokio::test]
async fn the_largest_offer_passes_and_a_byte_more_closes_with_1009() {
    let server = Server::start().await;
    let (mut ada, mut bob) = (server.peer("ada").await, server.peer("bob").await);
    let largest = offer(MOST);
    assert_eq!(largest.len(), MOST);
    ada.send_text(&largest).await;
    assert_eq!(bob.receive().await["type"], "offer");
    ada.socket.send(Message::text(offer(MOST + 1))).await.ok();
    assert_eq!(ada.closed().await.0, 1009);
    bob.is_untouched().await;
    server.wait_for_metric("signalpost_closes_total{code=\"1009\"} 1").await;
    server.wait_for_metric("signalpost_peers 1").await;
}

#[tokio::test]
async fn a_client_in_the_middle_of_its_oversized_frame_is_not_reset() {
    let server = Server::start().await;
    let mut ada = server.peer("ada").await;
    // More than the kernel's buffers hold: the server has to read on for this to be sent at all.
    ada.socket.send(Message::text("x".repeat(16 << 20))).await.unwrap();
    assert_eq!(ada.closed().await.0, 1009);
}

#[tokio::test]
async fn fragments_count_together() {
    let server = Server::start().await;
    let mut ada = server.peer("ada").await;
    for number in 0..5 {
        let code = OpCode::Data(if number == 0 { Data::Text } else { Data::Continue });
        let frame = Frame::message(vec![b'x'; 60 * 1024], code, false);
        if ada.socket.send(Message::Frame(frame)).await.is_err() {
            break;
        }
    }
    assert_eq!(ada.closed().await.0, 1009);
}

#[tokio::test]
async fn bad_utf_8_closes_with_1007_and_broken_framing_with_1002() {
    let server = Server::start().await;
    let mut bob = server.peer("bob").await;
    let text = OpCode::Data(Data::Text);
    for (frame, code) in [
        (Frame::message(vec![b'{', 0xff, b'}'], text, true), 1007),
        (Frame::message(vec![b'x'], OpCode::Data(Data::Continue), true), 1002),
    ] {
        let mut ada = server.peer("ada").await;
        ada.socket.send(Message::Frame(frame)).await.unwrap();
        assert_eq!(ada.closed().await.0, code);
        bob.is_untouched().await;
    }
}

#[tokio::test]
async fn a_reader_that_stalls_makes_its_senders_wait_and_is_closed() {
    let server = Server::start().await;
    let (mut ada, bob) = (server.peer("ada").await, server.peer("bob").await);
    let mut cy = server.peer("cy").await;
    let (mut sender, mut receiver) = bob.socket.split();
    // It sends and never reads: only the stalled writes give it away.
    let beats = tokio::spawn(async move {
        while sender.send(Message::text(r#"{"type":"heartbeat-ack"}"#)).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
    let text = offer(MOST);
    let busy = async {
        for _ in 0..400 {
            ada.send_text(&text).await;
            ada.send(json!({"type": "heartbeat"})).await;
            let reply = ada.receive().await;
            if reply["type"] == "error" {
                return reply;
            }
        }
        panic!("never busy")
    };
    let error = busy.await;
    assert_eq!((&error["payload"]["code"], &error["to"]), (&json!("peer-busy"), &json!("bob")));
    cy.is_untouched().await;
    server.wait_for_metric("signalpost_closes_total{code=\"4002\"} 1").await;
    server.wait_for_metric("signalpost_peers 2").await;
    // A client that reads on at last finds a whole number of frames and an end.
    let mut got = 0;
    while let Some(Ok(message)) = receiver.next().await {
        match message {
            Message::Text(text) => got += usize::from(text.contains("offer")),
            Message::Close(frame) => assert_eq!(u16::from(frame.unwrap().code), 4002),
            _ => {}
        }
    }
    assert!(got > 0);
    beats.abort();
}

#[tokio::test]
async fn a_silent_socket_is_closed_after_the_hello_time_out() {
    let server = Server::start().await;
    let mut silent = server.open().await;
    assert_eq!(silent.closed().await, (4003, "hello-timeout".into()));
}

#[tokio::test]
async fn a_silent_peer_is_asked_and_then_lost() {
    let server = Server::start().await;
    let (mut ada, mut bob) = (server.peer("ada").await, server.peer("bob").await);
    ada.ask(json!({"type": "join", "payload": {"room": "r"}})).await;
    bob.ask(json!({"type": "join", "payload": {"room": "r"}})).await;
    ada.receive().await;
    let watch = async {
        loop {
            ada.send(json!({"type": "heartbeat"})).await;
            let news = ada.receive().await;
            if news["type"] == "peer-left" {
                return news;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    // bob reads nothing, so nothing is answered: 3 s after the unanswered reply the link is dead.
    let news = tokio::time::timeout(Duration::from_secs(5), watch).await.unwrap();
    assert_eq!(news["payload"]["reason"], "lost");
    assert_eq!(bob.closed().await, (4001, "heartbeat-timeout".into()));
}

#[tokio::test]
async fn sigterm_closes_every_socket_with_4000_and_ends_the_process() {
    let mut server = Server::start().await;
    let mut peers = [server.peer("ada").await, server.peer("bob").await, server.open().await];
    server.terminate().await;
    for peer in &mut peers {
        assert_eq!(peer.closed().await, (4000, "shutdown".into()));
        assert!(peer.socket.next().await.is_none_or(|next| matches!(next, Err(Error::ConnectionClosed))));
    }
    let status = tokio::time::timeout(Duration::from_secs(6), server.process.wait()).await.unwrap().unwrap();
    assert!(status.success(), "{}", server.log());
}

#[tokio::test]
async fn a_client_that_does_not_hang_up_does_not_hold_the_shutdown() {
    let mut server = Server::start().await;
    let _deaf = server.peer("ada").await;
    let mut half = TcpStream::connect(server.address).await.unwrap();
    half.write_all(b"GET /livez HTTP/1.1\r\n").await.unwrap();
    server.terminate().await;
    tokio::time::timeout(Duration::from_secs(6), server.process.wait()).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_taken_port_is_one_line_and_a_failure() {
    let server = Server::start().await;
    let output = command(&["--listen", &server.address.to_string()]).output().await.unwrap();
    assert!(!output.status.success());
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(errors.lines().count(), 1, "{errors}");
    assert!(errors.contains(&server.address.to_string()), "{errors}");
    assert!(output.stdout.is_empty());
}

#[tokio::test]
async fn the_port_can_be_taken_again_at_once() {
    let mut server = Server::start().await;
    let mut ada = server.peer("ada").await;
    server.terminate().await;
    ada.closed().await;
    server.process.wait().await.unwrap();
    let address = server.address.to_string();
    let again = Server::start_with_listen(&address).await;
    assert_eq!(again.address, server.address);
    again.peer("ada").await;
}

#[tokio::test]
async fn sockets_over_the_limit_are_answered_503_until_one_ends() {
    let server = Server::start_with(&["--max-connections", "2"]).await;
    let (ada, _bob) = (server.peer("ada").await, server.peer("bob").await);
    let try_third = async || {
        let stream = TcpStream::connect(server.address).await.unwrap();
        client_async(format!("ws://{}/signal", server.address), stream).await
    };
    match try_third().await {
        Err(Error::Http(response)) => assert_eq!(response.status(), 503),
        other => panic!("{other:?}"),
    }
    drop(ada);
    server.wait_for_metric("signalpost_connections 1").await;
    let mut opened = false;
    for _ in 0..50 {
        opened |= try_third().await.is_ok();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(opened);
}

#[tokio::test]
async fn a_head_that_does_not_come_is_not_waited_for() {
    let server = Server::start().await;
    let mut half = TcpStream::connect(server.address).await.unwrap();
    half.write_all(b"GET /signal HTTP/1.1\r\nUpgrade: web").await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(Duration::from_secs(8), half.read_to_end(&mut answer)).await.unwrap().ok();
    let mut ada = server.peer("ada").await;
    assert_eq!(ada.ask(relay("bob")).await["payload"]["code"], "peer-not-found");
}

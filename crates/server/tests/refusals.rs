//! "Bad input": the server reports each refusal to the sender, logs it and counts it, and no other client notices.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use futures_util::SinkExt;
use serde_json::{Value, json};
use support::{Server, relay};
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn each_bad_frame_is_answered_and_the_socket_and_the_others_live() {
    let server = Server::start_with(&["--log-format", "json"]).await;
    let (mut ada, mut bob) = (server.peer("ada").await, server.peer("bob").await);
    let to_bob = |kind: &str, payload: Value| json!({"type": kind, "id": 7, "to": "bob", "payload": payload});
    let junk = json!({"connection": 1, "candidates": [{"candidate": "candidate:secret-address"}]});
    let forged = json!({"type": "close", "id": 7, "to": "bob", "from": "eve", "payload": {"connection": 1}});
    let large = json!({"type": "join", "id": 7, "payload": {"room": "r".repeat(20_000)}});
    let cases = [
        (Message::text("{nonsense"), "invalid-json", "unknown"),
        (Message::text(json!({"type": "dance", "id": 7}).to_string()), "unknown-type", "unknown"),
        (Message::binary(vec![0, 159, 146, 150]), "binary-frame", "binary"),
        (Message::text(relay("nobody").to_string()), "peer-not-found", "close"),
        (Message::text(relay("ada").to_string()), "invalid-message", "close"),
        (Message::text(forged.to_string()), "forged-sender", "close"),
        (Message::text(to_bob("ice-candidate", junk).to_string()), "invalid-candidate", "ice-candidate"),
        (
            Message::text(
                to_bob("offer", json!({"connection": 1, "number": 1, "sdp": "secret-sdp"})).to_string(),
            ),
            "invalid-description",
            "offer",
        ),
        (Message::text(large.to_string()), "message-too-large", "join"),
        (Message::text(json!({"type": "hello", "id": 7}).to_string()), "already-registered", "hello"),
        (
            Message::text(json!({"type": "leave", "id": 7, "payload": {"room": "r"}}).to_string()),
            "room-not-joined",
            "leave",
        ),
    ];
    for (frame, code, kind) in cases {
        ada.socket.send(frame).await.unwrap();
        let error = ada.receive().await;
        assert_eq!((&error["type"], &error["payload"]["code"]), (&json!("error"), &json!(code)), "{error}");
        assert!(!error["payload"]["message"].as_str().unwrap().is_empty());
        if !matches!(code, "invalid-json" | "binary-frame") {
            assert_eq!(error["payload"]["ref"], 7, "{error}");
        }
        ada.is_untouched().await;
        bob.is_untouched().await;
        let counted = format!("signalpost_refusals_total{{code=\"{code}\"}} 1");
        server.wait_for_metric(&counted).await;
        let logged = |line: &str| {
            let line: Value = serde_json::from_str(line).unwrap();
            line["code"] == code && line["type"] == kind && line["socket"].is_string()
        };
        assert!(server.log().lines().any(logged), "{code} is not in\n{}", server.log());
    }
    assert_eq!(ada.ask(relay("nobody")).await["to"], "nobody");
    // The signal that follows all this arrives as if nothing had been.
    ada.send(relay("bob")).await;
    assert_eq!(bob.receive().await["from"], "ada");
    for private in ["secret", support::KEY, "127.0.0.1:0", "dance"] {
        assert!(!server.log().contains(private), "{private} is in the log");
    }
}

#[tokio::test]
async fn before_hello_a_message_is_refused_and_hello_still_works() {
    let server = Server::start().await;
    let mut client = server.open().await;
    let error = client.ask(json!({"type": "join", "id": 2, "payload": {"room": "r"}})).await;
    assert_eq!(error["payload"]["code"], "not-registered");
    client.hello(json!({"id": "", "session": 1}), support::KEY).await;
    let error = client.receive().await;
    assert_eq!(error["payload"]["code"], "invalid-message");
    assert!(error["payload"]["message"].as_str().unwrap().contains("peer.id"), "{error}");
    client.hello(json!({"id": "ada", "session": 1}), support::KEY).await;
    assert_eq!(client.receive().await["type"], "welcome");
}

#[tokio::test]
async fn another_version_is_told_and_closed() {
    let server = Server::start().await;
    let mut client = server.open().await;
    client.send(json!({"type": "hello", "id": 1, "payload": {"versions": [7, 9]}})).await;
    assert_eq!(client.receive().await["payload"]["code"], "upgrade-required");
    assert_eq!(client.closed().await, (4501, "upgrade-required".into()));
}

#[tokio::test]
async fn a_flood_of_bad_frames_is_counted_in_full_and_logged_in_part() {
    let server = Server::start().await;
    let mut ada = server.peer("ada").await;
    for _ in 0..300 {
        assert_eq!(ada.ask(json!({"type": "dance"})).await["payload"]["code"], "unknown-type");
    }
    server.wait_for_metric("signalpost_refusals_total{code=\"unknown-type\"} 300").await;
    let lines = server.log().lines().filter(|line| line.contains("unknown-type")).count();
    assert_eq!(lines, 16 + 4, "32, 64, 128, 256");
}

//! The main way through a running server: register, discover, join, relay, leave.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use serde_json::json;
use support::{KEY, Server, relay};

#[tokio::test]
async fn peers_find_each_other_by_region_capability_and_room() {
    let server = Server::start_with(&["--region", "eu-west"]).await;
    let mut ada = server.open().await;
    ada.hello(json!({"id": "ada", "session": 1}), KEY).await;
    let welcome = ada.receive().await;
    assert_eq!(welcome["payload"], json!({"version": 1, "region": "eu-west"}));
    let bob = json!({"id": "bob", "session": 4294967295u32, "region": "eu", "capabilities": ["video"],
        "metadata": "{\"name\":\"Bob\"}"});
    let mut bobs = server.peer_with(bob.clone()).await;
    let _cy = server.peer_with(json!({"id": "cy", "session": 3, "region": "us"})).await;

    let all = ada.ask(json!({"type": "peer-discovery", "id": 2})).await;
    assert_eq!(all["payload"], json!({"ref": 2, "peers": [bob, {"id": "cy", "session": 3, "region": "us"}]}));
    for (query, names) in [
        (json!({"region": "eu"}), vec!["bob"]),
        (json!({"region": "eu", "capability": "video"}), vec!["bob"]),
        (json!({"region": "us", "capability": "video"}), vec![]),
        (json!({"limit": 1}), vec!["bob"]),
        (json!({"limit": 1, "cursor": "bob"}), vec!["cy"]),
        (json!({"room": "r"}), vec![]),
    ] {
        let found = ada.ask(json!({"type": "peer-discovery", "id": 3, "payload": query})).await;
        let peers = found["payload"]["peers"].as_array().unwrap();
        assert_eq!(
            peers.iter().map(|peer| peer["id"].as_str().unwrap()).collect::<Vec<_>>(),
            names,
            "{query}"
        );
        assert_eq!(found["payload"]["cursor"].as_str(), (query == json!({"limit": 1})).then_some("bob"));
    }
    let joined = bobs.ask(json!({"type": "join", "id": 4, "payload": {"room": "r"}})).await;
    assert_eq!(joined["payload"], json!({"ref": 4, "room": "r", "peers": []}));
    let found = ada.ask(json!({"type": "peer-discovery", "payload": {"room": "r"}})).await;
    assert_eq!(found["payload"]["peers"][0]["id"], "bob");
    let joined = ada.ask(json!({"type": "join", "id": 5, "payload": {"room": "r"}})).await;
    assert_eq!(joined["payload"]["peers"][0], bob);
    let news = bobs.receive().await;
    assert_eq!(news["type"], "peer-joined");
    assert_eq!(news["payload"], json!({"room": "r", "peer": {"id": "ada", "session": 1}}));
    let left = ada.ask(json!({"type": "leave", "id": 6, "payload": {"room": "r"}})).await;
    assert_eq!((&left["type"], &left["payload"]["ref"]), (&json!("left"), &json!(6)));
    let news = bobs.receive().await;
    assert_eq!((&news["type"], &news["from"]), (&json!("peer-left"), &json!("ada")));
    assert_eq!(news["payload"], json!({"room": "r", "reason": "left"}));
}

#[tokio::test]
async fn a_signal_arrives_with_its_sender_stamped() {
    let server = Server::start().await;
    let (mut ada, mut bob) = (server.peer("ada").await, server.peer("bob").await);
    let sdp = format!("v=0\r\n{}", "a=x\r\n".repeat(20_000));
    let payload = json!({"connection": 5, "number": 1, "sdp": sdp});
    ada.send(json!({"type": "offer", "to": "bob", "from": "ada", "timestamp": 1, "payload": payload})).await;
    let offer = bob.receive().await;
    assert_eq!(
        (&offer["type"], &offer["from"], &offer["payload"]),
        (&json!("offer"), &json!("ada"), &payload)
    );
    assert!(offer.get("to").is_none());
    let candidate = json!({"candidate": "candidate:1 1 udp 2122260223 10.0.0.1 9 typ host", "sdpMid": "0",
        "sdpMLineIndex": 0, "usernameFragment": "abcd"});
    for (kind, payload) in [
        ("answer", json!({"connection": 9, "target": 5, "number": 1, "sdp": "v=0\r\n"})),
        ("ice-candidate", json!({"connection": 9, "target": 5, "candidates": [candidate], "end": "abcd"})),
        ("reject", json!({"connection": 9, "number": 1, "code": "description-rejected"})),
        ("close", json!({"connection": 9})),
    ] {
        bob.send(json!({"type": kind, "to": "ada", "payload": payload})).await;
        let got = ada.receive().await;
        assert_eq!((&got["type"], &got["from"], &got["payload"]), (&json!(kind), &json!("bob"), &payload));
    }
}

#[tokio::test]
async fn bye_is_closed_and_a_dropped_socket_is_lost() {
    let server = Server::start().await;
    let mut ada = server.peer("ada").await;
    ada.ask(json!({"type": "join", "payload": {"room": "r"}})).await;
    for reason in ["closed", "lost"] {
        let mut bob = server.peer("bob").await;
        bob.ask(json!({"type": "join", "payload": {"room": "r"}})).await;
        assert_eq!(ada.receive().await["type"], "peer-joined");
        if reason == "closed" {
            bob.send(json!({"type": "bye"})).await;
            assert_eq!(bob.closed().await.0, 1000);
        } else {
            drop(bob);
        }
        let news = ada.receive().await;
        assert_eq!((&news["type"], &news["payload"]["reason"]), (&json!("peer-left"), &json!(reason)));
        assert_eq!(ada.ask(relay("bob")).await["payload"]["code"], "peer-not-found");
    }
    server.wait_for_metric("signalpost_peers 1").await;
    server.wait_for_metric("signalpost_connections 1").await;
}

#[tokio::test]
async fn the_same_key_takes_an_id_over_and_another_does_not() {
    let server = Server::start().await;
    let (mut first, mut bob) = (server.peer("ada").await, server.peer("bob").await);
    let mut thief = server.open().await;
    thief.hello(json!({"id": "ada", "session": 2}), "fedcba9876543210").await;
    let error = thief.receive().await;
    assert_eq!((&error["payload"]["code"], &error["payload"]["ref"]), (&json!("peer-id-taken"), &json!(1)));
    assert_eq!(thief.closed().await, (4004, "peer-id-taken".into()));
    first.is_untouched().await;
    let mut second = server.peer("ada").await;
    assert_eq!(first.closed().await, (4500, "superseded".into()));
    bob.send(relay("ada")).await;
    assert_eq!(second.receive().await["from"], "bob");
}

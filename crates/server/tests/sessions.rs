//! Sessions that outlive their sockets, on real ones.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use signalpost_server::engine::limits::SHARED_RELAYS;
use std::time::Duration;
use support::{Client, Member, Server};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

async fn close(client: &mut Client, code: u16) {
    let frame = CloseFrame { code: code.into(), reason: "".into() };
    client.socket.close(Some(frame)).await.unwrap();
}

/// A notice about a peer: its type, whom it is about and its reason.
fn notice(frame: &Value) -> (&str, &str, &str) {
    let who = if frame["from"].is_string() { &frame["from"] } else { &frame["payload"]["peer"]["id"] };
    let [kind, who, reason] =
        [&frame["type"], who, &frame["payload"]["reason"]].map(|value| value.as_str().unwrap_or(""));
    (kind, who, reason)
}

#[tokio::test]
async fn twenty_lost_sockets_lose_no_message_and_double_none() {
    let server = Server::start().await;
    let (mut ada, mut bob) = (Member::begin(&server, "ada").await, Member::begin(&server, "bob").await);
    let mut heard = Vec::new();
    let mut said = 0;
    for round in 0..20 {
        for _ in 0..3 {
            ada.say("bob", &said.to_string()).await;
            said += 1;
        }
        ada.hears_nothing().await;
        // Some of what is on its way is read, and not all of that acknowledged.
        for _ in 0..round % 3 {
            heard.push(bob.hear().await);
        }
        if round % 2 == 0 {
            bob.ack().await;
        }
        let welcome = bob.resume(&server).await;
        assert_eq!(welcome["resumed"], true, "{welcome}");
        if round % 4 == 0 {
            assert_eq!(ada.resume(&server).await["received"], said);
        }
    }
    while heard.len() < said {
        heard.push(bob.hear().await);
    }
    bob.hears_nothing().await;
    assert_eq!(heard, (0..said).map(|number| number.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_is_sent_again_is_executed_once() {
    let server = Server::start().await;
    let (mut ada, mut bob) = (Member::begin(&server, "ada").await, Member::begin(&server, "bob").await);
    ada.say("bob", "once").await;
    assert_eq!(bob.hear().await, "once");
    // The socket dies before ada knows; it says everything again, right behind its hello.
    ada.client = server.open().await;
    ada.hello().await;
    for data in ["once", "twice"] {
        let seq = if data == "once" { 1 } else { 2 };
        ada.client.send(json!({"type": "message", "seq": seq, "to": "bob", "payload": {"data": data}})).await;
    }
    assert_eq!(ada.welcome().await["received"], 1);
    assert_eq!(bob.hear().await, "twice");
    bob.hears_nothing().await;
}

#[tokio::test]
async fn a_gap_closes_the_socket_and_the_session_goes_on() {
    let server = Server::start().await;
    let (mut ada, mut bob) = (Member::begin(&server, "ada").await, Member::begin(&server, "bob").await);
    ada.client
        .send(json!({"type": "message", "id": 9, "seq": 2, "to": "bob", "payload": {"data": "second"}}))
        .await;
    let error = ada.client.receive().await;
    assert_eq!(error["payload"]["code"], "sequence-gap");
    assert!(error.get("seq").is_none() && error["payload"].get("ref").is_none(), "{error}");
    assert_eq!(ada.client.closed().await, (4005, "sequence-gap".into()));
    assert_eq!(ada.resume(&server).await["resumed"], true);
    for data in ["first", "second"] {
        ada.say("bob", data).await;
        assert_eq!(bob.hear().await, data);
    }
}

#[tokio::test]
async fn forged_stale_and_replayed_keys_are_refused_and_the_owner_lives() {
    let server = Server::start().await;
    let mut ada = Member::joined(&server, "ada").await;
    let mut bob = Member::begin(&server, "bob").await;
    let first = ada.key.clone();
    ada.resume(&server).await;
    // The welcome arrived: from here on only its key is good.
    ada.hears_nothing().await;
    for key in ["the first key of ada", &first, "0123456789abcdef0123456789abcdef", &"f".repeat(64)] {
        for received in [None, Some(0), Some(1), Some(7)] {
            let client = server.open().await;
            let mut thief = Member { client, id: "ada".into(), key: key.into(), sent: 0, received };
            thief.hello().await;
            let error = thief.client.receive().await;
            assert_eq!(error["payload"]["code"], "peer-id-taken", "{key}: {error}");
            assert_eq!(thief.client.closed().await, (4004, "peer-id-taken".into()));
        }
    }
    ada.hears_nothing().await;
    bob.say("ada", "hello").await;
    assert_eq!(ada.hear().await, "hello");
    for secret in [&first, &ada.key, "first key of"] {
        assert!(!server.log().contains(secret), "a key is in the log");
    }
}

#[tokio::test]
async fn of_two_claims_at_once_one_socket_lives() {
    let server = Server::start().await;
    for _ in 0..10 {
        let mut ada = Member::begin(&server, "ada").await;
        let (mut other, key) = (server.open().await, ada.key.clone());
        ada.client = server.open().await;
        let hello = json!({"type": "hello", "payload": {"versions": [1, 2], "key": key, "received": 0,
            "peer": {"id": "ada", "session": 1}}});
        tokio::join!(ada.hello(), other.send(hello));
        let (mine, theirs) = tokio::join!(ada.client.receive(), other.receive());
        assert_eq!((&mine["type"], &theirs["type"]), (&json!("welcome"), &json!("welcome")));
        // One of them is closed as superseded, and the other speaks.
        let (mut lived, mut died) = (0, 0);
        for client in [&mut ada.client, &mut other] {
            // Its first question may be read before the news that it is superseded, its second not.
            let mut answers = 0;
            loop {
                client.send_text(r#"{"type":"heartbeat"}"#).await;
                match client.socket.next().await {
                    Some(Ok(Message::Text(text))) if text.contains("heartbeat-ack") => answers += 1,
                    Some(Ok(Message::Close(Some(frame)))) if u16::from(frame.code) == 4100 => {
                        died += 1;
                        break;
                    }
                    other => panic!("{other:?}"),
                }
                if answers == 2 {
                    lived += 1;
                    break;
                }
            }
        }
        assert_eq!((lived, died), (1, 1));
        for client in [&mut ada.client, &mut other] {
            let _gone = client.socket.send(Message::text(r#"{"type":"bye"}"#)).await;
        }
        server.wait_for_metric("signalpost_peers 0").await;
    }
}

#[tokio::test]
async fn an_absence_is_told_with_its_reason_and_so_is_its_end() {
    let server = Server::start().await;
    let (mut ada, mut bob) = (Member::joined(&server, "ada").await, Member::joined(&server, "bob").await);
    assert_eq!(notice(&ada.receive().await), ("peer-joined", "bob", ""));
    for (code, reason) in [(Some(4101), "suspended"), (Some(1000), "lost"), (None, "lost")] {
        match code {
            Some(code) => close(&mut bob.client, code).await,
            // As a killed tab: the socket is gone without a word.
            None => bob.client = server.open().await,
        }
        assert_eq!(notice(&ada.receive().await), ("peer-away", "bob", reason));
        let found = ada.ask(json!({"type": "peer-discovery", "payload": {"room": "r"}})).await;
        assert_eq!(found["payload"]["peers"], json!([]));
        ada.say("bob", reason).await;
        assert_eq!(bob.resume(&server).await["resumed"], true);
        assert_eq!(bob.hear().await, reason);
        assert_eq!(notice(&ada.receive().await), ("peer-back", "bob", ""));
    }
    // It reads nothing any more: what waits for it is not answered.
    ada.say("bob", "are you there?").await;
    assert_eq!(notice(&ada.receive().await), ("peer-away", "bob", "silent"));
    assert_eq!(bob.resume(&server).await["resumed"], true);
    assert_eq!(bob.hear().await, "are you there?");
    assert_eq!(notice(&ada.receive().await), ("peer-back", "bob", ""));
    bob.client.send(json!({"type": "bye"})).await;
    assert_eq!(notice(&ada.receive().await), ("peer-left", "bob", "closed"));
    ada.hears_nothing().await;
}

#[tokio::test]
async fn when_the_window_ends_the_room_hears_one_leave_and_the_client_why() {
    let server = Server::start_with(&["--resume-window", "0.5"]).await;
    let (mut ada, mut bob) = (Member::joined(&server, "ada").await, Member::joined(&server, "bob").await);
    ada.receive().await;
    ada.send(
        json!({"type": "message", "id": 7, "to": "bob", "payload": {"data": "never read", "receipt": true}}),
    )
    .await;
    assert_eq!(ada.receive().await["type"], "sent");
    bob.client = server.open().await;
    assert_eq!(notice(&ada.receive().await), ("peer-away", "bob", "lost"));
    assert_eq!(notice(&ada.receive().await), ("peer-left", "bob", "lost"));
    let error = ada.receive().await;
    assert_eq!((&error["payload"]["code"], &error["payload"]["ref"]), (&json!("peer-not-found"), &json!(7)));
    ada.hears_nothing().await;
    // What bob sent before it knew belongs to the session that is gone.
    bob.hello().await;
    bob.client
        .send(json!({"type": "message", "seq": 2, "to": "ada", "payload": {"data": "of the old session"}}))
        .await;
    let welcome = bob.welcome().await;
    assert_eq!((&welcome["resumed"], &welcome["reason"]), (&json!(false), &json!("session-expired")));
    bob.say("ada", "of the new session").await;
    assert_eq!(ada.hear().await, "of the new session");
    // A process that starts anew knows of no session either.
    let again = Server::start().await;
    let welcome = ada.resume(&again).await;
    assert_eq!((&welcome["resumed"], &welcome["reason"]), (&json!(false), &json!("session-expired")));
}

#[tokio::test]
async fn a_receipt_is_given_by_the_other_client() {
    let server = Server::start().await;
    let (mut ada, mut bob) = (Member::begin(&server, "ada").await, Member::begin(&server, "bob").await);
    ada.send(json!({"type": "message", "id": 5, "to": "bob", "payload": {"data": "x", "receipt": true}}))
        .await;
    let sent = ada.receive().await;
    assert_eq!((&sent["type"], &sent["payload"]["ref"]), (&json!("sent"), &json!(5)));
    let message = bob.receive().await;
    assert_eq!(message["payload"], json!({"data": "x"}));
    ada.hears_nothing().await;
    bob.ack().await;
    let received = ada.receive().await;
    assert_eq!((&received["type"], &received["payload"]["ref"]), (&json!("received"), &json!(5)));
}

#[tokio::test]
async fn a_full_mailbox_refuses_its_flooder_and_nobody_else() {
    let server = Server::start().await;
    let (mut eve, mut bob) = (Member::begin(&server, "eve").await, Member::begin(&server, "bob").await);
    let mut ada = Member::begin(&server, "ada").await;
    bob.client = server.open().await;
    let mut taken = 0;
    let error = loop {
        eve.say("bob", &format!("flood {taken}")).await;
        eve.client.send(json!({"type": "heartbeat", "ack": eve.received})).await;
        let frame = loop {
            let frame = eve.client.receive().await;
            if frame["type"] != "ack" {
                break frame;
            }
        };
        if frame["type"] == "error" {
            break frame;
        }
        taken += 1;
    };
    assert_eq!((&error["payload"]["code"], &error["to"]), (&json!("peer-busy"), &json!("bob")));
    assert_eq!(taken, SHARED_RELAYS);
    ada.say("bob", "from ada").await;
    ada.hears_nothing().await;
    assert_eq!(bob.resume(&server).await["resumed"], true);
    for number in 0..taken {
        assert_eq!(bob.hear().await, format!("flood {number}"));
    }
    assert_eq!(bob.hear().await, "from ada");
    bob.hears_nothing().await;
}

#[tokio::test]
async fn who_takes_nothing_in_loses_its_session_and_is_told() {
    let server = Server::start().await;
    let mut eve = Member::begin(&server, "eve").await;
    // It reads, and never acknowledges.
    for seq in 1..=600 {
        let leave = json!({"type": "leave", "seq": seq, "payload": {"room": "never"}});
        if eve.client.socket.send(Message::text(leave.to_string())).await.is_err() {
            break;
        }
        if seq % 50 == 0 {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(eve.client.closed().await, (4006, "session-lost".into()));
    assert_eq!(eve.resume(&server).await["reason"], "session-expired");
}

#[tokio::test]
async fn a_client_that_reads_nothing_makes_its_senders_wait_and_loses_nothing() {
    let server = Server::start().await;
    let (mut ada, mut bob) = (Member::begin(&server, "ada").await, Member::begin(&server, "bob").await);
    let sdp = format!("v=0\r\n{}", "a=x\r\n".repeat(8_000));
    let mut taken = Vec::new();
    for number in 1..60 {
        let payload = json!({"connection": 1, "number": number, "sdp": sdp});
        ada.send(json!({"type": "offer", "id": number, "to": "bob", "payload": payload})).await;
        let answer = ada.receive().await;
        match answer["type"].as_str().unwrap() {
            "sent" => taken.push(number),
            _ => {
                assert_eq!(answer["payload"]["code"], "peer-busy");
                break;
            }
        }
    }
    // bob has read nothing; the mailbox holds what was taken.
    assert!((4..20).contains(&taken.len()), "{taken:?}");
    assert_eq!(bob.resume(&server).await["resumed"], true);
    for number in taken {
        assert_eq!(bob.receive().await["payload"]["number"], number);
    }
    bob.hears_nothing().await;
}

#[tokio::test]
async fn a_client_of_version_1_sees_no_difference() {
    let server = Server::start().await;
    let mut old = server.peer("old").await;
    let welcome = {
        let mut other = server.open().await;
        other.hello(json!({"id": "older", "session": 2}), support::KEY).await;
        other.receive().await
    };
    assert_eq!(welcome["payload"], json!({"version": 1}));
    let joined = old.ask(json!({"type": "join", "id": 2, "payload": {"room": "r"}})).await;
    assert!(joined.get("seq").is_none() && joined.get("ack").is_none(), "{joined}");
    let mut bob = Member::joined(&server, "bob").await;
    assert_eq!(notice(&old.receive().await), ("peer-joined", "bob", ""));
    bob.client = server.open().await;
    assert_eq!(notice(&old.receive().await), ("peer-left", "bob", "lost"));
    old.send(json!({"type": "message", "to": "bob", "payload": {"data": "from old"}})).await;
    old.is_untouched().await;
    assert_eq!(bob.resume(&server).await["resumed"], true);
    assert_eq!(notice(&old.receive().await), ("peer-joined", "bob", ""));
    assert_eq!(bob.hear().await, "from old");
    bob.say("old", "from bob").await;
    let message = old.receive().await;
    assert_eq!(message["payload"]["data"], "from bob");
    assert!(message.get("seq").is_none() && message.get("ack").is_none(), "{message}");
    drop(old);
    assert_eq!(notice(&bob.receive().await), ("peer-left", "old", "lost"));
    let mut newer = server.open().await;
    newer.send(json!({"type": "hello", "payload": {"versions": [3, 9]}})).await;
    assert_eq!(newer.receive().await["payload"]["code"], "upgrade-required");
    assert_eq!(newer.closed().await.0, 4501);
}

#[tokio::test]
async fn what_is_executed_is_acknowledged_soon() {
    let server = Server::start().await;
    let (mut ada, _bob) = (Member::begin(&server, "ada").await, Member::begin(&server, "bob").await);
    ada.say("bob", "x").await;
    let ack = tokio::time::timeout(Duration::from_secs(1), ada.client.receive()).await.unwrap();
    assert_eq!((&ack["type"], &ack["ack"]), (&json!("ack"), &json!(1)));
    for _ in 0..16 {
        ada.say("bob", "x").await;
    }
    let ack = ada.client.receive().await;
    assert_eq!((&ack["type"], &ack["ack"]), (&json!("ack"), &json!(17)));
    ada.client.send(json!({"type": "ack", "ack": 77})).await;
    let error = ada.client.receive().await;
    assert_eq!(error["payload"]["code"], "invalid-message");
    assert!(error["payload"]["message"].as_str().unwrap().contains("ack"), "{error}");
    ada.hears_nothing().await;
}

//! Two native clients and the real server: rooms, discovery, messages, receipts, and what is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use signalpost_native::{
    Client, ClientState, Endpoints, ErrorCode, Event, Label, LeaveReason, Query, Settings,
};
use std::time::Duration;
use support::{Member, PATIENCE, Server, peer, room, url};

#[tokio::test]
async fn two_clients_meet_in_a_room_and_talk() {
    let server = Server::start();
    let mut ada = Member::connect("ada", url(server.address)).await;
    let mut settings = Settings::new("bob", url(server.address)).unwrap();
    settings.region = Some(Label::parse("eu").unwrap());
    settings.metadata = Some(r#"{"age":7}"#.into());
    let mut bob = Member::connect_with(settings).await;
    assert_eq!(ada.client.state(), ClientState::Connected);

    let hall = room("hall");
    assert_eq!(ada.client.join(&hall).await.unwrap(), []);
    let present = bob.client.join(&hall).await.unwrap();
    assert_eq!(present.iter().map(|peer| peer.id.as_str()).collect::<Vec<_>>(), ["ada"]);
    let joined = ada.hear(|event| match event {
        Event::PeerJoined { room, peer } => Some((room.clone(), peer.clone())),
        _ => None,
    });
    let (where_to, who) = joined.await;
    assert_eq!((where_to, who.id.as_str(), who.region.as_deref()), (hall.clone(), "bob", Some("eu")));
    assert_eq!(who.metadata.as_deref(), Some(r#"{"age":7}"#));

    ada.client.send(&peer("bob"), "hello").await.unwrap();
    ada.client.send_with_receipt(&peer("bob"), &vec![1, 2]).await.unwrap();
    ada.client.broadcast(&hall, &Some(3)).await.unwrap();
    let mut heard = Vec::new();
    for _ in 0..3 {
        let message = bob.hear(|event| match event {
            Event::Message { from, room, data } => Some((from.clone(), room.clone(), data.clone())),
            _ => None,
        });
        heard.push(message.await);
    }
    let from = peer("ada");
    let wanted = [(None, "\"hello\""), (None, "[1,2]"), (Some(hall.clone()), "3")];
    assert_eq!(heard, wanted.map(|(room, data)| (from.clone(), room, data.into())));

    let query = Query { region: Some(Label::parse("eu").unwrap()), ..Query::default() };
    let page = ada.client.find_peers(query).await.unwrap();
    assert_eq!((page.peers.len(), page.cursor), (1, None));

    bob.client.leave(&hall).await.unwrap();
    bob.client.join(&hall).await.unwrap();
    bob.client.close().await;
    assert_eq!(bob.client.state(), ClientState::Closed);
    let mut reasons = Vec::new();
    for _ in 0..2 {
        let left = ada.hear(|event| match event {
            Event::PeerLeft { peer, reason, .. } => Some((peer.as_str().to_owned(), reason.clone())),
            _ => None,
        });
        reasons.push(left.await);
    }
    assert_eq!(reasons, [LeaveReason::Left, LeaveReason::Closed].map(|reason| ("bob".into(), reason.into())));
    // The events end with the client.
    let ended = async { while bob.events.next().await.is_some() {} };
    tokio::time::timeout(PATIENCE, ended).await.unwrap();
    let after = bob.client.send(&peer("ada"), "late").await.unwrap_err();
    assert_eq!(after.code, ErrorCode::Closed);
}

#[tokio::test]
async fn the_last_handle_closes_the_client() {
    let server = Server::start();
    let mut ada = Member::connect("ada", url(server.address)).await;
    let bob = Member::connect("bob", url(server.address)).await;
    ada.client.join(&room("hall")).await.unwrap();
    bob.client.join(&room("hall")).await.unwrap();
    let copy = bob.client.clone();
    drop(bob.client);
    copy.send_with_receipt(&peer("ada"), "alive").await.unwrap();
    drop(copy);
    let left = ada.hear(|event| match event {
        Event::PeerLeft { reason, .. } => Some(reason.clone()),
        _ => None,
    });
    assert_eq!(left.await, LeaveReason::Closed);
}

#[tokio::test]
async fn what_is_refused_has_a_code_and_costs_nothing_else() {
    let server = Server::start();
    let ada = Member::connect("ada", url(server.address)).await;
    let bob = Member::connect("bob", url(server.address)).await;
    let code = |error: signalpost_native::Error| error.code.as_str().to_owned();
    let ghost = ada.client.send(&peer("ghost"), "hello").await.unwrap_err();
    assert!(ghost.retryable, "{ghost}");
    assert_eq!(code(ghost), "peer-not-found");
    let long = ada.client.send(&peer("bob"), &"x".repeat(4096)).await.unwrap_err();
    assert_eq!(code(long), "message-too-large");
    let no_json = ada.client.send(&peer("bob"), &std::collections::HashMap::from([(vec![1], 2)])).await;
    assert_eq!(code(no_json.unwrap_err()), "invalid-argument");
    assert_eq!(code(ada.client.broadcast(&room("hall"), "hello").await.unwrap_err()), "room-not-joined");
    assert_eq!(code(ada.client.leave(&room("hall")).await.unwrap_err()), "room-not-joined");
    for number in 0..32 {
        ada.client.join(&room(&number.to_string())).await.unwrap();
    }
    assert_eq!(code(ada.client.join(&room("hall")).await.unwrap_err()), "too-many-rooms");
    let twin = Client::connect(Settings::new("ada", url(server.address)).unwrap()).await.unwrap_err();
    assert_eq!(twin.code, ErrorCode::PeerIdTaken);
    let mut limited = None;
    for number in 0..100 {
        if let Err(error) = ada.client.send(&peer("bob"), &number).await {
            limited = Some(error);
            break;
        }
    }
    let limited = limited.unwrap();
    assert_eq!(limited.code, ErrorCode::RateLimited);
    tokio::time::sleep(limited.retry_after.unwrap()).await;
    ada.client.send_with_receipt(&peer("bob"), "still here").await.unwrap();
    drop(bob);
}

#[tokio::test]
async fn without_a_server_the_reason_is_told() {
    let failure = async |endpoints: Endpoints, timeout| {
        let mut settings = Settings::new("ada", endpoints).unwrap();
        settings.connect_timeout = timeout;
        Client::connect(settings).await.unwrap_err()
    };
    for wrong in ["", "http://127.0.0.1/signal", "ws://"] {
        let error = failure(wrong.into(), PATIENCE).await;
        assert_eq!(error.code, ErrorCode::SocketUnavailable, "{error}");
        assert!(error.message.contains("is no address of a server"), "{error}");
    }
    let nobody = Server::start().stop().await;
    let error = failure(url(nobody).into(), Duration::from_millis(300)).await;
    assert_eq!(error.code, ErrorCode::ServerUnreachable, "{error}");
    // A server that is no signaling server.
    let server = Server::start();
    let elsewhere = format!("ws://{}/elsewhere", server.address);
    let error = failure(elsewhere.into(), Duration::from_millis(300)).await;
    assert_eq!(error.code, ErrorCode::ServerUnreachable, "{error}");
}

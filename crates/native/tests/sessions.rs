//! Sessions that outlive their sockets, and the events of a client whose session does not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use signalpost_native::{Client, Endpoints, ErrorCode, Event, Key, LossReason, Settings};
use std::time::Duration;
use support::{Member, Proxy, Server, peer, room, url};

#[tokio::test]
async fn sockets_are_cut_and_no_message_is_lost_doubled_or_reordered() {
    let server = Server::start();
    let ways = [Proxy::to(server.address).await, Proxy::to(server.address).await];
    let ada = Member::connect("ada", url(ways[0].address)).await;
    let mut bob = Member::connect("bob", url(ways[1].address)).await;
    let mut calls = Vec::new();
    for number in 0..60 {
        calls.push(ada.client.send_with_receipt(&peer("bob"), &number));
        tokio::time::sleep(Duration::from_millis(30)).await;
        if number % 10 == 9 {
            ways[number % 20 / 10].cut().await;
        }
    }
    let mut heard = Vec::new();
    let mut resumed = 0;
    while heard.len() < 60 {
        match bob.hear(|event| Some(event.clone())).await {
            Event::Message { data, .. } => heard.push(data),
            Event::Resumed => resumed += 1,
            Event::SessionLost { reason } => panic!("{reason:?}"),
            _ => {}
        }
    }
    assert_eq!(heard, (0..60).map(|number| number.to_string()).collect::<Vec<_>>());
    for call in calls {
        call.await.unwrap();
    }
    assert!(resumed > 0);
    bob.hears_no_message().await;
}

#[tokio::test]
async fn a_server_that_forgot_the_session_is_told_of_and_rooms_are_entered_again() {
    let server = Server::start();
    let mut ada = Member::connect("ada", url(server.address)).await;
    let bob = Member::connect("bob", url(server.address)).await;
    ada.client.join(&room("hall")).await.unwrap();
    let server = server.restart().await;
    let lost = ada.hear(|event| match event {
        Event::SessionLost { reason } => Some(reason.clone()),
        Event::Resumed => panic!("there is no session to resume"),
        _ => None,
    });
    assert_eq!(lost.await, Some(LossReason::SessionExpired.into()));
    bob.client.join(&room("hall")).await.unwrap();
    let joined =
        ada.hear(|event| matches!(event, Event::PeerJoined { peer, .. } if peer.id == "bob").then_some(()));
    joined.await;
    bob.client.send_with_receipt(&peer("ada"), "hello").await.unwrap();
    assert_eq!(ada.message().await, "\"hello\"");
    drop(server);
}

#[tokio::test]
async fn what_was_under_way_when_the_session_was_lost_fails_with_link_lost() {
    let server = Server::start();
    let ada = Member::connect("ada", url(server.address)).await;
    let way = Proxy::to(server.address).await;
    let bob = Member::connect("bob", url(way.address)).await;
    // Nobody takes bob's mail: a receipt stays away.
    let address = server.address;
    way.cut().await;
    let waiting = tokio::spawn({
        let ada = ada.client.clone();
        async move { ada.send_with_receipt(&peer("bob"), "hello").await }
    });
    drop(bob);
    tokio::time::sleep(support::CALM).await;
    let server = {
        assert!(!waiting.is_finished());
        server.restart().await
    };
    assert_eq!(server.address, address);
    assert_eq!(waiting.await.unwrap().unwrap_err().code, ErrorCode::LinkLost);
}

#[tokio::test]
async fn each_attempt_goes_to_the_next_endpoint() {
    let server = Server::start();
    let nobody = Server::start().stop().await;
    let way = Proxy::to(server.address).await;
    let endpoints = Endpoints::in_turn([url(nobody), url(way.address)]);
    let mut ada = Member::connect("ada", endpoints).await;
    way.cut().await;
    ada.hear(|event| matches!(event, Event::Resumed).then_some(())).await;
}

#[tokio::test]
async fn a_program_that_starts_anew_with_its_key_takes_its_id_back() {
    let server = Server::start();
    let mut witness = Member::connect("witness", url(server.address)).await;
    witness.client.join(&room("hall")).await.unwrap();
    let mut ada = Member::connect("ada", url(server.address)).await;
    ada.client.join(&room("hall")).await.unwrap();
    let secret = ada.hear(|event| match event {
        Event::Key { secret } => Some(secret.clone()),
        _ => None,
    });
    let secret = secret.await;
    ada.client.abandon();
    witness
        .hear(|event| matches!(event, Event::PeerAway { peer, .. } if peer.as_str() == "ada").then_some(()))
        .await;
    let ended = async { while ada.events.next().await.is_some() {} };
    tokio::time::timeout(support::PATIENCE, ended).await.unwrap();
    assert_eq!(ada.client.join(&room("hall")).await.unwrap_err().code, ErrorCode::Closed);

    let mut settings = Settings::new("ada", url(server.address)).unwrap();
    let stranger = Client::connect(Settings::new("ada", url(server.address)).unwrap()).await;
    assert_eq!(stranger.unwrap_err().code, ErrorCode::PeerIdTaken);
    settings.key = Some(Key { secret, uses: 1 });
    let again = Member::connect_with(settings).await;
    again.client.join(&room("hall")).await.unwrap();
}

#[tokio::test]
async fn a_later_program_with_the_key_supersedes_the_one_before() {
    let server = Server::start();
    let mut ada = Member::connect("ada", url(server.address)).await;
    let secret = ada.hear(|event| match event {
        Event::Key { secret } => Some(secret.clone()),
        _ => None,
    });
    let mut settings = Settings::new("ada", url(server.address)).unwrap();
    settings.key = Some(Key { secret: secret.await, uses: 1 });
    let _again = Member::connect_with(settings).await;
    let told = ada.hear(|event| match event {
        Event::State { reason, .. } if !reason.is_empty() => Some(reason.clone()),
        _ => None,
    });
    assert_eq!(told.await, "superseded");
}

#[tokio::test]
async fn a_call_that_nobody_waits_for_is_not_sent() {
    let server = Server::start();
    let ada = Member::connect("ada", url(server.address)).await;
    let mut bob = Member::connect("bob", url(server.address)).await;
    let address = server.stop().await;
    let to = peer("bob");
    let given_up = tokio::time::timeout(Duration::from_millis(300), ada.client.send(&to, "given up"));
    assert!(given_up.await.is_err());
    let server = Server::start_at(&address.to_string());
    let wanted = async {
        // bob may come back later than ada.
        while ada.client.send(&to, "wanted").await.is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    wanted.await;
    assert_eq!(bob.message().await, "\"wanted\"");
    bob.hears_no_message().await;
    drop(server);
}

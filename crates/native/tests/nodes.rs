//! Several servers on one Redis, stopped one after the other while messages are under way: nothing is lost. Needs `redis-server`, and the
//! built `signalpost-server`.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use signalpost_lab::{NodeOptions, RedisOptions, RedisServer, ServerNode, built_server};
use signalpost_native::{Endpoints, Event};
use std::time::Duration;
use support::{Member, peer, url};

const MESSAGES: u32 = 120;

async fn node(redis: &str) -> ServerNode {
    let arguments = ["--redis", redis, "--drain", "1", "--return-window", "1"];
    ServerNode::start(NodeOptions::new(built_server().unwrap(), &arguments)).await.unwrap()
}

/// Hears every message, once and in order. Returns how often the session was resumed.
async fn hears_all(mut member: Member) -> u32 {
    let (mut next, mut resumed) = (0, 0);
    while next < MESSAGES {
        match member.hear(|event| Some(event.clone())).await {
            Event::Message { data, .. } => {
                assert_eq!(data, next.to_string());
                next += 1;
            }
            Event::Resumed => resumed += 1,
            Event::SessionLost { reason } => panic!("{reason:?}"),
            _ => {}
        }
    }
    member.hears_no_message().await;
    resumed
}

#[tokio::test]
async fn servers_are_replaced_one_after_the_other_and_nothing_is_lost() {
    let redis = RedisServer::start(RedisOptions::default()).await.unwrap();
    let mut nodes = [node(&redis.url()).await, node(&redis.url()).await];
    let urls = nodes.each_ref().map(|node| url(node.address()));
    let ada = Member::connect("ada", Endpoints::in_turn(urls.clone())).await;
    let bob = Member::connect("bob", Endpoints::in_turn(urls.into_iter().rev())).await;
    let (to_bob, to_ada) = (ada.client.clone(), bob.client.clone());
    let hearing = [tokio::spawn(hears_all(ada)), tokio::spawn(hears_all(bob))];
    let sending = tokio::spawn(async move {
        let mut calls = Vec::new();
        for number in 0..MESSAGES {
            calls.push(to_bob.send_with_receipt(&peer("bob"), &number));
            calls.push(to_ada.send_with_receipt(&peer("ada"), &number));
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
        for call in calls {
            call.await.unwrap();
        }
    });
    for node in &mut nodes {
        tokio::time::sleep(Duration::from_millis(500)).await;
        node.terminate().unwrap();
        assert!(node.exited(Duration::from_secs(10)).await.unwrap().success(), "{}", node.log());
        node.restart().await.unwrap();
    }
    sending.await.unwrap();
    for hears in hearing {
        assert!(hears.await.unwrap() > 0, "nobody had to move");
    }
}

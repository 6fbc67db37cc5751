//! Redis has lost frames that were executed. Their client does not have them any more, or their receiver has had them.

use super::client::{Client, peer, room, session};
use super::rewound::{Pair, has, told};
use super::{begin, fresh, resumed};
use signalpost_lab::RedisServer;
use signalpost_protocol::{SequenceNumber, Signal};
use signalpost_server::engine::{Action, ClientFrame, Command, Delivery, LossReason, Mail, Outcome};
use signalpost_server::redis::RedisEngine;

/// Sends a message that wants no answer.
async fn whisper(client: &Client<'_, RedisEngine>, seq: u32, to: &str) -> Outcome {
    let signal = Signal::Message { room: None, data: seq.to_string(), receipt: false };
    let action = Action::Send { to: peer(to), signal };
    let frame = ClientFrame { seq: Some(SequenceNumber(seq)), ack: None, reference: None, action };
    match client.execute(0, Command::Frame(frame)).await.1 {
        Delivery::Done { outcome, .. } => outcome,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_client_that_has_forgotten_the_frames_that_are_lost_hears_so_after_one_gap() {
    let (pair, engine) = Pair::start().await;
    let (_proxy, gone) = pair.other().await;
    let _eve = begin(&engine, 1, "eve").await;
    let bob = begin(&gone, 2, "bob").await;
    assert_eq!(whisper(&bob, 1, "eve").await, Outcome::Executed);
    pair.part().await;
    assert_eq!(whisper(&bob, 2, "eve").await, Outcome::Executed);
    assert_eq!(whisper(&bob, 3, "eve").await, Outcome::Executed);
    pair.promote();
    let again = Client::open(&engine, 3).await;
    assert_eq!(again.resume(0, session("bob", "next", "n2", Some(0))).await, Ok(resumed(1, 0)));
    assert_eq!(whisper(&again, 4, "eve").await, Outcome::Gap);
    let third = Client::open(&engine, 4).await;
    let lost = third.resume(0, session("bob", "n2", "n3", Some(0))).await;
    assert_eq!(lost, Ok(fresh(Some(LossReason::PositionLost))));
}

/// A client may still have the frames that are lost, and send them again. Nothing is wrong then.
#[tokio::test]
async fn a_client_that_has_the_frames_that_are_lost_goes_on() {
    let (pair, engine) = Pair::start().await;
    let (_proxy, gone) = pair.other().await;
    let eve = begin(&engine, 1, "eve").await;
    let bob = begin(&gone, 2, "bob").await;
    assert_eq!(whisper(&bob, 1, "eve").await, Outcome::Executed);
    assert_eq!(eve.mail().await.len(), 1);
    pair.part().await;
    pair.promote();
    let again = Client::open(&engine, 3).await;
    assert_eq!(again.resume(0, session("bob", "next", "n2", Some(0))).await, Ok(resumed(1, 0)));
    for seq in 2..=3 {
        assert_eq!(whisper(&again, seq, "eve").await, Outcome::Executed);
    }
    // A gap later is one as any other.
    assert_eq!(whisper(&again, 5, "eve").await, Outcome::Gap);
    let third = Client::open(&engine, 4).await;
    assert_eq!(third.resume(0, session("bob", "n2", "n3", Some(0))).await, Ok(resumed(3, 0)));
}

/// The receiver's part of Redis knows later frames of the sender than the sender's own.
#[tokio::test]
async fn who_sends_again_what_others_have_had_loses_the_session() {
    for in_room in [false, true] {
        let server = RedisServer::start(Default::default()).await.unwrap();
        let engine = super::node(&server).await;
        let (eve, bob) = (begin(&engine, 1, "eve").await, begin(&engine, 2, "bob").await);
        for client in [&eve, &bob] {
            assert_eq!(client.request(0, 1, Action::Join(room())).await.1, Outcome::Executed);
        }
        let number = server.command(&["HGET", "sp:{p:bob}:s", "num"]).await.unwrap();
        let last = format!("{} 9 ok", number.text());
        server.command(&["HSET", "sp:{p:eve}:f", "p:bob", &last]).await.unwrap();
        told(&bob).await;
        let action = if in_room {
            Action::Broadcast { room: room(), data: "2".into() }
        } else {
            let signal = Signal::Message { room: None, data: "2".into(), receipt: false };
            Action::Send { to: peer("eve"), signal }
        };
        super::start(&bob, super::frame(2, action)).await;
        let heard = told(&bob).await;
        assert!(heard.contains(&Delivery::SessionLost), "{heard:?}");
        assert!(!has(&heard, |mail| matches!(mail, Mail::Refused { .. })), "{heard:?}");
        assert!(!has(&told(&eve).await, |mail| matches!(mail, Mail::Relay { .. })));
    }
}

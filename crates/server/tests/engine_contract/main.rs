//! The guarantees of `signalpost_server::engine`, checked over the trait: every engine runs this suite.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod client;
mod descriptions;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "redis")]
mod regions;
mod sessions;

use client::{Client, LOST, Tested, claim, left, peer, refused, room, send, told};
use descriptions::*;
use sessions::*;
use signalpost_protocol::{ErrorCode, Query, Signal};
use signalpost_server::engine::limits::{LEASE_MS, RESUME_WINDOW_MS, SWEEP_MS};
use signalpost_server::engine::{Action, Delivery, Departure, LeaveReason, Mail, Outcome};
use signalpost_server::memory::MemoryEngine;
use signalpost_server::registry::Bounds;

async fn signals_arrive_once_in_order_and_stamped<E: Tested>(engine: E) {
    let ada = Client::claimed(&engine, 1, "ada").await;
    let bob = Client::claimed(&engine, 2, "bob").await;
    for number in 0..20 {
        assert_eq!(ada.outcome(1, send("bob", number)).await, Outcome::Executed);
    }
    for number in 0..20 {
        let Some(Delivery::Mail { mail, .. }) = bob.next().await else { panic!() };
        let Mail::Relay { from, signal } = &*mail else { panic!("{mail:?}") };
        assert_eq!((from.as_str(), signal.route().map(|route| route.connection)), ("ada", Some(number)));
    }
    assert_eq!(bob.next().await, None);
}

async fn a_full_or_absent_receiver_is_told_to_the_sender<E: Tested>(engine: E) {
    let ada = Client::claimed(&engine, 1, "ada").await;
    let bob = Client::claimed(&engine, 2, "bob").await;
    assert_eq!(ada.outcome(1, send("nobody", 1)).await, refused(ErrorCode::PeerNotFound));
    *bob.line.full.lock().unwrap() = true;
    let mut waiting = 0;
    let outcome = loop {
        match ada.outcome(1, send("bob", waiting)).await {
            Outcome::Executed if waiting < 2_000 => waiting += 1,
            outcome => break outcome,
        }
    };
    assert_eq!(outcome, refused(ErrorCode::PeerBusy));
    assert_eq!(waiting == 0, E::REFUSES_AT_ONCE, "{waiting} wait in a mailbox");
    assert_eq!(bob.beat(1).await, Outcome::Executed, "a reply passes a full sink");
    *bob.line.full.lock().unwrap() = false;
    for _ in 0..2 {
        bob.drain(1).await;
    }
    assert_eq!(ada.outcome(1, send("bob", 2)).await, Outcome::Executed);
    bob.end(2, LOST).await;
    assert_eq!(ada.outcome(2, send("bob", 3)).await, refused(ErrorCode::PeerNotFound));
}

async fn a_broadcast_reaches_every_other_member_and_nobody_else<E: Tested>(engine: E) {
    let ada = Client::claimed(&engine, 1, "ada").await;
    let bob = Client::claimed(&engine, 2, "bob").await;
    let cy = Client::claimed(&engine, 3, "cy").await;
    let eve = Client::claimed(&engine, 4, "eve").await;
    let broadcast = || Action::Broadcast { room: room(), data: "hello".into() };
    assert_eq!(ada.outcome(1, broadcast()).await, refused(ErrorCode::RoomNotJoined));
    for client in [&ada, &bob, &cy] {
        client.run(1, Action::Join(room())).await;
    }
    for client in [&ada, &bob] {
        while client.next().await.is_some() {}
    }
    assert_eq!(ada.outcome(2, broadcast()).await, Outcome::Executed);
    let signal = Signal::Message { room: Some(room()), data: "hello".into(), receipt: false };
    let heard = told(Mail::Relay { from: peer("ada"), signal });
    assert_eq!((bob.next().await, cy.next().await), (heard.clone(), heard.clone()));
    *bob.line.full.lock().unwrap() = true;
    let mut sent = 0;
    loop {
        let outcome = ada.outcome(3, broadcast()).await;
        assert_eq!(cy.awaited().await, heard, "a full mailbox does not keep it from the others");
        sent += 1;
        if outcome != Outcome::Executed || sent > 2_000 {
            assert_eq!(outcome, refused(ErrorCode::PeerBusy));
            assert_eq!(sent == 1, E::REFUSES_AT_ONCE, "{sent} were sent");
            break;
        }
        assert_eq!(cy.beat(3).await, Outcome::Executed);
    }
    assert_eq!(bob.next().await, None);
    assert_eq!((ada.next().await, eve.next().await), (None, None));
    assert_eq!(eve.outcome(4, broadcast()).await, refused(ErrorCode::RoomNotJoined));
}

async fn a_stay_in_a_room_begins_and_ends_with_one_notice<E: Tested>(engine: E) {
    let ada = Client::claimed(&engine, 1, "ada").await;
    ada.run(0, Action::Join(room())).await;
    for (number, reason) in [(2, LeaveReason::Left), (3, LeaveReason::Closed), (4, LeaveReason::Lost)] {
        let bob = Client::claimed(&engine, number, "bob").await;
        for _ in 0..2 {
            let (Some(Mail::Joined { page, .. }), _) = bob.run(1, Action::Join(room())).await else {
                panic!()
            };
            assert_eq!(page.peers.len(), 1);
        }
        if reason == LeaveReason::Left {
            assert_eq!(bob.outcome(2, Action::Leave(room())).await, Outcome::Executed);
            bob.end(2, LOST).await;
        } else {
            bob.end(2, if reason == LeaveReason::Closed { Departure::Bye } else { LOST }).await;
        }
        let joined = ada.next().await;
        let Some(Delivery::Mail { mail, .. }) = joined else { panic!("{joined:?}") };
        assert!(matches!(&*mail, Mail::PeerJoined { peer, .. } if peer.id == "bob"), "{mail:?}");
        assert_eq!(ada.awaited().await, left("bob", reason));
        assert_eq!(ada.next().await, None);
    }
}

async fn the_lease_ends_what_the_socket_does_not<E: Tested>(engine: E) {
    let ada = Client::claimed(&engine, 1, "ada").await;
    let bob = Client::claimed(&engine, 2, "bob").await;
    ada.run(0, Action::Join(room())).await;
    bob.run(0, Action::Join(room())).await;
    assert!(ada.next().await.is_some());
    assert_eq!(ada.beat(LEASE_MS - 1).await, Outcome::Executed);
    let found = ada.run(LEASE_MS, Action::Discover(Query::default())).await.0;
    let Some(Mail::Found { page, .. }) = found else { panic!() };
    assert!(page.peers.is_empty(), "expired and not swept");
    assert_eq!(ada.outcome(LEASE_MS, send("bob", 1)).await, refused(ErrorCode::PeerNotFound));
    engine.sweep(LEASE_MS).await;
    engine.sweep(LEASE_MS + SWEEP_MS).await;
    assert_eq!(ada.awaited().await, left("bob", LeaveReason::Lost));
    assert_eq!(ada.next().await, None);
    assert_eq!(bob.awaited().await, Some(Delivery::Expired));
    assert_eq!(bob.beat(LEASE_MS).await, Outcome::Unregistered);
    assert_eq!(engine.usage().await.peers, 1);
}

async fn an_id_belongs_to_one_socket<E: Tested>(engine: E) {
    let first = Client::claimed(&engine, 1, "ada").await;
    let thief = Client::open(&engine, 2).await;
    assert_eq!(thief.claim(1, claim("ada", 'x')).await, Some(refused(ErrorCode::PeerIdTaken)));
    assert_eq!(first.beat(1).await, Outcome::Executed);
    let second = Client::open(&engine, 3).await;
    assert_eq!(second.claim(2, claim("ada", 'k')).await, None);
    assert_eq!(first.awaited().await, Some(Delivery::Superseded));
    assert_eq!(first.beat(2).await, Outcome::Unregistered);
    first.end(3, Departure::Bye).await;
    assert_eq!(second.beat(4).await, Outcome::Executed);
    assert_eq!(engine.usage().await.peers, 1);
}

/// Hands the names of all cases of the contract to a macro.
macro_rules! every_case {
    ($then:ident) => {
        $then! {
            signals_arrive_once_in_order_and_stamped,
            a_full_or_absent_receiver_is_told_to_the_sender,
            a_broadcast_reaches_every_other_member_and_nobody_else,
            a_stay_in_a_room_begins_and_ends_with_one_notice,
            the_lease_ends_what_the_socket_does_not,
            an_id_belongs_to_one_socket,
            a_session_is_one_stream_over_its_sockets,
            a_request_is_executed_once_and_in_its_turn,
            only_the_current_key_resumes_and_a_lost_reply_costs_nothing,
            the_last_claim_fences_those_before,
            a_claim_that_is_late_changes_nothing,
            an_absence_ends_with_a_return_or_with_the_window,
            a_page_that_was_probably_left_has_a_moment_to_come_back,
            a_receipt_is_given_or_refused,
            a_mailbox_is_bounded,
            a_large_room_hears_of_everybody_in_turns,
            a_network_that_is_described_anew_is_known_to_all,
            a_client_describes_itself_as_often_as_it_may,
            what_cannot_go_on_begins_anew,
        }
    };
}

/// A test of the memory engine for each case.
macro_rules! in_memory {
    ($($case:ident,)*) => {
        mod memory {
            use super::*;
            $(
                #[tokio::test]
                async fn $case() {
                    super::$case(MemoryEngine::new(RESUME_WINDOW_MS, Bounds::default())).await;
                }
            )*
        }
    };
}
every_case!(in_memory);

/// A list of the cases for any engine.
#[cfg(feature = "redis")]
macro_rules! list {
    ($($case:ident,)*) => {
        /// Returns every case of the contract with its name.
        fn cases<E: Tested>() -> Vec<(&'static str, redis::Case<E>)> {
            vec![$((stringify!($case), |engine| Box::pin($case(engine)))),*]
        }
    };
}
#[cfg(feature = "redis")]
every_case!(list);

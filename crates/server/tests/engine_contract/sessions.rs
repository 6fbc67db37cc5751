//! What an engine guarantees of sessions.

use super::client::{Client, LOST, Tested, peer, refused, room, send, session};
use signalpost_protocol::limits::LEAVING_MS;
use signalpost_protocol::{ErrorCode, Position, Query, Signal};
use signalpost_server::engine::limits::{LEASE_MS, RESUME_WINDOW_MS};
use signalpost_server::engine::{
    Action, AwayReason, Claim, Claimed, Command, Delivery, Departure, LeaveReason, LossReason, Mail, Outcome,
};

fn resumed(received: u32, acknowledged: u32) -> Result<Claimed, Outcome> {
    Ok(Claimed {
        resumed: true,
        reason: None,
        received: Position(received),
        acknowledged: Position(acknowledged),
    })
}

fn fresh(reason: Option<LossReason>) -> Result<Claimed, Outcome> {
    Ok(Claimed { resumed: false, reason, received: Position(0), acknowledged: Position(0) })
}

async fn begin<'a, E: Tested>(engine: &'a E, number: u64, name: &str) -> Client<'a, E> {
    let client = Client::open(engine, number).await;
    assert_eq!(client.resume(0, session(name, "key", "next", None)).await, fresh(None));
    client
}

/// A session in the room of the suite, its first answer acknowledged.
async fn joined<'a, E: Tested>(engine: &'a E, number: u64, name: &str) -> Client<'a, E> {
    let client = begin(engine, number, name).await;
    let (mail, outcome) = client.request(0, 1, Action::Join(room())).await;
    assert_eq!((mail.len(), outcome), (1, Outcome::Executed));
    assert_eq!(client.ack(0, 1).await, Outcome::Executed);
    client
}

fn numbers(mail: &[(u32, Mail)]) -> Vec<u32> {
    mail.iter().map(|(seq, _)| *seq).collect()
}

fn message(to: &str) -> Action {
    let signal = Signal::Message { room: None, data: "x".into(), receipt: true };
    Action::Send { to: peer(to), signal }
}

pub async fn a_session_is_one_stream_over_its_sockets<E: Tested>(engine: E) {
    let (ada, bob) = (begin(&engine, 1, "ada").await, begin(&engine, 2, "bob").await);
    for seq in 1..=4 {
        ada.request(1, seq, send("bob", seq)).await;
    }
    assert_eq!(numbers(&bob.mail().await), [1, 2, 3, 4]);
    assert_eq!(bob.ack(1, 1).await, Outcome::Executed);
    bob.end(2, LOST).await;
    ada.request(3, 5, send("bob", 5)).await;
    let again = Client::open(&engine, 3).await;
    assert_eq!(again.resume(4, session("bob", "next", "n2", Some(3))).await, resumed(0, 3));
    ada.request(4, 6, send("bob", 6)).await;
    let mail = again.mail().await;
    assert_eq!(numbers(&mail), [4, 5, 6]);
    for (seq, mail) in mail {
        let Mail::Relay { from, signal } = mail else { panic!("{mail:?}") };
        assert_eq!((from.as_str(), signal.route().map(|it| it.connection)), ("ada", Some(seq)));
    }
    assert_eq!(again.ack(5, 6).await, Outcome::Executed);
    let last = Client::open(&engine, 4).await;
    assert_eq!(last.resume(6, session("bob", "n2", "n3", Some(6))).await, resumed(0, 6));
    assert!(last.mail().await.is_empty());
}

pub async fn a_request_is_executed_once_and_in_its_turn<E: Tested>(engine: E) {
    let (ada, bob) = (begin(&engine, 1, "ada").await, begin(&engine, 2, "bob").await);
    assert_eq!(ada.request(1, 1, send("bob", 1)).await.1, Outcome::Executed);
    let nobody = Outcome::Refused(ErrorCode::PeerNotFound);
    assert_eq!(ada.request(1, 2, send("nobody", 2)).await.1, nobody);
    for (seq, outcome) in [(1, Outcome::Duplicate), (2, Outcome::Duplicate), (4, Outcome::Gap)] {
        assert_eq!(ada.request(1, seq, send("bob", 9)).await, (Vec::new(), outcome));
    }
    ada.end(2, LOST).await;
    let again = Client::open(&engine, 3).await;
    assert_eq!(again.resume(3, session("ada", "next", "n2", Some(2))).await, resumed(2, 2));
    assert_eq!(again.request(3, 2, send("bob", 9)).await, (Vec::new(), Outcome::Duplicate));
    assert_eq!(again.request(3, 3, send("bob", 3)).await.1, Outcome::Executed);
    assert_eq!(bob.mail().await.len(), 2);
}

pub async fn only_the_current_key_resumes_and_a_lost_reply_costs_nothing<E: Tested>(engine: E) {
    let ada = begin(&engine, 1, "ada").await;
    let claim = async |number: u64, key: &str, next: &str| {
        let client = Client::open(&engine, number).await;
        let claimed = client.resume(number, session("ada", key, next, Some(0))).await;
        (client, claimed)
    };
    let taken = Err(refused(ErrorCode::PeerIdTaken));
    assert_eq!(claim(2, "forged", "f").await.1, taken);
    assert_eq!(ada.ack(2, 0).await, Outcome::Executed, "the forger has not touched it");
    assert_eq!(claim(3, "key", "f").await.1, taken, "the first key went with that acknowledgement");
    // The reply to each of these is lost: the key stays good.
    for number in [4, 5] {
        assert_eq!(claim(number, "next", &format!("n{number}")).await.1, resumed(0, 0));
    }
    let (last, claimed) = claim(6, "next", "n6").await;
    assert_eq!(claimed, resumed(0, 0));
    assert_eq!(last.ack(6, 0).await, Outcome::Executed);
    for stale in ["next", "n4", "n5"] {
        assert_eq!(claim(7, stale, "f").await.1, taken, "{stale}");
    }
    assert_eq!(claim(8, "n6", "n8").await.1, resumed(0, 0));
}

pub async fn the_last_claim_fences_those_before<E: Tested>(engine: E) {
    let (ada, bob) = (begin(&engine, 1, "ada").await, begin(&engine, 2, "bob").await);
    let second = Client::open(&engine, 3).await;
    assert_eq!(second.resume(1, session("ada", "key", "n2", Some(0))).await, resumed(0, 0));
    assert_eq!(ada.awaited().await, Some(Delivery::Replaced));
    assert_eq!(ada.request(2, 1, send("bob", 1)).await, (Vec::new(), Outcome::Unregistered));
    assert_eq!(ada.ack(2, 0).await, Outcome::Unregistered);
    for departure in [LOST, Departure::Bye] {
        ada.end(3, departure).await;
    }
    assert_eq!(second.request(4, 1, send("bob", 1)).await.1, Outcome::Executed);
    assert_eq!(bob.mail().await.len(), 1);
    assert_eq!(engine.usage().await.peers, 2);
}

pub async fn a_claim_that_is_late_changes_nothing<E: Tested>(engine: E) {
    let bob = begin(&engine, 2, "bob").await;
    let claim = async |number: u64, attempt, received| {
        let client = Client::open(&engine, number).await;
        let claim = Claim { attempt, ..session("ada", "key", &format!("n{number}"), received) };
        let (mail, reply) = client.execute(number, Command::Claim(Box::new(claim))).await;
        assert!(mail.is_empty());
        (client, reply)
    };
    let expired = fresh(Some(LossReason::SessionExpired)).map(Delivery::Claimed);
    let (ada, claimed) = claim(3, Some(2), Some(0)).await;
    assert_eq!(Ok(claimed), expired);
    // As often as it likes, and whatever it says: the key that the second was answered with goes on counting.
    for (attempt, received) in
        [(1, None), (1, Some(0)), (2, Some(0)), (0, None), (1, Some(9)), (u32::MAX, None)]
    {
        let (late, reply) = claim(4, Some(attempt), received).await;
        assert_eq!(reply, Delivery::Replaced, "{attempt}");
        assert_eq!(late.request(5, 1, send("bob", 9)).await, (Vec::new(), Outcome::Unregistered));
        late.end(5, Departure::Bye).await;
    }
    assert_eq!(ada.request(6, 1, send("bob", 1)).await.1, Outcome::Executed);
    assert_eq!(bob.mail().await.len(), 1);
    // One that does not count is what it says.
    let executed = expired.map(|claimed| match claimed {
        Delivery::Claimed(claimed) => Delivery::Claimed(Claimed { received: Position(1), ..claimed }),
        other => other,
    });
    assert_eq!(Ok(claim(7, None, Some(0)).await.1), executed);
    assert_eq!(ada.awaited().await, Some(Delivery::Replaced));
    let (later, claimed) = claim(8, Some(3), Some(0)).await;
    assert_eq!(Ok(claimed), executed, "it has not heard of the welcome before");
    assert_eq!(later.ack(9, 0).await, Outcome::Executed);
}

pub async fn an_absence_ends_with_a_return_or_with_the_window<E: Tested>(engine: E) {
    let (ada, bob) = (joined(&engine, 1, "ada").await, joined(&engine, 2, "bob").await);
    assert_eq!(ada.mail().await.len(), 1);
    bob.end(1_000, Departure::Away(AwayReason::Suspended)).await;
    let away = Mail::PeerAway { room: room(), peer: peer("bob"), reason: AwayReason::Suspended };
    assert_eq!(ada.mail().await, [(3, away)]);
    let query = Query { room: Some(room()), ..Query::default() };
    let (found, _) = ada.request(1_000, 2, Action::Discover(query)).await;
    assert!(matches!(&found[..], [(4, Mail::Found { page, .. })] if page.peers.is_empty()), "{found:?}");
    let back = Client::open(&engine, 3).await;
    assert_eq!(back.resume(2_000, session("bob", "next", "n2", Some(1))).await, resumed(1, 1));
    let mail = ada.mail().await;
    assert!(matches!(&mail[..], [(5, Mail::PeerBack { peer, .. })] if peer.id == "bob"), "{mail:?}");
    back.end(3_000, LOST).await;
    assert_eq!(ada.mail().await.len(), 1);
    let end = 3_000 + RESUME_WINDOW_MS;
    for now in (3_000..end).step_by(20_000) {
        ada.ack(now, 6).await;
        engine.sweep(now).await;
    }
    engine.sweep(end - 1).await;
    assert!(ada.mail().await.is_empty());
    engine.sweep(end).await;
    let gone = Mail::PeerLeft { room: room(), peer: peer("bob"), reason: LeaveReason::Lost };
    assert_eq!(ada.mail().await, [(7, gone)]);
    let late = Client::open(&engine, 4).await;
    let expired = fresh(Some(LossReason::SessionExpired));
    assert_eq!(late.resume(end, session("bob", "n2", "n3", Some(1))).await, expired);
    late.end(end, Departure::Bye).await;
    assert!(ada.mail().await.is_empty(), "it had not entered the room again");
}

pub async fn a_page_that_was_probably_left_has_a_moment_to_come_back<E: Tested>(engine: E) {
    let (ada, bob) = (joined(&engine, 1, "ada").await, joined(&engine, 2, "bob").await);
    assert_eq!(ada.mail().await.len(), 1);
    bob.end(1_000, Departure::Leaving).await;
    let away = Mail::PeerAway { room: room(), peer: peer("bob"), reason: AwayReason::Lost };
    assert_eq!(ada.mail().await, [(3, away.clone())]);
    engine.sweep(1_000 + LEAVING_MS - 1).await;
    assert!(ada.mail().await.is_empty());
    let back = Client::open(&engine, 3).await;
    let now = 1_000 + LEAVING_MS - 1;
    assert_eq!(back.resume(now, session("bob", "next", "n2", Some(1))).await, resumed(1, 1));
    let mail = ada.mail().await;
    assert!(matches!(&mail[..], [(4, Mail::PeerBack { peer, .. })] if peer.id == "bob"), "{mail:?}");
    // The next absence has the whole window again.
    back.end(5_000, LOST).await;
    assert_eq!(ada.mail().await, [(5, away.clone())]);
    engine.sweep(5_000 + 2 * LEAVING_MS).await;
    assert!(ada.mail().await.is_empty());
    let again = Client::open(&engine, 4).await;
    assert_eq!(again.resume(9_000, session("bob", "n2", "n3", Some(1))).await, resumed(1, 1));
    again.end(9_000, Departure::Leaving).await;
    engine.sweep(9_000 + LEAVING_MS).await;
    let gone = Mail::PeerLeft { room: room(), peer: peer("bob"), reason: LeaveReason::Closed };
    assert_eq!(ada.mail().await[1..], [(7, away), (8, gone)]);
}

pub async fn a_receipt_is_given_or_refused<E: Tested>(engine: E) {
    let (ada, bob) = (begin(&engine, 1, "ada").await, begin(&engine, 2, "bob").await);
    for seq in 1..=2 {
        let sent = Mail::Sent { reference: Some(seq) };
        assert_eq!(ada.request(1, seq, message("bob")).await, (vec![(seq, sent)], Outcome::Executed));
    }
    assert_eq!(numbers(&bob.mail().await), [1, 2]);
    assert!(ada.mail().await.is_empty());
    bob.ack(2, 1).await;
    assert_eq!(ada.mail().await, [(3, Mail::Received { reference: Some(1) })]);
    bob.end(3, Departure::Bye).await;
    let mail = ada.mail().await;
    let refused =
        |mail: &Mail| matches!(mail, Mail::Refused { code: ErrorCode::PeerNotFound, reference: Some(2), .. });
    assert!(matches!(&mail[..], [(4, mail)] if refused(mail)), "{mail:?}");
}

pub async fn a_mailbox_is_bounded<E: Tested>(engine: E) {
    let (eve, bob) = (begin(&engine, 1, "eve").await, begin(&engine, 2, "bob").await);
    let ada = begin(&engine, 3, "ada").await;
    bob.end(1, LOST).await;
    let busy = refused(ErrorCode::PeerBusy);
    let mut taken = 0;
    let mut told = 0;
    loop {
        let (mail, outcome) = eve.request(1, taken + 1, send("bob", taken)).await;
        told += u32::try_from(mail.len()).unwrap();
        eve.ack(1, told).await;
        if outcome == busy {
            break;
        }
        taken += 1;
        assert!(taken < 10_000, "no bound");
    }
    assert_eq!(ada.request(1, 1, send("bob", 1)).await.1, Outcome::Executed, "an honest sender has room");
    let back = Client::open(&engine, 4).await;
    assert_eq!(back.resume(2, session("bob", "next", "n2", Some(0))).await, resumed(0, 0));
    assert_eq!(back.mail().await.len() as u32, taken + 1);
    // A client that takes nothing in loses its session, and no other client does.
    let mut seq = 2;
    while ada.request(2, seq, Action::Leave(room())).await.1 != Outcome::Unregistered {
        seq += 1;
        if ada.line.is_lost() {
            break;
        }
        assert!(seq < 10_000, "no bound");
    }
    assert_eq!(engine.usage().await.peers, 2);
}

pub async fn what_cannot_go_on_begins_anew<E: Tested>(engine: E) {
    let (ada, bob) = (begin(&engine, 1, "ada").await, begin(&engine, 2, "bob").await);
    for seq in 1..=3 {
        ada.request(1, seq, send("bob", seq)).await;
    }
    assert_eq!(bob.mail().await.len(), 3);
    bob.ack(1, 2).await;
    let mut key = "next".to_owned();
    for (number, position) in (10..).zip([1, 4]) {
        let client = Client::open(&engine, number).await;
        let next = format!("n{number}");
        let lost = fresh(Some(LossReason::PositionLost));
        assert_eq!(client.resume(2, session("bob", &key, &next, Some(position))).await, lost, "{position}");
        assert!(client.mail().await.is_empty());
        // The new session stands where the old one stood.
        for seq in 1..=3 {
            ada.request(3, (number as u32 - 9) * 3 + seq, send("bob", seq)).await;
        }
        assert_eq!(numbers(&client.mail().await), [1, 2, 3]);
        client.ack(3, 2).await;
        key = next;
    }
    let mut reloaded = session("bob", &key, "other", None);
    reloaded.peer.incarnation += 1;
    let client = Client::open(&engine, 20).await;
    assert_eq!(client.resume(4, reloaded).await, fresh(None));
    assert!(client.mail().await.is_empty());
}

/// Sweeps bring the members of a large room what is new to each, as fast as the member acknowledges.
pub async fn a_large_room_hears_of_everybody_in_turns<E: Tested>(engine: E) {
    const MEMBERS: u64 = 300;
    let mut clients = Vec::new();
    for number in 0..MEMBERS {
        let client = Client::open(&engine, number).await;
        assert!(client.resume(0, session(&format!("p{number:03}"), "key", "next", None)).await.is_ok());
        client.request(0, 1, Action::Join(room())).await;
        clients.push(client);
    }
    let (mut now, mut joined) = (0, 0);
    let mut last = 1;
    while joined < MEMBERS - 1 {
        let due = engine.sweep(now).await;
        now = due.unwrap_or(now).max(now + 1);
        assert!(now < LEASE_MS, "told of {joined}");
        for (seq, mail) in clients[0].line.numbered() {
            assert_eq!(seq, last + 1);
            last = seq;
            assert!(matches!(mail, Mail::PeerJoined { .. }), "{mail:?}");
            joined += 1;
        }
        assert_eq!(clients[0].ack(now, last).await, Outcome::Executed);
    }
}

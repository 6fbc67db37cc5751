//! What stands in Redis and cannot be used: it concerns whom it is about, and keeps nobody else from anything.

use super::client::{Client, LOST, Line, peer, refused, send, session};
use super::{begin, node};
use signalpost_lab::{RedisOptions, RedisServer};
use signalpost_protocol::message::Route;
use signalpost_protocol::{ErrorCode, Signal};
use signalpost_server::engine::{Action, Command, Departure, Engine, Mail, Outcome};
use signalpost_server::redis::{Clock, Config, RedisEngine};
use std::time::Duration;
use tokio::time::{Instant, sleep};

async fn redis() -> RedisServer {
    RedisServer::start(RedisOptions::default()).await.unwrap()
}

/// Makes every script fail that reads the session of a peer, or only those that need its version.
async fn ruin(server: &RedisServer, name: &str, wholly: bool) {
    let key = format!("sp:{{p:{name}}}:s");
    if wholly {
        server.command(&["DEL", &key]).await.unwrap();
        server.command(&["SET", &key, "x"]).await.unwrap();
    } else {
        server.command(&["HSET", &key, "version", "x"]).await.unwrap();
    }
}

fn ask(to: &str) -> Action {
    Action::Send { to: peer(to), signal: Signal::Message { room: None, data: "x".into(), receipt: true } }
}

/// Waits until a command of Redis replies with this number.
async fn becomes(server: &RedisServer, command: &[&str], number: i64) {
    let since = Instant::now();
    loop {
        let reply = server.command(command).await.unwrap();
        if reply == signalpost_lab::Reply::Number(number) {
            return;
        }
        assert!(since.elapsed() < Duration::from_secs(5), "{command:?}: {reply:?}");
        sleep(Duration::from_millis(20)).await;
    }
}

async fn loses(line: &Line) {
    let since = Instant::now();
    while !line.is_lost() {
        assert!(since.elapsed() < Duration::from_secs(5), "the session goes on");
        sleep(Duration::from_millis(20)).await;
    }
}

/// The frame is used up: its client does not send it again and again, and goes on.
#[tokio::test]
async fn a_frame_for_a_session_that_cannot_be_used_is_refused() {
    let server = redis().await;
    let engine = node(&server).await;
    let (ada, _bob) = (begin(&engine, 1, "ada").await, begin(&engine, 2, "bob").await);
    let cy = begin(&engine, 3, "cy").await;
    for (seq, wholly) in [(1, false), (2, true)] {
        ruin(&server, "bob", wholly).await;
        let (mail, outcome) = ada.request(0, seq, send("bob", seq)).await;
        assert_eq!(outcome, refused(ErrorCode::ServerFull));
        assert!(matches!(&mail[..], [(_, Mail::Refused { code: ErrorCode::ServerFull, .. })]), "{mail:?}");
    }
    assert_eq!(ada.request(0, 3, send("cy", 3)).await.1, Outcome::Executed);
    assert_eq!(cy.mail().await.len(), 1);
}

/// Eve, who sent to Bob, cannot be told that it was received. Ada is, once, nothing is left, and Eve's session ends.
#[tokio::test]
async fn a_sender_that_cannot_be_told_holds_up_no_receipt() {
    let server = redis().await;
    let engine = node(&server).await;
    let (eve, ada) = (begin(&engine, 1, "eve").await, begin(&engine, 2, "ada").await);
    let bob = begin(&engine, 3, "bob").await;
    for sender in [&eve, &ada] {
        assert_eq!(sender.request(0, 1, ask("bob")).await.1, Outcome::Executed);
    }
    assert_eq!(bob.mail().await.len(), 2);
    ruin(&server, "eve", false).await;
    assert_eq!(bob.ack(0, 2).await, Outcome::Executed);
    assert_eq!(ada.mail().await, [(2, Mail::Received { reference: Some(1) })]);
    becomes(&server, &["LLEN", "sp:{p:bob}:r"], 0).await;
    engine.sweep(0).await;
    loses(&eve.line).await;
}

/// The same at the end of Bob's session: what it has left is worked off, and not found again by every sweep.
#[tokio::test]
async fn a_sender_that_cannot_be_told_does_not_keep_a_grave_open() {
    let server = redis().await;
    let engine = node(&server).await;
    let (eve, ada) = (begin(&engine, 1, "eve").await, begin(&engine, 2, "ada").await);
    let bob = begin(&engine, 3, "bob").await;
    for sender in [&eve, &ada] {
        assert_eq!(sender.request(0, 1, ask("bob")).await.1, Outcome::Executed);
        assert_eq!(sender.request(0, 2, invite("bob")).await.1, Outcome::Executed);
    }
    ruin(&server, "eve", false).await;
    bob.end(0, Departure::Bye).await;
    assert_eq!(ada.mail().await.len(), 2, "no receipt, and an invitation that has not arrived");
    becomes(&server, &["SCARD", "sp:{p:bob}:e"], 0).await;
}

fn invite(to: &str) -> Action {
    let route = Route { connection: 1, target: None };
    Action::Send { to: peer(to), signal: Signal::Invite { route, session: None, mapping: None, end: None } }
}

/// What Ada's session before had begun with Bob does not concern her present one.
#[tokio::test]
async fn a_later_session_does_not_hear_what_became_of_an_earlier_ones_negotiation() {
    let server = redis().await;
    let engine = node(&server).await;
    let (first, bob) = (begin(&engine, 1, "ada").await, begin(&engine, 2, "bob").await);
    let cy = begin(&engine, 3, "cy").await;
    assert_eq!(first.request(0, 1, invite("bob")).await.1, Outcome::Executed);
    assert_eq!(cy.request(0, 1, invite("bob")).await.1, Outcome::Executed);
    first.end(0, Departure::Bye).await;
    let second = begin(&engine, 4, "ada").await;
    bob.end(0, Departure::Bye).await;
    let mail = cy.mail().await;
    assert!(matches!(&mail[..], [(2, Mail::Refused { code: ErrorCode::PeerNotFound, .. })]), "{mail:?}");
    assert_eq!(second.mail().await, []);
}

/// A receipt that cannot be read ends the session that owes it: its client does not come again and again in vain.
#[tokio::test]
async fn a_session_with_a_receipt_that_cannot_be_read_ends() {
    let server = redis().await;
    let engine = node(&server).await;
    let bob = begin(&engine, 1, "bob").await;
    bob.end(0, LOST).await;
    server.command(&["RPUSH", "sp:{p:bob}:r", "x"]).await.unwrap();
    let claim = || session("bob", "next", "n2", Some(0));
    let first = Client::open(&engine, 3).await;
    assert_eq!(first.resume(0, claim()).await, Err(refused(ErrorCode::ServerFull)));
    let second = Client::open(&engine, 4).await;
    let claimed = second.resume(0, claim()).await.unwrap();
    assert!(!claimed.resumed && claimed.reason.is_some(), "{claimed:?}");
    server.command(&["RPUSH", "sp:{p:bob}:r", "x"]).await.unwrap();
    second.engine.execute(0, second.socket, Command::Beat { ack: None }).await;
    becomes(&server, &["EXISTS", "sp:{p:bob}:s"], 0).await;
}

/// The shard of a peer in the agenda, as `keys.rs` has it.
fn shard(name: &str) -> u32 {
    let hash =
        name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (hash ^ (hash >> 16)) % 16
}

/// More entries than a sweep looks at are due before Ada's, and will be for ever.
#[tokio::test]
async fn what_a_sweep_cannot_look_at_keeps_nobodys_lease() {
    let server = redis().await;
    let key = format!("sp:{{l:{}}}:lease", shard("ada"));
    let misplaced: Vec<String> =
        (0..).map(|n| format!("m{n}")).filter(|name| shard(name) != shard("ada")).take(150).collect();
    let broken: Vec<String> =
        (0..).map(|n| format!("b{n}")).filter(|name| shard(name) == shard("ada")).take(150).collect();
    let strange: Vec<String> = (0..150).map(|n| format!("{n}{}", "y".repeat(300))).collect();
    for (case, names) in [("misplaced", misplaced), ("broken", broken), ("strange", strange)] {
        server.flush_all().await.unwrap();
        let mut config = Config::parse(&server.url()).unwrap();
        config.clock = Clock::Told;
        let engine = RedisEngine::connect(config).await.unwrap();
        let _ada = begin(&engine, 1, "ada").await;
        for name in &names {
            server.command(&["ZADD", &key, "1", name]).await.unwrap();
            if case == "broken" {
                server.command(&["SET", &format!("sp:{{p:{name}}}:s"), "x"]).await.unwrap();
            }
        }
        let state =
            async || server.command(&["HGET", "sp:{p:ada}:s", "state"]).await.unwrap().text().to_owned();
        assert_eq!(state().await, "c");
        for _ in 0..3 {
            engine.sweep(31_000).await;
        }
        assert_eq!(state().await, "a", "{case}");
        // They are looked at again, and not in every sweep.
        let due = server.command(&["ZCOUNT", &key, "-inf", "60000"]).await.unwrap();
        assert_eq!(due, signalpost_lab::Reply::Number(0), "{case}");
    }
}

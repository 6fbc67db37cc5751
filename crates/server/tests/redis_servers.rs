//! Server processes on one Redis: `--redis`. Needs `redis-server`.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use signalpost_lab::{Data, RedisOptions, RedisServer};
use std::time::Duration;
use support::{Member, Server, command};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep, timeout};

async fn redis() -> RedisServer {
    RedisServer::start(RedisOptions { append_only: true, ..RedisOptions::default() }).await.unwrap()
}

async fn servers(redis: &RedisServer) -> (Server, Server) {
    let url = redis.url();
    (Server::start_with(&["--redis", &url]).await, Server::start_with(&["--redis", &url]).await)
}

#[tokio::test]
async fn a_session_goes_on_at_another_server_when_its_own_is_killed() {
    let redis = redis().await;
    let (first, second) = servers(&redis).await;
    let (mut ada, mut bob) = (Member::begin(&first, "ada").await, Member::begin(&second, "bob").await);
    for number in 0..20 {
        ada.say("bob", &format!("a{number}")).await;
        bob.say("ada", &format!("b{number}")).await;
    }
    // This client sends no frame again: all of bob's arrive before the end of the server.
    for number in 0..20 {
        assert_eq!(ada.hear().await, format!("b{number}"));
    }
    for number in 0..10 {
        assert_eq!(bob.hear().await, format!("a{number}"));
    }
    second.signal("-KILL").await;
    ada.say("bob", "meanwhile").await;
    let since = Instant::now();
    assert_eq!(bob.resume(&first).await["resumed"], true);
    println!("resumed at the other server after {:?}", since.elapsed());
    for number in 10..20 {
        assert_eq!(bob.hear().await, format!("a{number}"));
    }
    assert_eq!(bob.hear().await, "meanwhile");
    bob.say("ada", "back").await;
    assert_eq!(ada.hear().await, "back");
}

#[tokio::test]
async fn sessions_go_on_through_a_restart_of_redis() {
    let mut redis = redis().await;
    let (first, second) = servers(&redis).await;
    let (mut ada, mut bob) = (Member::begin(&first, "ada").await, Member::begin(&second, "bob").await);
    ada.say("bob", "before").await;
    assert_eq!(bob.hear().await, "before");
    redis.kill().unwrap();
    ada.say("bob", "while it is away").await;
    sleep(Duration::from_secs(2)).await;
    redis.restart(Data::Kept).await.unwrap();
    assert_eq!(bob.hear().await, "while it is away");
    bob.say("ada", "after").await;
    assert_eq!(ada.hear().await, "after");
    assert!(second.log().contains("connected to Redis again"), "{}", second.log());
}

/// The exit code and what the program said.
async fn ended(arguments: &[&str]) -> (Option<i32>, String) {
    let ended = timeout(Duration::from_secs(20), command(arguments).output()).await.unwrap().unwrap();
    (ended.status.code(), String::from_utf8(ended.stderr).unwrap())
}

#[tokio::test]
async fn a_server_without_its_redis_says_so_and_ends_with_a_code() {
    let nowhere = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let url = format!("redis://user:secret@{nowhere}");
    let (code, said) = ended(&["--listen", "127.0.0.1:0", "--redis", &url, "--redis-wait", "2"]).await;
    assert_eq!(code, Some(69), "{said}");
    assert!(said.contains("Redis is not reachable") && said.contains(&nowhere.to_string()), "{said}");
    assert!(!said.contains("secret"), "{said}");
    let options = RedisOptions { password: Some("right".into()), ..RedisOptions::default() };
    let redis = RedisServer::start(options).await.unwrap();
    let url = format!("redis://:wrong@{}", redis.address());
    let (code, said) = ended(&["--listen", "127.0.0.1:0", "--redis", &url]).await;
    assert_eq!(code, Some(77), "{said}");
    assert!(said.contains("refuses the user name or password") && !said.contains("wrong@"), "{said}");
}

#[tokio::test]
async fn a_server_waits_for_its_redis() {
    let mut redis = redis().await;
    let url = redis.url();
    redis.kill().unwrap();
    let starting = tokio::spawn(async move { Server::start_with(&["--redis", &url]).await });
    sleep(Duration::from_secs(2)).await;
    assert!(!starting.is_finished());
    redis.restart(Data::Kept).await.unwrap();
    let server = timeout(Duration::from_secs(10), starting).await.unwrap().unwrap();
    Member::begin(&server, "ada").await;
}

#[tokio::test]
async fn what_no_waiting_mends_ends_the_start_at_once_and_is_said() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/deploy/users.acl");
    let acl = std::fs::read_to_string(file).unwrap().replace(" +xadd", "");
    let redis = RedisServer::start(RedisOptions { acl: Some(acl), ..RedisOptions::default() }).await.unwrap();
    let encrypted = RedisServer::start(RedisOptions { tls: true, ..RedisOptions::default() }).await.unwrap();
    let (denied, tls) = (
        format!("redis://signalpost:change-this-password@{}", redis.address()),
        format!("rediss://{}", encrypted.address()),
    );
    let since = Instant::now();
    for (arguments, code, words) in [
        (vec!["--redis", &denied], 77, "lacks a permission: XADD on sp:*"),
        (vec!["--redis", &tls], 78, "no TLS with Redis: invalid peer certificate"),
        (vec!["--redis", &tls, "--redis-ca", "/nowhere.pem"], 78, "/nowhere.pem cannot be read"),
        (vec!["--redis", "http://localhost"], 78, "is not a redis:// or rediss:// URL"),
    ] {
        let (ended, said) = ended(&[&["--listen", "127.0.0.1:0"], &arguments[..]].concat()).await;
        assert_eq!(ended, Some(code), "{said}");
        assert!(said.contains(words) && !said.contains("change-this-password"), "{said}");
    }
    assert!(since.elapsed() < Duration::from_secs(15), "{:?}", since.elapsed());
}

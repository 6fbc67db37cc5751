//! One Redis server: started, asked, hurt, ended.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use signalpost_lab::{Clients, Connection, Data, RedisOptions, RedisProgram, RedisServer, Reply};
use std::path::Path;
use std::time::Duration;
use support::is_gone;
use tokio::time::Instant;

const SOON: Duration = Duration::from_secs(10);

fn ok() -> Reply {
    Reply::Text("OK".into())
}

async fn client(server: &RedisServer) -> Connection {
    Connection::open(server.address()).await.unwrap()
}

#[tokio::test]
async fn every_program_runs_and_ends_with_its_value() {
    for program in RedisProgram::all() {
        let server = RedisServer::start(RedisOptions { program, ..RedisOptions::default() }).await.unwrap();
        let mut client = client(&server).await;
        assert_eq!(client.ask(&["SET", "a", "ä\r\n"]).await.unwrap(), ok());
        assert_eq!(client.ask(&["GET", "a"]).await.unwrap(), Reply::Text("ä\r\n".into()));
        assert_eq!(client.ask(&["GET", "b"]).await.unwrap(), Reply::Null);
        let version = server.version().await.unwrap();
        let major: u32 = version.split('.').next().unwrap().parse().unwrap();
        assert!(major >= if program == RedisProgram::Newest { 8 } else { 7 }, "{program:?} is {version}");
        let counts = server.command_counts().await.unwrap();
        assert_eq!((counts.get("set"), counts.get("get")), (Some(&1), Some(&2)));
        let id = server.process_id();
        assert!(!is_gone(id));
        drop(server);
        assert!(is_gone(id));
        assert!(client.ask(&["GET", "a"]).await.is_err());
    }
}

#[tokio::test]
async fn several_servers_start_in_a_moment_and_keep_their_data_apart() {
    let begin = Instant::now();
    let mut servers = Vec::new();
    for number in 0..5 {
        let server = RedisServer::start(RedisOptions::default()).await.unwrap();
        server.command(&["SET", "number", &number.to_string()]).await.unwrap();
        servers.push(server);
    }
    let took = begin.elapsed();
    for (number, server) in servers.iter().enumerate() {
        assert_eq!(server.command(&["GET", "number"]).await.unwrap().text(), number.to_string());
    }
    // Alone on the machine they take a tenth of it.
    assert!(took.as_secs() < 5, "five servers took {took:?}");
}

#[tokio::test]
async fn a_restart_keeps_the_port_and_what_was_written_or_nothing() {
    for append_only in [true, false] {
        let options = RedisOptions { append_only, ..RedisOptions::default() };
        let mut server = RedisServer::start(options).await.unwrap();
        let address = server.address();
        server.command(&["SET", "a", "1"]).await.unwrap();
        server.restart(Data::Kept).await.unwrap();
        let kept = if append_only { Reply::Text("1".into()) } else { Reply::Null };
        assert_eq!(client(&server).await.ask(&["GET", "a"]).await.unwrap(), kept);
        server.command(&["SET", "a", "1"]).await.unwrap();
        server.kill().unwrap();
        assert!(Connection::open(address).await.is_err());
        assert!(server.command(&["PING"]).await.is_err());
        server.restart(Data::Lost).await.unwrap();
        assert_eq!(server.address(), address);
        assert_eq!(client(&server).await.ask(&["GET", "a"]).await.unwrap(), Reply::Null);
        assert!(server.terminate().await.unwrap().success());
    }
}

#[tokio::test]
async fn a_frozen_server_answers_when_it_thaws() {
    let mut server = RedisServer::start(RedisOptions::default()).await.unwrap();
    let mut client = client(&server).await;
    server.freeze().unwrap();
    let asking = tokio::spawn(async move { client.ask(&["PING"]).await });
    let state = || std::fs::read_to_string(format!("/proc/{}/stat", server.process_id()));
    if Path::new("/proc/self/stat").exists() {
        assert!(state().unwrap().contains(") T "));
    }
    assert!(!asking.is_finished());
    server.thaw().unwrap();
    assert_eq!(asking.await.unwrap().unwrap(), Reply::Text("PONG".into()));
}

#[tokio::test]
async fn clients_are_cut_by_kind_and_data_and_scripts_removed() {
    let server = RedisServer::start(RedisOptions::default()).await.unwrap();
    let mut normal = client(&server).await;
    let mut subscriber = client(&server).await;
    subscriber.ask(&["SUBSCRIBE", "bell"]).await.unwrap();
    server.kill_clients(Clients::Subscribers).await.unwrap();
    assert!(tokio::time::timeout(SOON, subscriber.reply()).await.unwrap().is_err());
    normal.ask(&["SET", "a", "1"]).await.unwrap();
    let script = normal.ask(&["SCRIPT", "LOAD", "return 1"]).await.unwrap();
    server.flush_all().await.unwrap();
    server.flush_scripts().await.unwrap();
    assert_eq!(normal.ask(&["GET", "a"]).await.unwrap(), Reply::Null);
    let lost = normal.ask(&["EVALSHA", script.text(), "0"]).await.unwrap();
    assert!(matches!(&lost, Reply::Error(error) if error.starts_with("NOSCRIPT")), "{lost:?}");
    server.kill_clients(Clients::Normal).await.unwrap();
    assert!(normal.ask(&["PING"]).await.is_err());
}

#[tokio::test]
async fn passwords_users_and_memory_are_the_options() {
    let password = Some("a secret".replace(' ', "-"));
    let server = RedisServer::start(RedisOptions { password, ..RedisOptions::default() }).await.unwrap();
    let mut stranger = client(&server).await;
    let refused = stranger.ask(&["PING"]).await.unwrap();
    assert!(matches!(&refused, Reply::Error(error) if error.starts_with("NOAUTH")), "{refused:?}");
    assert_eq!(stranger.ask(&["AUTH", "a-secret"]).await.unwrap(), ok());
    assert_eq!(server.url(), format!("redis://:a-secret@{}", server.address()));

    let acl = Some("user default off\nuser app on >x ~app:* &* -@all +set +ping".into());
    let server = RedisServer::start(RedisOptions { acl, ..RedisOptions::default() }).await.unwrap();
    let mut app = client(&server).await;
    assert_eq!(app.ask(&["AUTH", "app", "x"]).await.unwrap(), ok());
    assert_eq!(app.ask(&["SET", "app:a", "1"]).await.unwrap(), ok());
    for forbidden in [["SET", "a", "1"].as_slice(), &["GET", "app:a"]] {
        let refused = app.ask(forbidden).await.unwrap();
        assert!(matches!(&refused, Reply::Error(error) if error.starts_with("NOPERM")), "{refused:?}");
    }

    let options = RedisOptions { max_memory: Some(1), ..RedisOptions::default() };
    let server = RedisServer::start(options).await.unwrap();
    let refused = client(&server).await.ask(&["SET", "a", "1"]).await.unwrap();
    assert!(matches!(&refused, Reply::Error(error) if error.starts_with("OOM")), "{refused:?}");
}

#[tokio::test]
async fn a_replica_follows_and_is_read_only() {
    let password = Some("x".to_owned());
    let options = RedisOptions { password, ..RedisOptions::default() };
    let primary = RedisServer::start(options.clone()).await.unwrap();
    primary.command(&["SET", "a", "1"]).await.unwrap();
    let options = RedisOptions { replica_of: Some(primary.address()), ..options };
    let replica = RedisServer::start(options).await.unwrap();
    replica.wait_for_primary().await.unwrap();
    assert_eq!(replica.command(&["GET", "a"]).await.unwrap().text(), "1");
    let refused = replica.command(&["SET", "a", "2"]).await.unwrap_err();
    assert!(refused.to_string().contains("READONLY"), "{refused}");
}

#[tokio::test]
async fn with_tls_alone_plain_words_are_not_understood() {
    let server = RedisServer::start(RedisOptions { tls: true, ..RedisOptions::default() }).await.unwrap();
    assert!(server.url().starts_with("rediss://"));
    let mut plain = client(&server).await;
    assert!(plain.ask(&["PING"]).await.is_err());
    let files = server.certificates().unwrap();
    assert_eq!(server.command(&["CONFIG", "GET", "port"]).await.unwrap().list()[1].text(), "0");
    let said = support::tls_ping(server.address(), &files.authority).await;
    assert_eq!(said.unwrap(), "+PONG\r\n");
    // Who trusts another authority does not get in.
    let other = RedisServer::start(RedisOptions { tls: true, ..RedisOptions::default() }).await.unwrap();
    let refused = support::tls_ping(server.address(), &other.certificates().unwrap().authority).await;
    assert!(refused.is_err(), "{refused:?}");
}

#[tokio::test]
async fn a_server_that_cannot_start_says_why() {
    let begin = Instant::now();
    let options = RedisOptions::default().with("no-such-line yes");
    let failure = RedisServer::start(options).await.err().unwrap().to_string();
    assert!(failure.contains("no-such-line"), "{failure}");
    assert!(begin.elapsed().as_secs() < 5);
}

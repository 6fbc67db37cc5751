//! What can be wrong with Redis: each is known by its name, and survived.

use super::client::{Client, LOST, refused, send, session};
use super::{begin, frame, node, start};
use signalpost_lab::{Connection, RedisOptions, RedisServer, Reply};
use signalpost_protocol::ErrorCode;
use signalpost_server::engine::{Delivery, Outcome};
use signalpost_server::redis::{Config, RedisEngine, StoreError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::sleep;

async fn failure(config: Config) -> StoreError {
    RedisEngine::connect(config).await.err().unwrap()
}

#[tokio::test]
async fn what_is_wrong_at_the_start_is_said() {
    let nowhere = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = failure(Config::parse(&format!("redis://{nowhere}")).unwrap()).await;
    assert!(matches!(error, StoreError::Unreachable(_)) && error.is_temporary(), "{error}");
    let options = RedisOptions { password: Some("right".into()), ..RedisOptions::default() };
    let server = RedisServer::start(options).await.unwrap();
    for user in ["", ":wrong@"] {
        let error = failure(Config::parse(&format!("redis://{user}{}", server.address())).unwrap()).await;
        assert!(matches!(error, StoreError::Auth(_)) && !error.is_temporary(), "{error}");
        assert!(!error.to_string().contains("right"));
    }
    assert!(RedisEngine::connect(Config::parse(&server.url()).unwrap()).await.is_ok());
    for urls in ["", " , ", "http://localhost", "localhost:6379:x"] {
        assert!(matches!(Config::parse(urls), Err(StoreError::Config(_))), "{urls}");
    }
    let mut braces = Config::parse(&server.url()).unwrap();
    braces.prefix = "{x}".into();
    assert!(matches!(failure(braces).await, StoreError::Config(_)));
}

/// A server that says it is Redis 6.2.
#[tokio::test]
async fn an_old_server_is_refused_by_its_version() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut read = [0; 1024];
                while let Ok(length) = stream.read(&mut read).await
                    && length > 0
                {
                    let text = String::from_utf8_lossy(&read[..length]).into_owned();
                    for _ in 0..text.matches("CLIENT").count() {
                        stream.write_all(b"+OK\r\n").await.unwrap();
                    }
                    if text.contains("HELLO") {
                        stream
                            .write_all(
                                b"*4\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n6.2.1\r\n",
                            )
                            .await
                            .unwrap();
                    }
                }
            });
        }
    });
    let error = failure(Config::parse(&url).unwrap()).await;
    assert_eq!(error, StoreError::Version("6.2.1".into()));
    assert!(!error.is_temporary() && error.to_string().contains("7.0"));
}

/// A replica takes no writes. The claim is answered, and the server runs on.
#[tokio::test]
async fn a_replica_takes_no_claims() {
    let primary = RedisServer::start(RedisOptions::default()).await.unwrap();
    let options = RedisOptions { replica_of: Some(primary.address()), ..RedisOptions::default() };
    let replica = RedisServer::start(options).await.unwrap();
    replica.wait_for_primary().await.unwrap();
    let mut config = Config::parse(&replica.url()).unwrap();
    config.patience = Duration::from_millis(300);
    let engine = RedisEngine::connect(config).await.unwrap();
    let ada = Client::open(&engine, 1).await;
    let outcome = ada.resume(0, session("ada", "key", "next", None)).await;
    assert_eq!(outcome, Err(refused(ErrorCode::ServerFull)));
}

/// Sessions that are there go on when Redis has no memory left; what adds to it is refused.
#[tokio::test]
async fn memory_that_is_used_up_refuses_and_ends_nothing() {
    let server = RedisServer::start(RedisOptions::default()).await.unwrap();
    let engine = node(&server).await;
    let (ada, bob) = (begin(&engine, 1, "ada").await, begin(&engine, 2, "bob").await);
    assert_eq!(ada.request(0, 1, send("bob", 1)).await.1, Outcome::Executed);
    server.command(&["CONFIG", "SET", "maxmemory", "1"]).await.unwrap();
    assert_eq!(ada.request(0, 2, send("bob", 2)).await.1, refused(ErrorCode::PeerBusy));
    let eve = Client::open(&engine, 3).await;
    let full = eve.resume(0, session("eve", "key", "next", None)).await;
    assert_eq!(full, Err(refused(ErrorCode::ServerFull)));
    assert_eq!(bob.mail().await.len(), 1);
    assert_eq!(bob.ack(0, 1).await, Outcome::Executed, "what frees memory passes");
    server.command(&["CONFIG", "SET", "maxmemory", "0"]).await.unwrap();
    assert_eq!(ada.request(0, 3, send("bob", 3)).await.1, Outcome::Executed);
    assert_eq!(bob.mail().await.len(), 1);
}

#[tokio::test]
async fn a_lost_script_cache_is_filled_again() {
    let server = RedisServer::start(RedisOptions::default()).await.unwrap();
    let engine = node(&server).await;
    let (ada, bob) = (begin(&engine, 1, "ada").await, begin(&engine, 2, "bob").await);
    for seq in 1..=3 {
        server.flush_scripts().await.unwrap();
        assert_eq!(ada.request(0, seq, send("bob", seq)).await.1, Outcome::Executed);
    }
    assert_eq!(bob.mail().await.len(), 3);
}

/// Who may publish to the doorbell, but does not know the seal, changes nothing.
#[tokio::test]
async fn a_bogus_bell_changes_nothing() {
    let server = RedisServer::start(RedisOptions::default()).await.unwrap();
    let engine = node(&server).await;
    let (ada, bob) = (begin(&engine, 1, "ada").await, begin(&engine, 2, "bob").await);
    let channel = server.command(&["HGET", "sp:{p:bob}:s", "node"]).await.unwrap().text().to_owned();
    let forged = r#"{"type":"close","from":"eve","payload":{"connection":1}}"#;
    for bell in [
        "",
        "\n",
        "x",
        "m\nseal\n1\n",
        "f\nseal\nreplaced",
        "p\n1\n",
        "r\nr\n99999999999999999999",
        "\u{0}\u{1}",
        &format!("m\nseal\n1\n{forged}"),
        &format!("m\n\n1\n{forged}"),
        &"y".repeat(1 << 20),
    ] {
        server.command(&["PUBLISH", &channel, bell]).await.unwrap();
    }
    assert_eq!(bob.mail().await, []);
    assert_eq!(ada.request(0, 1, send("bob", 1)).await.1, Outcome::Executed);
    assert_eq!(bob.mail().await.len(), 1);
    assert_eq!(bob.ack(0, 1).await, Outcome::Executed);
}

/// Whatever stands in Redis, it is an error and no panic.
#[tokio::test]
async fn a_session_that_is_no_session_is_refused() {
    let server = RedisServer::start(RedisOptions::default()).await.unwrap();
    let engine = node(&server).await;
    for (field, value) in
        [("num", "x"), ("info", "{"), ("current", "zz"), ("received", "-1"), ("version", "")]
    {
        let name = format!("ada-{field}");
        let ada = begin(&engine, 1, &name).await;
        server.command(&["HSET", &format!("sp:{{p:{name}}}:s"), field, value]).await.unwrap();
        let again = Client::open(&engine, 2).await;
        let outcome = again.resume(0, session(&name, "next", "n2", Some(0))).await;
        assert_eq!(outcome, Err(refused(ErrorCode::ServerFull)), "{field}");
        drop(ada);
    }
    begin(&engine, 3, "bob").await;
}

/// The keys of a session whose client is never silent live on.
#[tokio::test]
async fn a_busy_session_is_kept() {
    let server = RedisServer::start(RedisOptions::default()).await.unwrap();
    let engine = node(&server).await;
    let ada = begin(&engine, 1, "ada").await;
    let key = "sp:{p:ada}:s";
    server.command(&["PEXPIRE", key, "4000"]).await.unwrap();
    for _ in 0..12 {
        assert_eq!(ada.ack(0, 0).await, Outcome::Executed);
        sleep(Duration::from_millis(250)).await;
    }
    let left = server.command(&["PTTL", key]).await.unwrap();
    assert!(matches!(left, Reply::Number(60_000..)), "{left:?} ms");
}

/// A replica that was promoted may lack what its primary had confirmed. Then the session ends: nothing is lost in silence.
#[tokio::test]
async fn a_session_of_which_redis_has_lost_a_part_ends() {
    let server = RedisServer::start(RedisOptions::default()).await.unwrap();
    let engine = node(&server).await;
    let (ada, bob) = (begin(&engine, 1, "ada").await, begin(&engine, 2, "bob").await);
    for seq in 1..=2 {
        assert_eq!(ada.request(0, seq, send("bob", seq)).await.1, Outcome::Executed);
    }
    assert_eq!(bob.mail().await.len(), 2);
    server.command(&["HSET", "sp:{p:ada}:s", "received", "1"]).await.unwrap();
    assert_eq!(ada.request(0, 3, send("bob", 3)).await.1, Outcome::Unregistered);
    assert!(ada.line.is_lost());
    server.command(&["HSET", "sp:{p:bob}:s", "top", "1"]).await.unwrap();
    assert_eq!(bob.ack(0, 1).await, Outcome::Unregistered);
    assert!(bob.line.is_lost());
}

/// A command that comes while the one before is being executed waits for it.
#[tokio::test]
async fn a_command_behind_a_slow_one_has_its_reply_too() {
    let mut server = RedisServer::start(RedisOptions::default()).await.unwrap();
    let engine = node(&server).await;
    let (ada, bob) = (begin(&engine, 1, "ada").await, begin(&engine, 2, "bob").await);
    server.freeze().unwrap();
    for seq in 1..=2 {
        start(&ada, frame(seq, send("bob", seq))).await;
    }
    server.thaw().unwrap();
    let mut replies = 0;
    while let Some(delivery) = ada.next().await {
        replies += u32::from(matches!(delivery, Delivery::Done { outcome: Outcome::Executed, .. }));
    }
    assert_eq!((replies, bob.mail().await.len()), (2, 2));
}

/// A user who can read the doorbells sees seals. Only the user of the nodes can.
#[tokio::test]
async fn what_the_user_may_not_do_is_said_at_the_start() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/deploy/users.acl");
    let users = std::fs::read_to_string(file).unwrap();
    let user = users.lines().last().unwrap();
    let changed = |name: &str, from: &str, to: &str| {
        assert!(user.contains(from));
        user.replace("user signalpost", &format!("user {name}")).replace(from, to)
    };
    let acl = [
        users.trim_end(),
        &changed("command", " +xadd", ""),
        &changed("keys", "~sp:*", "~other:*"),
        &changed("channel", " &sp:n:*", ""),
        &changed("bell", " +subscribe", ""),
    ];
    let options = RedisOptions { acl: Some(acl.join("\n")), ..RedisOptions::default() };
    let server = RedisServer::start(options).await.unwrap();
    let config = |user: &str| {
        Config::parse(&format!("redis://{user}:change-this-password@{}", server.address())).unwrap()
    };
    assert!(RedisEngine::connect(config("signalpost")).await.is_ok());
    for (user, word) in [("command", "XADD"), ("keys", "keys"), ("channel", "PUBLISH"), ("bell", "subscribe")]
    {
        let error = failure(config(user)).await;
        assert!(matches!(error, StoreError::Denied(_)) && !error.is_temporary(), "{user}: {error}");
        assert!(error.to_string().contains(word), "{user}: {error}");
    }
    let mut stranger = Connection::open(server.address()).await.unwrap();
    stranger.ask(&["AUTH", "channel", "change-this-password"]).await.unwrap();
    for words in [["SUBSCRIBE", "sp:n:0"], ["PSUBSCRIBE", "*"]] {
        let reply = stranger.ask(&words).await.unwrap();
        assert!(matches!(&reply, Reply::Error(error) if error.starts_with("NOPERM")), "{reply:?}");
    }
}

/// Mail that this version cannot read ends the session that it is for: its client does not come again and again in vain.
#[tokio::test]
async fn a_session_with_mail_that_cannot_be_read_ends() {
    let server = RedisServer::start(RedisOptions::default()).await.unwrap();
    let engine = node(&server).await;
    let (ada, bob) = (begin(&engine, 1, "ada").await, begin(&engine, 2, "bob").await);
    bob.end(0, LOST).await;
    assert_eq!(ada.request(0, 1, send("bob", 1)).await.1, Outcome::Executed);
    let words = ["XADD", "sp:{p:bob}:m", "0-2", "h", "r 1 -", "f", "ada", "m", "{}"];
    server.command(&words).await.unwrap();
    server.command(&["HSET", "sp:{p:bob}:s", "top", "2"]).await.unwrap();
    let claim = || session("bob", "next", "n2", Some(0));
    let first = Client::open(&engine, 3).await;
    assert_eq!(first.resume(0, claim()).await, Err(refused(ErrorCode::ServerFull)));
    let second = Client::open(&engine, 4).await;
    let claimed = second.resume(0, claim()).await.unwrap();
    assert!(!claimed.resumed && claimed.reason.is_some(), "{claimed:?}");
}

//! The audit trail over HTTP: what it says, what it keeps to itself, and who may ask.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use serde_json::{Value, json};
use signalpost_server::audit::{
    AuditStore, Day, DayKey, Page, Pseudonym, Query, Record, RecordPosition, Unavailable,
};
use signalpost_server::memory::MemoryEngine;
use signalpost_server::net::{self, Options};
use signalpost_server::registry::Bounds;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use support::{Client, KEY, Member, Response, Server, command, get, request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_tungstenite::client_async;

/// Puts the parts of a chunked body together (RFC 9112 §7.1).
fn whole(response: &Response) -> String {
    if !response.head.contains("transfer-encoding: chunked") {
        return response.body.clone();
    }
    let (mut rest, mut body) = (response.body.as_str(), String::new());
    loop {
        let (size, behind) = rest.split_once("\r\n").expect("an answer that is cut off");
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            return body;
        }
        body.push_str(&behind[..size]);
        rest = behind[size..].strip_prefix("\r\n").unwrap();
    }
}

async fn lines(admin: SocketAddr, query: &str) -> Vec<Value> {
    let response = get(admin, &format!("/audit{query}")).await;
    assert_eq!(response.status, 200, "{query}: {}", response.body);
    for header in ["content-type: application/x-ndjson", "cache-control: no-store"] {
        assert!(response.head.contains(header), "{}", response.head);
    }
    whole(&response).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The type and the result of each line.
async fn facts(admin: SocketAddr, query: &str) -> Vec<(String, String)> {
    let text = |line: &Value, field: &str| line[field].as_str().unwrap().to_owned();
    lines(admin, query).await.iter().map(|line| (text(line, "type"), text(line, "result"))).collect()
}

#[allow(clippy::disallowed_methods, reason = "compares the wall clock of the server with that of the test")]
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis().try_into().unwrap()
}

/// Sends a message and returns the answer, when the server is done with the frame.
async fn say(from: &mut Client, to: &str, data: &str) -> Value {
    from.send(json!({"type": "message", "id": 5, "to": to, "payload": {"data": data}})).await;
    let answer = from.receive().await;
    from.is_untouched().await;
    answer
}

#[tokio::test]
async fn it_says_who_told_whom_what_type_and_never_what() {
    let server = Server::start_with(&["--audit"]).await;
    let admin = server.admin().await;
    let begin = now();
    let (mut ada, mut bob) = (server.peer("ada-lovelace").await, server.peer("bob-marley").await);
    say(&mut ada, "bob-marley", "the-secret-text").await;
    assert_eq!(bob.receive().await["payload"]["data"], "the-secret-text");
    let refused = say(&mut bob, "nobody", &"x".repeat(2_000)).await;
    assert_eq!(refused["payload"]["code"], "peer-not-found");
    let description = json!({"connection": 1, "number": 1, "sdp": "v=0\r\no=- 1 1 IN IP4 198.51.100.7\r\n"});
    ada.send(json!({"type": "offer", "to": "bob-marley", "payload": description})).await;
    bob.receive().await;
    ada.is_untouched().await;
    ada.send(json!({"type": "join", "id": 9, "payload": {"room": "the-secret-room"}})).await;
    ada.receive().await;
    ada.send(json!({"type": "bye"})).await;
    ada.closed().await;
    let lines = lines(admin, "").await;
    let expected = [
        ("hello", "executed", 256, "ada", None),
        ("hello", "executed", 256, "bob", None),
        ("message", "executed", 256, "ada", Some("bob")),
        ("message", "peer-not-found", 4_096, "bob", Some("nobody")),
        ("offer", "executed", 256, "ada", Some("bob")),
        ("join", "executed", 256, "ada", None),
        ("bye", "executed", 256, "ada", None),
    ];
    let names = [("ada", &lines[0]["from"]), ("bob", &lines[1]["from"]), ("nobody", &lines[3]["to"])];
    let name = |peer: &str| names.iter().find(|(known, _)| *known == peer).map(|(_, name)| (*name).clone());
    for (number, (kind, result, size, from, to)) in expected.into_iter().enumerate() {
        let line = &lines[number];
        assert_eq!(
            (&line["type"], &line["result"], &line["size"]),
            (&json!(kind), &json!(result), &json!(size))
        );
        assert_eq!((Some(line["from"].clone()), line.get("to").cloned()), (name(from), to.and_then(name)));
        let time = line["time"].as_u64().unwrap();
        assert!((begin..=now()).contains(&time), "{time}");
        assert!(line.as_object().unwrap().len() <= 6, "{line}");
    }
    assert_eq!(lines.len(), expected.len());
    for secret in ["lovelace", "marley", "nobody", "secret", "198.51.100.7", "127.0.0.1"] {
        assert!(!format!("{lines:?}").contains(secret), "{secret}");
    }
    server.wait_for_metric("signalpost_audit_records_total 7").await;
}

#[tokio::test]
async fn a_reader_selects_by_time_type_and_peer() {
    let server = Server::start_with(&["--audit"]).await;
    let admin = server.admin().await;
    let (mut ada, mut bob) = (server.peer("ada").await, server.peer("b&b =").await);
    tokio::time::sleep(Duration::from_millis(20)).await;
    let between = now();
    tokio::time::sleep(Duration::from_millis(20)).await;
    say(&mut ada, "b&b =", "x").await;
    bob.receive().await;
    let of = |kind: &str| (kind.to_owned(), "executed".to_owned());
    assert_eq!(facts(admin, &format!("?to={between}")).await, [of("hello"), of("hello")]);
    assert_eq!(facts(admin, &format!("?from={between}")).await, [of("message")]);
    assert_eq!(facts(admin, &format!("?from={}", now() + 60_000)).await, []);
    assert_eq!(facts(admin, "?type=message&peer=ada").await, [of("message")]);
    assert_eq!(facts(admin, "?peer=b%26b+%3D").await, [of("hello"), of("message")]);
    assert_eq!(facts(admin, "?type=offer").await, []);
    assert_eq!(facts(admin, "?peer=eve").await, []);
}

#[tokio::test]
async fn a_peer_is_erased_and_the_others_stay() {
    let server = Server::start_with(&["--audit"]).await;
    let admin = server.admin().await;
    let (mut ada, mut bob) = (server.peer("ada").await, server.peer("bob").await);
    let mut cy = server.peer("cy").await;
    for _ in 0..10 {
        say(&mut ada, "bob", "x").await;
        bob.receive().await;
        say(&mut bob, "cy", "x").await;
        cy.receive().await;
    }
    let response = request(admin, "DELETE", "/audit?peer=ada").await;
    assert_eq!((response.status, response.body.as_str()), (200, "{\"erased\":11}\n"));
    assert_eq!(facts(admin, "?peer=ada").await, []);
    assert_eq!(facts(admin, "").await.len(), 12, "two hellos, and what Bob sent to Cy");
    assert!(!server.log().contains("ada"), "{}", server.log());
}

#[tokio::test]
async fn a_session_of_version_2_is_told_of_too() {
    let server = Server::start_with(&["--audit"]).await;
    let admin = server.admin().await;
    let mut ada = Member::begin(&server, "ada").await;
    let mut bob = Member::begin(&server, "bob").await;
    ada.say("bob", "x").await;
    bob.hear().await;
    let repeated = json!({"type": "message", "to": "bob", "seq": 1, "ack": 0, "payload": {"data": "x"}});
    ada.client.send(repeated).await;
    ada.hears_nothing().await;
    ada.resume(&server).await;
    let results: Vec<_> = facts(admin, "?peer=ada").await;
    let expected =
        [("hello", "executed"), ("message", "executed"), ("message", "duplicate"), ("hello", "executed")];
    assert_eq!(results, expected.map(|(kind, result)| (kind.to_owned(), result.to_owned())));
}

#[tokio::test]
async fn a_long_answer_comes_in_parts_and_whole() {
    let server = Server::start_with(&["--audit"]).await;
    let admin = server.admin().await;
    let (mut ada, _bob) = (server.peer("ada").await, server.peer("bob").await);
    for _ in 0..50 {
        for _ in 0..100 {
            ada.send(json!({"type": "message", "id": 5, "to": "nobody", "payload": {"data": "x"}})).await;
        }
        for _ in 0..100 {
            assert_eq!(ada.receive().await["type"], "error");
        }
    }
    ada.is_untouched().await;
    let response = get(admin, "/audit?type=message").await;
    assert!(response.head.contains("transfer-encoding: chunked"), "{}", response.head);
    assert_eq!(whole(&response).lines().count(), 5_000);
    // A reader that goes away leaves the next one its answer.
    let mut stream = TcpStream::connect(admin).await.unwrap();
    stream.write_all(b"GET /audit HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut some = [0; 100];
    stream.read_exact(&mut some).await.unwrap();
    drop(stream);
    assert_eq!(facts(admin, "").await.len(), 5_002);
}

#[tokio::test]
async fn a_bad_query_is_refused_with_its_parameter() {
    let server = Server::start_with(&["--audit"]).await;
    let admin = server.admin().await;
    let _ada = server.peer("ada").await;
    for (method, query, parameter) in [
        ("GET", "?from=yesterday", "from"),
        ("GET", "?from=9&to=9", "to"),
        ("GET", "?type=welcome", "type"),
        ("GET", "?peer=", "peer"),
        ("GET", "?peers=ada", "peers"),
        ("DELETE", "", "peer"),
        ("DELETE", "?peer=ada&to=5", "to"),
        ("DELETE", "?peer=ada&peer=bob", "peer"),
    ] {
        let response = request(admin, method, &format!("/audit{query}")).await;
        let problem: Value = serde_json::from_str(&response.body).unwrap();
        assert_eq!((response.status, &problem["error"]), (400, &json!("invalid-query")), "{query}");
        assert_eq!(problem["parameter"], parameter, "{query}");
        assert!(problem["message"].as_str().unwrap().starts_with(parameter), "{problem}");
    }
    assert_eq!(request(admin, "POST", "/audit?peer=ada").await.status, 405);
    assert_eq!(facts(admin, "").await.len(), 1, "nothing was erased");
}

#[tokio::test]
async fn it_is_off_unless_asked_for_and_never_public() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let _ada = server.peer("ada").await;
    for method in ["GET", "DELETE"] {
        let response = request(admin, method, "/audit?peer=ada").await;
        let problem: Value = serde_json::from_str(&response.body).unwrap();
        assert_eq!((response.status, &problem["error"]), (404, &json!("audit-off")));
    }
    assert!(!server.metrics().await.contains("signalpost_audit_records_total 1"));
    let server = Server::start_with(&["--audit"]).await;
    for method in ["GET", "DELETE"] {
        assert_eq!(request(server.address, method, "/audit?peer=ada").await.status, 404);
    }
}

#[tokio::test]
async fn a_trail_that_nobody_could_read_is_refused_at_the_start() {
    let alone = command(&["--listen", "127.0.0.1:0", "--audit"]).output().await.unwrap();
    assert!(!alone.status.success());
    assert!(String::from_utf8(alone.stderr).unwrap().contains("--admin-listen"));
    let mut by_variable = command(&["--listen", "127.0.0.1:0"]);
    let output = by_variable.env("SIGNALPOST_AUDIT", "1").output().await.unwrap();
    assert!(!output.status.success());
}

/// A store whose first step takes longer than a server without connections takes to stop.
#[derive(Clone, Default)]
struct Slow(Arc<Mutex<Vec<Record>>>);

impl AuditStore for Slow {
    async fn time(&mut self, now: u64) -> Result<u64, Unavailable> {
        Ok(now)
    }
    async fn key(&mut self, _now: u64, _day: Day, drawn: DayKey) -> Result<DayKey, Unavailable> {
        tokio::time::sleep(Duration::from_millis(500)).await;
        Ok(drawn)
    }
    async fn keys(&mut self, _now: u64) -> Result<Vec<DayKey>, Unavailable> {
        Ok(Vec::new())
    }
    async fn append(&mut self, _now: u64, records: Vec<Record>) -> Result<usize, Unavailable> {
        self.0.lock().unwrap().extend(records);
        Ok(0)
    }
    async fn read(&mut self, _: u64, _: &Query, _: Option<RecordPosition>) -> Result<Page, Unavailable> {
        Ok(Page::default())
    }
    async fn erase(&mut self, _now: u64, _peers: &[Pseudonym]) -> Result<u64, Unavailable> {
        Ok(0)
    }
    async fn expire(&mut self, _now: u64) -> Result<Option<u64>, Unavailable> {
        Ok(None)
    }
}

#[tokio::test]
async fn a_server_that_stops_waits_for_its_trail() {
    let options = ["signalpost-server", "--listen", "127.0.0.1:0", "--drain", "0"];
    let options = <Options as clap::Parser>::parse_from(options);
    let engine = MemoryEngine::new(1_000, Bounds::default());
    let store = Slow::default();
    let server = net::Server::bind(options, engine, None).await.unwrap().with_audit(store.clone());
    let address = server.address().unwrap();
    let stop = Arc::new(Notify::new());
    let stopping = stop.clone();
    let running = tokio::spawn(async move { server.run(stopping.notified()).await });
    let stream = TcpStream::connect(address).await.unwrap();
    let (socket, _) = client_async(format!("ws://{address}/signal"), stream).await.unwrap();
    let mut client = Client { socket };
    client.hello(json!({"id": "ada", "session": 1}), KEY).await;
    assert_eq!(client.receive().await["type"], "welcome");
    client.is_untouched().await;
    assert!(store.0.lock().unwrap().is_empty());
    stop.notify_one();
    assert_eq!(client.closed().await.0, 4000, "also without an admin listener");
    drop(client);
    running.await.unwrap();
    assert_eq!(store.0.lock().unwrap().len(), 1);
}

#[cfg(all(unix, feature = "redis"))]
#[tokio::test]
async fn servers_on_one_redis_have_one_trail() {
    let redis = signalpost_lab::RedisServer::start(signalpost_lab::RedisOptions::default()).await.unwrap();
    let url = redis.url();
    let arguments = ["--audit", "--drain", "0", "--redis", &url];
    let (first, second) = (Server::start_with(&arguments).await, Server::start_with(&arguments).await);
    let (mut ada, mut bob) = (Member::begin(&first, "ada").await, Member::begin(&second, "bob").await);
    for _ in 0..3 {
        ada.say("bob", "x").await;
        assert_eq!(bob.hear().await, "x");
    }
    bob.say("ada", "y").await;
    assert_eq!(ada.hear().await, "y");
    // Each server writes when its queue has rested.
    let (mut tries, admins) = (0, (first.admin().await, second.admin().await));
    while facts(admins.0, "").await.len() < 6 || facts(admins.1, "").await.len() < 6 {
        tries += 1;
        assert!(tries < 100, "{:?}", facts(admins.0, "").await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for admin in [admins.0, admins.1] {
        assert_eq!(lines(admin, "").await, lines(admins.0, "").await);
        assert_eq!(facts(admin, "?peer=ada&type=message").await.len(), 4);
    }
    // What a server knows when it is told to stop is in the trail afterwards.
    ada.client.send(json!({"type": "bye"})).await;
    first.terminate().await;
    let mut first = first;
    assert!(first.process.wait().await.unwrap().success());
    assert_eq!(facts(admins.1, "?type=bye").await, [("bye".to_owned(), "executed".to_owned())]);
    let response = request(admins.1, "DELETE", "/audit?peer=ada").await;
    assert_eq!((response.status, response.body.as_str()), (200, "{\"erased\":6}\n"));
    assert_eq!(facts(admins.1, "").await, [("hello".to_owned(), "executed".to_owned())]);
    second.wait_for_metric("signalpost_audit_records_total 2").await;
}

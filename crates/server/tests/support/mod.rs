//! A server process on a free port, and clients of it.
#![allow(dead_code, reason = "each test file uses a part")]

mod member;
#[allow(unused_imports, reason = "each test file uses a part")]
pub use member::Member;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

pub const KEY: &str = "0123456789abcdef";
const PATIENCE: Duration = Duration::from_secs(10);

pub struct Server {
    pub address: SocketAddr,
    pub process: Child,
    log: Arc<Mutex<Vec<String>>>,
}

pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_signalpost-server"));
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

impl Server {
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    pub async fn start_with(more: &[&str]) -> Self {
        Self::spawn("127.0.0.1:0", more).await
    }

    pub async fn start_with_listen(address: &str) -> Self {
        Self::spawn(address, &[]).await
    }

    async fn spawn(address: &str, more: &[&str]) -> Self {
        let arguments = ["--listen", address, "--admin-listen", "127.0.0.1:0"];
        let mut command = command(&[&arguments, more].concat());
        let mut process = command.env("SIGNALPOST_LOG_LEVEL", "debug").spawn().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let mut errors = BufReader::new(process.stderr.take().unwrap()).lines();
        let kept = log.clone();
        tokio::spawn(async move {
            while let Ok(Some(line)) = errors.next_line().await {
                kept.lock().unwrap().push(line);
            }
        });
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = lines.next_line().await.unwrap().expect("no line on stdout");
        let address = line.strip_prefix("listening on http://").unwrap().parse().unwrap();
        Self { address, process, log }
    }

    pub fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    pub async fn admin(&self) -> SocketAddr {
        for _ in 0..200 {
            let log = self.log();
            for mark in ["admin address=", "\"admin\",\"address\":\""] {
                if let Some((_, rest)) = log.split_once(mark) {
                    return rest.split([' ', '"', '\n']).next().unwrap().parse().unwrap();
                }
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no admin listener: {}", self.log());
    }

    pub async fn metrics(&self) -> String {
        get(self.admin().await, "/metrics").await.body
    }

    /// Waits at most 5 s until the metrics hold the line.
    pub async fn wait_for_metric(&self, line: &str) {
        let waiting = tokio::time::timeout(Duration::from_secs(5), self.wait_long_for_metric(line));
        if waiting.await.is_err() {
            panic!("{line} is not in\n{}", self.metrics().await);
        }
    }

    /// Waits until the metrics hold the line, as long as it takes.
    pub async fn wait_long_for_metric(&self, line: &str) {
        while !self.metrics().await.lines().any(|held| held == line) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub async fn terminate(&self) {
        self.signal("-TERM").await;
    }

    pub async fn signal(&self, signal: &str) {
        let id = self.process.id().unwrap().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().await.unwrap().success());
    }

    /// An open socket without a peer.
    pub async fn open(&self) -> Client {
        Client::open(self.address).await
    }

    /// A registered peer.
    pub async fn peer(&self, name: &str) -> Client {
        self.peer_with(json!({"id": name, "session": 1})).await
    }

    pub async fn peer_with(&self, peer: Value) -> Client {
        self.open().await.registered(peer).await
    }
}

/// The memory of the server's process that is in RAM, in bytes.
pub fn memory(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.process.id().unwrap())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

pub struct Client {
    pub socket: WebSocketStream<TcpStream>,
}

impl Client {
    /// An open socket without a peer, to a server or to a balancer before it.
    pub async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (socket, _) = client_async(format!("ws://{address}/signal"), stream).await.unwrap();
        Self { socket }
    }

    /// The same socket, with a peer that has registered.
    pub async fn registered(mut self, peer: Value) -> Self {
        self.hello(peer, KEY).await;
        assert_eq!(self.receive().await["type"], "welcome");
        self
    }

    pub async fn hello(&mut self, peer: Value, key: &str) {
        self.send(
            json!({"type": "hello", "id": 1, "payload": {"versions": [1, 1], "key": key, "peer": peer}}),
        )
        .await;
    }

    pub async fn send(&mut self, frame: Value) {
        self.send_text(&frame.to_string()).await;
    }

    pub async fn send_text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    async fn next(&mut self) -> Message {
        let next = tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("nothing came");
        next.expect("the socket ended").unwrap()
    }

    /// The next message that is no heartbeat; heartbeats are answered.
    pub async fn receive(&mut self) -> Value {
        loop {
            match self.next().await {
                Message::Text(text) => {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    if frame["type"] == "heartbeat" {
                        self.send_text(r#"{"type":"heartbeat-ack"}"#).await;
                    } else {
                        assert!(frame["timestamp"].as_u64().unwrap() > 1_600_000_000_000, "{frame}");
                        return frame;
                    }
                }
                other => panic!("{other:?}"),
            }
        }
    }

    pub async fn ask(&mut self, frame: Value) -> Value {
        self.send(frame).await;
        self.receive().await
    }

    /// Reads on until the close frame; its code and reason.
    pub async fn closed(&mut self) -> (u16, String) {
        loop {
            if let Message::Close(frame) = self.next().await {
                let frame = frame.expect("a close frame without a code");
                return (frame.code.into(), frame.reason.to_string());
            }
        }
    }

    /// Proves that the socket works and that nothing waited on it.
    pub async fn is_untouched(&mut self) {
        let reply = self.ask(json!({"type": "heartbeat"})).await;
        assert_eq!(reply["type"], "heartbeat-ack", "{reply}");
    }
}

pub fn relay(to: &str) -> Value {
    json!({"type": "close", "id": 7, "to": to, "payload": {"connection": 5}})
}

pub struct Response {
    pub status: u16,
    pub head: String,
    pub body: String,
}

/// One request of a client that does not tidy up the path.
pub async fn get(address: SocketAddr, path: &str) -> Response {
    request(address, "GET", path).await
}

pub async fn request(address: SocketAddr, method: &str, path: &str) -> Response {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Response { status, head: head.to_lowercase(), body: body.into() }
}

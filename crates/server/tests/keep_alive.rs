//! HTTP connections that are used again, and a server that leaves its balancer without refusing anybody.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::time::{Duration, Instant};
use support::{Server, command, get};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

#[allow(clippy::disallowed_methods, reason = "a test of time, on a real process")]
fn now() -> Instant {
    Instant::now()
}

/// One connection for many requests.
struct Kept(TcpStream);

impl Kept {
    async fn open(server: &Server) -> Self {
        Self(TcpStream::connect(server.address).await.unwrap())
    }

    /// The head of the answer, in lower case. The body is the one of a probe.
    async fn ask(&mut self, path: &str) -> String {
        self.0.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        while !(answer.ends_with("\r\n\r\nok\n") || answer.ends_with("\r\n\r\ndraining\n")) {
            let mut part = [0; 512];
            let got = timeout(Duration::from_secs(5), self.0.read(&mut part)).await.unwrap().unwrap();
            assert!(got > 0, "the connection ended after {answer:?}");
            answer.push_str(std::str::from_utf8(&part[..got]).unwrap());
        }
        answer.to_lowercase()
    }

    /// Waits until the server ends the connection.
    async fn ended(mut self, within: Duration) {
        let read = timeout(within, self.0.read(&mut [0; 16])).await.expect("the connection goes on");
        assert_eq!(read.unwrap_or(0), 0);
    }
}

#[tokio::test]
async fn a_connection_is_used_again_after_8_s_of_silence() {
    let server = Server::start().await;
    let mut kept = Kept::open(&server).await;
    for _ in 0..2 {
        kept.ask("/livez").await;
        sleep(Duration::from_secs(8)).await;
    }
    kept.ask("/livez").await;
}

#[tokio::test]
async fn a_connection_in_use_outlives_its_idle_time_many_times() {
    let server = Server::start_with(&["--keep-alive", "0.5"]).await;
    let mut kept = Kept::open(&server).await;
    for _ in 0..20 {
        kept.ask("/livez").await;
        sleep(Duration::from_millis(150)).await;
    }
    kept.ended(Duration::from_secs(2)).await;
}

#[tokio::test]
async fn the_idle_time_has_a_variable_and_0_is_one_answer_on_each_connection() {
    let server = Server::start_with(&["--keep-alive", "0"]).await;
    let mut kept = Kept::open(&server).await;
    let head = kept.ask("/livez").await;
    assert!(head.contains("connection: close"), "{head}");
    kept.ended(Duration::from_secs(2)).await;
    let help = command(&["--help"]).output().await.unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    for name in ["KEEP_ALIVE", "MAX_HTTP_CONNECTIONS", "DRAIN_NOTICE", "THREADS"] {
        assert!(help.contains(&format!("SIGNALPOST_{name}")), "{help}");
    }
}

#[tokio::test]
async fn a_request_that_trickles_in_is_not_waited_for() {
    let server = Server::start().await;
    let mut kept = Kept::open(&server).await;
    kept.ask("/livez").await;
    let start = now();
    for byte in b"GET /livez HTTP/1.1\r\nX: ".iter().chain([b'x'; 40].iter()) {
        if kept.0.write_all(&[*byte]).await.is_err() {
            break;
        }
        sleep(Duration::from_millis(200)).await;
    }
    kept.ended(Duration::from_secs(2)).await;
    assert!(start.elapsed() < Duration::from_secs(15));
}

#[tokio::test]
async fn probes_of_a_balancer_see_the_end_before_anybody_is_refused() {
    let mut server = Server::start_with(&["--drain-notice", "2", "--drain", "0"]).await;
    let mut ada = server.peer("ada").await;
    let mut probe = Kept::open(&server).await;
    assert!(probe.ask("/readyz").await.starts_with("http/1.1 200"));
    server.terminate().await;
    let start = now();
    while !server.log().contains("leaving") {
        sleep(Duration::from_millis(5)).await;
    }
    let told = probe.ask("/readyz").await;
    assert!(told.starts_with("http/1.1 503") && told.contains("connection: close"), "{told}");
    let mut newcomers = 0;
    while start.elapsed() < Duration::from_millis(1_500) {
        let response = get(server.address, "/readyz").await;
        assert_eq!((response.status, get(server.address, "/livez").await.status), (503, 200));
        // Neither a page nor a socket is refused.
        server.peer(&format!("newcomer-{newcomers}")).await.is_untouched().await;
        newcomers += 1;
        sleep(Duration::from_millis(50)).await;
    }
    assert!(newcomers > 5, "{newcomers}");
    ada.is_untouched().await;
    assert_eq!(ada.closed().await, (4000, "shutdown".into()));
    assert!(start.elapsed() > Duration::from_millis(1_900), "{:?}", start.elapsed());
    assert!(server.process.wait().await.unwrap().success());
    assert!(TcpStream::connect(server.address).await.is_err(), "it is over");
}

#[tokio::test]
async fn a_second_signal_ends_the_drain_at_once() {
    for second in ["-INT", "-TERM"] {
        for options in [["--drain", "30", "--drain-notice", "0"], ["--drain", "0", "--drain-notice", "30"]] {
            let mut server = Server::start_with(&options).await;
            // Half of its sockets would be open for 15 s more.
            let mut peers = Vec::new();
            for number in 0..10 {
                peers.push(server.peer(&format!("p{number}")).await);
            }
            server.signal("-INT").await;
            while !(server.log().contains("draining") || server.log().contains("leaving")) {
                sleep(Duration::from_millis(5)).await;
            }
            server.signal(second).await;
            let status =
                timeout(Duration::from_secs(2), server.process.wait()).await.expect("it goes on").unwrap();
            assert!(!status.success(), "not all sockets were told");
            // What it wrote last is read by a task of the test.
            let told = async {
                while !server.log().contains("second signal") {
                    sleep(Duration::from_millis(5)).await;
                }
            };
            timeout(Duration::from_secs(2), told).await.expect("it does not say why");
        }
    }
}

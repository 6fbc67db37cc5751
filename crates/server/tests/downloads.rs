//! Files and signaling share a port, not their places: who loads files takes nothing from who signals.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use support::{Server, get, memory};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// More than the kernel keeps of it for a client that does not read.
const LARGE: usize = 16 << 20;

#[allow(clippy::disallowed_methods, reason = "a test of time, on a real process")]
fn now() -> Instant {
    Instant::now()
}

fn directory(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    fs::create_dir_all(&path).unwrap();
    path
}

async fn with_large_file(name: &str, more: &[&str]) -> Server {
    let www = directory(name);
    fs::write(www.join("large.bin"), vec![b'x'; LARGE]).unwrap();
    Server::start_with(&[&["--www", www.to_str().unwrap()], more].concat()).await
}

/// A request for a file, of which nothing is read.
async fn ask(server: &Server, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn readers_that_never_read_take_no_sockets_of_signaling_and_little_memory() {
    const READERS: u64 = 64;
    let server =
        with_large_file("stalled", &["--max-connections", "4", "--max-http-connections", "64"]).await;
    let mut readers = Vec::new();
    // The first half also brings the code into memory.
    let mut half = async || {
        for _ in 0..READERS / 2 {
            readers.push(ask(&server, "/large.bin").await);
        }
        // Until the kernel takes no more of any of them.
        tokio::time::sleep(Duration::from_millis(500)).await;
        memory(&server)
    };
    let (first, second) = (half().await, half().await);
    server.wait_for_metric(&format!("signalpost_http_connections{{listener=\"public\"}} {READERS}")).await;
    let kept = (second - first) / (READERS / 2);
    assert!(kept < 64 << 10, "{kept} bytes for each reader");
    half().await;
    half().await;
    server
        .wait_for_metric(&format!("signalpost_rejected_connections_total{{kind=\"http\"}} {READERS}"))
        .await;
    // Files have no place left; signaling and the probes of a balancer have.
    let refused = get(server.address, "/large.bin").await;
    assert_eq!(refused.status, 503);
    assert!(
        refused.head.contains("retry-after: ") && refused.head.contains("connection: close"),
        "{}",
        refused.head
    );
    assert_eq!(get(server.address, "/readyz").await.status, 200);
    let mut peers = Vec::new();
    for name in ["ada", "bob", "cy", "dee"] {
        peers.push(server.peer(name).await);
    }
    for peer in &mut peers {
        peer.is_untouched().await;
    }
}

#[tokio::test]
async fn a_download_that_stalls_ends_after_10_s_and_gives_its_place_back() {
    let server = with_large_file("stalls", &["--max-http-connections", "1"]).await;
    let start = now();
    let _stalled = ask(&server, "/large.bin").await;
    server.wait_for_metric("signalpost_http_connections{listener=\"public\"} 1").await;
    assert_eq!(get(server.address, "/large.bin").await.status, 503);
    timeout(
        Duration::from_secs(14),
        server.wait_long_for_metric("signalpost_http_connections{listener=\"public\"} 0"),
    )
    .await
    .unwrap();
    assert!(start.elapsed() > Duration::from_millis(9_500), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_slow_download_goes_on_for_longer_than_that() {
    let server = with_large_file("slow", &["--keep-alive", "2"]).await;
    let mut stream = ask(&server, "/large.bin").await;
    let (mut got, mut part, start) = (0, vec![0; 1 << 20], now());
    while start.elapsed() < Duration::from_secs(14) {
        got += stream.read(&mut part).await.unwrap();
        tokio::time::sleep(Duration::from_millis(1_500)).await;
    }
    assert!(got < LARGE);
    while got < LARGE {
        let more = timeout(Duration::from_secs(5), stream.read(&mut part)).await.unwrap().unwrap();
        assert!(more > 0, "cut after {got} bytes");
        got += more;
    }
}

#[tokio::test]
async fn what_is_hidden_or_elsewhere_is_not_found() {
    let (www, outside) = (directory("hidden"), directory("outside"));
    fs::write(outside.join("secret.txt"), "secret").unwrap();
    for inner in ["sub", ".git", "pipes", "indexed"] {
        fs::create_dir_all(www.join(inner)).unwrap();
    }
    for file in [".env", ".git/config", "sub/.htpasswd"] {
        fs::write(www.join(file), "secret").unwrap();
    }
    for file in ["page.html", "sub/page.html"] {
        fs::write(www.join(file), "page").unwrap();
    }
    let link = |target: PathBuf, name: &str| {
        let _from_an_earlier_run = fs::remove_file(www.join(name));
        std::os::unix::fs::symlink(target, www.join(name)).unwrap();
    };
    link(outside.join("secret.txt"), "file.txt");
    link(outside.clone(), "directory");
    link(www.join(".env"), "env.txt");
    link(outside.join("secret.txt"), "indexed/index.html");
    link(www.join("loop"), "loop");
    link(PathBuf::from("/dev/zero"), "zero");
    link(www.join("page.html"), "inside.html");
    let pipe = www.join("pipes/index.html");
    if !pipe.exists() {
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    }
    let server = Server::start_with(&["--www", www.to_str().unwrap()]).await;
    for path in [
        "/file.txt",
        "/directory/secret.txt",
        "/directory/",
        "/env.txt",
        "/indexed/",
        "/loop",
        "/zero",
        "/pipes/",
        "/.env",
        "/.git/config",
        "/%2egit/config",
        "/sub/.htpasswd",
        "/sub%2f.htpasswd",
    ] {
        let response = timeout(Duration::from_secs(5), get(server.address, path)).await.expect(path);
        assert_eq!(response.status, 404, "{path}");
        assert!(!response.body.contains("secret"), "{path}");
    }
    for path in ["/page.html", "/sub/page.html", "/inside.html"] {
        assert_eq!(get(server.address, path).await.body, "page", "{path}");
    }
}

#[tokio::test]
async fn no_path_and_no_request_is_answered_500() {
    let www = directory("odd");
    fs::write(www.join("page.html"), "page").unwrap();
    fs::create_dir_all(www.join("sub")).unwrap();
    let server = Server::start_with(&["--www", www.to_str().unwrap()]).await;
    let (segment, path) = (format!("/{}", "x".repeat(300)), format!("/{}", "x/".repeat(4_000)));
    for path in [
        "/%00",
        "/page.html%00",
        "/%ff",
        "/%",
        "/%zz",
        "/page.html/",
        "/page.html/x",
        "/page.html//",
        "//",
        "/sub",
        "/sub/",
        "/sub//",
        "/./page.html",
        "/sub/../page.html",
        "/..",
        "/../..",
        "/%2e",
        "/%5c",
        "/%0a",
        "/a%0d%0ab",
        "/~",
        "/C:/x",
        "/package",
        "/package/",
        "/signal/",
        "/livez/",
        "/?",
        "/?a=%00",
        &segment,
        &path,
    ] {
        let status = get(server.address, path).await.status;
        assert!(matches!(status, 200 | 307 | 400 | 404 | 414), "{status} for {path}");
    }
    for request in [
        "OPTIONS * HTTP/1.1",
        "CONNECT x:1 HTTP/1.1",
        "GET http://x/page.html HTTP/1.1",
        "HEAD /page.html HTTP/1.1",
        "POST /page.html HTTP/1.1\r\nContent-Length: 5",
        "PUT /livez HTTP/1.1",
        "GET /page.html HTTP/1.1\r\nRange: bytes=9-1",
        "GET /page.html HTTP/1.1\r\nRange: bytes=0-0,2-3",
        "GET /page.html HTTP/1.1\r\nIf-Modified-Since: x",
        "GET /signal HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x",
    ] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream
            .write_all(format!("{request}\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes())
            .await
            .unwrap();
        let mut answer = vec![0; 64];
        let got = timeout(Duration::from_secs(5), stream.read(&mut answer)).await.unwrap().unwrap_or(0);
        assert!(!answer.starts_with(b"HTTP/1.1 5"), "{request}: {}", String::from_utf8_lossy(&answer[..got]));
    }
}

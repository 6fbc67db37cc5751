//! Health, metrics and static files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::fs;
use support::{Server, get};

fn directory(name: &str) -> std::path::PathBuf {
    let path =
        std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    fs::create_dir_all(&path).unwrap();
    path
}

#[tokio::test]
async fn health_is_on_both_listeners_and_metrics_on_one() {
    let server = Server::start().await;
    let admin = server.admin().await;
    for address in [server.address, admin] {
        assert_eq!(get(address, "/livez").await.status, 200);
        assert_eq!(get(address, "/readyz").await.status, 200);
    }
    assert_eq!(get(server.address, "/metrics").await.status, 404);
    assert_eq!(get(admin, "/signal").await.status, 404);
    let _ada = server.peer("ada").await;
    server.wait_for_metric("signalpost_connections 1").await;
    server.wait_for_metric("signalpost_peers 1").await;
    server.wait_for_metric("signalpost_messages_total{type=\"hello\"} 1").await;
}

#[tokio::test]
async fn a_draining_server_is_not_ready() {
    let server = Server::start().await;
    let admin = server.admin().await;
    // Keeps the drain waiting: it does not hang up.
    let _deaf = server.peer("ada").await;
    server.terminate().await;
    let mut seen = false;
    for _ in 0..100 {
        if server.log().contains("draining") {
            seen = get(admin, "/readyz").await.status == 503 && get(admin, "/livez").await.status == 200;
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert!(seen);
}

#[tokio::test]
async fn files_have_their_types_and_nothing_outside_is_served() {
    let (www, package) = (directory("www"), directory("package"));
    fs::write(www.parent().unwrap().join("outside.txt"), "outside").unwrap();
    for name in ["index.html", "a.js", "a.mjs", "a.css", "a.json", "a.wasm", "a.js.map"] {
        fs::write(www.join(name), name).unwrap();
        fs::write(package.join(name), format!("package {name}")).unwrap();
    }
    let server =
        Server::start_with(&["--www", www.to_str().unwrap(), "--package", package.to_str().unwrap()]).await;
    for (name, kind) in [
        ("index.html", "text/html"),
        ("a.js", "text/javascript"),
        ("a.mjs", "text/javascript"),
        ("a.css", "text/css"),
        ("a.json", "application/json"),
        ("a.wasm", "application/wasm"),
        ("a.js.map", "application/json"),
    ] {
        for (path, body) in
            [(format!("/{name}"), name.to_owned()), (format!("/package/{name}"), format!("package {name}"))]
        {
            let response = get(server.address, &path).await;
            assert_eq!((response.status, response.body), (200, body), "{path}");
            assert!(response.head.contains(&format!("content-type: {kind}")), "{path}: {}", response.head);
            assert!(response.head.contains("cache-control: no-cache"), "{}", response.head);
        }
    }
    assert_eq!(get(server.address, "/?room=a").await.body, "index.html");
    for path in [
        "/../outside.txt",
        "/%2e%2e/outside.txt",
        "/..%2foutside.txt",
        "/package/../../outside.txt",
        "/package/..%2f..%2foutside.txt",
        "/package/%2e%2e/%2e%2e/outside.txt",
        "//etc/passwd",
        "/package//etc/passwd",
        "/missing",
    ] {
        let response = get(server.address, path).await;
        assert!(matches!(response.status, 400 | 404), "{path}: {}", response.status);
        assert!(!response.body.contains("outside"));
    }
    // The socket and the health checks are not hidden by the files.
    assert_eq!(get(server.address, "/signal").await.status, 426);
    assert_eq!(get(server.address, "/livez").await.status, 200);
}

#[tokio::test]
async fn a_directory_that_is_missing_is_told_at_the_start() {
    let output =
        support::command(&["--listen", "127.0.0.1:0", "--www", "/does/not/exist"]).output().await.unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("/does/not/exist is not a directory"));
}

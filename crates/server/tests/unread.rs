//! What a client makes the server keep by sending and reading nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::time::Duration;
use support::{Client, Server, memory};
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

/// Most that the server's memory may grow by while it is flooded, in bytes. What the kernel keeps is not in it.
const MAX_GROWTH: u64 = 8 << 20;
/// How long the flood goes on at most. The server gives a client up that takes no byte for 2 s.
const FLOOD: Duration = Duration::from_secs(8);

/// A frame of a client with the mask 0 (RFC 6455 §5.2): the first byte, then at most 125 bytes.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first, 0x80 | u8::try_from(payload.len()).unwrap(), 0, 0, 0, 0];
    frame.extend_from_slice(payload);
    frame
}

/// Sends `frame` as fast as the socket takes it and reads nothing. The server has to close the socket with `code` while the
/// flood goes on, without growing.
async fn flood(server: &Server, mut client: Client, frame: &[u8], code: u16) {
    let before = memory(server);
    let stream = client.socket.get_mut();
    let chunk = frame.repeat(500);
    let mut most = before;
    let flooded = timeout(FLOOD, async {
        loop {
            tokio::select! {
                sent = stream.write_all(&chunk) => if sent.is_err() { return },
                () = tokio::time::sleep(Duration::from_millis(50)) => {}
            }
            most = most.max(memory(server));
            assert!(most - before < MAX_GROWTH, "grew by {} kB", (most - before) / 1024);
        }
    });
    assert!(flooded.await.is_ok(), "the server goes on reading; it grew by {} kB", (most - before) / 1024);
    server.wait_for_metric(&format!("signalpost_closes_total{{code=\"{code}\"}} 1")).await;
}

#[tokio::test]
async fn pings_before_hello_without_reading_end_the_socket_during_the_flood() {
    let server = Server::start().await;
    let client = server.open().await;
    flood(&server, client, &frame(0x89, &[b'p'; 125]), 4002).await;
    server.peer("bob").await.is_untouched().await;
}

#[tokio::test]
async fn pings_of_a_registered_peer_without_reading_end_the_socket_during_the_flood() {
    let server = Server::start().await;
    let client = server.peer("ada").await;
    flood(&server, client, &frame(0x89, &[b'p'; 125]), 4002).await;
}

#[tokio::test]
async fn refused_frames_without_reading_end_the_socket_during_the_flood() {
    for refused in [frame(0x81, b"{nonsense"), frame(0x81, br#"{"type":"join"}"#), frame(0x82, b"binary")] {
        let server = Server::start().await;
        let client = server.open().await;
        flood(&server, client, &refused, 4002).await;
    }
}

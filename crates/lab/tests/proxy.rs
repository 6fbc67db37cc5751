//! The proxy: what passes, what does not, and what both ends notice.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use signalpost_lab::{Deadline, Fault, FaultProxy, Which};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};

const SOON: Duration = Duration::from_secs(10);
/// As long as nothing is expected to come.
const SILENCE: Duration = Duration::from_millis(200);

/// A server whose side of each connection a test holds.
struct End {
    listener: TcpListener,
    address: SocketAddr,
}

impl End {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self { listener, address }
    }

    async fn take(&self) -> TcpStream {
        timeout(SOON, self.listener.accept()).await.unwrap().unwrap().0
    }
}

async fn pair(proxy: &FaultProxy, end: &End) -> (TcpStream, TcpStream) {
    let client = TcpStream::connect(proxy.address()).await.unwrap();
    (client, end.take().await)
}

async fn read(stream: &mut TcpStream, length: usize) -> String {
    let mut bytes = vec![0; length];
    timeout(SOON, stream.read_exact(&mut bytes)).await.unwrap().unwrap();
    String::from_utf8(bytes).unwrap()
}

async fn is_silent(stream: &mut TcpStream) -> bool {
    timeout(SILENCE, stream.read_u8()).await.is_err()
}

/// How the stream ends.
async fn end_of(stream: &mut TcpStream) -> Result<(), ErrorKind> {
    let read = timeout(SOON, stream.read(&mut [0; 1])).await.unwrap();
    read.map(|length| assert_eq!(length, 0)).map_err(|error| error.kind())
}

#[tokio::test]
async fn both_directions_and_their_ends_pass() {
    let end = End::new().await;
    let proxy = FaultProxy::start(end.address).unwrap();
    let (mut client, mut server) = pair(&proxy, &end).await;
    let long = "0123456789".repeat(100_000);
    let (written, read_back) = tokio::join!(client.write_all(long.as_bytes()), read(&mut server, long.len()));
    written.unwrap();
    assert!(read_back == long);
    client.shutdown().await.unwrap();
    assert_eq!(end_of(&mut server).await, Ok(()));
    server.write_all(b"still").await.unwrap();
    assert_eq!(read(&mut client, 5).await, "still");
    assert_eq!((proxy.open(), proxy.accepted()), (1, 1));
    drop(server);
    assert_eq!(end_of(&mut client).await, Ok(()));
    let deadline = Deadline::after(SOON);
    while proxy.open() > 0 {
        deadline.rest(|| "the connection is open".into()).await.unwrap();
    }
}

#[tokio::test]
async fn a_reset_of_one_side_resets_the_other() {
    let end = End::new().await;
    let proxy = FaultProxy::start(end.address).unwrap();
    let (mut client, server) = pair(&proxy, &end).await;
    server.set_zero_linger().unwrap();
    drop(server);
    assert_eq!(end_of(&mut client).await, Err(ErrorKind::ConnectionReset));
}

#[tokio::test]
async fn a_cut_resets_both_sides_and_the_next_connection_passes() {
    let end = End::new().await;
    let proxy = FaultProxy::start(end.address).unwrap();
    let (mut client, mut server) = pair(&proxy, &end).await;
    proxy.cut(Which::Every).unwrap();
    assert_eq!(end_of(&mut client).await, Err(ErrorKind::ConnectionReset));
    assert_eq!(end_of(&mut server).await, Err(ErrorKind::ConnectionReset));
    let (mut client, mut server) = pair(&proxy, &end).await;
    client.write_all(b"a").await.unwrap();
    assert_eq!(read(&mut server, 1).await, "a");
}

#[tokio::test]
async fn a_frozen_proxy_is_silent_and_loses_nothing() {
    let end = End::new().await;
    let proxy = FaultProxy::start(end.address).unwrap();
    let (mut client, mut server) = pair(&proxy, &end).await;
    proxy.set(Fault::Freeze).unwrap();
    client.write_all(b"ask").await.unwrap();
    server.write_all(b"answer").await.unwrap();
    // The system answers a new one, but nobody behind it.
    let mut late = TcpStream::connect(proxy.address()).await.unwrap();
    late.write_all(b"late").await.unwrap();
    let silent = tokio::join!(is_silent(&mut client), is_silent(&mut server), is_silent(&mut late));
    assert_eq!(silent, (true, true, true));
    assert!(timeout(SILENCE, end.listener.accept()).await.is_err());
    // Ends are held too.
    client.shutdown().await.unwrap();
    assert!(is_silent(&mut server).await);
    proxy.heal().unwrap();
    assert_eq!(read(&mut server, 3).await, "ask");
    assert_eq!(end_of(&mut server).await, Ok(()));
    assert_eq!(read(&mut client, 6).await, "answer");
    assert_eq!(read(&mut end.take().await, 4).await, "late");
}

#[tokio::test]
async fn a_reset_behind_a_freeze_is_told_after_it() {
    let end = End::new().await;
    let proxy = FaultProxy::start(end.address).unwrap();
    let (mut client, server) = pair(&proxy, &end).await;
    proxy.set(Fault::Freeze).unwrap();
    server.set_zero_linger().unwrap();
    drop(server);
    assert!(is_silent(&mut client).await);
    proxy.heal().unwrap();
    assert_eq!(end_of(&mut client).await, Err(ErrorKind::ConnectionReset));
}

#[tokio::test]
async fn one_direction_freezes_alone() {
    let end = End::new().await;
    let proxy = FaultProxy::start(end.address).unwrap();
    let (mut client, mut server) = pair(&proxy, &end).await;
    proxy.set(Fault::FreezeToClient).unwrap();
    client.write_all(b"ask").await.unwrap();
    server.write_all(b"answer").await.unwrap();
    assert_eq!(read(&mut server, 3).await, "ask");
    assert!(is_silent(&mut client).await);
    proxy.set(Fault::FreezeToServer).unwrap();
    assert_eq!(read(&mut client, 6).await, "answer");
    client.write_all(b"ask").await.unwrap();
    assert!(is_silent(&mut server).await);
    // A new connection is accepted, and frozen in the same way.
    let (mut client, mut server) = pair(&proxy, &end).await;
    client.write_all(b"ask").await.unwrap();
    server.write_all(b"answer").await.unwrap();
    assert_eq!(read(&mut client, 6).await, "answer");
    assert!(is_silent(&mut server).await);
}

#[tokio::test]
async fn a_delay_keeps_the_order_and_the_speed() {
    let end = End::new().await;
    let proxy = FaultProxy::start(end.address).unwrap();
    let (mut client, mut server) = pair(&proxy, &end).await;
    proxy.set(Fault::Delay(Duration::from_millis(300))).unwrap();
    let begin = Instant::now();
    for part in ["a", "b", "c"] {
        client.write_all(part.as_bytes()).await.unwrap();
        tokio::task::yield_now().await;
    }
    // What is sent later without a delay does not overtake.
    proxy.heal().unwrap();
    client.write_all(b"d").await.unwrap();
    assert_eq!(read(&mut server, 4).await, "abcd");
    server.write_all(b"e").await.unwrap();
    assert_eq!(read(&mut client, 1).await, "e");
    proxy.set(Fault::Delay(Duration::from_millis(300))).unwrap();
    client.write_all(b"f").await.unwrap();
    let sent = Instant::now();
    assert_eq!(read(&mut server, 1).await, "f");
    assert!(sent.elapsed() >= Duration::from_millis(300), "{:?}", sent.elapsed());
    assert!(begin.elapsed() < SOON);
}

#[tokio::test]
async fn a_proxy_that_refuses_keeps_what_is_open_and_its_port() {
    let end = End::new().await;
    let proxy = FaultProxy::start(end.address).unwrap();
    let (mut client, mut server) = pair(&proxy, &end).await;
    for _ in 0..3 {
        proxy.set(Fault::Refuse).unwrap();
        let refused = TcpStream::connect(proxy.address()).await.map_err(|error| error.kind());
        assert_eq!(refused.err(), Some(ErrorKind::ConnectionRefused));
        client.write_all(b"a").await.unwrap();
        assert_eq!(read(&mut server, 1).await, "a");
        proxy.heal().unwrap();
        let (mut next, mut other) = pair(&proxy, &end).await;
        next.write_all(b"b").await.unwrap();
        assert_eq!(read(&mut other, 1).await, "b");
    }
}

#[tokio::test]
async fn another_target_gets_the_next_connections() {
    let (first, second) = (End::new().await, End::new().await);
    let proxy = FaultProxy::start(first.address).unwrap();
    let (mut client, mut server) = pair(&proxy, &first).await;
    proxy.point_to(second.address).unwrap();
    let (mut next, mut other) = pair(&proxy, &second).await;
    next.write_all(b"b").await.unwrap();
    assert_eq!(read(&mut other, 1).await, "b");
    client.write_all(b"a").await.unwrap();
    assert_eq!(read(&mut server, 1).await, "a");
    // A target where nobody listens looks like a server that is gone.
    drop(second);
    let nobody = match TcpStream::connect(proxy.address()).await {
        Ok(mut nobody) => end_of(&mut nobody).await,
        Err(error) => Err(error.kind()),
    };
    assert_eq!(nobody, Err(ErrorKind::ConnectionReset));
}

#[tokio::test]
async fn a_proxy_ends_with_its_value() {
    let end = End::new().await;
    let proxy = FaultProxy::start(end.address).unwrap();
    let (mut client, _server) = pair(&proxy, &end).await;
    let address = proxy.address();
    drop(proxy);
    let _any = end_of(&mut client).await;
    assert!(TcpStream::connect(address).await.is_err());
}

//! Accepting TCP connections and speaking HTTP on them.

use super::admission::Admission;
use super::counters;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream, lookup_host};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;
/// Send buffer of a connection in the kernel, which doubles it: what a client that does not read can hold
/// there.
const SEND_BUFFER: u32 = 64 * 1024;
/// Longest head of a request.
const HEAD_BYTES: usize = 16 * 1024;
/// Time for the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest life of a connection that is not a signaling socket.
const HTTP_TIMEOUT: Duration = Duration::from_secs(120);
/// Time for an answer under way when the server stops.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);
/// Pause after the system refused to accept, for example for lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Binds `host:port`. A port that was in use a moment ago can be taken over at once.
pub(super) async fn bind(address: &str) -> io::Result<TcpListener> {
    let address: SocketAddr = lookup_host(address)
        .await?
        .next()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the name has no address"))?;
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Accepts until `stop`.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    admission: Admission,
    stop: CancellationToken,
    tasks: TaskTracker,
) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => match admission.admit_connection() {
                Some(place) => {
                    let connection = speak(stream, router.clone(), stop.clone());
                    tasks.spawn(async move {
                        let _place = place;
                        connection.await;
                    });
                }
                None => counters::rejected("http"),
            },
            Err(error) => {
                tracing::warn!(%error, "accept failed");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// HTTP on one connection, until it ends or becomes a signaling socket.
async fn speak(stream: TcpStream, router: Router, stop: CancellationToken) {
    // A peer that is gone already is found by the first read.
    let _gone = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::time::timeout(HTTP_TIMEOUT, async {
        tokio::select! {
            // A client that breaks off or breaks HTTP has no one left to tell.
            _ended = connection.as_mut() => return,
            () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
        }
        let _cut_off = tokio::time::timeout(DRAIN_TIMEOUT, connection).await;
    });
    let _cut_off = ended.await;
}

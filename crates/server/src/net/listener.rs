//! Accepting TCP connections and speaking HTTP on them.

use super::admission::{Admission, HttpPlace};
use super::counters;
use super::http_stream::HttpStream;
use super::workers::Workers;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
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
/// Receive buffer of a connection in the kernel, which doubles it. Without a size the kernel lets it grow to megabytes for a
/// client that sends more than is read.
const RECEIVE_BUFFER: u32 = 64 * 1024;
/// Longest head of a request.
const HEAD_BYTES: usize = 16 * 1024;
/// Time for an answer under way when the server stops.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);
/// Longest pause of this side within the only answer of a connection.
const ONE_ANSWER: Duration = Duration::from_secs(10);
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
    socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// What every connection of a listener gets.
#[derive(Clone)]
pub(super) struct Service {
    pub(super) router: Router,
    pub(super) admission: Admission,
    /// How long a connection may be idle between two requests; `None`: it has one request.
    pub(super) keep_alive: Option<Duration>,
    pub(super) stop: CancellationToken,
    pub(super) tasks: TaskTracker,
    pub(super) workers: Workers,
}

/// Accepts until the service stops.
pub(super) async fn serve(listener: TcpListener, service: Service) {
    loop {
        let accepted = tokio::select! {
            () = service.stop.cancelled() => return,
            accepted = listener.accept() => accepted.and_then(|(stream, _)| stream.into_std()),
        };
        match accepted {
            Ok(stream) => match (service.admission.admit_connection(), service.workers.next()) {
                (Some(place), Some(worker)) => {
                    let connection = speak(stream, service.clone());
                    let connection = async move {
                        let _place = place;
                        connection.await;
                    };
                    service.tasks.spawn_on(connection, worker);
                }
                _ => counters::rejected("accepted"),
            },
            Err(error) => {
                tracing::warn!(%error, "accept failed");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// HTTP on one connection, until it ends or becomes a signaling socket.
async fn speak(stream: std::net::TcpStream, service: Service) {
    let Service { router, admission, keep_alive, stop, .. } = service;
    // A peer that is gone already is found by the first read.
    let Ok(stream) = TcpStream::from_std(stream) else { return };
    let _gone = stream.set_nodelay(true);
    let place: HttpPlace = admission.http_place();
    let connection = http1::Builder::new()
        // The stream has the deadlines.
        .header_read_timeout(None)
        .keep_alive(keep_alive.is_some())
        .max_buf_size(HEAD_BYTES)
        .serve_connection(
            TokioIo::new(HttpStream::new(stream, keep_alive.unwrap_or(ONE_ANSWER))),
            TowerToHyperService::new(router.layer(Extension(place))),
        )
        .with_upgrades();
    let mut connection = pin!(connection);
    tokio::select! {
        // A client that breaks off or breaks HTTP has no one left to tell.
        _ended = connection.as_mut() => return,
        () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    let _cut_off = tokio::time::timeout(DRAIN_TIMEOUT, connection).await;
}

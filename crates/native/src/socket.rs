//! One WebSocket over TCP (RFC 6455): a task that opens it, writes what it is given and reports what it reads.

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use signalpost_core::protocol::{Envelope, limits};
use signalpost_core::{SocketEvent, SocketId};
use std::future::pending;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::Uri;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// How long a socket that is closed may take to say so and to hear the other side.
pub const LINGER: Duration = Duration::from_secs(2);
/// The read buffer and the write buffer of a socket, in bytes: a program may run thousands of clients.
const BUFFER: usize = 4 * 1024;
/// The close frame had no code (RFC 6455 §7.1.5).
const NO_STATUS: u16 = 1005;
/// No close frame was seen (RFC 6455 §7.1.5).
const ABNORMAL_CLOSURE: u16 = 1006;

type WebSocket = WebSocketStream<TcpStream>;

/// What a socket is to write.
pub enum Order {
    /// A text frame.
    Send(String),
    /// A close frame with this code. Nothing follows it.
    Close(u16),
}

/// The socket's end of what the driver holds.
pub struct Orders {
    /// What to write, in order.
    pub orders: mpsc::UnboundedReceiver<Order>,
    /// Ends when the driver gave the socket up.
    pub given_up: oneshot::Receiver<()>,
}

/// Where a socket reports what it did.
pub struct Reports {
    /// The number that the core gave the socket.
    pub socket: SocketId,
    /// To the driver.
    pub reports: mpsc::Sender<(SocketId, SocketEvent)>,
}

impl Reports {
    async fn tell(&self, event: SocketEvent) {
        // A driver that has ended hears nothing more.
        let _ = self.reports.send((self.socket, event)).await;
    }
}

/// Opens a socket to `url` and serves it until it is closed, or was given up and had [`LINGER`] to end.
pub async fn serve(url: String, orders: Orders, reports: Reports) {
    let Orders { mut orders, mut given_up } = orders;
    let opened = tokio::select! {
        opened = open(&url) => opened,
        _ = &mut given_up => return,
    };
    let (mut sink, mut stream) = match opened {
        Ok(socket) => socket.split(),
        Err(event) => return reports.tell(event).await,
    };
    let writing = async {
        write(&mut orders, &mut sink).await;
        // A socket that cannot be written to ends on its other side.
        pending::<()>().await;
    };
    let reading = async {
        reports.tell(SocketEvent::Opened).await;
        read(&mut stream, &reports).await;
    };
    let lingering = async {
        let _ = given_up.await;
        tokio::time::sleep(LINGER).await;
    };
    tokio::select! {
        () = reading => {}
        () = writing => {}
        () = lingering => {}
    }
}

/// Opens a socket.
///
/// # Errors
/// What the core is to hear: that no attempt can succeed, or that this one did not.
async fn open(url: &str) -> Result<WebSocket, SocketEvent> {
    let (request, host, port) = target(url).map_err(|why| SocketEvent::Unavailable { message: why })?;
    let opening = async {
        let stream = TcpStream::connect((host, port)).await.ok()?;
        stream.set_nodelay(true).ok()?;
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER)
            .write_buffer_size(BUFFER)
            .max_message_size(Some(limits::DESCRIPTION_FRAME_BYTES))
            .max_frame_size(Some(limits::DESCRIPTION_FRAME_BYTES));
        let (socket, _) = client_async_with_config(request, stream, Some(config)).await.ok()?;
        Some(socket)
    };
    opening.await.ok_or(SocketEvent::Closed { code: ABNORMAL_CLOSURE })
}

/// The request for a socket, and where it goes.
///
/// # Errors
/// What is wrong with the address, in words.
fn target(url: &str) -> Result<(Request, String, u16), String> {
    let wrong = |why: &str| format!("{url:?} is no address of a server: {why}");
    let uri: Uri = url.parse().map_err(|_| wrong("it is no URL"))?;
    match uri.scheme_str() {
        Some("ws") => {}
        Some("wss") => return Err(wrong("this build has no TLS")),
        _ => return Err(wrong("it does not begin with ws:")),
    }
    let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(|| wrong("it has no host"))?;
    // An IPv6 address stands in brackets (RFC 3986 §3.2.2), which the resolver does not take.
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let port = uri.port_u16().unwrap_or(80);
    let request = uri.into_client_request().map_err(|_| wrong("it cannot be asked for"))?;
    Ok((request, host, port))
}

async fn write(orders: &mut mpsc::UnboundedReceiver<Order>, sink: &mut SplitSink<WebSocket, Message>) {
    while let Some(order) = orders.recv().await {
        let message = match order {
            Order::Send(text) => Message::text(text),
            Order::Close(code) => Message::Close(Some(CloseFrame { code: code.into(), reason: "".into() })),
        };
        if sink.send(message).await.is_err() {
            return;
        }
    }
}

/// Reports every frame, and in the end how the socket closed.
async fn read(stream: &mut SplitStream<WebSocket>, reports: &Reports) {
    let mut code = ABNORMAL_CLOSURE;
    // After a close frame of the other side, reading on sends the answer to it.
    while let Some(Ok(message)) = stream.next().await {
        match message {
            Message::Text(text) => {
                let event = match serde_json::from_str::<Envelope>(&text) {
                    Ok(envelope) => SocketEvent::Frame(Box::new(envelope)),
                    Err(_) => SocketEvent::Malformed,
                };
                reports.tell(event).await;
            }
            Message::Binary(_) => reports.tell(SocketEvent::Malformed).await,
            Message::Close(frame) => code = frame.map_or(NO_STATUS, |frame| frame.code.into()),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
    }
    reports.tell(SocketEvent::Closed { code }).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_a_host_and_a_port() {
        let at = |url| target(url).map(|(_, host, port)| (host, port));
        assert_eq!(at("ws://localhost/signal"), Ok(("localhost".into(), 80)));
        assert_eq!(at("ws://[::1]:8787/signal"), Ok(("::1".into(), 8787)));
        for (url, why) in [
            ("", "it is no URL"),
            ("ws://", "it is no URL"),
            ("/signal", "it does not begin with ws:"),
            ("http://localhost/", "it does not begin with ws:"),
            ("wss://localhost/", "this build has no TLS"),
        ] {
            assert_eq!(at(url), Err(format!("{url:?} is no address of a server: {why}")));
        }
    }
}

//! One WebSocket: frames in, frames out, and an end that the other side gets to hear of.

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use signalpost_protocol::limits;
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes, error::ProtocolError};

/// Read buffer of one socket, in bytes; allocated at once, so it is most of an idle socket's memory.
const READ_BUFFER: usize = 2 * 1024;
/// Small frames are gathered up to this size before they are written.
const WRITE_BUFFER: usize = 4 * 1024;
/// Most bytes of frames that wait in the write buffer: a full [`WRITE_BUFFER`], and twice the largest frame, beside what the
/// server adds to it (its header, `from`, `seq`, `timestamp`) and for pages, which are bounded by their weight. [`Socket::poll_read`] keeps what a client causes far below; this is the
/// second line.
const MAX_WRITE_BUFFER: usize = WRITE_BUFFER + 2 * limits::DESCRIPTION_FRAME_BYTES;
/// A socket that takes no byte for so long while something waits is too slow, in milliseconds.
const STALL_MS: u64 = 2_000;
/// Time for the close frame to go out and for the other side to hang up.
const CLOSING: Duration = Duration::from_secs(1);
/// What is read and thrown away at once while closing.
const DISCARD: usize = 4 * 1024;

/// What came in.
#[derive(Debug)]
pub(super) enum Incoming {
    Text(Utf8Bytes),
    Binary,
    /// A ping, answered already, or a pong.
    Ping,
    Ended(Ending),
}

/// How a socket ended from below the signaling protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The client closed it, with the code of its close frame if it gave one.
    ByClient(Option<u16>),
    /// It is gone without a close frame.
    Gone,
    /// The client broke RFC 6455, sent bad UTF-8 or too much; closed with this code (RFC 6455 §7.4.1).
    Broken(u16, &'static str),
}

/// A WebSocket over TCP. Nothing is compressed.
pub(super) struct Socket {
    stream: WebSocketStream<Counted>,
    queue: VecDeque<Utf8Bytes>,
    unflushed: bool,
    /// Since when no byte went out although one waits, and how many had gone out then.
    blocked: Option<(u64, u64)>,
}

impl Socket {
    /// After the handshake; `read` is what came behind it.
    pub(super) async fn new(stream: TcpStream, read: Bytes) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(WRITE_BUFFER)
            .max_write_buffer_size(MAX_WRITE_BUFFER)
            .max_message_size(Some(limits::DESCRIPTION_FRAME_BYTES))
            .max_frame_size(Some(limits::DESCRIPTION_FRAME_BYTES));
        let stream = Counted { stream, written: 0 };
        let stream =
            WebSocketStream::from_partially_read(stream, read.to_vec(), Role::Server, Some(config)).await;
        Self { stream, queue: VecDeque::new(), unflushed: false, blocked: None }
    }

    /// Puts a frame behind those that wait. The caller asks for nothing new while [`Socket::poll_write`] is
    /// pending, so what waits is what one event made.
    pub(super) fn queue(&mut self, text: String) {
        self.queue.push_back(text.into());
    }

    /// Writes what waits; ready when all of it is with the operating system.
    pub(super) fn poll_write(&mut self, context: &mut Context<'_>, now: u64) -> Poll<Result<(), Ending>> {
        let written = self.write(context);
        self.blocked = if written.is_ready() {
            None
        } else {
            let bytes = self.stream.get_ref().written;
            Some(self.blocked.filter(|(_, before)| *before == bytes).unwrap_or((now, bytes)))
        };
        written.map_err(|error| ending(&error))
    }

    fn write(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while !self.queue.is_empty() {
            ready!(self.stream.poll_ready_unpin(context))?;
            if let Some(text) = self.queue.pop_front() {
                self.stream.start_send_unpin(Message::Text(text))?;
                self.unflushed = true;
            }
        }
        if self.unflushed {
            ready!(self.stream.poll_flush_unpin(context))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// When the socket counts as stalled unless a byte goes out before.
    pub(super) fn stalls_at(&self) -> Option<u64> {
        self.blocked.map(|(since, _)| since.saturating_add(STALL_MS))
    }

    /// The next frame. tungstenite answers a ping by itself and reads on while the pong cannot go out; so a ping counts
    /// as something that waits to be written, and the caller reads no further frame before [`Socket::poll_write`] has
    /// written the pong.
    pub(super) fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Incoming> {
        Poll::Ready(match ready!(self.stream.poll_next_unpin(context)) {
            Some(Ok(Message::Text(text))) => Incoming::Text(text),
            Some(Ok(Message::Binary(_))) => Incoming::Binary,
            Some(Ok(Message::Ping(_))) => {
                self.unflushed = true;
                Incoming::Ping
            }
            Some(Ok(Message::Pong(_) | Message::Frame(_))) => Incoming::Ping,
            Some(Ok(Message::Close(frame))) => {
                Incoming::Ended(Ending::ByClient(frame.map(|frame| frame.code.into())))
            }
            Some(Err(error)) => Incoming::Ended(ending(&error)),
            None => Incoming::Ended(Ending::Gone),
        })
    }

    /// Sends what waits and the close frame (or the answer to the client's), then reads on without looking until the client
    /// hangs up: closing a TCP socket with unread bytes would reset it, and the frame could be lost.
    pub(super) async fn close(mut self, code: Option<(u16, &'static str)>) {
        let closing = async {
            // What the client is to know before the end, for example the error that led to it.
            for text in self.queue.drain(..) {
                self.stream.feed(Message::Text(text)).await.map_err(io::Error::other)?;
            }
            match code {
                Some((code, reason)) => {
                    let frame =
                        CloseFrame { code: CloseCode::from(code), reason: Utf8Bytes::from_static(reason) };
                    self.stream.close(Some(frame)).await.ok();
                }
                None => self.stream.flush().await.unwrap_or_default(),
            }
            let stream = &mut self.stream.get_mut().stream;
            stream.shutdown().await?;
            let mut discard = vec![0; DISCARD];
            while stream.read(&mut discard).await? > 0 {}
            io::Result::Ok(())
        };
        if tokio::time::timeout(CLOSING, closing).await.is_err() {
            // What the client did not read would be kept by the kernel for many minutes more. An error means that the
            // client is gone.
            let _gone = self.stream.get_ref().stream.set_zero_linger();
        }
    }
}

/// tungstenite sends no close frame of its own for these.
fn ending(error: &Error) -> Ending {
    match error {
        Error::Capacity(_) => Ending::Broken(1009, "too big"),
        Error::Utf8(_) => Ending::Broken(1007, "not UTF-8"),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Ending::Gone,
        Error::Protocol(_) => Ending::Broken(1002, "protocol error"),
        _ => Ending::Gone,
    }
}

/// Counts what goes out, so that a slow link can be told from a stalled one.
#[derive(Debug)]
struct Counted {
    stream: TcpStream,
    written: u64,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
        self.written = self.written.saturating_add(count as u64);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

//! A TCP connection as long as it speaks HTTP, and the times that it is given.
//!
//! What a client has to do next has a deadline: to send a whole request, to take a part of an answer, or to come with the
//! next request. A connection that does its part is never cut.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

/// Time from the first byte of a request until its answer begins, and from the start of a connection until then.
const REQUEST: Duration = Duration::from_secs(5);
/// Time in which a client has to take some part of what is written.
const STALL: Duration = Duration::from_secs(10);

/// What the connection waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Awaited {
    /// The rest of a request.
    Request,
    /// That the client takes what is written.
    Room,
    /// The next request, or the next part of the answer from this side.
    Next,
}

pub(super) struct HttpStream {
    stream: TcpStream,
    awaited: Awaited,
    deadline: Pin<Box<Sleep>>,
    keep_alive: Duration,
}

impl HttpStream {
    pub(super) fn new(stream: TcpStream, keep_alive: Duration) -> Self {
        let deadline = Box::pin(tokio::time::sleep(REQUEST));
        Self { stream, awaited: Awaited::Request, deadline, keep_alive }
    }

    /// The connection, when it becomes a WebSocket.
    pub(super) fn into_inner(self) -> TcpStream {
        self.stream
    }

    fn wait_for(&mut self, awaited: Awaited) {
        self.awaited = awaited;
        let time = match awaited {
            Awaited::Request => REQUEST,
            Awaited::Room => STALL,
            Awaited::Next => self.keep_alive,
        };
        self.deadline.as_mut().reset(Instant::now() + time);
    }

    /// Pending until the deadline, then an error that ends the connection.
    fn poll_deadline<T>(&mut self, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        ready!(self.deadline.as_mut().poll(context));
        if self.awaited == Awaited::Room {
            // What it did not take would be kept by the kernel for many minutes more.
            self.stream.set_zero_linger()?;
        }
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    fn wrote(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(count)) => {
                self.wait_for(Awaited::Next);
                Poll::Ready(Ok(count))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                if self.awaited != Awaited::Room {
                    self.wait_for(Awaited::Room);
                }
                self.poll_deadline(context)
            }
        }
    }
}

impl AsyncRead for HttpStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Ready(read) => {
                if self.awaited == Awaited::Next && buffer.filled().len() > before {
                    self.wait_for(Awaited::Request);
                }
                Poll::Ready(read)
            }
            Poll::Pending => self.poll_deadline(context),
        }
    }
}

impl AsyncWrite for HttpStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.wrote(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.wrote(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

//! The task of one signaling socket.

use super::clock::Clock;
use super::inbox::{Found, Inbox};
use super::shared::Shared;
use super::socket::{Ending, Incoming, Socket};
use super::{counters, log};
use crate::engine::{Delivery, Engine};
use crate::session::{Session, SessionOutput};
use crate::{SocketId, Token};
use bytes::Bytes;
use signalpost_protocol::Envelope;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::Sleep;

/// The close code of a defect on this side (RFC 6455 §7.4.1).
const INTERNAL: (u16, &str) = (1011, "internal error");

/// What the task waits for.
enum Event {
    Shutdown,
    Wrote(Ending),
    Overflow,
    Delivery(Delivery),
    Incoming(Incoming),
    Timer,
}

/// Runs one socket from the end of its handshake to its last byte.
pub(super) async fn run<E: Engine>(shared: Arc<Shared<E>>, stream: TcpStream, read: Bytes) {
    let _counted = counters::OpenSocket::count();
    let socket = shared.next_socket();
    let Some(token) = draw() else {
        tracing::error!(%socket, "the operating system gives no random numbers");
        return Socket::new(stream, read).await.close(Some(INTERNAL)).await;
    };
    let inbox = Arc::new(Inbox::default());
    shared.engine.attach(socket, inbox.clone()).await;
    let clock = shared.clock;
    let session = Session::new(clock.now(), socket, shared.region.clone(), token);
    let mut task = Task {
        session: if shared.audit.get().is_some() { session.with_audit() } else { session },
        socket: Socket::new(stream, read).await,
        inbox,
        clock,
        refusals: log::Refusals::default(),
        close: None,
        reads_first: false,
    };
    tracing::debug!(%socket, "opened");
    let ending = task.serve(&shared).await;
    let code = task.close.or(match ending {
        Ending::Broken(code, reason) => Some((code, reason)),
        Ending::ByClient(_) | Ending::Gone => None,
    });
    let label = match (code, ending) {
        (Some((code, _)), _) => code.to_string(),
        (None, Ending::ByClient(_)) => "client".into(),
        (None, _) => "lost".into(),
    };
    tracing::debug!(%socket, code = label, "closed");
    counters::closed(label);
    task.socket.close(code).await;
}

/// Draws the key for the client's next socket.
fn draw() -> Option<Token> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).ok()?;
    Some(Token::new(random))
}

struct Task {
    session: Session,
    socket: Socket,
    inbox: Arc<Inbox>,
    clock: Clock,
    refusals: log::Refusals,
    close: Option<(u16, &'static str)>,
    reads_first: bool,
}

impl Task {
    /// Serves the socket until the session has ended and its last command is executed.
    async fn serve<E: Engine>(&mut self, shared: &Shared<E>) -> Ending {
        let leave = shared.drain.place(self.session.socket());
        let mut shutdown = pin!(async {
            shared.shutdown.cancelled().await;
            tokio::time::sleep(Duration::from_millis(leave.at_ms)).await;
        });
        let mut timer = pin!(tokio::time::sleep_until(self.clock.instant(self.clock.now())));
        let socket = self.session.socket();
        let mut ending = Ending::Gone;
        loop {
            self.perform(shared, socket).await;
            if self.session.is_closed() {
                return ending;
            }
            let event = std::future::poll_fn(|context| {
                if shutdown.as_mut().poll(context).is_ready() {
                    return Poll::Ready(Event::Shutdown);
                }
                self.poll(context, timer.as_mut())
            });
            match event.await {
                Event::Shutdown => self.session.handle_shutdown(self.clock.now(), leave.after_ms),
                Event::Overflow => self.session.handle_slow(),
                Event::Delivery(delivery) => self.session.handle_delivery(self.clock.now(), delivery),
                Event::Timer => self.handle_timer(),
                Event::Incoming(Incoming::Text(text)) => self.session.handle_frame(self.clock.now(), &text),
                Event::Incoming(Incoming::Binary) => self.session.handle_binary(self.clock.now()),
                Event::Incoming(Incoming::Ping) => self.session.handle_ping(self.clock.now()),
                Event::Incoming(Incoming::Ended(how)) | Event::Wrote(how) => {
                    ending = how;
                    let code = match how {
                        Ending::ByClient(code) => code,
                        Ending::Gone | Ending::Broken(..) => None,
                    };
                    self.session.handle_socket_closed(self.clock.now(), code);
                }
            }
        }
    }

    /// Does what the session asks for.
    async fn perform<E: Engine>(&mut self, shared: &Shared<E>, socket: SocketId) {
        while let Some(output) = self.session.poll_output() {
            match output {
                SessionOutput::Send { message, seq, ack } => {
                    let envelope = Envelope { seq, ack, ..message.into_envelope(self.clock.timestamp()) };
                    match serde_json::to_string(&envelope) {
                        Ok(text) => self.socket.queue(text),
                        Err(error) => tracing::error!(%socket, %error, "a message has no JSON form"),
                    }
                }
                SessionOutput::Execute(command) => {
                    let due = shared.engine.execute(self.clock.now(), socket, command).await;
                    shared.sweeper.handle_due(due);
                }
                SessionOutput::Close(close) => self.close = Some((close.as_u16(), close.reason())),
                SessionOutput::Accepted { kind } => counters::accepted(kind),
                SessionOutput::Refused { code, field, kind } => {
                    counters::refused(code);
                    self.refusals.log(socket, code, kind, field);
                }
                SessionOutput::Audited(event) => {
                    if let Some(audit) = shared.audit.get() {
                        audit.note(self.clock.now(), event);
                    }
                }
            }
        }
    }

    /// Waits for the next event. The task reads nothing while a frame waits to go out: it does not read from a client that does
    /// not read, and deliveries for that client wait in its bounded inbox.
    fn poll(&mut self, context: &mut Context<'_>, timer: Pin<&mut Sleep>) -> Poll<Event> {
        let now = self.clock.now();
        let written = match self.socket.poll_write(context, now) {
            Poll::Ready(Ok(())) => true,
            Poll::Ready(Err(ending)) => return Poll::Ready(Event::Wrote(ending)),
            Poll::Pending => false,
        };
        // In turns, so that neither a flood from others nor one of its own keeps the other side waiting.
        self.reads_first = !self.reads_first;
        if self.reads_first
            && let Poll::Ready(incoming) = self.poll_read(context, written)
        {
            return Poll::Ready(Event::Incoming(incoming));
        }
        match self.inbox.poll(context, written) {
            Poll::Ready(Found::Delivery(delivery)) => return Poll::Ready(Event::Delivery(delivery)),
            Poll::Ready(Found::Overflow) => return Poll::Ready(Event::Overflow),
            Poll::Pending => {}
        }
        if !self.reads_first
            && let Poll::Ready(incoming) = self.poll_read(context, written)
        {
            return Poll::Ready(Event::Incoming(incoming));
        }
        self.poll_timer(context, timer, now)
    }

    fn poll_read(&mut self, context: &mut Context<'_>, written: bool) -> Poll<Incoming> {
        if written && self.session.accepts_frames() { self.socket.poll_read(context) } else { Poll::Pending }
    }

    fn poll_timer(&self, context: &mut Context<'_>, mut timer: Pin<&mut Sleep>, now: u64) -> Poll<Event> {
        let session = self.session.poll_timeout().map(|(at, _)| at);
        let deadline = session.into_iter().chain(self.socket.stalls_at()).min();
        let Some(deadline) = deadline else { return Poll::Pending };
        if deadline <= now {
            return Poll::Ready(Event::Timer);
        }
        let instant = self.clock.instant(deadline);
        if timer.deadline() != instant {
            timer.as_mut().reset(instant);
        }
        timer.poll(context).map(|()| Event::Timer)
    }

    fn handle_timer(&mut self) {
        let now = self.clock.now();
        if self.socket.stalls_at().is_some_and(|at| at <= now) {
            self.session.handle_slow();
        } else {
            self.session.handle_timeout(now);
        }
    }
}

//! The link to the server: opening, registering, watching, losing and regaining it.
//!
//! A link is one socket after another. What is sent over them is the [`Stream`], which outlives each.

pub mod backoff;
mod liveness;
mod loss;
mod page;
mod page_state;
mod phase;
mod registration;
mod sending;
mod spare;
mod suspicion;

use crate::calls::Calls;
use crate::config::Config;
use crate::context::Context;
use crate::failure::Failure;
use crate::ids::{CallId, SocketId};
use crate::input::SocketEvent;
use crate::output::{ClientState, Event, Output, Reply};
use crate::stream::Stream;
use crate::time::Time;
use backoff::Backoff;
use page_state::PageState;
use phase::{Attempt, NORMAL, Phase};
use signalpost_protocol::{ClientMessage, ErrorCode, LinkMonitor};
use suspicion::Spare;

/// What the rest of the client has to know.
#[derive(Debug, PartialEq)]
pub enum Change {
    /// The server accepted `hello`.
    Registered {
        /// Whether what was said in a session before has to be said again.
        anew: bool,
    },
    /// There will be no further attempt by itself.
    GaveUp(Failure),
}

/// The sockets, what the client knows of them, and what the application knows of the link.
pub struct Link {
    phase: Phase,
    spare: Spare,
    backoff: Backoff,
    page: PageState,
    /// The newest socket.
    newest: SocketId,
    /// How long the server wants the client to stay away, in milliseconds.
    away_ms: Option<u32>,
    state: ClientState,
    was_registered: bool,
    /// The calls of `connect()` that wait.
    calls: Calls,
    /// Why the last attempt failed, for a call that runs out of time.
    last_failure: Option<Failure>,
}

impl Link {
    /// A client that was not asked to connect.
    pub fn new(config: &Config) -> Self {
        Self {
            phase: Phase::Down,
            spare: Spare::default(),
            backoff: Backoff::new(config.reconnect),
            page: PageState::new(config.release_when_frozen),
            newest: SocketId(0),
            away_ms: None,
            state: ClientState::Idle,
            was_registered: false,
            calls: Calls::default(),
            last_failure: None,
        }
    }

    /// The state as the application knows it.
    pub fn state(&self) -> ClientState {
        self.state
    }

    /// The application wants a link.
    pub fn connect(&mut self, call: CallId, timeout_ms: u32, context: &mut Context) {
        match self.phase {
            Phase::Closed => context.reject(call, ErrorCode::Closed),
            Phase::Registered { .. } => context.settle(call, Ok(Reply::Done)),
            Phase::Down
            | Phase::Frozen
            | Phase::Waiting { .. }
            | Phase::Opening(_)
            | Phase::Registering { .. } => {
                self.calls.push(context.now, call, timeout_ms);
                if matches!(self.phase, Phase::Down) {
                    self.backoff.reset();
                    self.last_failure = None;
                    self.set_state(ClientState::Connecting, "", context);
                    self.open(context);
                }
            }
        }
    }

    /// The application no longer waits; when no call does and the client was never connected, it stops trying.
    pub fn cancel(&mut self, call: CallId, stream: &mut Stream, context: &mut Context) {
        if self.calls.cancel(call) && self.calls.is_empty() && !self.was_registered {
            self.leave(stream, context);
            self.phase = Phase::Down;
            self.set_state(ClientState::Idle, ErrorCode::Aborted.as_str(), context);
        }
    }

    /// Ends for good.
    pub fn close(&mut self, stream: &mut Stream, context: &mut Context) {
        self.leave(stream, context);
        self.phase = Phase::Closed;
        self.calls.settle_all(&Err(ErrorCode::Closed.into()), context);
        self.set_state(ClientState::Closed, ErrorCode::Closed.as_str(), context);
    }

    /// Tells the server not to wait for the client, and closes the sockets: the server may have registered the client without
    /// its knowing.
    fn leave(&mut self, stream: &mut Stream, context: &mut Context) {
        self.send(ClientMessage::Bye, stream, context);
        self.drop_sockets(NORMAL, context);
    }

    /// Whether the server has accepted `hello` on the link in use.
    pub fn is_registered(&self) -> bool {
        self.phase.is_registered()
    }

    /// When something was received on the link in use; `None`: there is none.
    pub fn heard_at(&self) -> Option<Time> {
        let Phase::Registered { monitor, .. } = &self.phase else { return None };
        Some(Time(monitor.last_received()))
    }

    /// Whether this is the socket in use.
    pub fn is_current(&self, socket: SocketId) -> bool {
        self.phase.socket() == Some(socket)
    }

    /// The socket in use did something. What a frame says is the client's to read.
    pub fn handle_socket(
        &mut self,
        event: &SocketEvent,
        stream: &mut Stream,
        context: &mut Context,
    ) -> Option<Change> {
        match event {
            SocketEvent::Opened => {
                self.handle_opened(stream, context);
                None
            }
            SocketEvent::Unavailable { message } => self.handle_unavailable(message, stream, context),
            SocketEvent::Closed { code } => self.handle_closed(*code, stream, context),
            SocketEvent::Frame(_) | SocketEvent::Malformed => {
                self.handle_received(context);
                None
            }
        }
    }

    /// Something arrived on the socket in use: no other is needed.
    fn handle_received(&mut self, context: &mut Context) {
        self.drop_spare(context);
        if let Some((_, monitor)) = self.phase.open_socket() {
            monitor.handle_received(context.now.0);
        }
    }

    fn handle_opened(&mut self, stream: &mut Stream, context: &mut Context) {
        let Phase::Opening(Attempt { socket, deadline, .. }) = self.phase else { return };
        self.drop_spare(context);
        let monitor = LinkMonitor::new(context.now.0, false);
        let hello = stream.next_id();
        self.phase = Phase::Registering { socket, deadline, monitor, hello };
        self.say_hello(hello, stream, context);
    }

    fn open(&mut self, context: &mut Context) {
        let limit_ms = self.backoff.next_connecting_ms();
        self.phase = Phase::Opening(self.begin_attempt(limit_ms, context));
    }

    fn begin_attempt(&mut self, limit_ms: u32, context: &mut Context) -> Attempt {
        self.newest = SocketId(self.newest.0.wrapping_add(1));
        let socket = self.newest;
        context.out.push_back(Output::OpenSocket { socket });
        Attempt { socket, began: context.now, deadline: context.now.after_ms(limit_ms) }
    }

    fn set_state(&mut self, state: ClientState, reason: &str, context: &mut Context) {
        if self.state != state {
            self.state = state;
            context.event(Event::State { state, reason: reason.into() });
        }
    }
}

//! The link to the server: opening, registering, watching, losing and regaining it.

pub mod backoff;
mod liveness;
mod loss;
mod page;
mod spare;
mod stream;

use crate::calls::Calls;
use crate::collections::queue::Queue;
use crate::config::Config;
use crate::ids::{CallId, SocketId};
use crate::input::SocketEvent;
use crate::link::backoff::ReconnectPolicy;
use crate::output::{ClientState, Event, Failure, Output, Reply};
use crate::rng::Rng;
use crate::stream::outbox::Delivery;
use signalpost_protocol::{ClientMessage, CloseCode, ErrorCode, Hello, LinkMonitor, PeerInfo, VERSIONS};

/// Normal closure (RFC 6455 §7.4.1).
const NORMAL: u16 = 1000;
const REPLACED: u16 = CloseCode::Replaced.as_u16();

/// An attempt to open a socket.
#[derive(Clone, Copy, Debug)]
struct Attempt {
    socket: SocketId,
    began: u64,
    deadline: u64,
}

#[derive(Debug)]
enum Link {
    Down,
    /// For the next attempt; for ever while the page is frozen.
    Waiting {
        until: u64,
    },
    Opening(Attempt),
    Registering {
        socket: SocketId,
        deadline: u64,
        monitor: LinkMonitor,
        hello: u32,
    },
    Registered {
        socket: SocketId,
        monitor: LinkMonitor,
        good_at: Option<u64>,
    },
    Closed,
}

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

pub struct Session {
    hello: Hello,
    policy: ReconnectPolicy,
    link: Link,
    /// A second socket that is being opened, because the first is suspected.
    spare: Option<Attempt>,
    /// When the spare is to be opened, unless something is received before.
    suspect_at: Option<u64>,
    /// Nothing was received since a wake-up.
    woke: bool,
    /// Until when a lost link may be one that the browser closed because it took the page for left.
    may_leave_until: u64,
    /// Whether the socket in use has told the server that the page may be left.
    said_leaving: bool,
    state: ClientState,
    visible: bool,
    online: bool,
    release_when_frozen: bool,
    was_registered: bool,
    /// The newest socket.
    newest: SocketId,
    frames: u32,
    delivery: Delivery,
    /// Whether the server that welcomed us last has sessions; `None`: nobody has.
    has_session: Option<bool>,
    /// How long the server wants us to stay away, in milliseconds.
    away_ms: Option<u32>,
    calls: Calls,
    /// Why the last attempt failed, for a call that runs out of time.
    last_failure: Option<Failure>,
}

impl Session {
    pub fn new(config: &Config, session: u32) -> Self {
        let attempt = Some(Hello::attempt_before(config.pages));
        let peer = PeerInfo { id: config.peer_id.as_str().into(), session, ..config.peer.clone() };
        Self {
            hello: Hello { versions: VERSIONS, key: config.key.clone(), peer, received: None, attempt },
            policy: ReconnectPolicy::new(config.reconnect),
            link: Link::Down,
            spare: None,
            suspect_at: None,
            woke: false,
            may_leave_until: 0,
            said_leaving: false,
            state: ClientState::Idle,
            visible: true,
            online: true,
            release_when_frozen: config.release_when_frozen,
            was_registered: false,
            newest: SocketId(0),
            frames: 0,
            delivery: Delivery::new(),
            has_session: None,
            away_ms: None,
            calls: Calls::default(),
            last_failure: None,
        }
    }

    pub fn state(&self) -> ClientState {
        self.state
    }

    pub fn connect(&mut self, now: u64, call: CallId, timeout_ms: u32, out: &mut Queue<Output>) {
        match self.link {
            Link::Closed => settle(out, call, Err(ErrorCode::Closed.into())),
            Link::Registered { .. } => settle(out, call, Ok(Reply::Done)),
            Link::Down | Link::Waiting { .. } | Link::Opening(_) | Link::Registering { .. } => {
                self.calls.push(now, call, timeout_ms);
                if matches!(self.link, Link::Down) {
                    self.policy.reset();
                    self.last_failure = None;
                    self.set_state(ClientState::Connecting, "", out);
                    self.open(now, out);
                }
            }
        }
    }

    /// The application no longer waits; when nobody does and the client was never connected, it stops trying.
    pub fn cancel(&mut self, now: u64, call: CallId, out: &mut Queue<Output>) {
        if self.calls.cancel(call) && self.calls.is_empty() && !self.was_registered {
            self.leave(now, out);
            self.link = Link::Down;
            self.set_state(ClientState::Idle, ErrorCode::Aborted.as_str(), out);
        }
    }

    /// Ends for good.
    pub fn close(&mut self, now: u64, out: &mut Queue<Output>) {
        self.leave(now, out);
        self.link = Link::Closed;
        self.calls.settle_all(&Err(ErrorCode::Closed.into()), out);
        self.set_state(ClientState::Closed, ErrorCode::Closed.as_str(), out);
    }

    /// The server is not to wait for us: it may have registered us without our knowing.
    fn leave(&mut self, now: u64, out: &mut Queue<Output>) {
        self.send(now, ClientMessage::Bye, out);
        self.drop_sockets(NORMAL, out);
    }

    /// Whether the server has accepted `hello` on the link in use.
    pub fn is_registered(&self) -> bool {
        matches!(self.link, Link::Registered { .. })
    }

    /// Whether this is the socket in use.
    pub fn is_current(&self, socket: SocketId) -> bool {
        self.socket() == Some(socket)
    }

    /// Something arrived on the socket in use: no other is needed.
    pub fn handle_received(&mut self, now: u64, out: &mut Queue<Output>) {
        self.drop_spare(out);
        if let Link::Registering { monitor, .. } | Link::Registered { monitor, .. } = &mut self.link {
            monitor.handle_received(now);
        }
    }

    pub fn handle_opened(&mut self, now: u64, out: &mut Queue<Output>) {
        let Link::Opening(Attempt { socket, deadline, .. }) = self.link else { return };
        self.drop_spare(out);
        let monitor = LinkMonitor::new(now, false);
        let hello = self.frames.wrapping_add(1);
        self.link = Link::Registering { socket, deadline, monitor, hello };
        self.begin(now, out);
    }

    /// The server refused a frame: was it `hello`?
    pub fn handle_refusal(
        &mut self,
        now: u64,
        reference: Option<u32>,
        failure: &Failure,
        rng: &mut Rng,
        out: &mut Queue<Output>,
    ) -> Option<Change> {
        let Link::Registering { hello, .. } = self.link else { return None };
        if reference != Some(hello) {
            return None;
        }
        let may_pass =
            matches!(ErrorCode::parse(&failure.code), Some(ErrorCode::PeerIdTaken | ErrorCode::ServerFull));
        if may_pass && self.was_registered {
            // The client's own former socket may still hold the id: it runs out of life within seconds. A full server
            // has room again when the sessions of others end.
            return self.lose(now, failure.clone(), REPLACED, rng, out);
        }
        self.give_up(now, failure.clone(), out)
    }

    fn socket(&self) -> Option<SocketId> {
        match self.link {
            Link::Opening(Attempt { socket, .. })
            | Link::Registering { socket, .. }
            | Link::Registered { socket, .. } => Some(socket),
            Link::Down | Link::Waiting { .. } | Link::Closed => None,
        }
    }

    fn open(&mut self, now: u64, out: &mut Queue<Output>) {
        let most_ms = self.policy.next_connecting_ms();
        self.link = Link::Opening(self.attempt(now, most_ms, out));
    }

    fn attempt(&mut self, now: u64, most_ms: u64, out: &mut Queue<Output>) -> Attempt {
        self.newest = SocketId(self.newest.0.wrapping_add(1));
        let socket = self.newest;
        out.push_back(Output::OpenSocket { socket });
        Attempt { socket, began: now, deadline: now.saturating_add(most_ms) }
    }

    fn set_state(&mut self, state: ClientState, reason: &str, out: &mut Queue<Output>) {
        if self.state != state {
            self.state = state;
            out.push_back(Output::Event(Event::State { state, reason: reason.into() }));
        }
    }
}

fn settle(out: &mut Queue<Output>, call: CallId, result: Result<Reply, Failure>) {
    out.push_back(Output::Settle { call, result });
}

/// Decides what a socket event means for the link; frames are the client's.
impl Session {
    pub fn handle_socket(
        &mut self,
        now: u64,
        event: &SocketEvent,
        rng: &mut Rng,
        out: &mut Queue<Output>,
    ) -> Option<Change> {
        match event {
            SocketEvent::Opened => {
                self.handle_opened(now, out);
                None
            }
            SocketEvent::Unavailable { message } => self.handle_unavailable(now, message, rng, out),
            SocketEvent::Closed { code } => self.handle_closed(now, *code, rng, out),
            SocketEvent::Frame(_) | SocketEvent::Malformed => {
                self.handle_received(now, out);
                None
            }
        }
    }
}

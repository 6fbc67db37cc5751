//! The link to the server: opening, registering, watching, losing and regaining it.

mod stream;

use crate::calls::Calls;
use crate::config::Config;
use crate::delivery::Delivery;
use crate::earliest::Earliest;
use crate::input::{PageEvent, SocketEvent};
use crate::output::{ClientState, Event, Failure, Output, Reply, TimerName};
use crate::queue::Queue;
use crate::reconnect_policy::ReconnectPolicy;
use crate::rng::Rng;
use signalpost_protocol::link_monitor::Verdict;
use signalpost_protocol::{ClientMessage, CloseCode, ErrorCode, Hello, LinkMonitor, PeerInfo, VERSIONS};

/// Normal closure (RFC 6455 §7.4.1).
const NORMAL: u16 = 1000;

#[derive(Debug)]
enum Link {
    Down,
    Waiting { until: u64 },
    Opening { socket: u32, deadline: u64 },
    Registering { socket: u32, deadline: u64, monitor: LinkMonitor, hello: u32 },
    Registered { socket: u32, monitor: LinkMonitor, good_at: Option<u64> },
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
    state: ClientState,
    visible: bool,
    online: bool,
    was_registered: bool,
    sockets: u32,
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
        let peer = PeerInfo { id: config.peer_id.as_str().into(), session, ..config.peer.clone() };
        Self {
            hello: Hello { versions: VERSIONS, key: config.key.clone(), peer, received: None },
            policy: ReconnectPolicy::new(config.reconnect),
            link: Link::Down,
            state: ClientState::Idle,
            visible: true,
            online: true,
            was_registered: false,
            sockets: 0,
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

    pub fn connect(&mut self, now: u64, call: u32, timeout_ms: u32, out: &mut Queue<Output>) {
        match self.link {
            Link::Closed => settle(out, call, Err(ErrorCode::Closed.into())),
            Link::Registered { .. } => settle(out, call, Ok(Reply::Done)),
            Link::Down | Link::Waiting { .. } | Link::Opening { .. } | Link::Registering { .. } => {
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
    pub fn cancel(&mut self, call: u32, out: &mut Queue<Output>) {
        if self.calls.cancel(call) && self.calls.is_empty() && !self.was_registered {
            self.drop_socket(NORMAL, out);
            self.link = Link::Down;
            self.set_state(ClientState::Idle, ErrorCode::Aborted.as_str(), out);
        }
    }

    /// Ends for good.
    pub fn close(&mut self, now: u64, out: &mut Queue<Output>) {
        self.send(now, ClientMessage::Bye, out);
        self.drop_socket(NORMAL, out);
        self.link = Link::Closed;
        self.calls.settle_all(&Err(ErrorCode::Closed.into()), out);
        self.set_state(ClientState::Closed, ErrorCode::Closed.as_str(), out);
    }

    /// Whether the server has accepted `hello` on the link in use.
    pub fn is_registered(&self) -> bool {
        matches!(self.link, Link::Registered { .. })
    }

    /// Whether this is the socket in use.
    pub fn is_current(&self, socket: u32) -> bool {
        self.socket() == Some(socket)
    }

    /// Something arrived on the socket in use.
    pub fn handle_received(&mut self, now: u64) {
        if let Link::Registering { monitor, .. } | Link::Registered { monitor, .. } = &mut self.link {
            monitor.handle_received(now);
        }
    }

    pub fn handle_opened(&mut self, now: u64, out: &mut Queue<Output>) {
        let Link::Opening { socket, deadline } = self.link else { return };
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
        if ErrorCode::parse(&failure.code) == Some(ErrorCode::PeerIdTaken) && self.was_registered {
            // Our own former socket may still hold the id: it runs out of life within seconds.
            return self.lose(now, failure.clone(), NORMAL, rng, out);
        }
        self.give_up(failure.clone(), out)
    }

    pub fn handle_closed(
        &mut self,
        now: u64,
        code: u16,
        rng: &mut Rng,
        out: &mut Queue<Output>,
    ) -> Option<Change> {
        self.forget_failures(now);
        if CloseCode::is_terminal(code) {
            let superseded = code == CloseCode::Superseded.as_u16();
            let why = if superseded { ErrorCode::Superseded } else { ErrorCode::UpgradeRequired };
            self.link = Link::Down;
            return self.give_up(Failure::new(why, "the server closed the link for good"), out);
        }
        // The socket is closed already: nothing is left to drop.
        self.link = Link::Down;
        self.lose(now, ErrorCode::LinkLost.into(), NORMAL, rng, out)
    }

    pub fn handle_page(&mut self, now: u64, event: PageEvent, out: &mut Queue<Output>) {
        match event {
            PageEvent::Online => self.online = true,
            PageEvent::Offline => self.online = false,
            PageEvent::Visible => self.visible = true,
            PageEvent::Hidden => self.visible = false,
        }
        let is_wake_up = matches!(event, PageEvent::Online | PageEvent::Visible);
        if is_wake_up && matches!(self.link, Link::Waiting { .. }) {
            self.open(now, out);
        }
    }

    pub fn handle_timeout(&mut self, now: u64, rng: &mut Rng, out: &mut Queue<Output>) -> Option<Change> {
        let change = match &mut self.link {
            Link::Waiting { until } if now >= *until => {
                self.open(now, out);
                None
            }
            Link::Opening { deadline, .. } | Link::Registering { deadline, .. } if now >= *deadline => {
                self.retry_at_once(now, rng, out)
            }
            Link::Registering { monitor, .. } | Link::Registered { monitor, .. } => match monitor.poll(now) {
                Verdict::Alive => {
                    self.forget_failures(now);
                    None
                }
                Verdict::Ask => {
                    self.send(now, ClientMessage::Heartbeat, out);
                    None
                }
                Verdict::Dead => {
                    let failure = Failure::new(ErrorCode::LinkLost, "the server does not answer");
                    self.lose(now, failure, CloseCode::HeartbeatTimeout.as_u16(), rng, out)
                }
            },
            Link::Down | Link::Waiting { .. } | Link::Opening { .. } | Link::Closed => None,
        };
        if change.is_none() { self.handle_late_calls(now, out) } else { change }
    }

    pub fn poll_timeout(&self) -> Option<(u64, TimerName)> {
        let mut earliest = Earliest::default();
        match &self.link {
            Link::Down | Link::Closed => {}
            Link::Waiting { until } => earliest.note(Some(*until), TimerName::Reconnect),
            Link::Opening { deadline, .. } => earliest.note(Some(*deadline), TimerName::Connecting),
            Link::Registering { deadline, monitor, .. } => {
                earliest.note(Some(monitor.poll_timeout().min(*deadline)), TimerName::Connecting);
            }
            Link::Registered { monitor, good_at, .. } => {
                earliest.note(Some(monitor.poll_timeout()), TimerName::Link);
                earliest.note(*good_at, TimerName::GoodLink);
                earliest.note(self.delivery.poll_timeout(), TimerName::Ack);
            }
        }
        earliest.note(self.calls.poll_timeout(), TimerName::Call);
        earliest.0
    }

    fn socket(&self) -> Option<u32> {
        match self.link {
            Link::Opening { socket, .. }
            | Link::Registering { socket, .. }
            | Link::Registered { socket, .. } => Some(socket),
            Link::Down | Link::Waiting { .. } | Link::Closed => None,
        }
    }

    fn open(&mut self, now: u64, out: &mut Queue<Output>) {
        self.sockets = self.sockets.wrapping_add(1);
        let deadline = now.saturating_add(self.policy.next_connecting_ms());
        self.link = Link::Opening { socket: self.sockets, deadline };
        out.push_back(Output::OpenSocket { socket: self.sockets });
    }

    fn drop_socket(&mut self, code: u16, out: &mut Queue<Output>) {
        if let Some(socket) = self.socket() {
            out.push_back(Output::CloseSocket { socket, code });
        }
    }

    fn lose(
        &mut self,
        now: u64,
        failure: Failure,
        code: u16,
        rng: &mut Rng,
        out: &mut Queue<Output>,
    ) -> Option<Change> {
        self.forget_failures(now);
        self.drop_socket(code, out);
        self.link = Link::Down;
        self.delivery.handle_lost();
        let Some(mut wait) = self.policy.next_wait(self.visible && self.online, rng) else {
            return self.give_up(ErrorCode::ServerUnreachable.into(), out);
        };
        wait = self.away_ms.take().unwrap_or(wait);
        self.link = Link::Waiting { until: now.saturating_add(u64::from(wait)) };
        let state = if self.was_registered { ClientState::Reconnecting } else { ClientState::Connecting };
        let reason = failure.code.clone();
        self.last_failure = Some(failure);
        self.set_state(state, &reason, out);
        None
    }

    /// An attempt that took too long is followed at once by the next: it has waited enough.
    fn retry_at_once(&mut self, now: u64, rng: &mut Rng, out: &mut Queue<Output>) -> Option<Change> {
        let failure = Failure::new(ErrorCode::ServerUnreachable, "the server does not answer");
        let change = self.lose(now, failure, NORMAL, rng, out);
        if matches!(self.link, Link::Waiting { .. }) {
            self.open(now, out);
        }
        change
    }

    fn give_up(&mut self, failure: Failure, out: &mut Queue<Output>) -> Option<Change> {
        self.drop_socket(NORMAL, out);
        self.link = Link::Down;
        self.was_registered = false;
        self.void_all();
        self.calls.settle_all(&Err(failure.clone()), out);
        self.set_state(ClientState::Idle, &failure.code, out);
        Some(Change::GaveUp(failure))
    }

    fn handle_late_calls(&mut self, now: u64, out: &mut Queue<Output>) -> Option<Change> {
        let why = self.last_failure.as_ref().map_or("", |failure| failure.code.as_str());
        let failure = Failure::new(ErrorCode::Timeout, why);
        let late = self.calls.settle_late(now, &failure, out);
        if late && self.calls.is_empty() && !self.was_registered {
            return self.give_up(failure, out);
        }
        None
    }

    fn forget_failures(&mut self, now: u64) {
        if let Link::Registered { good_at, .. } = &mut self.link
            && good_at.is_some_and(|at| now >= at)
        {
            *good_at = None;
            self.policy.reset();
        }
    }

    fn set_state(&mut self, state: ClientState, reason: &str, out: &mut Queue<Output>) {
        if self.state != state {
            self.state = state;
            out.push_back(Output::Event(Event::State { state, reason: reason.into() }));
        }
    }
}

fn settle(out: &mut Queue<Output>, call: u32, result: Result<Reply, Failure>) {
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
            SocketEvent::Closed { code } => self.handle_closed(now, *code, rng, out),
            SocketEvent::Frame(_) | SocketEvent::Malformed => {
                self.handle_received(now);
                None
            }
        }
    }
}

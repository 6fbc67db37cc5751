//! Drives the core: takes one input at a time, carries out every output, and only then tells the application.

use crate::browser::Browser;
use crate::browser::web_socket::SocketSource;
use crate::clock;
use crate::codec;
use crate::handler::Handler;
use crate::to_js;
use core::cell::{Cell, RefCell};
use signalpost_core::protocol::{Open, OwnSignal, PeerId};
use signalpost_core::{
    CallId, Client, Config, Event, Evidence, Failure, Input, Outlook, Output, Queue, Reply, Timeline, Trace,
    Verdict,
};
use std::rc::Rc;
use wasm_bindgen::JsValue;
use web_sys::{RtcConfiguration, RtcPeerConnection};

/// The longest wait of a browser's timer, in milliseconds (HTML §8.6: a signed 32-bit integer).
const MAX_WAIT_MS: u32 = i32::MAX as u32;

/// An event, or the end of a call, that the application gets once the core is at rest.
enum News {
    Settled(CallId, Result<Reply, Failure>),
    Event(Event),
    Trace(Trace),
}

/// One client and what it has of the browser.
pub struct Driver {
    browser: Browser,
    handler: Handler,
    core: RefCell<Client>,
    inbox: RefCell<Queue<Input>>,
    news: RefCell<Queue<News>>,
    at_work: Cell<bool>,
    telling: Cell<bool>,
    /// What the timer is set to.
    deadline: Cell<Option<u64>>,
    /// Whether the facade hears every decision of the core.
    traces: bool,
}

impl Driver {
    /// A client that does nothing yet. What happens in the browser reaches it as long as somebody holds it.
    pub fn new(
        scope: &JsValue,
        handler: Handler,
        source: SocketSource,
        configuration: RtcConfiguration,
        config: Config,
        traces: bool,
        seed: u64,
    ) -> Rc<Self> {
        Rc::new_cyclic(|own| {
            let own = own.clone();
            let report = Rc::new(move |input| {
                if let Some(driver) = own.upgrade() {
                    Self::handle_input(&driver, input);
                }
            });
            Self {
                browser: Browser::new(scope, source, handler.clone(), configuration, &(report as _)),
                handler,
                core: RefCell::new(Client::new(config, seed)),
                inbox: RefCell::default(),
                news: RefCell::default(),
                at_work: Cell::new(false),
                telling: Cell::new(false),
                deadline: Cell::new(None),
                traces,
            }
        })
    }

    /// Hands an input to the core and carries out what the core asks for. An input that comes while the core is at work waits for its
    /// turn; a call that the application makes from within an event is carried out at once.
    pub fn handle_input(&self, input: Input) {
        #[cfg(feature = "trap-hook")]
        crate::trap_hook::spring(&input);
        if matches!(input, Input::Timeout) {
            self.deadline.set(None);
        }
        self.inbox.borrow_mut().push_back(input);
        if self.at_work.replace(true) {
            return;
        }
        loop {
            let next = self.inbox.borrow_mut().pop_front();
            let Some(input) = next else { break };
            self.core.borrow_mut().handle_input(clock::now(), input);
            self.carry_out();
        }
        self.at_work.set(false);
        self.set_timer();
        self.tell_news();
    }

    /// The browser's connection to a peer, if there is one.
    pub fn connection(&self, peer: &PeerId) -> Option<RtcPeerConnection> {
        let connection = self.core.borrow().connection(peer)?;
        self.browser.connections.object(connection)
    }

    /// How long each phase of the connection to a peer took.
    pub fn timeline(&self, peer: &PeerId) -> Option<Timeline> {
        self.core.borrow().timeline(peer)
    }

    /// What the networks of both ends let expect of the connection to a peer, if there is one.
    pub fn outlook(&self, peer: &PeerId) -> Option<Outlook> {
        self.core.borrow().outlook(peer).cloned()
    }

    /// Sets the timer to what the core waits for; nothing is changed where that is set already.
    fn set_timer(&self) {
        let timeout = self.core.borrow().poll_timeout();
        let deadline = timeout.map(|(at, _)| at);
        if self.deadline.replace(deadline) != deadline {
            let now = clock::now();
            if let Some((at, name)) = timeout.filter(|_| self.traces) {
                let mut detail = String::from(name.as_str());
                detail.push_str(" in ");
                detail.push_str(&at.saturating_sub(now).to_string());
                detail.push_str(" ms");
                self.trace(Trace { action: "timer", id: None, detail });
            }
            // Timers of browsers count in 32 bits with a sign.
            let wait = |at: u64| {
                u32::try_from(at.saturating_sub(now)).map_or(MAX_WAIT_MS, |wait| wait.min(MAX_WAIT_MS))
            };
            self.browser.timer.set(deadline.map(wait));
        }
    }

    fn carry_out(&self) {
        loop {
            let next = self.core.borrow_mut().poll_output();
            let Some(output) = next else { break };
            if self.traces {
                self.trace(output.trace());
            }
            self.execute(output);
        }
    }

    /// Tells the facade later: an application may call back.
    fn trace(&self, trace: Trace) {
        self.news.borrow_mut().push_back(News::Trace(trace));
    }

    fn execute(&self, output: Output) {
        let Browser { sockets, connections, .. } = &self.browser;
        match output {
            Output::OpenSocket { socket } => sockets.open(socket),
            Output::Send { socket, envelope, ack } => sockets.send(socket, &codec::encode(&envelope, ack)),
            Output::CloseSocket { socket, code } => sockets.close(socket, code),
            Output::CreateConnection { connection, peer } => {
                connections.connect(connection, self.handler.take_connection(peer.as_str()));
            }
            Output::ReplaceConnection { old, connection, .. } => connections.replace(old, connection),
            Output::Gather { connection } => connections.gather(connection),
            Output::Operate { connection, operation, what } => {
                connections.operate(connection, operation, &what);
            }
            Output::RestartIce { connection } => {
                connections.restart_ice(connection, self.handler.fresh_ice_servers());
            }
            Output::Ping { connection, text } => connections.ping(connection, text),
            Output::Probe { connection, after_ms } => connections.probe(connection, after_ms),
            Output::AwaitPair { connection, within_ms } => connections.await_pair(connection, within_ms),
            Output::CloseConnection { connection } => connections.close(connection),
            Output::Settle { call, result } => self.news.borrow_mut().push_back(News::Settled(call, result)),
            Output::Event(event) => self.news.borrow_mut().push_back(News::Event(event)),
            Output::Note { .. } => {}
        }
    }

    /// Tells the application, with nothing borrowed: it may call back.
    fn tell_news(&self) {
        if self.telling.replace(true) {
            return;
        }
        loop {
            let next = self.news.borrow_mut().pop_front();
            let Some(news) = next else { break };
            match news {
                News::Settled(call, result) => self.settle(call, &result),
                News::Event(event) => self.tell(&event),
                News::Trace(Trace { action, id, detail }) => self.handler.traced(action, id, &detail),
            }
        }
        self.telling.set(false);
    }

    fn settle(&self, CallId(call): CallId, result: &Result<Reply, Failure>) {
        match result {
            Ok(Reply::Done) => self.handler.resolved(call),
            Ok(Reply::Peers { peers, cursor }) => {
                self.handler.listed(call, &to_js::record(peers), cursor.as_deref());
            }
            Err(failure) => self.handler.rejected(call, &to_js::failure(failure)),
        }
    }

    fn tell(&self, event: &Event) {
        let handler = &self.handler;
        match event {
            Event::State { state, reason } => handler.state_changed(state.as_str(), reason),
            Event::Error { peer, failure } => {
                handler.failed(peer.as_ref().map(PeerId::as_str), &to_js::failure(failure));
            }
            Event::Resumed { resumed, reason } => {
                handler.resumed(*resumed, reason.as_ref().map_or("", Open::as_str))
            }
            Event::Key { key } => handler.key_changed(key),
            Event::PeerJoined { room, peer } => handler.peer_joined(room.as_str(), &to_js::record(peer)),
            Event::PeerAway { room, peer, reason } => {
                handler.peer_away(room.as_str(), peer.as_str(), reason.as_str());
            }
            Event::PeerBack { room, peer } => handler.peer_back(room.as_str(), peer.as_str()),
            Event::PeerLeft { room, peer, reason } => {
                handler.peer_left(room.as_str(), peer.as_str(), reason.as_str());
            }
            Event::Message { from, room: None, data } => handler.message(from.as_str(), data),
            Event::Message { from, room: Some(room), data } => {
                handler.broadcast(from.as_str(), room.as_str(), data);
            }
            Event::OwnSignal { from, signal } => match signal {
                OwnSignal::Offer(sdp) => handler.offer(from.as_str(), sdp),
                OwnSignal::Answer(sdp) => handler.answer(from.as_str(), sdp),
                OwnSignal::Candidates { candidates, end } => {
                    handler.candidates(from.as_str(), &to_js::record(candidates), *end);
                }
            },
            Event::Peer { peer } => handler.peer_connected(peer.as_str()),
            Event::PeerState { peer, state, reason } => {
                handler.peer_state_changed(peer.as_str(), state.as_str(), reason);
            }
            Event::Network { verdict } => {
                let Some(Verdict { mapping, evidence }) = verdict else {
                    return handler.network_changed(None, &[], "");
                };
                let Evidence { stun_addresses, server_reflexive, hosts, relayed, is_complete, .. } = evidence;
                let counts = [*stun_addresses, *server_reflexive, *hosts, *relayed, u32::from(*is_complete)];
                let mut errors = String::new();
                for (url, code) in &evidence.errors {
                    errors.push_str(&code.to_string());
                    errors.push(' ');
                    errors.push_str(url);
                    errors.push('\n');
                }
                handler.network_changed(Some(mapping.as_str()), &counts, &errors);
            }
            Event::PeerOpen { peer } => handler.peer_opened(peer.as_str()),
            Event::PeerReplaced { peer } => {
                if let Some(connection) = self.connection(peer) {
                    handler.peer_replaced(peer.as_str(), connection);
                }
                self.browser.connections.close_replaced();
            }
        }
    }
}

//! Drives the core: one input at a time, every output carried out, and only then is the application told.

use crate::clock::{self, WallClock};
use crate::codec;
use crate::handler::{Handler, Told};
use crate::page::Page;
use crate::peer_connection::PeerConnection;
use crate::timer::Timer;
use crate::web_socket::Sockets;
use alloc::rc::{Rc, Weak};
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use signalpost_core::protocol::{OwnSignal, PeerId, RoomName};
use signalpost_core::{
    Client, Config, ConnectionEvent, Event, Failure, Input, Output, PageEvent, Queue, Reply, Timeline,
};
use wasm_bindgen::JsValue;

/// What the application will be told once the core is at rest.
enum News {
    Settled(u32, Result<Reply, Failure>),
    Event(Event),
}

/// One client and the browser objects that it uses.
pub struct Driver {
    this: Weak<Driver>,
    configuration: JsValue,
    handler: Handler,
    core: RefCell<Client>,
    inbox: RefCell<Queue<Input>>,
    news: RefCell<Queue<News>>,
    at_work: Cell<bool>,
    telling: Cell<bool>,
    wall_clock: WallClock,
    sockets: Sockets,
    connections: RefCell<Vec<(u32, PeerConnection)>>,
    timer: Timer,
    _page: Page,
}

impl Driver {
    /// A client that does nothing yet.
    pub fn new(
        transport: JsValue,
        configuration: JsValue,
        handler: Handler,
        global: &JsValue,
        config: Config,
        seed: u64,
    ) -> Rc<Self> {
        Rc::new_cyclic(|this: &Weak<Self>| {
            let (on_time, on_page, on_socket) = (this.clone(), this.clone(), this.clone());
            Self {
                this: this.clone(),
                configuration,
                handler,
                core: RefCell::new(Client::new(config, seed)),
                inbox: RefCell::default(),
                news: RefCell::default(),
                at_work: Cell::new(false),
                telling: Cell::new(false),
                wall_clock: WallClock::default(),
                sockets: Sockets::new(transport, move |socket, event| {
                    tell(&on_socket, Input::Socket { socket, event });
                }),
                connections: RefCell::default(),
                timer: Timer::new(move || tell(&on_time, Input::Timeout)),
                _page: Page::listen(global, move |event| tell(&on_page, Input::Page(event))),
            }
        })
    }

    /// Something happened. What happens while the core is at work waits its turn; what the application does
    /// while it is told something is done at once.
    pub fn handle_input(&self, input: Input) {
        #[cfg(feature = "trap-hook")]
        crate::trap_hook::spring(&input);
        if self.wall_clock.jumped() {
            self.inbox.borrow_mut().push_back(Input::Page(PageEvent::Woke));
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
        let deadline = self.core.borrow().poll_timeout().map(|(at, _)| at);
        self.timer.set(clock::now(), deadline);
        self.tell_news();
    }

    /// The browser's connection to a peer.
    pub fn connection(&self, peer: &PeerId) -> Option<JsValue> {
        let id = self.core.borrow().connection(peer)?;
        self.with_connection(id, |connection| connection.object())
    }

    /// How long each phase of the connection to a peer took.
    pub fn timeline(&self, peer: &PeerId) -> Option<Timeline> {
        self.core.borrow().timeline(peer)
    }

    fn with_connection<T>(&self, connection: u32, act: impl FnOnce(&PeerConnection) -> T) -> Option<T> {
        let open = self.connections.borrow();
        open.iter().find(|(id, _)| *id == connection).map(|(_, target)| act(target))
    }

    fn carry_out(&self) {
        loop {
            let next = self.core.borrow_mut().poll_output();
            let Some(output) = next else { break };
            self.execute(output);
        }
    }

    fn execute(&self, output: Output) {
        match output {
            Output::OpenSocket { socket } => self.sockets.open(socket),
            Output::Send { socket, envelope, ack } => {
                self.sockets.send(socket, &codec::encode(&envelope, ack));
            }
            Output::CloseSocket { socket, code } => self.sockets.close(socket, code),
            Output::CreateConnection { connection, .. } => self.create_connection(connection),
            Output::Operate { connection, operation, what } => {
                self.with_connection(connection, |target| target.operate(operation, &what));
            }
            Output::RestartIce { connection } => {
                self.with_connection(connection, PeerConnection::restart_ice);
            }
            Output::CloseConnection { connection } => {
                let mut open = self.connections.borrow_mut();
                let closed = open.iter().position(|(id, _)| *id == connection).map(|at| open.swap_remove(at));
                drop(open);
                drop(closed);
            }
            Output::Settle { call, result } => self.news.borrow_mut().push_back(News::Settled(call, result)),
            Output::Event(event) => self.news.borrow_mut().push_back(News::Event(event)),
        }
    }

    fn create_connection(&self, connection: u32) {
        let this = self.this.clone();
        let heard = move |event| tell(&this, Input::Connection { connection, event });
        match PeerConnection::new(&self.configuration, heard) {
            Ok(created) => {
                self.connections.borrow_mut().push((connection, created));
            }
            Err(thrown) => {
                let event = ConnectionEvent::Unavailable { message: thrown };
                self.inbox.borrow_mut().push_back(Input::Connection { connection, event });
            }
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
            self.tell(&news);
        }
        self.telling.set(false);
    }

    fn tell(&self, news: &News) {
        let json;
        // One call of the facade for all: each weighs something.
        let (what, number, a, b, c) = match news {
            News::Settled(call, Ok(Reply::Done)) => (Told::Resolved, *call, "", "", ""),
            News::Settled(call, Ok(Reply::Peers { peers, cursor })) => {
                json = codec::peers(peers);
                (Told::Resolved, *call, &*json, cursor.as_deref().unwrap_or_default(), "")
            }
            News::Settled(call, Err(failure)) => {
                let retryable = if failure.retryable { "1" } else { "" };
                (Told::Rejected, *call, &*failure.code, &*failure.message, retryable)
            }
            News::Event(event) => match event {
                Event::State { state, reason } => (Told::State, 0, state.as_str(), &**reason, ""),
                Event::Error { peer, failure } => {
                    let about = peer.as_ref().map_or("", PeerId::as_str);
                    (Told::Error, failure.retryable.into(), about, &*failure.code, &*failure.message)
                }
                Event::PeerJoined { room, peer } => {
                    json = codec::peers(core::slice::from_ref(peer));
                    (Told::PeersJoined, 0, room.as_str(), &*json, "")
                }
                Event::PeerLeft { room, peer, reason } => {
                    (Told::PeerChanged, 0, room.as_str(), peer.as_str(), &**reason)
                }
                Event::PeerAway { room, peer, reason } => {
                    (Told::PeerChanged, 1, room.as_str(), peer.as_str(), &**reason)
                }
                Event::PeerBack { room, peer } => (Told::PeerChanged, 2, room.as_str(), peer.as_str(), ""),
                Event::Resumed { resumed, reason } => (Told::Resumed, (*resumed).into(), &**reason, "", ""),
                Event::Key { key } => (Told::Key, 0, &**key, "", ""),
                Event::Message { from, room, data } => {
                    let room = room.as_ref().map_or("", RoomName::as_str);
                    (Told::Message, 0, from.as_str(), room, &**data)
                }
                Event::OwnSignal { from, signal } => match signal {
                    OwnSignal::Offer(sdp) => (Told::Description, 0, from.as_str(), "offer", &**sdp),
                    OwnSignal::Answer(sdp) => (Told::Description, 0, from.as_str(), "answer", &**sdp),
                    OwnSignal::Candidates { candidates, end } => {
                        json = codec::candidates(candidates);
                        (Told::Candidates, (*end).into(), from.as_str(), &*json, "")
                    }
                },
                Event::Peer { peer } => (Told::Peer, 0, peer.as_str(), "", ""),
                Event::PeerState { peer, state, reason } => {
                    (Told::PeerState, 0, peer.as_str(), state.as_str(), &**reason)
                }
                Event::PeerOpen { peer } => (Told::PeerOpen, 0, peer.as_str(), "", ""),
            },
        };
        self.handler.tell(what as u32, number, a, b, c);
    }
}

fn tell(driver: &Weak<Driver>, input: Input) {
    if let Some(driver) = driver.upgrade() {
        driver.handle_input(input);
    }
}

//! Drives the core: one input at a time, every output carried out, and only then is the application told.

use crate::browser::{Act, Browser};
use crate::clock;
use crate::codec;
use crate::operation::operate;
use crate::told::Told;
use core::cell::{Cell, RefCell};
use signalpost_core::protocol::{Open, OwnSignal, PeerId, RoomName};
use signalpost_core::{Client, Config, Event, Failure, Input, Output, Queue, Reply, Timeline};
use wasm_bindgen::JsValue;

/// What the application will be told once the core is at rest.
enum News {
    Settled(u32, Result<Reply, Failure>),
    Event(Event),
}

/// One client and what it has of the browser.
pub struct Driver {
    browser: Browser,
    core: RefCell<Client>,
    inbox: RefCell<Queue<Input>>,
    news: RefCell<Queue<News>>,
    at_work: Cell<bool>,
    telling: Cell<bool>,
    /// What the timer is set to.
    deadline: Cell<Option<u64>>,
}

impl Driver {
    /// A client that does nothing yet.
    pub fn new(browser: Browser, config: Config, seed: u64) -> Self {
        Self {
            browser,
            core: RefCell::new(Client::new(config, seed)),
            inbox: RefCell::default(),
            news: RefCell::default(),
            at_work: Cell::new(false),
            telling: Cell::new(false),
            deadline: Cell::new(None),
        }
    }

    /// Something happened. What happens while the core is at work waits its turn; what the application does
    /// while it is told something is done at once.
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

    /// The browser's connection to a peer; `undefined` where there is none.
    pub fn connection(&self, peer: &PeerId) -> JsValue {
        let connection = self.core.borrow().connection(peer);
        connection.map_or(JsValue::UNDEFINED, |id| self.browser.simply(Act::Object, id.0, 0))
    }

    /// How long each phase of the connection to a peer took.
    pub fn timeline(&self, peer: &PeerId) -> Option<Timeline> {
        self.core.borrow().timeline(peer)
    }

    /// To what the core waits for; nothing is changed where that is set already.
    fn set_timer(&self) {
        let deadline = self.core.borrow().poll_timeout().map(|(at, _)| at);
        if self.deadline.replace(deadline) != deadline {
            let now = clock::now();
            let wait = |at: u64| i32::try_from(at.saturating_sub(now)).unwrap_or(i32::MAX);
            self.browser.simply(Act::Wait, 0, deadline.map_or(-1, wait));
        }
    }

    fn carry_out(&self) {
        loop {
            let next = self.core.borrow_mut().poll_output();
            let Some(output) = next else { break };
            self.execute(output);
        }
    }

    fn execute(&self, output: Output) {
        let (what, id, number) = match output {
            Output::OpenSocket { socket } => (Act::OpenSocket, socket.0, 0),
            Output::Send { socket, envelope, ack } => {
                let text = codec::encode(&envelope, ack);
                self.browser.act(Act::Send as u32, socket.0, 0, &text, "", "");
                return;
            }
            Output::CloseSocket { socket, code } => (Act::CloseSocket, socket.0, code.into()),
            Output::CreateConnection { connection, .. } => (Act::Connect, connection.0, 0),
            Output::Operate { connection, operation, what } => {
                return operate(&self.browser, connection.0, operation.0, &what);
            }
            Output::RestartIce { connection } => (Act::RestartIce, connection.0, 0),
            Output::Probe { connection, after_ms } => (Act::Probe, connection.0, after_ms.into()),
            Output::CloseConnection { connection } => (Act::Disconnect, connection.0, 0),
            Output::Settle { call, result } => {
                return self.news.borrow_mut().push_back(News::Settled(call.0, result));
            }
            Output::Event(event) => return self.news.borrow_mut().push_back(News::Event(event)),
        };
        self.browser.simply(what, id, number);
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
                    (Told::PeerChanged, 0, room.as_str(), peer.as_str(), reason.as_str())
                }
                Event::PeerAway { room, peer, reason } => {
                    (Told::PeerChanged, 1, room.as_str(), peer.as_str(), reason.as_str())
                }
                Event::PeerBack { room, peer } => (Told::PeerChanged, 2, room.as_str(), peer.as_str(), ""),
                Event::Resumed { resumed, reason } => {
                    (Told::Resumed, (*resumed).into(), reason.as_ref().map_or("", Open::as_str), "", "")
                }
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
        self.browser.act(Act::Tell as u32, what as u32, number as i32, a, b, c);
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.browser.simply(Act::Close, 0, 0);
    }
}

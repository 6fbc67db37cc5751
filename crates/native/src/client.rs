//! What the application calls.

use crate::call::Call;
use crate::driver::{Driver, Ends, Request};
use crate::error::Error;
use crate::events::Events;
use crate::settings::{Settings, draw_seed};
use crate::sockets::Sockets;
use serde::Serialize;
use signalpost_core::protocol::{ErrorCode, OwnSignal, PeerId, PeerInfo, Query, RoomName};
use signalpost_core::{CallId, Client as Core, ClientState, Command, Receiver, Reply};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// A handle of one client. Its clones are handles of the same client; with the last of them, and the last [`Call`], the client is
/// closed.
#[derive(Clone, Debug)]
pub struct Client {
    peer_id: PeerId,
    requests: mpsc::UnboundedSender<Request>,
    state: watch::Receiver<ClientState>,
    closed: watch::Receiver<bool>,
    next_call: Arc<AtomicU32>,
}

/// One page of a list of peers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The peers, by the order of their ids.
    pub peers: Vec<PeerInfo>,
    /// Where the next page starts, for [`Query::cursor`]; `None` on the last page.
    pub cursor: Option<String>,
}

impl Client {
    /// Connects to a server and registers. Call it in a tokio runtime with time and I/O, in which the client lives from then on.
    ///
    /// # Errors
    /// `invalid-argument` for a setting that is not allowed, `socket-unavailable` for an endpoint that is no address,
    /// `peer-id-taken`, `upgrade-required`, `server-full`, and `timeout` or `server-unreachable` when no server answers in
    /// [`Settings::connect_timeout`].
    pub async fn connect(settings: Settings) -> Result<(Self, Events), Error> {
        let timeout = settings.connect_timeout;
        let most_events = settings.most_events;
        let (config, endpoints) = settings.into_config()?;
        let peer_id = config.peer_id.clone();
        let (driver, ends) =
            Driver::new(Core::new(config, draw_seed()?), Sockets::new(endpoints), most_events);
        let Ends { requests, events, state, closed } = ends;
        tokio::spawn(driver.run());
        let client = Self { peer_id, requests, state, closed, next_call: Arc::default() };
        client.connect_again(timeout).await?;
        Ok((client, Events(events)))
    }

    /// Connects a client that gave up, which [`crate::Event::State`] told with [`ClientState::Idle`].
    ///
    /// # Errors
    /// Those of [`Client::connect`]. A client that is connected has nothing to do.
    pub fn connect_again(&self, timeout: Duration) -> Call<()> {
        let timeout_ms = u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX);
        self.call(|call| Command::Connect { call, timeout_ms }, drop)
    }

    /// The id of this peer.
    pub fn peer_id(&self) -> &PeerId {
        &self.peer_id
    }

    /// The state of this client.
    pub fn state(&self) -> ClientState {
        *self.state.borrow()
    }

    /// Enters a room, and returns who is in it. [`crate::Event::PeerJoined`] tells of each of them too, and of later ones.
    ///
    /// # Errors
    /// `too-many-rooms` (32), `rate-limited`, `timeout` after 15 s.
    pub fn join(&self, room: &RoomName) -> Call<Vec<PeerInfo>> {
        self.call(|call| Command::Join { call, room: room.clone() }, |reply| page(reply).peers)
    }

    /// Leaves a room.
    ///
    /// # Errors
    /// `room-not-joined`, `timeout` after 15 s.
    pub fn leave(&self, room: &RoomName) -> Call<()> {
        self.call(|call| Command::Leave { call, room: room.clone() }, drop)
    }

    /// Looks for peers; every condition that is given holds. A page has at most [`Query::limit`] entries: 20 by default, 100
    /// at most.
    ///
    /// # Errors
    /// `timeout` after 15 s.
    pub fn find_peers(&self, query: Query) -> Call<Page> {
        self.call(|call| Command::FindPeers { call, query }, page)
    }

    /// Sends a message to a peer, and waits until it is in the mailbox that the server keeps for the peer. JSON may take 4096
    /// bytes; about 20 messages a second are allowed.
    ///
    /// # Errors
    /// `peer-not-found`, `peer-busy`, `message-too-large`, `rate-limited`, `outbox-full`; `link-lost` when the session ended
    /// meanwhile, so that the message may have arrived or not; `timeout` after 150 s; `invalid-argument` for what JSON cannot hold.
    pub fn send<T: Serialize + ?Sized>(&self, to: &PeerId, data: &T) -> Call<()> {
        self.message(Receiver::Peer(to.clone()), data, false)
    }

    /// Sends a message to a peer, and waits until the peer's client has it.
    ///
    /// # Errors
    /// Those of [`Client::send`].
    pub fn send_with_receipt<T: Serialize + ?Sized>(&self, to: &PeerId, data: &T) -> Call<()> {
        self.message(Receiver::Peer(to.clone()), data, true)
    }

    /// Sends a message to everybody else in a room that this client is in, and waits until the server has it.
    ///
    /// # Errors
    /// Those of [`Client::send`], and `room-not-joined`.
    pub fn broadcast<T: Serialize + ?Sized>(&self, room: &RoomName, data: &T) -> Call<()> {
        self.message(Receiver::Room(room.clone()), data, false)
    }

    /// Sends a signal for a connection that the application makes itself. Candidates to one peer are sent in batches.
    ///
    /// # Errors
    /// Those of [`Client::send`], `invalid-description` and `invalid-candidate`.
    pub fn signal(&self, to: &PeerId, signal: OwnSignal) -> Call<()> {
        self.call(|call| Command::OwnSignal { call, to: to.clone(), signal }, drop)
    }

    /// Ends the client for good: others see it leave at once. Waits until the server knows, at most 2 s.
    pub async fn close(&self) {
        // A driver that has ended is closed.
        let _ = self.requests.send(Request::Close);
        let _ = self.closed.clone().wait_for(|closed| *closed).await;
    }

    /// Ends the client without a word to the server, as a program that is killed would: others see it away until the resume window
    /// is over, and a program that starts anew with its key takes its id back.
    pub fn abandon(&self) {
        // A driver that has ended is closed.
        let _ = self.requests.send(Request::Abandon);
    }

    fn message<T: Serialize + ?Sized>(&self, to: Receiver, data: &T, receipt: bool) -> Call<()> {
        match serde_json::to_string(data) {
            Ok(data) => self.call(|call| Command::Message { call, to, data, receipt }, drop),
            Err(why) => Call::failed(Error::new(ErrorCode::InvalidArgument, format!("data: {why}")), drop),
        }
    }

    fn call<R>(&self, command: impl FnOnce(CallId) -> Command, read: fn(Reply) -> R) -> Call<R> {
        let call = CallId(self.next_call.fetch_add(1, Ordering::Relaxed));
        Call::make(&self.requests, call, command(call), read)
    }
}

fn page(reply: Reply) -> Page {
    match reply {
        Reply::Peers { peers, cursor } => Page { peers, cursor },
        Reply::Done => Page { peers: Vec::new(), cursor: None },
    }
}

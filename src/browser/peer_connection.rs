//! Each connection to another peer: an `RTCPeerConnection` (W3C WebRTC §4) with the SDK's own data channel.

use crate::browser::data_channel;
use crate::browser::event_listener::EventListeners;
use crate::browser::operation::{Connection, outcome, start};
use crate::browser::report::Report;
use crate::codec;
use crate::js_value::{global_member, member, text_member, thrown_text};
use futures_channel::oneshot;
use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, select};
use gloo_timers::future::TimeoutFuture;
use js_sys::{Array, Function, Map, Promise};
use signalpost_core::observed::candidates::{candidate_found, gathering_changed};
use signalpost_core::protocol::session_description::username_fragments;
use signalpost_core::{ConnectionEvent, ConnectionId, ConnectionState, Input, Operation, OperationId};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    RtcConfiguration, RtcDataChannel, RtcIceGatheringState, RtcPeerConnection, RtcPeerConnectionIceEvent,
    RtcPeerConnectionState,
};

/// How long between two looks at the candidate pair in use, in milliseconds.
const LOOK_MS: u16 = 50;

struct Context {
    connection: ConnectionId,
    object: Connection,
    channel: RtcDataChannel,
    report: Report,
    end: End,
}

/// The end of a connection, as a promise. The promises of a connection that is closed may never settle, and what waits for one in
/// Rust is only freed when it settles: so each wait is for the first of both.
struct End {
    promise: Promise,
    resolve: Function,
}

impl End {
    fn new() -> Option<Self> {
        let mut taken = None;
        let promise = Promise::new(&mut |resolve, _| taken = Some(resolve));
        Some(Self { promise, resolve: taken?.unchecked_into() })
    }

    /// Waits for a promise, or any other value, from now on.
    fn or(&self, answer: &JsValue) -> JsFuture {
        let first = Promise::race(&Array::of(&[answer.clone(), self.promise.clone().into()]));
        JsFuture::from(first)
    }

    fn come(&self) {
        let _ = self.resolve.call0(&JsValue::UNDEFINED);
    }
}

impl Context {
    fn tell(&self, event: ConnectionEvent) {
        (self.report)(Input::Connection { connection: self.connection, event });
    }

    fn is_complete(&self) -> bool {
        self.object.ice_gathering_state() == RtcIceGatheringState::Complete
    }

    fn hear_candidate(&self, event: &JsValue) {
        let found = match event.unchecked_ref::<RtcPeerConnectionIceEvent>().candidate() {
            None => None,
            Some(candidate) => match codec::candidate_from_js(&candidate) {
                Some(init) => {
                    // Chromium has it.
                    if let Some(url) = text_member(&candidate, "url").filter(|url| !url.is_empty()) {
                        self.tell(ConnectionEvent::CandidateUrl { url });
                    }
                    Some(init)
                }
                // The browser gave what is no candidate.
                None => return,
            },
        };
        if let Some(event) = candidate_found(found, self.is_complete()) {
            self.tell(event);
        }
    }

    fn hear_candidate_error(&self, event: &JsValue) {
        let code = member(event, "errorCode").as_f64().unwrap_or_default() as u16;
        let url = text_member(event, "url").unwrap_or_default();
        self.tell(ConnectionEvent::CandidateError { code, url });
    }

    fn hear_gathering_state(&self, _: &JsValue) {
        if let Some(event) = gathering_changed(self.is_complete()) {
            self.tell(event);
        }
    }

    fn hear_connection_state(&self, _: &JsValue) {
        if let Some(state) = connection_state(self.object.connection_state()) {
            self.tell(ConnectionEvent::StateChanged(state));
        }
    }

    /// How many bytes have arrived so far, of whatever kind, and the round trip of the candidate pair in use in milliseconds
    /// (W3C WebRTC Statistics §8.3, §8.13).
    async fn measure(&self) -> Result<(f64, Option<u32>), JsValue> {
        let reports: Map = self.end.or(&self.object.get_stats()?).await?.unchecked_into();
        let (mut bytes, mut round_trip_ms) = (0.0, None);
        for report in reports.values() {
            let report = report?;
            bytes += member(&report, "bytesReceived").as_f64().unwrap_or_default();
            let pair = reports.get(&member(&report, "selectedCandidatePairId"));
            let seconds = member(&pair, "currentRoundTripTime").as_f64();
            round_trip_ms = round_trip_ms.or(seconds.map(|seconds| (seconds * 1000.0) as u32));
        }
        Ok((bytes, round_trip_ms))
    }

    /// Whether the two candidates of the pair in use are of the generations that the two descriptions name.
    async fn is_in_use(&self) -> Result<bool, JsValue> {
        let reports: Map = self.end.or(&self.object.get_stats()?).await?.unchecked_into();
        for report in reports.values() {
            let pair = reports.get(&member(&report?, "selectedCandidatePairId"));
            let is_of = |id, description: &JsValue| {
                let fragment = text_member(&reports.get(&member(&pair, id)), "usernameFragment");
                let sdp = text_member(description, "sdp").unwrap_or_default();
                fragment.is_some_and(|name| username_fragments(&sdp).contains(&name))
            };
            if is_of("localCandidateId", &self.object.local_description()?)
                && is_of("remoteCandidateId", &member(&self.object, "remoteDescription"))
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Sends something, and returns whether bytes arrived in so many milliseconds and the round trip. Where nothing can be sent or
    /// read, all that ever arrived counts: that says nothing against the other side.
    async fn probe(&self, milliseconds: u16) -> (bool, Option<u32>) {
        let Ok((before, round_trip_ms)) = self.measure().await else { return (false, None) };
        if data_channel::send_probe(&self.channel).is_ok() {
            TimeoutFuture::new(milliseconds.into()).await;
            if let Ok((now, round_trip_ms)) = self.measure().await {
                return (now != before, round_trip_ms);
            }
        }
        (before != 0.0, round_trip_ms)
    }
}

/// Returns `None` for a state that W3C WebRTC does not have.
fn connection_state(state: RtcPeerConnectionState) -> Option<ConnectionState> {
    Some(match state {
        RtcPeerConnectionState::New => ConnectionState::New,
        RtcPeerConnectionState::Connecting => ConnectionState::Connecting,
        RtcPeerConnectionState::Connected => ConnectionState::Connected,
        RtcPeerConnectionState::Disconnected => ConnectionState::Disconnected,
        RtcPeerConnectionState::Failed => ConnectionState::Failed,
        RtcPeerConnectionState::Closed => ConnectionState::Closed,
        _ => return None,
    })
}

/// One connection. Dropping it closes it; nothing is heard of it afterwards.
struct PeerConnection {
    context: Rc<Context>,
    listeners: RefCell<EventListeners>,
    /// One for each task that waits for promises; the task ends when its sender is dropped.
    tasks: RefCell<Vec<oneshot::Sender<()>>>,
}

impl PeerConnection {
    fn new(connection: ConnectionId, object: RtcPeerConnection, report: &Report) -> Result<Self, JsValue> {
        let channel = data_channel::create(&object).inspect_err(|_| object.close())?;
        let object: Connection = object.unchecked_into();
        let end = End::new().ok_or("Promise")?;
        let context = Rc::new(Context { connection, object, channel, report: Rc::clone(report), end });
        let mut listeners = EventListeners::new();
        let mut on = |target: &JsValue, name: &'static str, hear: fn(&Context, &JsValue)| {
            listeners.listen(target, name, &context, hear);
        };
        let (object, channel) = (&context.object, &context.channel);
        on(object, "negotiationneeded", |context, _| context.tell(ConnectionEvent::NegotiationNeeded));
        on(object, "icecandidate", Context::hear_candidate);
        on(object, "icecandidateerror", Context::hear_candidate_error);
        on(object, "icegatheringstatechange", Context::hear_gathering_state);
        on(object, "connectionstatechange", Context::hear_connection_state);
        on(channel, "message", |context, event| {
            context.tell(ConnectionEvent::Heard { text: data_channel::text(event) });
        });
        on(channel, "open", |context, _| context.tell(ConnectionEvent::Opened));
        on(channel, "close", |context, _| context.tell(ConnectionEvent::ChannelClosed));
        Ok(Self { context, listeners: RefCell::new(listeners), tasks: RefCell::default() })
    }

    /// Runs what waits for promises as long as the connection is open. It is boxed, because each type of future brings its own executor.
    fn spawn(&self, work: LocalBoxFuture<'static, ()>) {
        let (open, closed) = oneshot::channel();
        let mut tasks = self.tasks.borrow_mut();
        tasks.retain(|task| !task.is_canceled());
        tasks.push(open);
        // The first is looked at first: once it is closed, nothing is reported.
        spawn_local(select(closed, work).map(drop));
    }

    fn operate(&self, operation: OperationId, what: &Operation) {
        // The call is made now, and not when the task runs: calls keep their order, and nobody misses a promise that rejects.
        let (reads, started) = start(&self.context.object, what);
        let started = started.map(|answer| self.context.end.or(&answer));
        let context = Rc::clone(&self.context);
        let work = async move {
            let ended = match started {
                Ok(promise) => promise.await,
                Err(thrown) => Err(thrown),
            };
            let outcome = outcome(&context.object, reads, ended);
            context.tell(ConnectionEvent::Done { operation, outcome });
        };
        self.spawn(work.boxed_local());
    }

    /// Reports nothing from now on.
    fn silence(&self) {
        self.listeners.borrow_mut().clear();
        drop(self.tasks.take());
    }

    fn await_pair(&self, milliseconds: u16) {
        let context = Rc::clone(&self.context);
        let work = async move {
            for _ in 0..milliseconds / LOOK_MS {
                TimeoutFuture::new(LOOK_MS.into()).await;
                if context.is_in_use().await.unwrap_or_default() {
                    return context.tell(ConnectionEvent::PairInUse);
                }
            }
        };
        self.spawn(work.boxed_local());
    }

    fn probe(&self, milliseconds: u16) {
        let context = Rc::clone(&self.context);
        let work = async move {
            let (is_live, round_trip_ms) = context.probe(milliseconds).await;
            context.tell(ConnectionEvent::Probed { is_live, round_trip_ms });
        };
        self.spawn(work.boxed_local());
    }
}

impl Drop for PeerConnection {
    fn drop(&mut self) {
        self.silence();
        let _ = self.context.object.close();
        self.context.end.come();
    }
}

/// The connections of a client, by their numbers. Nothing is called while the list is borrowed.
pub struct PeerConnections {
    configuration: RtcConfiguration,
    report: Report,
    all: RefCell<Vec<(ConnectionId, Rc<PeerConnection>)>>,
    /// Those in whose place others are, until the facade has taken from them what is the application's.
    replaced: RefCell<Vec<Rc<PeerConnection>>>,
}

impl PeerConnections {
    /// Has none yet. Each will be made with this configuration.
    pub fn new(configuration: RtcConfiguration, report: &Report) -> Self {
        Self {
            configuration,
            report: Rc::clone(report),
            all: RefCell::default(),
            replaced: RefCell::default(),
        }
    }

    fn get(&self, wanted: ConnectionId) -> Option<Rc<PeerConnection>> {
        let all = self.all.borrow();
        all.iter().find(|(number, _)| *number == wanted).map(|(_, connection)| Rc::clone(connection))
    }

    /// Makes a connection with its data channel, or takes over an `early` one of the facade's, and reports it where the browser
    /// throws: a bad configuration, no network, too many connections.
    pub fn connect(&self, connection: ConnectionId, early: Option<RtcPeerConnection>) {
        let is_early = early.is_some();
        let object = early.map_or_else(|| self.construct(), Ok);
        match object.and_then(|object| PeerConnection::new(connection, object, &self.report)) {
            Ok(made) => {
                self.all.borrow_mut().push((connection, Rc::new(made)));
                if is_early {
                    // The browser may have said so before anybody listened, and says it once (W3C WebRTC §4.7.3).
                    let event = ConnectionEvent::NegotiationNeeded;
                    (self.report)(Input::Connection { connection, event });
                }
            }
            Err(thrown) => {
                let event = ConnectionEvent::Unavailable { message: thrown_text(&thrown) };
                (self.report)(Input::Connection { connection, event });
            }
        }
    }

    /// Makes a connection to nobody, which gathers.
    pub fn gather(&self, connection: ConnectionId) {
        self.connect(connection, None);
        self.operate(connection, OperationId(0), &Operation::SetLocalDescription);
    }

    fn construct(&self) -> Result<RtcPeerConnection, JsValue> {
        if global_member("RTCPeerConnection").is_undefined() {
            return Err("this host has no RTCPeerConnection".into());
        }
        RtcPeerConnection::new_with_configuration(&self.configuration)
    }

    /// Starts an operation, whose end is reported.
    pub fn operate(&self, connection: ConnectionId, operation: OperationId, what: &Operation) {
        if let Some(connection) = self.get(connection) {
            connection.operate(operation, what);
        }
    }

    /// Calls `restartIce()`, once `ready` has settled where it is a promise.
    pub fn restart_ice(&self, connection: ConnectionId, ready: Option<Promise>) {
        let Some(connection) = self.get(connection) else { return };
        let context = Rc::clone(&connection.context);
        match ready.map(|ready| context.end.or(&ready)) {
            None => drop(context.object.restart_ice()),
            Some(ready) => connection.spawn(
                async move {
                    let _ = ready.await;
                    let _ = context.object.restart_ice();
                }
                .boxed_local(),
            ),
        }
    }

    /// Sends a text on a connection; where that is impossible, its core hears the silence.
    pub fn ping(&self, connection: ConnectionId, text: &str) {
        if let Some(connection) = self.get(connection) {
            let _ = connection.context.channel.send_with_str(text);
        }
    }

    /// Sends something on a connection, and reports after so many milliseconds whether anything arrived.
    pub fn probe(&self, connection: ConnectionId, milliseconds: u16) {
        if let Some(connection) = self.get(connection) {
            connection.probe(milliseconds);
        }
    }

    /// Reports when the pair in use is of the present generations, if that is so within so many milliseconds.
    pub fn await_pair(&self, connection: ConnectionId, milliseconds: u16) {
        if let Some(connection) = self.get(connection) {
            connection.await_pair(milliseconds);
        }
    }

    /// Closes a connection. Nothing is heard of it again.
    pub fn close(&self, connection: ConnectionId) {
        drop(self.take(connection));
    }

    /// Makes a connection in the place of another one, of which nothing is heard again. It stays open until
    /// [`PeerConnections::close_replaced`].
    pub fn replace(&self, old: ConnectionId, connection: ConnectionId) {
        if let Some(old) = self.take(old) {
            old.silence();
            self.replaced.borrow_mut().push(old);
        }
        self.connect(connection, None);
    }

    /// Closes every connection that was replaced.
    pub fn close_replaced(&self) {
        drop(self.replaced.take());
    }

    fn take(&self, wanted: ConnectionId) -> Option<Rc<PeerConnection>> {
        let mut all = self.all.borrow_mut();
        let at = all.iter().position(|(number, _)| *number == wanted)?;
        Some(all.swap_remove(at).1)
    }

    /// Returns the browser's object of a connection.
    pub fn object(&self, connection: ConnectionId) -> Option<RtcPeerConnection> {
        self.get(connection).map(|connection| connection.context.object.clone().into())
    }
}

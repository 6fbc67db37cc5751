//! Each connection to another peer: an `RTCPeerConnection` (W3C WebRTC §4) with the SDK's own data channel.

use crate::browser::event_listener::EventListeners;
use crate::browser::rtc_types::{connection_state, description, init, signaling_state};
use crate::browser::{Report, data_channel};
use crate::codec;
use crate::js_value::{global_member, member, thrown_text};
use futures_channel::oneshot;
use futures_util::FutureExt;
use futures_util::future::{Shared, select};
use gloo_timers::future::TimeoutFuture;
use js_sys::{Array, Function, Map, Promise};
use signalpost_core::observed::candidates::{candidate_found, gathering_changed};
use signalpost_core::{
    ConnectionEvent, ConnectionId, Description, Input, Operation, OperationId, Outcome, SdpType,
    SignalingState,
};
use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    RtcConfiguration, RtcDataChannel, RtcIceGatheringState, RtcPeerConnection, RtcPeerConnectionIceEvent,
    RtcSdpType, RtcSessionDescriptionInit,
};

#[wasm_bindgen]
extern "C" {
    /// An `RTCPeerConnection` whose methods may throw. Web IDL says that they answer a promise that rejects, and web-sys believes it.
    /// But scripts stand before these methods, to measure or to mend them, and Firefox throws where the local description
    /// of a closed connection is read. What is thrown into the module would end it.
    #[wasm_bindgen(extends = RtcPeerConnection)]
    #[derive(Clone)]
    type Connection;
    #[wasm_bindgen(method, catch, js_name = createOffer)]
    fn create_offer(this: &Connection) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = createAnswer)]
    fn create_answer(this: &Connection) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = setLocalDescription)]
    fn set_local_description(this: &Connection) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = setLocalDescription)]
    fn set_local_description_to(
        this: &Connection,
        init: &RtcSessionDescriptionInit,
    ) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = setRemoteDescription)]
    fn set_remote_description(
        this: &Connection,
        init: &RtcSessionDescriptionInit,
    ) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = addIceCandidate)]
    fn add_ice_candidate(this: &Connection, init: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, getter, js_name = localDescription)]
    fn local_description(this: &Connection) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = getStats)]
    fn get_stats(this: &Connection) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = restartIce)]
    fn restart_ice(this: &Connection) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn close(this: &Connection) -> Result<(), JsValue>;
}

/// What an operation reports when it has succeeded. Nothing else is read: a description may be large.
#[derive(Clone, Copy)]
enum Reads {
    /// What its promise resolved with.
    Made,
    /// The local description.
    LocalDescription,
    Nothing,
}

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
                Some(init) => Some(init),
                // The browser gave what is no candidate.
                None => return,
            },
        };
        if let Some(event) = candidate_found(found, self.is_complete()) {
            self.tell(event);
        }
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

    fn outcome(&self, reads: Reads, ended: Result<JsValue, JsValue>) -> Outcome {
        let state = signaling_state(self.object.signaling_state());
        let result = match (ended, state) {
            (Err(thrown), _) => Err(thrown_text(&thrown)),
            (Ok(_), None) => Err("the browser's signalingState is unknown".into()),
            // After `close()` Firefox throws where a description is asked for.
            (Ok(_), Some(SignalingState::Closed)) => Ok(None),
            (Ok(made), Some(_)) => match reads {
                Reads::Made => Ok(description(&made)),
                Reads::LocalDescription => match self.object.local_description() {
                    Ok(set) => Ok(description(&set)),
                    Err(thrown) => Err(thrown_text(&thrown)),
                },
                Reads::Nothing => Ok(None),
            },
        };
        Outcome { result, signaling_state: state.unwrap_or(SignalingState::Closed) }
    }

    /// Calls the method of an operation.
    fn start(&self, what: &Operation) -> (Reads, Result<JsValue, JsValue>) {
        let object = &self.object;
        match what {
            Operation::CreateOffer => (Reads::Made, object.create_offer()),
            Operation::CreateAnswer => (Reads::Made, object.create_answer()),
            Operation::SetLocalDescription => (Reads::LocalDescription, object.set_local_description()),
            Operation::SetLocalOffer(offer) => (
                Reads::LocalDescription,
                object.set_local_description_to(&init(RtcSdpType::Offer, &offer.sdp)),
            ),
            Operation::ReadLocalDescription => (Reads::LocalDescription, Ok(JsValue::UNDEFINED)),
            Operation::RollbackLocal => {
                (Reads::Nothing, object.set_local_description_to(&init(RtcSdpType::Rollback, "")))
            }
            Operation::RollbackRemote => {
                (Reads::Nothing, object.set_remote_description(&init(RtcSdpType::Rollback, "")))
            }
            Operation::SetRemoteDescription(Description { kind, sdp }) => {
                let kind = match kind {
                    SdpType::Offer => RtcSdpType::Offer,
                    SdpType::Answer => RtcSdpType::Answer,
                };
                (Reads::Nothing, object.set_remote_description(&init(kind, sdp)))
            }
            Operation::AddIceCandidate(candidate) => (
                Reads::Nothing,
                crate::to_js::value(candidate).and_then(|init| object.add_ice_candidate(&init)),
            ),
        }
    }

    /// How many bytes have arrived so far, of whatever kind (W3C WebRTC Statistics §8.3).
    async fn bytes_received(&self) -> Result<f64, JsValue> {
        let reports = self.end.or(&self.object.get_stats()?).await?;
        let mut bytes = 0.0;
        for report in reports.unchecked_into::<Map>().values() {
            bytes += member(&report?, "bytesReceived").as_f64().unwrap_or_default();
        }
        Ok(bytes)
    }

    /// Sends something and returns how many bytes arrived in so many milliseconds. Where nothing can be sent or read, all that
    /// ever arrived counts: that says nothing against the other side.
    async fn probe(&self, milliseconds: u16) -> f64 {
        let Ok(before) = self.bytes_received().await else { return 0.0 };
        if data_channel::send_probe(&self.channel).is_err() {
            return before;
        }
        TimeoutFuture::new(milliseconds.into()).await;
        self.bytes_received().await.map_or(before, |now| now - before)
    }
}

/// One connection. Dropping it closes it; nothing is heard of it afterwards.
struct PeerConnection {
    context: Rc<Context>,
    listeners: EventListeners,
    /// Resolves when the connection is dropped.
    closed: Shared<oneshot::Receiver<()>>,
    _open: oneshot::Sender<()>,
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
        on(object, "icegatheringstatechange", Context::hear_gathering_state);
        on(object, "connectionstatechange", Context::hear_connection_state);
        on(channel, "open", |context, _| context.tell(ConnectionEvent::Opened));
        on(channel, "close", |context, _| context.tell(ConnectionEvent::ChannelClosed));
        let (open, closed) = oneshot::channel();
        Ok(Self { context, listeners, closed: closed.shared(), _open: open })
    }

    /// Runs what waits for promises as long as the connection is open.
    fn spawn<F: Future<Output = ()> + 'static>(&self, work: impl FnOnce(Rc<Context>) -> F) {
        let (closed, work) = (self.closed.clone(), work(Rc::clone(&self.context)));
        spawn_local(async move {
            // The first is looked at first: once it is closed, nothing is reported.
            select(closed, pin!(work)).await;
        });
    }

    fn operate(&self, operation: OperationId, what: &Operation) {
        // The call is made now, and not when the task runs: calls keep their order, and nobody misses a promise that rejects.
        let (reads, started) = self.context.start(what);
        let started = started.map(|answer| self.context.end.or(&answer));
        self.spawn(|context| async move {
            let ended = match started {
                Ok(promise) => promise.await,
                Err(thrown) => Err(thrown),
            };
            let outcome = context.outcome(reads, ended);
            context.tell(ConnectionEvent::Done { operation, outcome });
        });
    }

    fn probe(&self, milliseconds: u16) {
        self.spawn(|context| async move {
            let is_live = context.probe(milliseconds).await != 0.0;
            context.tell(ConnectionEvent::Probed { is_live });
        });
    }
}

impl Drop for PeerConnection {
    fn drop(&mut self) {
        self.listeners.clear();
        let _ = self.context.object.close();
        self.context.end.come();
    }
}

/// The connections of a client, by their numbers. Nothing is called while the list is borrowed.
pub struct PeerConnections {
    configuration: RtcConfiguration,
    report: Report,
    all: RefCell<Vec<(ConnectionId, Rc<PeerConnection>)>>,
}

impl PeerConnections {
    /// Has none yet. Each will be made with this configuration.
    pub fn new(configuration: RtcConfiguration, report: &Report) -> Self {
        Self { configuration, report: Rc::clone(report), all: RefCell::default() }
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

    /// Calls `restartIce()`.
    pub fn restart_ice(&self, connection: ConnectionId) {
        if let Some(connection) = self.get(connection) {
            let _ = connection.context.object.restart_ice();
        }
    }

    /// Sends something on a connection, and reports after so many milliseconds whether anything arrived.
    pub fn probe(&self, connection: ConnectionId, milliseconds: u16) {
        if let Some(connection) = self.get(connection) {
            connection.probe(milliseconds);
        }
    }

    /// Closes a connection. Nothing is heard of it again.
    pub fn close(&self, connection: ConnectionId) {
        let taken = {
            let mut all = self.all.borrow_mut();
            let at = all.iter().position(|(number, _)| *number == connection);
            at.map(|at| all.swap_remove(at))
        };
        drop(taken);
    }

    /// Returns the browser's object of a connection.
    pub fn object(&self, connection: ConnectionId) -> Option<RtcPeerConnection> {
        self.get(connection).map(|connection| connection.context.object.clone().into())
    }
}

//! One `RTCPeerConnection` (W3C WebRTC §4) with the SDK's own data channel.

use crate::event_listener::EventListener;
use crate::js_error;
use js_sys::Promise;
use signalpost_core::protocol::IceCandidateInit;
use signalpost_core::{
    ConnectionEvent, ConnectionState, Description, Operation, Outcome, SdpType, SignalingState,
};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    RtcConfiguration, RtcDataChannelInit, RtcIceCandidateInit, RtcIceGatheringState, RtcPeerConnection,
    RtcPeerConnectionIceEvent, RtcPeerConnectionState, RtcSdpType, RtcSessionDescriptionInit,
    RtcSignalingState,
};

// What web-sys does not have yet.
#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(extends = RtcPeerConnection)]
    type Connection;
    #[wasm_bindgen(method, js_name = restartIce)]
    fn restart_ice(this: &Connection);
    /// The browser makes an offer or an answer, by its state.
    #[wasm_bindgen(method, js_name = setLocalDescription)]
    fn describe(this: &Connection) -> Promise;

    /// `RTCSessionDescriptionInit` as something to read.
    type Made;
    #[wasm_bindgen(method, getter)]
    fn sdp(this: &Made) -> Option<String>;

    #[wasm_bindgen(extends = web_sys::RtcIceCandidate)]
    type Candidate;
    #[wasm_bindgen(method, getter, js_name = usernameFragment)]
    fn username_fragment(this: &Candidate) -> Option<String>;

    #[wasm_bindgen(extends = RtcIceCandidateInit)]
    type CandidateInit;
    #[wasm_bindgen(method, setter, js_name = usernameFragment)]
    fn set_username_fragment(this: &CandidateInit, value: Option<&str>);
}

/// The label of the SDK's own data channel.
const CHANNEL_LABEL: &str = "signalpost";
/// Its id: the same at both ends, so that nobody waits for the other to open it.
const CHANNEL_ID: u16 = 0;

type Settled = [Closure<dyn FnMut(JsValue)>; 2];
type Heard = Rc<dyn Fn(ConnectionEvent)>;

/// A live connection. Dropping it removes its listeners and closes it; nothing is heard from it again.
pub struct PeerConnection {
    connection: RtcPeerConnection,
    heard: Heard,
    _listeners: [EventListener; 5],
    /// What the operations in flight call when they end, by operation.
    in_flight: Rc<RefCell<Vec<(u32, Settled)>>>,
}

impl PeerConnection {
    /// Constructs the connection and its data channel. Everything that happens is told to `heard`.
    ///
    /// # Errors
    /// What the browser throws: a bad configuration, no network, too many connections.
    pub fn new(
        configuration: &RtcConfiguration,
        heard: impl Fn(ConnectionEvent) + 'static,
    ) -> Result<Self, JsValue> {
        let connection = RtcPeerConnection::new_with_configuration(configuration)?;
        let init = RtcDataChannelInit::new();
        init.set_negotiated(true);
        init.set_id(CHANNEL_ID);
        let channel = connection.create_data_channel_with_data_channel_dict(CHANNEL_LABEL, &init);
        let heard: Heard = Rc::new(heard);
        let on = |name, event: fn(&RtcPeerConnection) -> Option<ConnectionEvent>| {
            let (heard, source) = (Rc::clone(&heard), connection.clone());
            EventListener::new(&connection, name, move |_| {
                if let Some(event) = event(&source) {
                    heard(event);
                }
            })
        };
        let (on_candidate, on_open, source) = (Rc::clone(&heard), Rc::clone(&heard), connection.clone());
        let listeners = [
            on("negotiationneeded", |_| Some(ConnectionEvent::NegotiationNeeded)),
            on("connectionstatechange", |source| {
                Some(ConnectionEvent::StateChanged(connection_state(source.connection_state())))
            }),
            on("icegatheringstatechange", |source| {
                let complete = source.ice_gathering_state() == RtcIceGatheringState::Complete;
                complete.then_some(ConnectionEvent::EndOfCandidates)
            }),
            EventListener::new(&connection, "icecandidate", move |event| {
                let event: RtcPeerConnectionIceEvent = event.unchecked_into();
                let complete = source.ice_gathering_state() == RtcIceGatheringState::Complete;
                match event.candidate() {
                    Some(candidate) if !candidate.candidate().is_empty() => {
                        on_candidate(ConnectionEvent::Candidate(IceCandidateInit {
                            candidate: candidate.candidate(),
                            sdp_mid: candidate.sdp_mid(),
                            sdp_m_line_index: candidate.sdp_m_line_index(),
                            username_fragment: candidate.unchecked_ref::<Candidate>().username_fragment(),
                        }));
                    }
                    // Firefox says the end as "" and then as null, Chromium as null; "" ends one media section.
                    Some(_) if !complete => {}
                    _ => on_candidate(ConnectionEvent::EndOfCandidates),
                }
            }),
            EventListener::new(&channel, "open", move |_| on_open(ConnectionEvent::Opened)),
        ];
        Ok(Self { connection, heard, _listeners: listeners, in_flight: Rc::default() })
    }

    /// The browser's object.
    pub fn object(&self) -> &RtcPeerConnection {
        &self.connection
    }

    /// `restartIce()`.
    pub fn restart_ice(&self) {
        self.connection.unchecked_ref::<Connection>().restart_ice();
    }

    /// Starts an operation; its end is told as [`ConnectionEvent::Done`].
    pub fn operate(&self, operation: u32, what: Operation) {
        let ended = match what {
            Operation::CreateOffer => made_offer,
            _ => local_description,
        };
        let promise = self.start(what);
        let settled = |ended: fn(&RtcPeerConnection, JsValue) -> Result<Option<Description>, String>| {
            let (heard, source) = (Rc::clone(&self.heard), self.connection.clone());
            let in_flight = Rc::downgrade(&self.in_flight);
            Closure::<dyn FnMut(JsValue)>::new(move |value| {
                let signaling_state = signaling_state(source.signaling_state());
                let result = ended(&source, value);
                let done = in_flight.upgrade().and_then(|list| take(&mut list.borrow_mut(), operation));
                heard(ConnectionEvent::Done { operation, outcome: Outcome { result, signaling_state } });
                drop(done);
            })
        };
        let closures = [settled(ended), settled(|_, thrown| Err(js_error::describe(&thrown)))];
        let [fulfilled, rejected] = &closures;
        let _ = promise.then2(fulfilled, rejected);
        self.in_flight.borrow_mut().push((operation, closures));
    }

    fn start(&self, what: Operation) -> Promise {
        match what {
            Operation::SetLocalDescription => self.connection.unchecked_ref::<Connection>().describe(),
            Operation::CreateOffer => self.connection.create_offer(),
            Operation::SetLocalOffer(description) => {
                let init = RtcSessionDescriptionInit::new(RtcSdpType::Offer);
                init.set_sdp(&description.sdp);
                self.connection.set_local_description(&init)
            }
            Operation::RollbackLocal => self.connection.set_local_description(&rollback()),
            Operation::RollbackRemote => self.connection.set_remote_description(&rollback()),
            Operation::SetRemoteDescription(description) => {
                let init = RtcSessionDescriptionInit::new(match description.kind {
                    SdpType::Offer => RtcSdpType::Offer,
                    SdpType::Answer => RtcSdpType::Answer,
                });
                init.set_sdp(&description.sdp);
                self.connection.set_remote_description(&init)
            }
            Operation::AddIceCandidate(candidate) => {
                let init = RtcIceCandidateInit::new(&candidate.candidate);
                init.set_sdp_mid(candidate.sdp_mid.as_deref());
                init.set_sdp_m_line_index(candidate.sdp_m_line_index);
                let fragment = candidate.username_fragment.as_deref();
                init.unchecked_ref::<CandidateInit>().set_username_fragment(fragment);
                self.connection.add_ice_candidate_with_opt_rtc_ice_candidate_init(Some(&init))
            }
        }
    }
}

impl Drop for PeerConnection {
    fn drop(&mut self) {
        self.connection.close();
    }
}

fn rollback() -> RtcSessionDescriptionInit {
    RtcSessionDescriptionInit::new(RtcSdpType::Rollback)
}

fn take(list: &mut Vec<(u32, Settled)>, operation: u32) -> Option<(u32, Settled)> {
    let at = list.iter().position(|(id, _)| *id == operation)?;
    Some(list.swap_remove(at))
}

fn made_offer(_: &RtcPeerConnection, made: JsValue) -> Result<Option<Description>, String> {
    let made: Made = made.unchecked_into();
    Ok(made.sdp().map(|sdp| Description { kind: SdpType::Offer, sdp }))
}

fn local_description(source: &RtcPeerConnection, _: JsValue) -> Result<Option<Description>, String> {
    // After `close()` Firefox throws where a description is asked for.
    if source.signaling_state() == RtcSignalingState::Closed {
        return Ok(None);
    }
    let Some(description) = source.local_description() else { return Ok(None) };
    let kind = match description.type_() {
        RtcSdpType::Offer => SdpType::Offer,
        RtcSdpType::Answer => SdpType::Answer,
        _ => return Ok(None),
    };
    Ok(Some(Description { kind, sdp: description.sdp() }))
}

fn signaling_state(state: RtcSignalingState) -> SignalingState {
    match state {
        RtcSignalingState::Stable => SignalingState::Stable,
        RtcSignalingState::HaveLocalOffer => SignalingState::HaveLocalOffer,
        RtcSignalingState::HaveRemoteOffer => SignalingState::HaveRemoteOffer,
        _ => SignalingState::Closed,
    }
}

fn connection_state(state: RtcPeerConnectionState) -> ConnectionState {
    match state {
        RtcPeerConnectionState::Connecting => ConnectionState::Connecting,
        RtcPeerConnectionState::Connected => ConnectionState::Connected,
        RtcPeerConnectionState::Disconnected => ConnectionState::Disconnected,
        RtcPeerConnectionState::Failed => ConnectionState::Failed,
        RtcPeerConnectionState::Closed => ConnectionState::Closed,
        _ => ConnectionState::New,
    }
}

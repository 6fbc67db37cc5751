//! One `RTCPeerConnection` (W3C WebRTC §4) with the SDK's own data channel.

use crate::event_listener::EventListener;
use crate::js_error;
use alloc::rc::Rc;
use alloc::{boxed::Box, string::String};
use js_sys::{Function, Promise};
use signalpost_core::protocol::IceCandidateInit;
use signalpost_core::{
    ConnectionEvent, ConnectionState, Description, Operation, Outcome, SdpType, SignalingState,
};
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

    #[wasm_bindgen(extends = Promise)]
    type Settling;
    #[wasm_bindgen(method)]
    fn then(this: &Settling, fulfilled: &Function, rejected: &Function);

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

/// The browser's object, and who is told what it does.
struct Source {
    connection: RtcPeerConnection,
    heard: Box<dyn Fn(ConnectionEvent)>,
}

/// A live connection. Dropping it removes its listeners and closes it; nothing is heard from it again.
pub struct PeerConnection {
    /// The only strong reference but for the listeners': what an operation leaves behind holds on to nothing.
    source: Rc<Source>,
    _listeners: [EventListener; 6],
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
        let source = Rc::new(Source { connection, heard: Box::new(heard) });
        let on = |name, event: fn(&RtcPeerConnection) -> Option<ConnectionEvent>| {
            let source_of_event = Rc::clone(&source);
            EventListener::new(&source.connection, name, move |_| {
                if let Some(event) = event(&source_of_event.connection) {
                    (source_of_event.heard)(event);
                }
            })
        };
        let (of_candidate, of_open, of_close) = (Rc::clone(&source), Rc::clone(&source), Rc::clone(&source));
        let listeners = [
            on("negotiationneeded", |_| Some(ConnectionEvent::NegotiationNeeded)),
            on("connectionstatechange", |source| {
                Some(ConnectionEvent::StateChanged(connection_state(source.connection_state())))
            }),
            on("icegatheringstatechange", |source| {
                let complete = source.ice_gathering_state() == RtcIceGatheringState::Complete;
                complete.then_some(ConnectionEvent::EndOfCandidates)
            }),
            EventListener::new(&source.connection, "icecandidate", move |event| {
                let event: RtcPeerConnectionIceEvent = event.unchecked_into();
                let Source { connection, heard } = &*of_candidate;
                let complete = connection.ice_gathering_state() == RtcIceGatheringState::Complete;
                match event.candidate() {
                    Some(candidate) if !candidate.candidate().is_empty() => {
                        heard(ConnectionEvent::Candidate(IceCandidateInit {
                            candidate: candidate.candidate(),
                            sdp_mid: candidate.sdp_mid(),
                            sdp_m_line_index: candidate.sdp_m_line_index(),
                            username_fragment: candidate.unchecked_ref::<Candidate>().username_fragment(),
                        }));
                    }
                    // Firefox says the end as "" and then as null, Chromium as null; "" ends one media section.
                    Some(_) if !complete => {}
                    _ => heard(ConnectionEvent::EndOfCandidates),
                }
            }),
            EventListener::new(&channel, "open", move |_| (of_open.heard)(ConnectionEvent::Opened)),
            EventListener::new(&channel, "close", move |_| (of_close.heard)(ConnectionEvent::ChannelClosed)),
        ];
        Ok(Self { source, _listeners: listeners })
    }

    /// The browser's object.
    pub fn object(&self) -> &RtcPeerConnection {
        &self.source.connection
    }

    /// `restartIce()`.
    pub fn restart_ice(&self) {
        self.source.connection.unchecked_ref::<Connection>().restart_ice();
    }

    /// Starts an operation; its end is told as [`ConnectionEvent::Done`].
    pub fn operate(&self, operation: u32, what: Operation) {
        let ended = match what {
            Operation::CreateOffer => made_offer,
            _ => local_description,
        };
        let promise = self.start(what);
        let settled = |ended: fn(&RtcPeerConnection, JsValue) -> Result<Option<Description>, String>| {
            let source = Rc::downgrade(&self.source);
            // The promise owns it, and the garbage collector frees it with the promise: one that is dropped here
            // might still be called, because `close()` does not take back a promise that is settled already.
            Closure::<dyn Fn(JsValue)>::new(move |value| {
                let Some(source) = source.upgrade() else { return };
                let Source { connection, heard } = &*source;
                let signaling_state = signaling_state(connection.signaling_state());
                let result = ended(connection, value);
                heard(ConnectionEvent::Done { operation, outcome: Outcome { result, signaling_state } });
            })
            .into_js_value()
            .unchecked_into()
        };
        let thrown = settled(|_, thrown| Err(js_error::describe(&thrown)));
        promise.unchecked_ref::<Settling>().then(&settled(ended), &thrown);
    }

    fn start(&self, what: Operation) -> Promise {
        match what {
            Operation::SetLocalDescription => self.source.connection.unchecked_ref::<Connection>().describe(),
            Operation::CreateOffer => self.source.connection.create_offer(),
            Operation::ReadLocalDescription => Promise::resolve(&JsValue::UNDEFINED),
            Operation::SetLocalOffer(description) => {
                let init = RtcSessionDescriptionInit::new(RtcSdpType::Offer);
                init.set_sdp(&description.sdp);
                self.source.connection.set_local_description(&init)
            }
            Operation::RollbackLocal => self.source.connection.set_local_description(&rollback()),
            Operation::RollbackRemote => self.source.connection.set_remote_description(&rollback()),
            Operation::SetRemoteDescription(description) => {
                let init = RtcSessionDescriptionInit::new(match description.kind {
                    SdpType::Offer => RtcSdpType::Offer,
                    SdpType::Answer => RtcSdpType::Answer,
                });
                init.set_sdp(&description.sdp);
                self.source.connection.set_remote_description(&init)
            }
            Operation::AddIceCandidate(candidate) => {
                let init = RtcIceCandidateInit::new(&candidate.candidate);
                init.set_sdp_mid(candidate.sdp_mid.as_deref());
                init.set_sdp_m_line_index(candidate.sdp_m_line_index);
                let fragment = candidate.username_fragment.as_deref();
                init.unchecked_ref::<CandidateInit>().set_username_fragment(fragment);
                self.source.connection.add_ice_candidate_with_opt_rtc_ice_candidate_init(Some(&init))
            }
        }
    }
}

impl Drop for PeerConnection {
    fn drop(&mut self) {
        self.source.connection.close();
    }
}

fn rollback() -> RtcSessionDescriptionInit {
    RtcSessionDescriptionInit::new(RtcSdpType::Rollback)
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

//! The operations of an `RTCPeerConnection` (W3C WebRTC §4.4.2): the method of each, and what is read when it has ended.

use crate::js_value::{text_member, thrown_text};
use signalpost_core::{Description, Operation, Outcome, SdpType, SignalingState};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::{RtcPeerConnection, RtcSdpType, RtcSessionDescriptionInit, RtcSignalingState};

#[wasm_bindgen]
extern "C" {
    /// An `RTCPeerConnection` whose methods may throw. Web IDL says that they answer a promise that rejects, and web-sys believes it.
    /// But scripts stand before these methods, to measure or to mend them, and Firefox throws where the local description
    /// of a closed connection is read. What is thrown into the module would end it.
    #[wasm_bindgen(extends = RtcPeerConnection)]
    #[derive(Clone)]
    pub type Connection;
    #[wasm_bindgen(method, catch, js_name = createOffer)]
    pub fn create_offer(this: &Connection) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = createAnswer)]
    pub fn create_answer(this: &Connection) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = setLocalDescription)]
    pub fn set_local_description(this: &Connection) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = setLocalDescription)]
    pub fn set_local_description_to(
        this: &Connection,
        init: &RtcSessionDescriptionInit,
    ) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = setRemoteDescription)]
    pub fn set_remote_description(
        this: &Connection,
        init: &RtcSessionDescriptionInit,
    ) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = addIceCandidate)]
    pub fn add_ice_candidate(this: &Connection, init: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, getter, js_name = localDescription)]
    pub fn local_description(this: &Connection) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = getStats)]
    pub fn get_stats(this: &Connection) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = restartIce)]
    pub fn restart_ice(this: &Connection) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    pub fn close(this: &Connection) -> Result<(), JsValue>;
}

/// What an operation reports when it has succeeded. Nothing else is read: a description may be large.
#[derive(Clone, Copy)]
pub enum Reads {
    /// What its promise resolved with.
    Made,
    /// The local description.
    LocalDescription,
    /// Nothing.
    Nothing,
}

/// Calls the method of an operation, and returns what it reports and what the method answered: a promise, or what was thrown.
pub fn start(object: &Connection, what: &Operation) -> (Reads, Result<JsValue, JsValue>) {
    match what {
        Operation::CreateOffer => (Reads::Made, object.create_offer()),
        Operation::CreateAnswer => (Reads::Made, object.create_answer()),
        Operation::SetLocalDescription => (Reads::LocalDescription, object.set_local_description()),
        Operation::SetLocalOffer(offer) => {
            (Reads::LocalDescription, object.set_local_description_to(&init(RtcSdpType::Offer, &offer.sdp)))
        }
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
        Operation::AddIceCandidate(candidate) => {
            (Reads::Nothing, crate::to_js::value(candidate).and_then(|init| object.add_ice_candidate(&init)))
        }
    }
}

/// Returns how an operation ended, with what it reports.
pub fn outcome(object: &Connection, reads: Reads, ended: Result<JsValue, JsValue>) -> Outcome {
    let state = signaling_state(object.signaling_state());
    let result = match (ended, state) {
        (Err(thrown), _) => Err(thrown_text(&thrown)),
        (Ok(_), None) => Err("the browser's signalingState is unknown".into()),
        // After `close()` Firefox throws where a description is asked for.
        (Ok(_), Some(SignalingState::Closed)) => Ok(None),
        (Ok(made), Some(_)) => match reads {
            Reads::Made => Ok(description(&made)),
            Reads::LocalDescription => match object.local_description() {
                Ok(set) => Ok(description(&set)),
                Err(thrown) => Err(thrown_text(&thrown)),
            },
            Reads::Nothing => Ok(None),
        },
    };
    Outcome { result, signaling_state: state.unwrap_or(SignalingState::Closed) }
}

fn init(kind: RtcSdpType, sdp: &str) -> RtcSessionDescriptionInit {
    let init = RtcSessionDescriptionInit::new(kind);
    init.set_sdp(sdp);
    init
}

/// Reads an `RTCSessionDescription`; `None` where there is none, or one of a type that Signalpost never makes.
fn description(value: &JsValue) -> Option<Description> {
    let kind = match text_member(value, "type")?.as_str() {
        "offer" => SdpType::Offer,
        "answer" => SdpType::Answer,
        _ => return None,
    };
    Some(Description { kind, sdp: text_member(value, "sdp")? })
}

/// Returns `None` for a state that W3C WebRTC does not have.
fn signaling_state(state: RtcSignalingState) -> Option<SignalingState> {
    Some(match state {
        RtcSignalingState::Stable => SignalingState::Stable,
        RtcSignalingState::HaveLocalOffer => SignalingState::HaveLocalOffer,
        RtcSignalingState::HaveRemoteOffer => SignalingState::HaveRemoteOffer,
        // The core takes the states that Signalpost never enters for this one.
        RtcSignalingState::HaveLocalPranswer | RtcSignalingState::HaveRemotePranswer => {
            SignalingState::Closed
        }
        RtcSignalingState::Closed => SignalingState::Closed,
        _ => return None,
    })
}

//! The browser's types of a connection (W3C WebRTC §4) as the core has them, and back.

use crate::js_value::text_member;
use signalpost_core::{ConnectionState, Description, SdpType, SignalingState};
use wasm_bindgen::JsValue;
use web_sys::{RtcPeerConnectionState, RtcSdpType, RtcSessionDescriptionInit, RtcSignalingState};

/// Makes the dictionary of a description.
pub fn init(kind: RtcSdpType, sdp: &str) -> RtcSessionDescriptionInit {
    let init = RtcSessionDescriptionInit::new(kind);
    init.set_sdp(sdp);
    init
}

/// Reads an `RTCSessionDescription`; `None` where there is none, or one of a type that Signalpost never makes.
pub fn description(value: &JsValue) -> Option<Description> {
    let kind = match text_member(value, "type")?.as_str() {
        "offer" => SdpType::Offer,
        "answer" => SdpType::Answer,
        _ => return None,
    };
    Some(Description { kind, sdp: text_member(value, "sdp")? })
}

/// Returns `None` for a state that W3C WebRTC does not have.
pub fn signaling_state(state: RtcSignalingState) -> Option<SignalingState> {
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

/// Returns `None` for a state that W3C WebRTC does not have.
pub fn connection_state(state: RtcPeerConnectionState) -> Option<ConnectionState> {
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

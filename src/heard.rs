//! What the browser told, as the core is told it.

use crate::codec;
use alloc::boxed::Box;
use alloc::string::String;
use signalpost_core::{
    ConnectionEvent, ConnectionId, ConnectionState, Description, Input, OperationId, Outcome, PageEvent,
    SdpType, SignalingState, SocketEvent, SocketId,
};
use wasm_bindgen::JsValue;

/// `browser.js` has the kinds, and what the numbers and the value are. Nothing, when the value is not what the browser gives.
pub fn input(what: u32, id: u32, number: u32, state: u32, value: &JsValue) -> Option<Input> {
    let connection = |event| Input::Connection { connection: ConnectionId(id), event };
    let socket = |event| Input::Socket { socket: SocketId(id), event };
    Some(match what {
        0 => connection(ConnectionEvent::NegotiationNeeded),
        1 => connection(ConnectionEvent::Candidate(codec::candidate_from_js(value)?)),
        2 => connection(ConnectionEvent::EndOfCandidates),
        3 => connection(ConnectionEvent::StateChanged(connection_state(state))),
        4 => connection(ConnectionEvent::Opened),
        5 => connection(ConnectionEvent::ChannelClosed),
        6 | 7 => {
            let result = if what == 6 { Ok(description(value)) } else { Err(thrown(value)) };
            let outcome = Outcome { result, signaling_state: signaling_state(state) };
            connection(ConnectionEvent::Done { operation: OperationId(number), outcome })
        }
        8 => connection(ConnectionEvent::Unavailable { message: thrown(value) }),
        9 => socket(SocketEvent::Opened),
        10 => socket(match codec::decode(value) {
            Some(envelope) => SocketEvent::Frame(Box::new(envelope)),
            None => SocketEvent::Malformed,
        }),
        11 => socket(SocketEvent::Closed { code: number as u16 }),
        12 => Input::Timeout,
        13 => Input::Page(PageEvent::Online),
        14 => Input::Page(PageEvent::Offline),
        15 => Input::Page(PageEvent::Visible),
        17 => Input::Page(PageEvent::Woke),
        18 => Input::Page(PageEvent::Frozen),
        19 => Input::Page(PageEvent::Leaving),
        21 => Input::Page(PageEvent::MayLeave),
        22 => socket(SocketEvent::Unavailable { message: thrown(value) }),
        20 => connection(ConnectionEvent::Probed { is_live: number != 0 }),
        _ => Input::Page(PageEvent::Hidden),
    })
}

fn thrown(value: &JsValue) -> String {
    value.as_string().unwrap_or_default()
}

/// `RTCSessionDescription`, or nothing.
fn description(value: &JsValue) -> Option<Description> {
    let kind = match codec::text(value, "type")??.as_str() {
        "offer" => SdpType::Offer,
        "answer" => SdpType::Answer,
        _ => return None,
    };
    Some(Description { kind, sdp: codec::text(value, "sdp")?? })
}

fn signaling_state(state: u32) -> SignalingState {
    match state {
        0 => SignalingState::Stable,
        1 => SignalingState::HaveLocalOffer,
        2 => SignalingState::HaveRemoteOffer,
        _ => SignalingState::Closed,
    }
}

fn connection_state(state: u32) -> ConnectionState {
    match state {
        1 => ConnectionState::Connecting,
        2 => ConnectionState::Connected,
        3 => ConnectionState::Disconnected,
        4 => ConnectionState::Failed,
        5 => ConnectionState::Closed,
        _ => ConnectionState::New,
    }
}

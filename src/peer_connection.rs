//! One `RTCPeerConnection` (W3C WebRTC §4) with the SDK's own data channel.

use crate::browser::{self, Heard};
use crate::codec;
use alloc::string::String;
use signalpost_core::{
    ConnectionEvent, ConnectionState, Description, Operation, Outcome, SdpType, SignalingState,
};
use wasm_bindgen::{JsCast, JsValue};

/// A live connection. Dropping it removes its listeners and closes it; nothing is heard from it again.
pub struct PeerConnection {
    connection: browser::Connection,
    _heard: Heard,
}

impl PeerConnection {
    /// Constructs the connection and its data channel. Everything that happens is told to `heard`.
    ///
    /// # Errors
    /// What the browser throws, as text: a bad configuration, no network, too many connections.
    pub fn new(configuration: &JsValue, heard: impl Fn(ConnectionEvent) + 'static) -> Result<Self, String> {
        let heard = Heard::new(move |kind, operation, state, value| {
            if let Some(event) = event(kind, operation, state, &value) {
                heard(event);
            }
        });
        let made = browser::connect(configuration, &heard);
        match made.as_string() {
            Some(thrown) => Err(thrown),
            None => Ok(Self { connection: made.unchecked_into(), _heard: heard }),
        }
    }

    /// The browser's object.
    pub fn object(&self) -> JsValue {
        self.connection.object()
    }

    /// `restartIce()`.
    pub fn restart_ice(&self) {
        self.connection.restart_ice();
    }

    /// Starts an operation; its end is told as [`ConnectionEvent::Done`].
    pub fn operate(&self, operation: u32, what: &Operation) {
        let candidate;
        let (method, kind, text) = match what {
            Operation::SetLocalDescription => ("setLocalDescription", "", ""),
            Operation::CreateOffer => ("createOffer", "", ""),
            Operation::ReadLocalDescription => ("", "", ""),
            Operation::SetLocalOffer(description) => ("setLocalDescription", "offer", &*description.sdp),
            Operation::RollbackLocal => ("setLocalDescription", "rollback", ""),
            Operation::RollbackRemote => ("setRemoteDescription", "rollback", ""),
            Operation::SetRemoteDescription(Description { kind, sdp }) => {
                let kind = match kind {
                    SdpType::Offer => "offer",
                    SdpType::Answer => "answer",
                };
                ("setRemoteDescription", kind, &**sdp)
            }
            Operation::AddIceCandidate(init) => {
                candidate = codec::encode_candidate(init);
                ("addIceCandidate", "", &*candidate)
            }
        };
        self.connection.operate(operation, method, kind, text);
    }
}

impl Drop for PeerConnection {
    fn drop(&mut self) {
        self.connection.close();
    }
}

/// What `browser.js` told.
fn event(kind: u32, operation: u32, state: u32, value: &JsValue) -> Option<ConnectionEvent> {
    Some(match kind {
        0 => ConnectionEvent::NegotiationNeeded,
        1 => ConnectionEvent::Candidate(codec::candidate_from_js(value)?),
        2 => ConnectionEvent::EndOfCandidates,
        3 => ConnectionEvent::StateChanged(connection_state(state)),
        4 => ConnectionEvent::Opened,
        5 => ConnectionEvent::ChannelClosed,
        _ => {
            let result = if kind == 6 { Ok(description(value)) } else { Err(thrown(value)) };
            let outcome = Outcome { result, signaling_state: signaling_state(state) };
            ConnectionEvent::Done { operation, outcome }
        }
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

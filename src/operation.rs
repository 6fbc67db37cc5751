//! What is asked of an `RTCPeerConnection` (W3C WebRTC §4), as `browser.js` calls it.

use crate::browser::{Act, Browser};
use crate::codec;
use signalpost_core::{Description, Operation, SdpType};

/// Starts an operation; its end is heard.
pub fn operate(browser: &Browser, connection: u32, operation: u32, what: &Operation) {
    let candidate;
    let (method, kind, text) = match what {
        Operation::SetLocalDescription => ("setLocalDescription", "", ""),
        Operation::CreateOffer => ("createOffer", "", ""),
        Operation::CreateAnswer => ("createAnswer", "", ""),
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
    browser.act(Act::Operate as u32, connection, operation as i32, method, kind, text);
}

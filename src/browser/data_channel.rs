//! The SDK's own data channel (W3C WebRTC §6), whose id is the same at both ends: nobody waits for it.

use crate::js_value::member;
use js_sys::JsString;
use signalpost_core::Output;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{RtcDataChannel, RtcDataChannelInit, RtcPeerConnection};

/// The label of the channel; the id says which it is.
const LABEL: &str = "signalpost";

/// The id of the channel at both ends.
const ID: u16 = 0;

#[wasm_bindgen]
extern "C" {
    /// An `RTCPeerConnection`; web-sys takes `createDataChannel()` for a method that cannot throw (see `peer_connection.rs`).
    type Creator;
    #[wasm_bindgen(method, catch, js_name = createDataChannel)]
    fn create_data_channel(
        this: &Creator,
        label: &str,
        options: &RtcDataChannelInit,
    ) -> Result<RtcDataChannel, JsValue>;
}

/// Creates the channel of a new connection.
pub fn create(connection: &RtcPeerConnection) -> Result<RtcDataChannel, JsValue> {
    let options = RtcDataChannelInit::new();
    options.set_negotiated(true);
    options.set_id(ID);
    connection.unchecked_ref::<Creator>().create_data_channel(LABEL, &options)
}

/// Sends an empty text, which the other side's transport acknowledges without its page (RFC 9260 §6.2).
pub fn send_probe(channel: &RtcDataChannel) -> Result<(), JsValue> {
    channel.send_with_str("")
}

/// Returns the text of a `message` event, or nothing where it is longer than a text of the core.
pub fn text(event: &JsValue) -> String {
    let data = member(event, "data");
    let text = data.dyn_ref::<JsString>().filter(|text| text.length() as usize <= Output::PING_BYTES);
    text.map_or_else(String::new, String::from)
}

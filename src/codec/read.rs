//! Reads the sparse envelope from a parsed JSON value.

use crate::browser::{item, member};
use alloc::{boxed::Box, string::String, vec::Vec};
use signalpost_core::protocol::{Envelope, IceCandidateInit, Payload, PeerInfo};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = Array, js_name = isArray)]
    fn is_array(value: &JsValue) -> bool;
}

/// The largest integer that a JavaScript number holds exactly.
const MAX_SAFE_INTEGER: f64 = 9_007_199_254_740_991.0;

/// Absent or `null` is `Some(None)`; of the wrong kind is `None`.
pub type Field<T> = Option<Option<T>>;

fn field<T>(object: &JsValue, name: &str, read: impl FnOnce(&JsValue) -> Option<T>) -> Field<T> {
    let value = member(object, name);
    if value.is_undefined() || value.is_null() { Some(None) } else { read(&value).map(Some) }
}

/// A string.
pub fn text(object: &JsValue, name: &str) -> Field<String> {
    field(object, name, JsValue::as_string)
}

fn integer(object: &JsValue, name: &str, most: f64) -> Field<f64> {
    field(object, name, |value| {
        value
            .as_f64()
            .filter(|number| *number >= 0.0 && *number <= most && (*number as u64) as f64 == *number)
    })
}

fn u32_field(object: &JsValue, name: &str) -> Field<u32> {
    Some(integer(object, name, f64::from(u32::MAX))?.map(|number| number as u32))
}

/// An integer of 16 bits.
pub fn u16_field(object: &JsValue, name: &str) -> Field<u16> {
    Some(integer(object, name, f64::from(u16::MAX))?.map(|number| number as u16))
}

fn list<T>(object: &JsValue, name: &str, read: fn(&JsValue) -> Option<T>) -> Field<Vec<T>> {
    field(object, name, |value| {
        if !is_array(value) {
            return None;
        }
        let mut items = Vec::new();
        for index in 0..u32_field(value, "length")?? {
            items.push(read(&item(value, index))?);
        }
        Some(items)
    })
}

fn object(value: &JsValue) -> Option<&JsValue> {
    (value.is_object() && !is_array(value)).then_some(value)
}

pub fn envelope(value: &JsValue) -> Option<Envelope> {
    let value = object(value)?;
    Some(Envelope {
        kind: text(value, "type")??,
        id: u32_field(value, "id")?,
        from: text(value, "from")?,
        to: text(value, "to")?,
        timestamp: integer(value, "timestamp", MAX_SAFE_INTEGER)?.map(|number| number as u64),
        seq: u32_field(value, "seq")?,
        ack: u32_field(value, "ack")?,
        payload: field(value, "payload", payload)?,
    })
}

fn payload(value: &JsValue) -> Option<Box<Payload>> {
    let value = object(value)?;
    // What only a client sends (`versions`, `limit`, `capability`, `receipt`) is the server's to read.
    let mut payload = Box::<Payload>::default();
    payload.version = u16_field(value, "version")?;
    payload.key = text(value, "key")?;
    payload.received = u32_field(value, "received")?;
    payload.resumed = field(value, "resumed", JsValue::as_bool)?;
    payload.after = u32_field(value, "after")?;
    payload.peer = field(value, "peer", peer)?;
    payload.peers = list(value, "peers", peer)?;
    payload.cursor = text(value, "cursor")?;
    payload.region = text(value, "region")?;
    payload.room = text(value, "room")?;
    payload.reason = text(value, "reason")?;
    payload.sdp = text(value, "sdp")?;
    payload.session = u32_field(value, "session")?;
    payload.number = u32_field(value, "number")?;
    payload.connection = u32_field(value, "connection")?;
    payload.target = u32_field(value, "target")?;
    payload.candidates = list(value, "candidates", candidate)?;
    payload.end = text(value, "end")?;
    payload.own = field(value, "own", JsValue::as_bool)?;
    payload.data = text(value, "data")?;
    payload.code = text(value, "code")?;
    payload.message = text(value, "message")?;
    payload.reference = u32_field(value, "ref")?;
    Some(payload)
}

pub fn peer(value: &JsValue) -> Option<PeerInfo> {
    let value = object(value)?;
    Some(PeerInfo {
        id: text(value, "id")?.unwrap_or_default(),
        session: u32_field(value, "session")?.unwrap_or_default(),
        region: text(value, "region")?,
        capabilities: list(value, "capabilities", JsValue::as_string)?.unwrap_or_default(),
        metadata: text(value, "metadata")?,
    })
}

pub fn candidate(value: &JsValue) -> Option<IceCandidateInit> {
    let value = object(value)?;
    Some(IceCandidateInit {
        candidate: text(value, "candidate")?.unwrap_or_default(),
        sdp_mid: text(value, "sdpMid")?,
        sdp_m_line_index: u16_field(value, "sdpMLineIndex")?,
        username_fragment: text(value, "usernameFragment")?,
    })
}

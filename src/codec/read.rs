//! Reads the sparse envelope from a parsed JSON value.

use crate::js_value::{item, member};
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

/// Reads members of an object into their places, which are empty. Absent or `null` leaves one so; the wrong kind is
/// remembered, since a way out at each member would weigh more.
struct Members<'a> {
    object: &'a JsValue,
    wrong: bool,
}

impl<'a> Members<'a> {
    fn of(object: &'a JsValue) -> Self {
        Self { object, wrong: !object.is_object() || is_array(object) }
    }

    /// A member that is there.
    fn value(&self, name: &str) -> Option<JsValue> {
        let value = member(self.object, name);
        if value.is_undefined() || value.is_null() { None } else { Some(value) }
    }

    fn read<T>(&mut self, name: &str, place: &mut Option<T>, read: impl FnOnce(&JsValue) -> Option<T>) {
        if let Some(value) = self.value(name) {
            *place = read(&value);
            self.wrong |= place.is_none();
        }
    }

    fn text(&mut self, name: &str, place: &mut Option<String>) {
        self.read(name, place, JsValue::as_string);
    }

    fn flag(&mut self, name: &str, place: &mut Option<bool>) {
        self.read(name, place, JsValue::as_bool);
    }

    fn integer(&mut self, name: &str, most: f64) -> Option<f64> {
        let mut place = None;
        self.read(name, &mut place, |value| {
            let is_one =
                |number: &f64| *number >= 0.0 && *number <= most && (*number as u64) as f64 == *number;
            value.as_f64().filter(is_one)
        });
        place
    }

    fn u32(&mut self, name: &str, place: &mut Option<u32>) {
        *place = self.integer(name, f64::from(u32::MAX)).map(|number| number as u32);
    }

    fn u16(&mut self, name: &str, place: &mut Option<u16>) {
        *place = self.integer(name, f64::from(u16::MAX)).map(|number| number as u16);
    }

    fn list<T>(&mut self, name: &str, place: &mut Option<Vec<T>>, read: fn(&JsValue) -> Option<T>) {
        self.read(name, place, |value| {
            if !is_array(value) {
                return None;
            }
            let mut length = None;
            Members { object: value, wrong: false }.u32("length", &mut length);
            let mut items = Vec::new();
            for index in 0..length? {
                items.push(read(&item(value, index))?);
            }
            Some(items)
        });
    }

    /// What was read, unless a member was of the wrong kind.
    fn unless_wrong<T>(&self, read: T) -> Option<T> {
        if self.wrong { None } else { Some(read) }
    }
}

/// A string.
pub fn text(object: &JsValue, name: &str) -> Field<String> {
    let (mut members, mut place) = (Members { object, wrong: false }, None);
    members.text(name, &mut place);
    members.unless_wrong(place)
}

/// An integer of 16 bits.
pub fn u16_field(object: &JsValue, name: &str) -> Field<u16> {
    let (mut members, mut place) = (Members { object, wrong: false }, None);
    members.u16(name, &mut place);
    members.unless_wrong(place)
}

pub fn envelope(value: &JsValue) -> Option<Envelope> {
    let mut members = Members::of(value);
    let mut envelope = Envelope::default();
    let mut kind = None;
    members.text("type", &mut kind);
    members.u32("id", &mut envelope.id);
    members.text("from", &mut envelope.from);
    members.text("to", &mut envelope.to);
    envelope.timestamp = members.integer("timestamp", MAX_SAFE_INTEGER).map(|number| number as u64);
    members.u32("seq", &mut envelope.seq);
    members.u32("ack", &mut envelope.ack);
    members.read("payload", &mut envelope.payload, payload);
    envelope.kind = kind?;
    members.unless_wrong(envelope)
}

fn payload(value: &JsValue) -> Option<Box<Payload>> {
    let mut members = Members::of(value);
    // What only a client sends (`versions`, `limit`, `capability`, `receipt`) is the server's to read.
    let mut payload = Box::<Payload>::default();
    members.u16("version", &mut payload.version);
    members.text("key", &mut payload.key);
    members.u32("received", &mut payload.received);
    members.flag("resumed", &mut payload.resumed);
    members.u32("after", &mut payload.after);
    members.u32("attempt", &mut payload.attempt);
    members.read("peer", &mut payload.peer, peer);
    members.list("peers", &mut payload.peers, peer);
    members.text("cursor", &mut payload.cursor);
    members.text("region", &mut payload.region);
    members.text("room", &mut payload.room);
    members.text("reason", &mut payload.reason);
    members.text("sdp", &mut payload.sdp);
    members.u32("session", &mut payload.session);
    members.u32("number", &mut payload.number);
    members.u32("connection", &mut payload.connection);
    members.u32("target", &mut payload.target);
    members.list("candidates", &mut payload.candidates, candidate);
    members.text("end", &mut payload.end);
    members.flag("own", &mut payload.own);
    members.text("data", &mut payload.data);
    members.text("code", &mut payload.code);
    members.text("message", &mut payload.message);
    members.u32("ref", &mut payload.reference);
    members.unless_wrong(payload)
}

pub fn peer(value: &JsValue) -> Option<PeerInfo> {
    let mut members = Members::of(value);
    let mut peer = PeerInfo::default();
    let (mut id, mut session, mut capabilities) = (None, None, None);
    members.text("id", &mut id);
    members.u32("session", &mut session);
    members.text("region", &mut peer.region);
    members.list("capabilities", &mut capabilities, JsValue::as_string);
    members.text("metadata", &mut peer.metadata);
    peer.id = id.unwrap_or_default();
    peer.session = session.unwrap_or_default();
    peer.capabilities = capabilities.unwrap_or_default();
    members.unless_wrong(peer)
}

pub fn candidate(value: &JsValue) -> Option<IceCandidateInit> {
    let mut members = Members::of(value);
    let mut init = IceCandidateInit::default();
    let mut candidate = None;
    members.text("candidate", &mut candidate);
    members.text("sdpMid", &mut init.sdp_mid);
    members.u16("sdpMLineIndex", &mut init.sdp_m_line_index);
    members.text("usernameFragment", &mut init.username_fragment);
    init.candidate = candidate.unwrap_or_default();
    members.unless_wrong(init)
}

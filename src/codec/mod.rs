//! Frames to text and back, without `serde`: its readers and its errors' float formatting weighed more than
//! the whole core (`docs/performance.md` has the figures). The browser parses, we read the fields; writing is
//! a few rules of RFC 8259. The golden vectors in `tests/vectors/` hold this and the server's codec together.

mod read;
mod write;

use crate::js_value::parse;
use alloc::string::String;
use signalpost_core::protocol::{Envelope, IceCandidateInit, Position};
use wasm_bindgen::JsValue;

/// The envelope as JSON text, with what is acknowledged now: a frame that is sent again may acknowledge more. The envelope itself
/// has no `ack`.
pub fn encode(envelope: &Envelope, ack: Option<Position>) -> String {
    write::envelope(envelope, ack)
}

/// The envelope in the data of a `message` event; `None` when it is binary, no JSON or no envelope.
pub fn decode(data: &JsValue) -> Option<Envelope> {
    if !data.is_string() {
        return None;
    }
    read::envelope(&parse(data))
}

/// A candidate as the facade gives it; `None` when a field is of the wrong kind.
pub fn candidate_from_js(value: &JsValue) -> Option<IceCandidateInit> {
    read::record(value)
}

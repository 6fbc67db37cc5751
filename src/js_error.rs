//! What JavaScript throws, as text.

use alloc::string::String;
use wasm_bindgen::{JsCast, JsValue};

/// The error as JavaScript would print it, for example `InvalidStateError: …`.
pub fn describe(thrown: &JsValue) -> String {
    match thrown.dyn_ref::<js_sys::Object>() {
        Some(object) => String::from(object.to_string()),
        None => thrown.as_string().unwrap_or_default(),
    }
}

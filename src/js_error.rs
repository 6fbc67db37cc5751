//! What JavaScript throws, as text.

use alloc::string::String;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    /// The error as JavaScript would print it, for example `InvalidStateError: …`.
    #[wasm_bindgen(js_name = String)]
    pub fn describe(thrown: &JsValue) -> String;
}

//! Reading values that other scripts made. Nothing here throws: a getter of theirs may, and an exception that passes through
//! the module ends it.

use js_sys::{JSON, Reflect, global};
use wasm_bindgen::JsValue;

/// Returns what a JSON text says; `undefined` when it is none.
pub fn parse(text: &JsValue) -> JsValue {
    text.as_string().and_then(|text| JSON::parse(&text).ok()).unwrap_or(JsValue::UNDEFINED)
}

/// Returns a member of an object; `undefined` where it cannot be read.
pub fn member(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

/// Returns a member of an object that is a text.
pub fn text_member(object: &JsValue, name: &str) -> Option<String> {
    member(object, name).as_string()
}

/// Returns an element of an array; `undefined` where it cannot be read.
pub fn item(array: &JsValue, index: u32) -> JsValue {
    Reflect::get_u32(array, index).unwrap_or(JsValue::UNDEFINED)
}

/// Returns a property of the global object; `undefined` where the host has none.
pub fn global_member(name: &str) -> JsValue {
    member(&global(), name)
}

/// Returns what was thrown in words, as `String(thrown)` does.
pub fn thrown_text(thrown: &JsValue) -> String {
    #[wasm_bindgen::prelude::wasm_bindgen]
    extern "C" {
        #[wasm_bindgen(js_name = String, catch)]
        fn text_of(value: &JsValue) -> Result<String, JsValue>;
    }
    text_of(thrown).unwrap_or_default()
}

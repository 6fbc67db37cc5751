//! The one clock of the client.

use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
}

/// Milliseconds since the page began (`performance.now()`, monotonic), with their fraction.
pub fn precise_now() -> f64 {
    performance_now()
}

/// Milliseconds since the page began.
pub fn now() -> u64 {
    performance_now() as u64
}

//! The one clock of the client.

use core::cell::Cell;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
    #[wasm_bindgen(js_namespace = Date, js_name = now)]
    fn date_now() -> f64;
}

/// Milliseconds since the page began (`performance.now()`, monotonic).
pub fn now() -> u64 {
    performance_now() as u64
}

/// A change of the difference between the two clocks that is a jump, in milliseconds.
const JUMP_MS: f64 = 2_000.0;

/// The wall clock, which goes on while the machine sleeps; the other one may stand still.
#[derive(Default)]
pub struct WallClock {
    ahead: Cell<f64>,
}

impl WallClock {
    /// Whether it jumped since this was asked last; it did before this was asked first.
    pub fn jumped(&self) -> bool {
        let ahead = date_now() - performance_now();
        (ahead - self.ahead.replace(ahead)).abs() > JUMP_MS
    }
}

//! The WebAssembly shell of Signalpost: it executes what the core decides and reports what happened.
#![cfg(target_arch = "wasm32")]
use wasm_bindgen::prelude::*;

/// Placeholder export.
#[wasm_bindgen]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").into()
}

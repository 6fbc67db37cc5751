//! The shell in a real browser: `wasm-pack test --headless`, run by the stages `shell-chromium` and
//! `shell-firefox`.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

#[path = "browser/codec.rs"]
mod codec;
#[path = "browser/codec_properties.rs"]
mod codec_properties;
#[path = "browser/driver.rs"]
mod driver;
#[path = "browser/page.rs"]
mod page;
#[path = "browser/peer_connection.rs"]
mod peer_connection;
#[path = "browser/support.rs"]
mod support;
#[path = "browser/timer.rs"]
mod timer;
#[path = "browser/web_socket.rs"]
mod web_socket;

//! The WebAssembly shell of Signalpost: it does what the core asks for and reports what happened. It decides
//! nothing; there is no `if` about protocol state here.
#![cfg(target_arch = "wasm32")]

pub mod client;
pub mod clock;
pub mod codec;
pub mod driver;
pub mod event_listener;
pub mod handler;
pub mod js_error;
pub mod page;
pub mod peer_connection;
pub mod timer;
pub mod web_socket;

#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

//! The WebAssembly shell of Signalpost: it does what the core asks for and reports what happened. It decides
//! nothing; there is no `if` about protocol state here.
#![cfg(target_arch = "wasm32")]

extern crate alloc;

pub mod browser;
pub mod client;
pub mod clock;
pub mod codec;
pub mod driver;
pub mod from_js;
pub mod handler;
pub mod js_value;
pub mod settings;
pub mod to_js;
#[cfg(feature = "trap-hook")]
mod trap_hook;

#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

//! The WebAssembly shell of Signalpost: it does what the core asks for and reports what happened. It decides
//! nothing; there is no `if` about protocol state here.
#![cfg(target_arch = "wasm32")]
#![no_std]
#![allow(clippy::single_char_add_str, reason = "String::push brings the encoding of UTF-8 into the module")]

extern crate alloc;
// The tests' own crates bring the standard library along; what is shipped does without its panic messages.
#[cfg(not(feature = "bare"))]
extern crate std;

pub mod browser;
pub mod client;
pub mod clock;
pub mod codec;
pub mod driver;
pub mod heard;
pub mod operation;
mod told;
#[cfg(feature = "trap-hook")]
mod trap_hook;

/// A panic is a trap, without words: what formats them would weigh more than the whole negotiation.
#[cfg(feature = "bare")]
#[panic_handler]
fn trap(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

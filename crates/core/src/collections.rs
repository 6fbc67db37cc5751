//! Collections that cost the WebAssembly build less than those of `alloc`.

pub mod queue;
pub mod table;

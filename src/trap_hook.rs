//! Test builds only (feature `trap-hook`): a page makes the module trap. Nothing of it is in what is published.

use alloc::vec::Vec;
use core::hint::black_box;
use js_sys::{Reflect, global};
use signalpost_core::{ConnectionEvent, Input};
use wasm_bindgen::JsValue;

/// The property of the global object that says where and how, for example `"socket unreachable"`. It works once.
const NAME: &str = "signalpostTrap";

/// Traps when the page wants it at this kind of input.
pub fn spring(input: &Input) {
    let name = JsValue::from_str(NAME);
    let Some(wanted) = Reflect::get(&global(), &name).ok().and_then(|value| value.as_string()) else {
        return;
    };
    let Some(how) = wanted.strip_prefix(kind(input)) else { return };
    let _ = Reflect::delete_property(&global(), &name);
    match how {
        " memory" => loop {
            black_box(Vec::<u8>::with_capacity(isize::MAX as usize).leak());
        },
        " stack" => {
            black_box(deeper(0));
        }
        _ => core::arch::wasm32::unreachable(),
    }
}

fn kind(input: &Input) -> &'static str {
    match input {
        Input::Command(_) => "command",
        Input::Socket { .. } => "socket",
        Input::Connection { event: ConnectionEvent::Done { .. }, .. } => "promise",
        Input::Connection { .. } => "connection",
        Input::Page(_) => "page",
        Input::Timeout => "timer",
    }
}

fn deeper(depth: u64) -> u64 {
    if depth == u64::MAX {
        depth
    } else {
        black_box(deeper(black_box(depth).wrapping_add(1))).wrapping_add(1)
    }
}

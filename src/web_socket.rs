//! One socket (RFC 6455, WHATWG WebSockets), or what the application gave in its place.

use crate::browser::{self, Heard};
use crate::codec;
use alloc::boxed::Box;
use signalpost_core::SocketEvent;
use wasm_bindgen::JsValue;

/// No close frame was seen (RFC 6455 §7.1.5).
pub const ABNORMAL: u16 = 1006;

/// An open or opening socket. Dropping it closes it; nothing is heard from it again.
pub struct Socket {
    socket: browser::Socket,
    _heard: Heard,
}

impl Socket {
    /// Starts to connect by `transport`, a function that makes a `TransportSocket`. Everything that happens is told to `heard`.
    /// `None` when it throws: a URL that is none, or one that the page's policy forbids.
    pub fn open(transport: &JsValue, heard: impl Fn(SocketEvent) + 'static) -> Option<Self> {
        let heard = Heard::new(move |kind, code, _, data| {
            heard(match kind {
                0 => SocketEvent::Opened,
                1 => match codec::decode(&data) {
                    Some(envelope) => SocketEvent::Frame(Box::new(envelope)),
                    None => SocketEvent::Malformed,
                },
                _ => SocketEvent::Closed { code: code as u16 },
            });
        });
        Some(Self { socket: browser::open(transport, &heard)?, _heard: heard })
    }

    /// Sends one text frame. A socket that closes drops it silently, as the standard says.
    pub fn send(&self, text: &str) {
        self.socket.send(text);
    }

    /// Closes with this code.
    pub fn close(&self, code: u16) {
        self.socket.close(code);
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.socket.close(NORMAL);
    }
}

/// Normal closure (RFC 6455 §7.4.1).
const NORMAL: u16 = 1000;

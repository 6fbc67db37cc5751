//! The sockets (RFC 6455, WHATWG WebSockets), or what the application gave in their place.

use crate::browser::{self, Heard};
use crate::codec;
use alloc::boxed::Box;
use signalpost_core::SocketEvent;
use wasm_bindgen::JsValue;

/// Open and opening sockets, each by its number. Dropping this closes them; nothing is heard from them again.
pub struct Sockets {
    sockets: browser::Sockets,
    _heard: Heard,
}

impl Sockets {
    /// None yet. `transport` is a function that makes a `TransportSocket`; what a socket does is told to `heard` with its number.
    pub fn new(transport: JsValue, heard: impl Fn(u32, SocketEvent) + 'static) -> Self {
        let heard = Heard::new(move |kind, code, socket, data| {
            let event = match kind {
                0 => SocketEvent::Opened,
                1 => match codec::decode(&data) {
                    Some(envelope) => SocketEvent::Frame(Box::new(envelope)),
                    None => SocketEvent::Malformed,
                },
                _ => SocketEvent::Closed { code: code as u16 },
            };
            heard(socket, event);
        });
        Self { sockets: browser::Sockets::new(transport, &heard), _heard: heard }
    }

    /// Starts to connect. When the transport throws, for a URL that is none or one that the page's policy forbids, the socket
    /// is told closed before this returns.
    pub fn open(&self, socket: u32) {
        self.sockets.open(socket);
    }

    /// Sends one text frame. A socket that closes drops it silently, as the standard says.
    pub fn send(&self, socket: u32, text: &str) {
        self.sockets.send(socket, text);
    }

    /// Closes one with this code.
    pub fn close(&self, socket: u32, code: u16) {
        self.sockets.end(socket, code);
    }
}

impl Drop for Sockets {
    fn drop(&mut self) {
        self.sockets.close();
    }
}

//! One WebSocket (RFC 6455, WHATWG WebSockets).

use crate::codec;
use crate::event_listener::EventListener;
use signalpost_core::SocketEvent;
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CloseEvent, MessageEvent, WebSocket};

/// An open or opening socket. Dropping it removes its listeners; nothing is heard from it again.
pub struct Socket {
    socket: WebSocket,
    _listeners: [EventListener; 3],
}

impl Socket {
    /// Starts to connect. Everything that happens is told to `heard`.
    ///
    /// # Errors
    /// What the browser throws: a URL that is none, or one that the page's policy forbids.
    pub fn open(url: &str, heard: impl Fn(SocketEvent) + 'static) -> Result<Self, JsValue> {
        let socket = WebSocket::new(url)?;
        let heard = Rc::new(heard);
        let (on_open, on_message, on_close) = (Rc::clone(&heard), Rc::clone(&heard), heard);
        let listeners = [
            EventListener::new(&socket, "open", move |_| on_open(SocketEvent::Opened)),
            EventListener::new(&socket, "message", move |event| {
                let data = event.unchecked_into::<MessageEvent>().data();
                on_message(match codec::decode(&data) {
                    Some(envelope) => SocketEvent::Frame(Box::new(envelope)),
                    None => SocketEvent::Malformed,
                });
            }),
            EventListener::new(&socket, "close", move |event| {
                on_close(SocketEvent::Closed { code: event.unchecked_into::<CloseEvent>().code() });
            }),
        ];
        Ok(Self { socket, _listeners: listeners })
    }

    /// Sends one text frame. A socket that closes drops it silently, as the standard says.
    pub fn send(&self, text: &str) {
        let _ = self.socket.send_with_str(text);
    }

    /// Closes with this code.
    pub fn close(self, code: u16) {
        let _ = self.socket.close_with_code(code);
    }
}

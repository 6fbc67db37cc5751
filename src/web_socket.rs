//! One socket (RFC 6455, WHATWG WebSockets), or what the application gave in its place.

use crate::codec;
use alloc::boxed::Box;
use signalpost_core::SocketEvent;
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    /// The facade's `TransportSocket`; a `WebSocket` is one.
    type TransportSocket;
    #[wasm_bindgen(method, structural, setter, catch)]
    fn set_onopen(this: &TransportSocket, heard: &JsValue) -> Result<(), JsValue>;
    #[wasm_bindgen(method, structural, setter, catch)]
    fn set_onmessage(this: &TransportSocket, heard: &JsValue) -> Result<(), JsValue>;
    #[wasm_bindgen(method, structural, setter, catch)]
    fn set_onclose(this: &TransportSocket, heard: &JsValue) -> Result<(), JsValue>;
    #[wasm_bindgen(method, structural, catch)]
    fn send(this: &TransportSocket, text: &str) -> Result<(), JsValue>;
    #[wasm_bindgen(method, structural, catch)]
    fn close(this: &TransportSocket, code: u16) -> Result<(), JsValue>;

    /// What it tells: a `MessageEvent`, a `CloseEvent`, or the like.
    type SocketNews;
    #[wasm_bindgen(method, structural, getter)]
    fn data(this: &SocketNews) -> JsValue;
    #[wasm_bindgen(method, structural, getter)]
    fn code(this: &SocketNews) -> JsValue;

    /// A function that opens a socket to the server.
    pub type Transport;
    #[wasm_bindgen(method, structural, catch, js_name = call)]
    fn open(this: &Transport) -> Result<TransportSocket, JsValue>;
}

/// No close frame was seen (RFC 6455 §7.1.5).
pub const ABNORMAL: u16 = 1006;

/// An open or opening socket. Dropping it takes its callbacks back; nothing is heard from it again.
pub struct Socket {
    socket: TransportSocket,
    _heard: [Closure<dyn Fn(SocketNews)>; 3],
}

impl Socket {
    /// Starts to connect. Everything that happens is told to `heard`.
    ///
    /// # Errors
    /// What the transport throws: a URL that is none, or one that the page's policy forbids.
    pub fn open(
        transport: &Transport,
        heard: impl Fn(SocketEvent) + Clone + 'static,
    ) -> Result<Self, JsValue> {
        let socket = transport.open()?;
        let (on_open, on_message, on_close) = (heard.clone(), heard.clone(), heard);
        let heard = [
            Closure::<dyn Fn(SocketNews)>::new(move |_| on_open(SocketEvent::Opened)),
            Closure::<dyn Fn(SocketNews)>::new(move |news: SocketNews| {
                on_message(match codec::decode(&news.data()) {
                    Some(envelope) => SocketEvent::Frame(Box::new(envelope)),
                    None => SocketEvent::Malformed,
                });
            }),
            Closure::<dyn Fn(SocketNews)>::new(move |news: SocketNews| {
                let code = news.code().as_f64().map_or(ABNORMAL, |code| code as u16);
                on_close(SocketEvent::Closed { code });
            }),
        ];
        let [opened, message, closed] = &heard;
        socket.set_onopen(opened.as_ref())?;
        socket.set_onmessage(message.as_ref())?;
        socket.set_onclose(closed.as_ref())?;
        Ok(Self { socket, _heard: heard })
    }

    /// Sends one text frame. A socket that closes drops it silently, as the standard says.
    pub fn send(&self, text: &str) {
        let _ = self.socket.send(text);
    }

    /// Closes with this code.
    pub fn close(self, code: u16) {
        let _ = self.socket.close(code);
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // A setter that throws has its callback still, and may call it: the closure answers nothing then.
        let _ = self.socket.set_onopen(&JsValue::NULL);
        let _ = self.socket.set_onmessage(&JsValue::NULL);
        let _ = self.socket.set_onclose(&JsValue::NULL);
    }
}

//! The sockets to the server (RFC 6455, WHATWG WebSockets), or what a transport of the application stands in their place.

use crate::browser::event_listener::{EventListeners, Listener, document_of, listener};
use crate::browser::report::Report;
use crate::codec;
use crate::handler::Handler;
use crate::js_value::{member, text_member, thrown_text};
use js_sys::Function;
use signalpost_core::observed::socket_policy::Violation;
use signalpost_core::{Input, SocketEvent, SocketId};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::WebSocket;

#[wasm_bindgen]
extern "C" {
    /// `Function.prototype`, which is a function itself: it accepts any arguments and does nothing (ECMA-262 §20.2.3).
    #[wasm_bindgen(thread_local_v2, js_namespace = Function, js_name = prototype)]
    static DO_NOTHING: Function;
}

/// No close frame was seen (RFC 6455 §7.1.5).
const ABNORMAL_CLOSURE: u16 = 1006;

/// The client ends its sockets as intended (RFC 6455 §7.4.1).
const NORMAL_CLOSURE: u16 = 1000;

/// Where sockets come from.
pub enum SocketSource {
    /// The browser's own `WebSocket`, to this address.
    Url(String),
    /// A function of the facade that calls the application's transport. It answers an object with the members of `WebSocket` that
    /// are used here, or throws.
    Transport(Function),
}

impl SocketSource {
    fn open(&self, handler: &Handler) -> Result<WebSocket, JsValue> {
        match self {
            Self::Url(url) => handler.take_socket().map_or_else(|| WebSocket::new(url), Ok),
            Self::Transport(transport) => {
                let answer = transport.call0(&JsValue::UNDEFINED)?;
                if answer.is_object() { Ok(answer.unchecked_into()) } else { Err("no socket".into()) }
            }
        }
    }
}

/// One socket and its listeners. Nothing is heard of it once it is dropped.
struct Socket {
    object: WebSocket,
    listeners: [Listener; 4],
}

impl Socket {
    fn new(object: WebSocket, context: &Rc<Context>) -> Self {
        let listeners = [
            listener(context, Context::hear_open),
            listener(context, Context::hear_message),
            listener(context, Context::hear_close),
            listener(context, Context::hear_error),
        ];
        let socket = Self { object, listeners };
        let [open, message, close, error] =
            socket.listeners.each_ref().map(|heard| heard.as_ref().unchecked_ref());
        socket.object.set_onopen(Some(open));
        socket.object.set_onmessage(Some(message));
        socket.object.set_onclose(Some(close));
        socket.object.set_onerror(Some(error));
        socket
    }

    fn ignore_errors(&self) {
        // The npm package ws throws where nobody listens to errors.
        DO_NOTHING.with(|nothing| self.object.set_onerror(Some(nothing)));
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.object.set_onopen(None);
        self.object.set_onmessage(None);
        self.object.set_onclose(None);
        self.ignore_errors();
    }
}

/// What the listeners of one socket know.
struct Context {
    socket: SocketId,
    open: Rc<OpenSockets>,
}

impl Context {
    fn tell(&self, event: SocketEvent) {
        self.open.tell(self.socket, event);
    }

    fn hear_open(&self, _: &JsValue) {
        if let Some(socket) = self.open.get(self.socket) {
            socket.ignore_errors();
        }
        self.tell(SocketEvent::Opened);
    }

    fn hear_message(&self, event: &JsValue) {
        self.tell(match codec::decode(&member(event, "data")) {
            Some(envelope) => SocketEvent::Frame(Box::new(envelope)),
            None => SocketEvent::Malformed,
        });
    }

    fn hear_close(&self, event: &JsValue) {
        let code = member(event, "code").as_f64().map_or(ABNORMAL_CLOSURE, |code| code as u16);
        drop(self.open.take(self.socket));
        self.tell(SocketEvent::Closed { code });
    }

    /// Node's `WebSocket` tells with an error alone that it cannot be opened.
    fn hear_error(&self, _: &JsValue) {
        drop(self.open.take(self.socket));
        self.tell(SocketEvent::Closed { code: ABNORMAL_CLOSURE });
    }
}

/// The sockets that are open or about to be, by their numbers. Nothing is called while the list is borrowed.
struct OpenSockets {
    all: RefCell<Vec<(SocketId, Rc<Socket>)>>,
    report: Report,
}

impl OpenSockets {
    fn tell(&self, socket: SocketId, event: SocketEvent) {
        (self.report)(Input::Socket { socket, event });
    }

    fn get(&self, wanted: SocketId) -> Option<Rc<Socket>> {
        let all = self.all.borrow();
        all.iter().find(|(number, _)| *number == wanted).map(|(_, socket)| Rc::clone(socket))
    }

    fn take(&self, wanted: SocketId) -> Option<Rc<Socket>> {
        let mut all = self.all.borrow_mut();
        let at = all.iter().position(|(number, _)| *number == wanted)?;
        Some(all.swap_remove(at).1)
    }

    /// Reports that there is no socket with this number, and why.
    fn fail(&self, socket: SocketId, message: String) {
        if let Some(failed) = self.take(socket) {
            let object = failed.object.clone();
            drop(failed);
            let _ = object.close();
        }
        self.tell(socket, SocketEvent::Unavailable { message });
    }

    fn hear_violation(&self, event: &JsValue) {
        let text = |name| text_member(event, name).unwrap_or_default();
        let (disposition, effective_directive, blocked_uri) =
            (text("disposition"), text("effectiveDirective"), text("blockedURI"));
        let violation = Violation {
            disposition: &disposition,
            effective_directive: &effective_directive,
            blocked_uri: &blocked_uri,
        };
        let forbidden = |(number, socket): &(SocketId, Rc<Socket>)| {
            let url = text_member(&socket.object, "url").filter(|url| violation.forbids(url))?;
            Some((*number, url))
        };
        // A copy: the `url` of a transport's socket may be a getter of the application's.
        let all: Vec<_> = self.all.borrow().clone();
        for (number, url) in all.iter().filter_map(forbidden) {
            let message = format!("the page's Content-Security-Policy forbids {url} (connect-src)");
            self.fail(number, message);
        }
    }
}

/// The sockets of a client.
pub struct Sockets {
    source: SocketSource,
    handler: Handler,
    open: Rc<OpenSockets>,
    listeners: EventListeners,
}

impl Sockets {
    /// Opens none yet. Reports of what a policy forbids are events of `scope` or its document.
    pub fn new(scope: &JsValue, source: SocketSource, handler: Handler, report: &Report) -> Self {
        let open = Rc::new(OpenSockets { all: RefCell::default(), report: Rc::clone(report) });
        let document = document_of(scope);
        let target = if document.is_object() { &document } else { scope };
        let mut listeners = EventListeners::new();
        listeners.listen(target, "securitypolicyviolation", &open, OpenSockets::hear_violation);
        Self { source, handler, open, listeners }
    }

    /// Opens a socket; there is none where the source throws, as `WebSocket` does for an address that is none.
    pub fn open(&self, socket: SocketId) {
        match self.source.open(&self.handler) {
            Ok(object) => {
                let context = Rc::new(Context { socket, open: Rc::clone(&self.open) });
                let opened = Rc::new(Socket::new(object, &context));
                self.open.all.borrow_mut().push((socket, opened));
            }
            Err(thrown) => {
                self.handler.socket_failed(&thrown);
                self.open.fail(socket, thrown_text(&thrown));
            }
        }
    }

    /// Sends a text frame. A socket that closes drops it silently, as the standard says.
    pub fn send(&self, socket: SocketId, text: &str) {
        if let Some(socket) = self.open.get(socket) {
            let _ = socket.object.send_with_str(text);
        }
    }

    /// Closes a socket with a code. Nothing is heard of it again.
    pub fn close(&self, socket: SocketId, code: u16) {
        if let Some(closed) = self.open.take(socket) {
            let object = closed.object.clone();
            drop(closed);
            let _ = object.close_with_code(code);
        }
    }
}

impl Drop for Sockets {
    fn drop(&mut self) {
        self.listeners.clear();
        let all = self.open.all.take();
        for (_, socket) in all {
            let object = socket.object.clone();
            drop(socket);
            let _ = object.close_with_code(NORMAL_CLOSURE);
        }
    }
}

//! The browser's side of the shell, which is JavaScript (`browser.js`): every call through a binding of its own would
//! weigh more than the few lines that do the work there.

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(module = "/src/browser.js")]
extern "C" {
    /// What a JSON text says; `undefined` when it is none.
    #[wasm_bindgen(js_namespace = safely)]
    pub fn parse(text: &JsValue) -> JsValue;
    /// A member; `undefined` where it cannot be read.
    #[wasm_bindgen(js_namespace = safely)]
    pub fn member(object: &JsValue, name: &str) -> JsValue;
    /// An element, likewise.
    #[wasm_bindgen(js_namespace = safely, js_name = member)]
    pub fn item(array: &JsValue, index: u32) -> JsValue;

    /// What one client has of the browser: a timer, sockets, connections, the page, and the facade's handler.
    pub type Browser;
    /// Of the settings it uses `transport`, which opens a socket to the server; `configuration`; `global`, which is
    /// `globalThis`; `handler`, whose functions are called while the module is not at work, and may not throw; and `heard`, a
    /// function that is told all that happens, as [`crate::heard::input`] takes it.
    #[wasm_bindgen(constructor)]
    pub fn new(settings: &JsValue) -> Browser;
    /// One function for all that is to be done, because each binding weighs something. `what` is an [`Act`], which says what
    /// the others are.
    #[wasm_bindgen(method)]
    pub fn act(this: &Browser, what: u32, id: u32, number: i32, a: &str, b: &str, c: &str) -> JsValue;
}

/// What the browser can do; `browser.js` has the same numbers.
#[derive(Clone, Copy)]
pub enum Act {
    /// Ends everything, silently and for good.
    Close,
    /// Tells the facade: `id` is of `js/told.ts`, which says what the number and the texts are.
    Tell,
    /// Sets the timer to so many milliseconds from now; a negative number: to never.
    Wait,
    /// Opens a socket.
    OpenSocket,
    /// Sends a text frame. A socket that closes drops it silently, as the standard says.
    Send,
    /// Closes a socket with a code. Nothing is heard of it again.
    CloseSocket,
    /// Makes a connection with its data channel.
    Connect,
    /// Starts an operation of a connection: its number; method, type and text. Its end is heard.
    Operate,
    /// `restartIce()`.
    RestartIce,
    /// Closes a connection. Nothing is heard of it again.
    Disconnect,
    /// Sends something on a connection, and tells after so many milliseconds whether anything arrived.
    Probe,
    /// Answers with a connection's object.
    Object,
}

impl Browser {
    /// Does what needs nothing but an id and a number.
    pub fn simply(&self, what: Act, id: u32, number: i32) -> JsValue {
        self.act(what as u32, id, number, "", "", "")
    }
}

//! The browser's side of the shell, which is JavaScript (`browser.js`): every call through a binding of its own would
//! weigh more than the few lines that do the work there.

use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;

/// What happened: a kind, two numbers and a value. One type for all, because each costs a binding.
pub type Heard = Closure<dyn Fn(u32, u32, u32, JsValue)>;

#[wasm_bindgen(module = "/src/browser.js")]
extern "C" {
    #[wasm_bindgen(js_namespace = safely)]
    pub fn parse(text: &JsValue) -> JsValue;
    #[wasm_bindgen(js_namespace = safely)]
    pub fn member(object: &JsValue, name: &str) -> JsValue;
    #[wasm_bindgen(js_namespace = safely, js_name = member)]
    pub fn item(array: &JsValue, index: u32) -> JsValue;
    #[wasm_bindgen(js_namespace = safely)]
    pub fn connect(configuration: &JsValue, heard: &Heard) -> JsValue;

    pub type Connection;
    #[wasm_bindgen(method, getter)]
    pub fn object(this: &Connection) -> JsValue;
    #[wasm_bindgen(method, js_name = restartIce)]
    pub fn restart_ice(this: &Connection);
    #[wasm_bindgen(method)]
    pub fn operate(this: &Connection, operation: u32, method: &str, kind: &str, text: &str);
    #[wasm_bindgen(method)]
    pub fn close(this: &Connection);

    pub type Sockets;
    #[wasm_bindgen(constructor)]
    pub fn new(transport: JsValue, heard: &Heard) -> Sockets;
    #[wasm_bindgen(method)]
    pub fn open(this: &Sockets, id: u32);
    #[wasm_bindgen(method)]
    pub fn send(this: &Sockets, id: u32, text: &str);
    #[wasm_bindgen(method)]
    pub fn end(this: &Sockets, id: u32, code: u16);
    #[wasm_bindgen(method)]
    pub fn close(this: &Sockets);

    pub type Timer;
    #[wasm_bindgen(constructor)]
    pub fn new(heard: &Heard) -> Timer;
    #[wasm_bindgen(method)]
    pub fn set(this: &Timer, milliseconds: i32);
    #[wasm_bindgen(method)]
    pub fn close(this: &Timer);

    pub type Page;
    #[wasm_bindgen(constructor)]
    pub fn new(global: &JsValue, heard: &Heard) -> Page;
    #[wasm_bindgen(method)]
    pub fn close(this: &Page);
}

//! The names of what the facade asks by number (`js/ask.ts`).

use signalpost::client::Client;
use wasm_bindgen::JsValue;

type Answer = Result<JsValue, JsValue>;

pub trait Asks {
    fn ask(&self, ask: u32, call: u32, timeout_ms: u32, to: &str, given: &JsValue) -> Answer;

    fn connect(&self, call: u32, timeout_ms: u32) {
        self.ask(0, call, timeout_ms, "", &JsValue::UNDEFINED).unwrap();
    }
    fn close(&self) {
        self.ask(1, 0, 0, "", &JsValue::UNDEFINED).unwrap();
    }
    fn cancel(&self, call: u32) {
        self.ask(2, call, 0, "", &JsValue::UNDEFINED).unwrap();
    }
    fn join(&self, call: u32, room: &str) -> Answer {
        self.ask(3, call, 0, room, &JsValue::UNDEFINED)
    }
    fn leave(&self, call: u32, room: &str) -> Answer {
        self.ask(4, call, 0, room, &JsValue::UNDEFINED)
    }
    fn find_peers(&self, call: u32, query: &JsValue) -> Answer {
        self.ask(5, call, 0, "", query)
    }
    fn open_peer(&self, peer: &str) -> Answer {
        self.ask(11, 0, 0, peer, &JsValue::UNDEFINED)
    }
    fn connect_peer(&self, call: u32, peer: &str, timeout_ms: u32) -> Answer {
        self.ask(12, call, timeout_ms, peer, &JsValue::UNDEFINED)
    }
    fn restart_ice(&self, peer: &str) -> Answer {
        self.ask(13, 0, 0, peer, &JsValue::UNDEFINED)
    }
    fn timeline(&self, peer: &str) {
        self.ask(15, 0, 0, peer, &JsValue::UNDEFINED).unwrap();
    }
    fn close_peer(&self, peer: &str) -> Answer {
        self.ask(14, 0, 0, peer, &JsValue::UNDEFINED)
    }
}

impl Asks for Client {
    fn ask(&self, ask: u32, call: u32, timeout_ms: u32, to: &str, given: &JsValue) -> Answer {
        self.command(ask, call, timeout_ms, &to.into(), given)
    }
}

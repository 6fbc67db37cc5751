//! The facade's side: what the application is told.

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** What the facade implements. None of these is called while the module is at work, and none may throw. */
export interface Handler {
  resolve(call: number, peers: object[] | undefined, cursor: string | undefined): void;
  reject(call: number, code: string, retryable: boolean, message: string): void;
  state(state: string, reason: string): void;
  error(peer: string | undefined, code: string, retryable: boolean, message: string): void;
  peerJoined(room: string, peers: object[]): void;
  peerLeft(room: string, peer: string, reason: string): void;
  message(from: string, room: string | undefined, data: string): void;
  description(from: string, type: string, sdp: string): void;
  candidates(from: string, candidates: object[], end: boolean): void;
  peer(peer: string): void;
  peerState(peer: string, state: string, reason: string): void;
  peerOpen(peer: string): void;
}
"#;

#[wasm_bindgen]
extern "C" {
    /// The object that the facade passes.
    #[wasm_bindgen(typescript_type = "Handler")]
    pub type Handler;

    /// A promise resolves.
    #[wasm_bindgen(method)]
    pub fn resolve(this: &Handler, call: u32, peers: JsValue, cursor: Option<&str>);
    /// A promise rejects.
    #[wasm_bindgen(method)]
    pub fn reject(this: &Handler, call: u32, code: &str, retryable: bool, message: &str);
    /// The client's state changed.
    #[wasm_bindgen(method)]
    pub fn state(this: &Handler, state: &str, reason: &str);
    /// Something failed that no promise waits for.
    #[wasm_bindgen(method)]
    pub fn error(this: &Handler, peer: Option<&str>, code: &str, retryable: bool, message: &str);
    /// Somebody is in a room.
    #[wasm_bindgen(method, js_name = peerJoined)]
    pub fn peer_joined(this: &Handler, room: &str, peers: JsValue);
    /// Somebody is no longer in a room.
    #[wasm_bindgen(method, js_name = peerLeft)]
    pub fn peer_left(this: &Handler, room: &str, peer: &str, reason: &str);
    /// A message of another application arrived.
    #[wasm_bindgen(method)]
    pub fn message(this: &Handler, from: &str, room: Option<&str>, data: &str);
    /// A description for a connection of the application's own arrived.
    #[wasm_bindgen(method)]
    pub fn description(this: &Handler, from: &str, kind: &str, sdp: &str);
    /// Candidates for a connection of the application's own arrived; `end`: there are no more.
    #[wasm_bindgen(method)]
    pub fn candidates(this: &Handler, from: &str, candidates: JsValue, end: bool);
    /// A remote peer connected to us.
    #[wasm_bindgen(method)]
    pub fn peer(this: &Handler, peer: &str);
    /// A connection changed its state.
    #[wasm_bindgen(method, js_name = peerState)]
    pub fn peer_state(this: &Handler, peer: &str, state: &str, reason: &str);
    /// Data can flow.
    #[wasm_bindgen(method, js_name = peerOpen)]
    pub fn peer_open(this: &Handler, peer: &str);
}

//! The facade's side: what the module calls to reach the application. The facade's functions do not throw.

use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::{RtcPeerConnection, WebSocket};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** A failure, as `SignalingError` is made of it. */
export interface Failure {
  readonly code: string;
  readonly retryable: boolean;
  /** Details, in words; may be empty. */
  readonly message: string;
  /** In how many milliseconds the same call can succeed, where that is known. */
  readonly retryAfterMs: number | undefined;
  /** The candidates of a pair that found no path. */
  readonly candidates: CandidateCensus | undefined;
}

/** Candidates of both ends, and how many servers gave which error. */
export interface CandidateCensus {
  readonly own: CandidateCount;
  readonly remote: CandidateCount;
  readonly errors: { readonly code: number; readonly servers: number }[];
}

/** Candidates that one end found, that were used, and that were dropped. */
export interface CandidateCount {
  readonly found: CandidateTypes;
  readonly used: CandidateTypes;
  readonly dropped: number;
}

/** Candidates by type. */
export interface CandidateTypes {
  readonly host: number;
  readonly srflx: number;
  readonly relay: number;
}

/** A peer as others describe it; `metadata` is a text of its application. */
export interface PeerDescription {
  readonly id: string;
  readonly region?: string | undefined;
  readonly capabilities?: readonly string[];
  readonly metadata?: string | undefined;
  readonly mapping?: string | undefined;
}

/** What the module calls. It is at rest then, and may be called. None of these may throw. */
export interface Handler {
  /** A call has succeeded. */
  resolved(call: number): void;
  /** A call that lists peers has succeeded; `cursor` is where the next page starts. */
  listed(call: number, peers: PeerDescription[], cursor: string | undefined): void;
  /** A call has failed. */
  rejected(call: number, failure: Failure): void;
  /** The client's state changed. */
  stateChanged(state: string, reason: string): void;
  /** Something went wrong that no call waits for; `peer` is the peer that it is about. */
  failed(peer: string | undefined, failure: Failure): void;
  /** The link is back: with its session, or why without. */
  resumed(resumed: boolean, reason: string): void;
  /** The session has another key from now on. */
  keyChanged(key: string): void;
  /** A peer entered a room. */
  peerJoined(room: string, peer: PeerDescription): void;
  /** A peer in a room lost its link to the server. */
  peerAway(room: string, peer: string, reason: string): void;
  /** A peer in a room that was away is back. */
  peerBack(room: string, peer: string): void;
  /** A peer left a room. */
  peerLeft(room: string, peer: string, reason: string): void;
  /** A peer sent a message to this client. */
  message(from: string, data: string): void;
  /** A peer sent a message to a room. */
  broadcast(from: string, room: string, data: string): void;
  /** A peer sent an offer for a connection of the application's own. */
  offer(from: string, sdp: string): void;
  /** A peer sent an answer for a connection of the application's own. */
  answer(from: string, sdp: string): void;
  /** A peer sent candidates for a connection of the application's own; `end`: there are no more. */
  candidates(from: string, candidates: RTCIceCandidateInit[], end: boolean): void;
  /** A peer connected to this client. */
  peerConnected(peer: string): void;
  /** The connection to a peer changed its state. */
  peerStateChanged(peer: string, state: string, reason: string): void;
  /**
   * There is another verdict about the own network, or none any more. `counts`: STUN addresses, server-reflexive, host and relayed
   * candidates, and 1 if gathering is complete; `errors`: a line with code and URL for each.
   */
  networkChanged(mapping: string | undefined, counts: Uint32Array, errors: string): void;
  /** Data can flow to a peer. */
  peerOpened(peer: string): void;
  /** A peer has another connection. The one before is closed when this function has returned. */
  peerReplaced(peer: string, connection: RTCPeerConnection): void;
  /** Returns a socket to the server that the facade opened while the module was fetched, once. */
  takeSocket(): WebSocket | undefined;
  /** Returns the connection to a peer that the facade made before there was a module, once. */
  takeConnection(peer: string): RTCPeerConnection | undefined;
  /** Returns a promise that resolves, in bounded time, when every connection has ICE servers that are valid; `undefined`: they have. */
  freshIceServers(): Promise<void> | undefined;
  /** A socket could not be made: what the browser or the transport threw. */
  socketFailed(thrown: unknown): void;
  /** The core decided something, or set its timer; called only where the settings ask for it. `id` is of a socket, a connection or a call. */
  traced(action: string, id: number | undefined, detail: string): void;
}
"#;

#[wasm_bindgen]
extern "C" {
    /// The object of the facade that is called. `TYPES` says what each method means.
    #[wasm_bindgen(typescript_type = "Handler")]
    #[derive(Clone)]
    pub type Handler;

    /// Tells that a call has succeeded.
    #[wasm_bindgen(method)]
    pub fn resolved(this: &Handler, call: u32);
    /// Tells that a call that lists peers has succeeded.
    #[wasm_bindgen(method)]
    pub fn listed(this: &Handler, call: u32, peers: &JsValue, cursor: Option<&str>);
    /// Tells that a call has failed.
    #[wasm_bindgen(method)]
    pub fn rejected(this: &Handler, call: u32, failure: &JsValue);
    /// Tells the client's state.
    #[wasm_bindgen(method, js_name = stateChanged)]
    pub fn state_changed(this: &Handler, state: &str, reason: &str);
    /// Tells of a failure that no call waits for.
    #[wasm_bindgen(method)]
    pub fn failed(this: &Handler, peer: Option<&str>, failure: &JsValue);
    /// Tells that the link is back.
    #[wasm_bindgen(method)]
    pub fn resumed(this: &Handler, resumed: bool, reason: &str);
    /// Tells the key of the session.
    #[wasm_bindgen(method, js_name = keyChanged)]
    pub fn key_changed(this: &Handler, key: &str);
    /// Tells that a peer entered a room.
    #[wasm_bindgen(method, js_name = peerJoined)]
    pub fn peer_joined(this: &Handler, room: &str, peer: &JsValue);
    /// Tells that a peer in a room lost its link to the server.
    #[wasm_bindgen(method, js_name = peerAway)]
    pub fn peer_away(this: &Handler, room: &str, peer: &str, reason: &str);
    /// Tells that a peer in a room is back.
    #[wasm_bindgen(method, js_name = peerBack)]
    pub fn peer_back(this: &Handler, room: &str, peer: &str);
    /// Tells that a peer left a room.
    #[wasm_bindgen(method, js_name = peerLeft)]
    pub fn peer_left(this: &Handler, room: &str, peer: &str, reason: &str);
    /// Tells of a message to this client.
    #[wasm_bindgen(method)]
    pub fn message(this: &Handler, from: &str, data: &str);
    /// Tells of a message to a room.
    #[wasm_bindgen(method)]
    pub fn broadcast(this: &Handler, from: &str, room: &str, data: &str);
    /// Tells of an offer for a connection of the application's own.
    #[wasm_bindgen(method)]
    pub fn offer(this: &Handler, from: &str, sdp: &str);
    /// Tells of an answer for a connection of the application's own.
    #[wasm_bindgen(method)]
    pub fn answer(this: &Handler, from: &str, sdp: &str);
    /// Tells of candidates for a connection of the application's own.
    #[wasm_bindgen(method)]
    pub fn candidates(this: &Handler, from: &str, candidates: &JsValue, end: bool);
    /// Tells that a peer connected to this client.
    #[wasm_bindgen(method, js_name = peerConnected)]
    pub fn peer_connected(this: &Handler, peer: &str);
    /// Tells the state of the connection to a peer.
    #[wasm_bindgen(method, js_name = peerStateChanged)]
    pub fn peer_state_changed(this: &Handler, peer: &str, state: &str, reason: &str);
    /// Tells the verdict about the own network.
    #[wasm_bindgen(method, js_name = networkChanged)]
    pub fn network_changed(this: &Handler, mapping: Option<&str>, counts: &[u32], errors: &str);
    /// Tells that data can flow to a peer.
    #[wasm_bindgen(method, js_name = peerOpened)]
    pub fn peer_opened(this: &Handler, peer: &str);
    /// Tells that a peer has another connection.
    #[wasm_bindgen(method, js_name = peerReplaced)]
    pub fn peer_replaced(this: &Handler, peer: &str, connection: RtcPeerConnection);
    /// Returns the socket that the facade opened while the module was fetched, once.
    #[wasm_bindgen(method, js_name = takeSocket)]
    pub fn take_socket(this: &Handler) -> Option<WebSocket>;
    /// Returns the connection to a peer that the facade made before there was a module, once.
    #[wasm_bindgen(method, js_name = takeConnection)]
    pub fn take_connection(this: &Handler, peer: &str) -> Option<RtcPeerConnection>;
    /// Returns a promise of valid ICE servers for every connection; `None`: they have them.
    #[wasm_bindgen(method, js_name = freshIceServers)]
    pub fn fresh_ice_servers(this: &Handler) -> Option<Promise>;
    /// Tells what was thrown in place of a socket.
    #[wasm_bindgen(method, js_name = socketFailed)]
    pub fn socket_failed(this: &Handler, thrown: &JsValue);
    /// Tells what the core decided.
    #[wasm_bindgen(method)]
    pub fn traced(this: &Handler, action: &str, id: Option<u32>, detail: &str);
}

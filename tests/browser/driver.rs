//! The whole shell: a client, with a handler that is a plain object, and a server that is a few lines of script.

use crate::support::{Log, Uncaught, run, sleep, until};
use crate::web_socket::REFUSED;
use js_sys::{Array, JSON};
use signalpost::client::Client;
use signalpost::settings::ConditionsObject;
use std::cell::OnceCell;
use std::rc::{Rc, Weak};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

/// Sockets to the host `fake` reach a server in the page; it never answers under the path `/silent`.
const FAKE_SERVER: &str = r#"
if (globalThis.fakeServer) return;
globalThis.fakeServer = true;
const Native = WebSocket;
const peers = new Map(), rooms = new Map();
class Fake {
  readyState = 0;
  constructor(url) {
    this.silent = url.endsWith("/silent");
    setTimeout(() => { this.readyState = 1; this.dispatchEvent(new Event("open")); });
  }
  dispatchEvent(event) {
    this[`on${event.type}`]?.(event);
  }
  tell(frame) {
    setTimeout(() => this.readyState === 1
      && this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify({ timestamp: 1, ...frame }) })));
  }
  send(text) {
    if (this.silent) return;
    const { type, id: ref, to, payload } = JSON.parse(text);
    const room = payload?.room;
    const members = rooms.get(room) ?? new Set();
    if (type === "hello") {
      this.peer = payload.peer;
      peers.set(this.peer.id, this);
      this.tell({ type: "welcome", payload: { version: 1 } });
    } else if (type === "join") {
      rooms.set(room, members);
      for (const other of members) if (other !== this) other.tell({ type: "peer-joined", payload: { room, peer: this.peer } });
      members.add(this);
      this.tell({ type: "joined", payload: { room, ref, peers: [...members].filter((m) => m !== this).map((m) => m.peer) } });
    } else if (type === "leave") {
      members.delete(this);
      for (const other of members) other.tell({ type: "peer-left", from: this.peer.id, payload: { room, reason: "left" } });
      this.tell({ type: "left", payload: { room, ref } });
    } else if (type === "peer-discovery") {
      this.tell({ type: "peers", payload: { ref, peers: [...peers.values()].filter((p) => p !== this).map((p) => p.peer) } });
    } else if (type === "heartbeat") {
      this.tell({ type: "heartbeat-ack" });
    } else if (to !== undefined) {
      const target = peers.get(to);
      if (target) target.tell({ type, from: this.peer.id, payload });
      else this.tell({ type: "error", to, payload: { code: "peer-not-found", message: "", ref } });
    }
  }
  close(code) {
    if (this.readyState === 3) return;
    this.readyState = 3;
    if (this.peer && peers.get(this.peer.id) === this) peers.delete(this.peer.id);
    for (const members of rooms.values()) members.delete(this);
    setTimeout(() => this.dispatchEvent(new CloseEvent("close", { code })));
  }
}
globalThis.WebSocket = function (url) {
  return url.startsWith("ws://fake/") ? new Fake(url) : new Native(url);
};
"#;

/// A handler that writes every call of the module, with the arguments that the tests look at.
const HANDLER: &str = r#"
const written = (name, shape = (...all) => all) => (...all) => given(name, shape(...all));
const rejected = ({ code, retryable, message }) => [code, retryable, message];
return {
  resolved: written("resolve", (call) => [call, ""]),
  listed: written("resolve", (call, peers, cursor) => [call, peers, cursor ?? ""]),
  rejected: written("reject", (call, failure) => [call, ...rejected(failure)]),
  stateChanged: written("state"),
  failed: written("error", (peer, failure) => [peer ?? "", ...rejected(failure)]),
  peerJoined: written("peerJoined", (room, peer) => [room, [peer]]),
  peerLeft: written("peerLeft"),
  peerAway: written("peerAway"),
  peerBack: written("peerBack"),
  message: written("message"),
  broadcast: written("broadcast"),
  offer: written("offer"),
  answer: written("answer"),
  candidates: written("candidates"),
  peerConnected: written("peer"),
  peerStateChanged: written("peerState"),
  peerOpened: written("peerOpen"),
  peerReplaced: written("peerReplaced"),
  resumed: written("resumed"),
  keyChanged: written("key"),
  takeSocket: () => undefined,
  takeConnection: () => undefined,
  freshIceServers: () => undefined,
  socketFailed: () => {},
};
"#;

type Called = Closure<dyn Fn(String, Array)>;

/// A client and the calls of its handler, one text for each.
struct Side {
    client: Rc<OnceCell<Client>>,
    log: Log<String>,
    _called: Called,
}

impl Side {
    /// `then` runs within every callback.
    fn new(id: &str, url: &str, configuration: &str, then: impl Fn(&Client) + 'static) -> Self {
        run(FAKE_SERVER, &JsValue::NULL);
        let client: Rc<OnceCell<Client>> = Rc::default();
        let log = Log::default();
        let (own, written): (Weak<OnceCell<Client>>, _) = (Rc::downgrade(&client), log.clone());
        let called = Called::new(move |name: String, arguments: Array| {
            let arguments = String::from(JSON::stringify(&arguments).unwrap());
            written.push(format!("{name}{arguments}"));
            if let Some(slot) = own.upgrade()
                && let Some(client) = slot.get()
            {
                then(client);
            }
        });
        let handler = run(HANDLER, called.as_ref());
        let made = create(id, url, configuration, handler);
        assert!(client.set(made.unwrap_or_else(|_| panic!("{id} {url}"))).is_ok());
        Self { client, log, _called: called }
    }

    fn client(&self) -> &Client {
        self.client.get().unwrap()
    }

    fn has(&self, text: &str) -> bool {
        self.log.entries().iter().any(|entry| entry.starts_with(text))
    }

    async fn hears(&self, text: &str) {
        until(&format!("{text} in {:?}", self.log), || self.has(text)).await;
    }
}

fn create(id: &str, url: &str, configuration: &str, handler: JsValue) -> Result<Client, JsValue> {
    let settings = format!(
        r#"{{
            "peer": {{ "id": "{id}", "capabilities": [] }},
            "key": "0123456789abcdef0123456789abcdef",
            "pages": 0,
            "reconnect": {{ "baseMs": 1000, "factor": 2, "maxMs": 30000, "maxVisibleMs": 3500 }},
            "candidates": {{ "batchMs": 100, "batchSize": 5, "maxPerGeneration": 10 }},
            "pingMs": 1000, "releaseWhenFrozen": false, "trace": false
        }}"#
    );
    let settings = JSON::parse(&settings).unwrap().unchecked_into();
    let configuration = JSON::parse(configuration).unwrap().unchecked_into();
    Client::new(handler.unchecked_into(), &settings, configuration, url.into(), None)
}

fn nothing(_: &Client) {}

/// A query without a condition.
fn anybody() -> ConditionsObject {
    JSON::parse("{}").unwrap().unchecked_into()
}

#[wasm_bindgen_test]
async fn a_handler_may_call_back_from_within_everything_it_is_told() {
    let uncaught = Uncaught::watch();
    let left = Rc::new(std::cell::Cell::new(60));
    let call_back = move |client: &Client| {
        if left.get() == 0 {
            return;
        }
        left.set(left.get() - 1);
        // Whatever the core is borrowed for: all of these borrow it again.
        let call = 1000 + left.get();
        client.connect(call, 1000);
        client.find_peers(call, &anybody()).unwrap_or_else(|_| panic!("find"));
        client.join(call, "lobby").unwrap_or_else(|_| panic!("join"));
        client.cancel(call);
        client.timeline("bob");
        client.open_peer("carol").unwrap_or_else(|_| panic!("open"));
        client.restart_ice("nobody").unwrap_or_else(|_| panic!("restart"));
        client.close_peer("nobody").unwrap_or_else(|_| panic!("close"));
    };
    let ada = Side::new("ada", "ws://fake/", "{}", call_back.clone());
    let bob = Side::new("bob", "ws://fake/", "{}", call_back);
    ada.client().connect(1, 5000);
    bob.client().connect(1, 5000);
    ada.hears("resolve[1,").await;
    bob.hears("resolve[1,").await;
    ada.client().join(2, "room").unwrap_or_else(|_| panic!());
    ada.hears("resolve[2,").await;
    bob.client().join(2, "room").unwrap_or_else(|_| panic!());
    ada.hears(r#"peerJoined["room",[{"id":"bob""#).await;
    ada.client().connect_peer(3, "bob", 10_000).unwrap_or_else(|_| panic!());
    bob.hears(r#"peer["ada"]"#).await;
    ada.hears("resolve[3,").await;
    for side in [&ada, &bob] {
        side.hears("peerOpen").await;
        side.hears("peerState").await;
        assert!(side.has(r#"state["connected","#), "{:?}", side.log);
    }
    ada.client().connect_peer(4, "zoe", 5000).unwrap_or_else(|_| panic!());
    ada.hears(r#"reject[4,"peer-not-found",true"#).await;
    assert!(!ada.has(r#"error["zoe""#), "the promise says it: {:?}", ada.log);
    bob.client().leave(5, "room").unwrap_or_else(|_| panic!());
    ada.hears(r#"peerLeft["room","bob","left"]"#).await;
    ada.client().close_peer("bob").unwrap_or_else(|_| panic!());
    bob.hears(r#"peerState["ada","closed","connection-gone"]"#).await;
    for side in [&ada, &bob] {
        side.client().close();
        side.hears(r#"state["closed","#).await;
    }
    assert_eq!(uncaught.entries(), Vec::<String>::new());
}

#[wasm_bindgen_test]
async fn a_handler_may_close_the_client_from_within_anything() {
    for moment in [
        "state[\"connecting\"",
        "state[\"connected\"",
        "resolve[1,",
        "peerJoined",
        "peer[",
        "peerState",
        "peerOpen",
    ] {
        let uncaught = Uncaught::watch();
        let name = format!("{}-{}", js_sys::Math::random(), moment.len());
        let (id, other) = (format!("a{name}"), format!("b{name}"));
        let witness = Side::new(&other, "ws://fake/", "{}", nothing);
        witness.client().connect(1, 5000);
        witness.hears("resolve[1,").await;
        let log: Rc<OnceCell<Log<String>>> = Rc::default();
        let own = Rc::clone(&log);
        let side = Side::new(&id, "ws://fake/", "{}", move |client| {
            let last = own.get().and_then(|log| log.entries().pop()).unwrap_or_default();
            if last.starts_with(moment) {
                client.close();
            }
        });
        assert!(log.set(side.log.clone()).is_ok());
        side.client().connect(1, 5000);
        side.client().join(2, &name).unwrap_or_else(|_| panic!());
        side.client().connect_peer(3, &other, 10_000).unwrap_or_else(|_| panic!());
        sleep(30).await;
        witness.client().join(2, &name).unwrap_or_else(|_| panic!());
        witness.client().connect_peer(3, &id, 5000).unwrap_or_else(|_| panic!());
        let is_seen = moment != "peer[" && moment != "peerJoined";
        if is_seen {
            side.hears(moment).await;
            side.hears("state[\"closed\"").await;
        } else {
            sleep(100).await;
            side.client().close();
        }
        for call in [1, 2, 3] {
            let settled = |entry: &&String| {
                entry.starts_with(&format!("resolve[{call},"))
                    || entry.starts_with(&format!("reject[{call},"))
            };
            let count = side.log.entries().iter().filter(settled).count();
            assert_eq!(count, 1, "{moment}: call {call}: {:?}", side.log);
        }
        let before = side.log.len();
        sleep(50).await;
        assert_eq!(side.log.len(), before, "{moment}: after the end: {:?}", side.log);
        witness.client().close();
        assert_eq!(uncaught.entries(), Vec::<String>::new(), "{moment}");
    }
}

#[wasm_bindgen_test]
async fn connecting_to_a_refused_port_ends_with_the_time_allowed() {
    let side = Side::new("ada", REFUSED, "{}", nothing);
    side.client().connect(1, 300);
    side.hears("reject[1,").await;
    // Firefox puts off a port that has refused before, and tells nothing in this time.
    let is_told = |code: &str| side.has(&format!("reject[1,\"{code}\",true"));
    assert!(is_told("server-unreachable") || is_told("timeout"), "{:?}", side.log);
    let states = |entry: &String| entry.starts_with("state");
    let states: Vec<_> = side.log.entries().into_iter().filter(states).collect();
    assert_eq!(states.first().map(String::as_str), Some(r#"state["connecting",""]"#));
    assert!(states.last().unwrap().starts_with(r#"state["idle""#), "{states:?}");
}

#[wasm_bindgen_test]
async fn a_url_that_the_browser_refuses_ends_too() {
    let side = Side::new("ada", "nonsense://", "{}", nothing);
    side.client().connect(1, 60_000);
    side.hears("reject[1,\"socket-unavailable\",false").await;
}

#[wasm_bindgen_test]
async fn close_settles_everything_that_waits() {
    let side = Side::new("ada", "ws://fake/silent", "{}", nothing);
    let client = side.client();
    client.connect(1, 60_000);
    client.join(2, "room").unwrap_or_else(|_| panic!());
    client.leave(3, "other").unwrap_or_else(|_| panic!());
    client.find_peers(4, &anybody()).unwrap_or_else(|_| panic!());
    let connection: JsValue = client.open_peer("bob").unwrap_or_else(|_| panic!()).into();
    client.connect_peer(5, "bob", 60_000).unwrap_or_else(|_| panic!());
    sleep(50).await;
    assert!(!side.has("reject"), "{:?}", side.log);
    client.close();
    for call in 1..=5 {
        assert!(side.has(&format!("reject[{call},\"closed\",false")), "{call}: {:?}", side.log);
    }
    assert!(side.has(r#"peerState["bob","closed","closed"]"#), "{:?}", side.log);
    assert_eq!(run("return given.signalingState", &connection).as_string().unwrap(), "closed");
    client.connect(6, 60_000);
    assert!(side.has("reject[6,\"closed\""), "after the end: {:?}", side.log);
    let before = side.log.len();
    client.close();
    sleep(50).await;
    assert_eq!(side.log.len(), before);
}

#[wasm_bindgen_test]
async fn a_configuration_that_the_browser_refuses_is_a_typed_error() {
    let bad = r#"{ "iceServers": [{ "urls": "nonsense" }] }"#;
    let side = Side::new("ada", "ws://fake/", bad, nothing);
    side.client().connect(1, 5000);
    side.hears("resolve[1,").await;
    assert!(side.client().open_peer("bob").unwrap_or_else(|_| panic!()).is_none());
    assert!(side.has(r#"error["bob","connection-unavailable",true,"#), "{:?}", side.log);
    side.client().connect_peer(2, "bob", 5000).unwrap_or_else(|_| panic!());
    side.hears("reject[2,\"connection-unavailable\",true,").await;
    // The rest works on.
    side.client().find_peers(3, &anybody()).unwrap_or_else(|_| panic!());
    side.hears("resolve[3,").await;
    side.client().close();
}

#[wasm_bindgen_test]
async fn a_client_that_is_freed_is_silent() {
    let uncaught = Uncaught::watch();
    let side = Side::new("ada", "ws://fake/", "{}", nothing);
    side.client().connect(1, 5000);
    side.hears("resolve[1,").await;
    side.client().open_peer("bob").unwrap_or_else(|_| panic!());
    side.client().connect_peer(2, "bob", 5000).unwrap_or_else(|_| panic!());
    let Side { client, log, _called } = side;
    drop(client);
    let before = log.len();
    sleep(200).await;
    assert_eq!(log.len(), before, "{log:?}");
    assert_eq!(uncaught.entries(), Vec::<String>::new());
}

#[wasm_bindgen_test]
fn arguments_that_are_none_are_errors() {
    for id in ["", "a\\u0000b", &"é".repeat(65)] {
        assert!(create(id, "ws://fake/", "{}", JsValue::NULL).is_err(), "{id:?}");
    }
    let side = Side::new("ada", "ws://fake/", "{}", nothing);
    assert!(side.client().join(1, "").is_err());
    assert!(side.client().open_peer("\u{1}").is_err());
    assert!(
        side.client().find_peers(1, &JSON::parse(r#"{ "region": "" }"#).unwrap().unchecked_into()).is_err()
    );
    assert_eq!(side.log.len(), 0);
}

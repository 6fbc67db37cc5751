//! The socket, as far as it goes without a server.

use crate::support::{Log, report, run, sleep, until};
use signalpost::browser::web_socket::{SocketSource, Sockets as ShellSockets};
use signalpost_core::{Input, SocketEvent, SocketId};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

/// Nothing listens there: the tests run in a network of their own.
pub const REFUSED: &str = "ws://127.0.0.1:9/signal";

/// The sockets of a client.
struct Sockets(ShellSockets);

impl Sockets {
    fn open(&self, socket: u32) {
        self.0.open(SocketId(socket));
    }

    fn send(&self, socket: u32, text: &str) {
        self.0.send(SocketId(socket), text);
    }

    fn close(&self, socket: u32, code: u16) {
        self.0.close(SocketId(socket), code);
    }
}

/// The browser's own.
fn sockets(url: &str, log: &Log<String>) -> Sockets {
    with(SocketSource::Url(url.into()), &run("return new EventTarget()", &JsValue::NULL), log)
}

fn with(source: SocketSource, scope: &JsValue, log: &Log<String>) -> Sockets {
    let log = log.clone();
    let handler = run("return { takeSocket() {}, socketFailed() {} }", &JsValue::NULL);
    let report = report(move |input| match input {
        Input::Socket { socket, event } => log.push(format!("{socket} {}", word(&event))),
        other => panic!("{other:?}"),
    });
    Sockets(ShellSockets::new(scope, source, handler.unchecked_into(), &report))
}

/// What a function of the application makes.
fn transported(transport: &JsValue, scope: &JsValue, log: &Log<String>) -> Sockets {
    with(SocketSource::Transport(transport.clone().unchecked_into()), scope, log)
}

fn word(event: &SocketEvent) -> String {
    match event {
        SocketEvent::Opened => "opened".into(),
        SocketEvent::Unavailable { message } => format!("unavailable {message}"),
        SocketEvent::Closed { code } => format!("closed {code}"),
        SocketEvent::Frame(envelope) => envelope.kind.clone(),
        SocketEvent::Malformed => "malformed".into(),
    }
}

#[wasm_bindgen_test]
fn what_the_constructor_throws_is_told() {
    for url in ["ws://", "ftp://127.0.0.1/", "ws://127.0.0.1:99999/"] {
        let log = Log::default();
        sockets(url, &log).open(7);
        let entries = log.entries();
        assert!(
            matches!(&entries[..], [one] if one.starts_with("7 unavailable SyntaxError")),
            "{url}: {entries:?}"
        );
    }
}

#[wasm_bindgen_test]
async fn a_refused_port_is_told_once_as_closed() {
    let log = Log::default();
    let sockets = sockets(REFUSED, &log);
    sockets.open(1);
    until("the end", || log.len() > 0).await;
    sleep(50).await;
    assert_eq!(log.entries(), ["1 closed 1006"]);
    // As the standard says: silently.
    sockets.send(1, "too late");
    sockets.close(1, 4100);
    sockets.close(2, 4100);
}

#[wasm_bindgen_test]
async fn nothing_is_heard_after_the_close_or_the_drop() {
    let log = Log::default();
    let dropped = sockets(REFUSED, &log);
    dropped.open(1);
    dropped.open(2);
    drop(dropped);
    let sockets = sockets(REFUSED, &log);
    sockets.open(3);
    sockets.open(4);
    sockets.close(3, 4100);
    until("a socket that was opened later", || log.len() > 0).await;
    sleep(50).await;
    assert_eq!(log.entries(), ["4 closed 1006"]);
}

/// What an application may give in place of a socket, by number; each writes down every call.
const PLAIN: &str = "
given.made = [];
given.done = [];
return () => {
  const at = given.made.length;
  const plain = { send: (text) => given.done.push(`${at} ${text}`), close: (code) => given.done.push(`${at} close ${code}`) };
  given.made.push(plain);
  return plain;
}";

#[wasm_bindgen_test]
fn two_at_a_time_are_kept_apart() {
    let log = Log::default();
    let given = js_sys::Object::new();
    let scope = run("return new EventTarget()", &JsValue::NULL);
    let sockets = transported(&run(PLAIN, &given), &scope, &log);
    sockets.open(1);
    sockets.open(2);
    run("given.made[0].onopen(); given.made[1].onopen(); given.made[0].onmessage({ data: '{' })", &given);
    sockets.send(2, "b");
    sockets.send(1, "a");
    sockets.close(1, 4100);
    run("given.made[0].onclose?.({ code: 4000 }); given.made[1].onclose({ code: 4001 })", &given);
    sockets.send(1, "late");
    sockets.send(2, "late");
    assert_eq!(log.entries(), ["1 opened", "2 opened", "1 malformed", "2 closed 4001"]);
    assert_eq!(run("return given.done.join()", &given).as_string().unwrap(), "1 b,0 a,0 close 4100");
    sockets.open(3);
    drop(sockets);
    assert_eq!(run("return given.done.at(-1)", &given).as_string().unwrap(), "2 close 1000");
}

#[wasm_bindgen_test]
fn what_a_transport_throws_and_what_is_no_socket_is_told() {
    let scope = JsValue::UNDEFINED;
    for (transport, told) in [
        ("return () => { throw 'no way' }", "1 unavailable no way"),
        ("return () => undefined", "1 unavailable no socket"),
        ("return () => { throw { toString() { throw 1 } } }", "1 unavailable "),
    ] {
        let log = Log::default();
        transported(&run(transport, &JsValue::NULL), &scope, &log).open(1);
        assert_eq!(log.entries(), [told], "{transport}");
    }
}

#[wasm_bindgen_test]
fn a_socket_that_a_policy_forbids_is_told_once_and_closed() {
    let (log, given) = (Log::default(), js_sys::Object::new());
    let scope = run("return new EventTarget()", &JsValue::NULL);
    let sockets = transported(&run(PLAIN, &given), &scope, &log);
    sockets.open(1);
    sockets.open(2);
    run("given.made[1].url = 'wss://example/a?b'", &given);
    let report = |disposition: &str, blocked: &str| {
        let body = format!(
            "given.dispatchEvent(Object.assign(new Event('securitypolicyviolation'),
               {{ disposition: '{disposition}', effectiveDirective: 'connect-src', blockedURI: '{blocked}' }}))"
        );
        run(&body, &scope);
    };
    report("report", "wss://example/a");
    report("enforce", "wss://example/");
    run("given.dispatchEvent(new Event('securitypolicyviolation'))", &scope);
    assert_eq!(log.len(), 0);
    report("enforce", "wss://example/a");
    report("enforce", "wss://example/a");
    let forbidden =
        "2 unavailable the page's Content-Security-Policy forbids wss://example/a?b (connect-src)";
    assert_eq!(log.entries(), [forbidden]);
    assert_eq!(run("return given.done.join()", &given).as_string().unwrap(), "1 close undefined");
    drop(sockets);
    report("enforce", "wss://example/a");
    assert_eq!(log.len(), 1);
}

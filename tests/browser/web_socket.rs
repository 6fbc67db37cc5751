//! The socket, as far as it goes without a server.

use crate::support::{Log, run, sleep, until};
use signalpost::web_socket::Socket;
use signalpost_core::SocketEvent;
use wasm_bindgen_test::wasm_bindgen_test;

/// Nothing listens there: the tests run in a network of their own.
pub const REFUSED: &str = "ws://127.0.0.1:9/signal";

fn open(url: &str, heard: impl Fn(SocketEvent) + 'static) -> Option<Socket> {
    let transport = run("return () => new WebSocket(given)", &url.into());
    Socket::open(&transport, heard)
}

fn word(event: &SocketEvent) -> String {
    match event {
        SocketEvent::Opened => "opened".into(),
        SocketEvent::Closed { code } => format!("closed {code}"),
        SocketEvent::Frame(envelope) => envelope.kind.clone(),
        SocketEvent::Malformed => "malformed".into(),
    }
}

#[wasm_bindgen_test]
fn a_url_that_is_none_is_an_error() {
    for url in ["ws://", "ftp://127.0.0.1/", "ws://127.0.0.1:99999/"] {
        assert!(open(url, |_| {}).is_none(), "{url}");
    }
}

#[wasm_bindgen_test]
async fn a_refused_port_is_told_once_as_closed() {
    let log = Log::default();
    let heard = log.clone();
    let socket = open(REFUSED, move |event| heard.push(word(&event))).unwrap();
    until("the end", || log.len() > 0).await;
    sleep(50).await;
    assert_eq!(log.entries(), ["closed 1006"]);
    // As the standard says: silently.
    socket.send("too late");
    socket.close(1000);
}

#[wasm_bindgen_test]
async fn nothing_is_heard_after_the_drop() {
    let log = Log::default();
    let heard = log.clone();
    let socket = open(REFUSED, move |event| heard.push(word(&event))).unwrap();
    drop(socket);
    let witness = Log::default();
    let seen = witness.clone();
    let second = open(REFUSED, move |event| seen.push(word(&event))).unwrap();
    until("a socket that was opened later", || witness.len() > 0).await;
    assert_eq!(log.entries(), Vec::<String>::new());
    drop(second);
}

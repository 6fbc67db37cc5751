//! What the outputs of the core tell of themselves.
#![allow(clippy::unwrap_used)]

mod support;

use signalpost_core::{CallId, Client, Command, Input, Output, SocketEvent, Trace};
use support::{config, id};

fn traces(client: &mut Client) -> Vec<Trace> {
    std::iter::from_fn(|| client.poll_output()).map(|output: Output| output.trace()).collect()
}

fn trace(action: &'static str, id: Option<u32>, detail: &str) -> Trace {
    Trace { action, id, detail: detail.into() }
}

#[test]
fn each_output_names_its_action_and_holds_no_secret() {
    let config = config();
    let key = config.key.clone();
    let mut client = Client::new(config, 1);
    client.handle_input(0, Input::Command(Command::Connect { call: CallId(7), timeout_ms: 1_000 }));
    assert_eq!(traces(&mut client), [trace("event", None, "state"), trace("open-socket", Some(1), "")]);
    let opened = client.poll_timeout();
    assert_eq!(opened.map(|(_, name)| name.as_str()), Some("call"));
    let socket = signalpost_core::SocketId(1);
    client.handle_input(0, Input::Socket { socket, event: SocketEvent::Opened });
    let sent = traces(&mut client);
    assert_eq!(sent, [trace("send", Some(1), "hello")]);
    assert!(!format!("{sent:?}").contains(&key));
    client.handle_input(5, Input::Command(Command::OpenPeer { peer: id("zoe") }));
    let made = traces(&mut client);
    assert_eq!((made[0].action, made[0].detail.as_str()), ("create-connection", "zoe"));
    client.handle_input(1_000, Input::Timeout);
    assert!(traces(&mut client).contains(&trace("settle", Some(7), "timeout")));
}

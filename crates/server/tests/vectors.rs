//! The golden vectors of `tests/vectors/`, read by the server's session.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use serde_json::Value;
use signalpost_protocol::Position;
use signalpost_server::engine::{Claimed, Delivery};
use signalpost_server::session::{Session, SessionOutput};
use signalpost_server::{SocketId, Token};

const MESSAGES: &str = include_str!("../../../tests/vectors/messages.json");
const HELLO: &str = r#"{"type":"hello","payload":{"versions":[1,1],"key":"0123456789abcdef","peer":{"id":"vector-reader","session":7}}}"#;

/// What the session says of a frame: the code of its refusal, or nothing. `hello` meets a session that is new.
fn refusal(text: &str, is_hello: bool) -> Option<String> {
    let mut session = Session::new(0, SocketId::new(1), None, Token::new([1; 32]));
    if !is_hello {
        session.handle_frame(0, HELLO);
        let claimed = Claimed {
            resumed: false,
            reason: None,
            received: Position::START,
            acknowledged: Position::START,
        };
        session.handle_delivery(0, Delivery::Claimed(claimed));
        while session.poll_output().is_some() {}
    }
    session.handle_frame(1, text);
    let mut outputs = std::iter::from_fn(|| session.poll_output());
    outputs.find_map(|output| match output {
        SessionOutput::Refused { code, .. } => Some(code.as_str().into()),
        _ => None,
    })
}

#[test]
fn the_session_says_of_every_client_frame_what_its_vector_says() {
    let vectors: Vec<Value> = serde_json::from_str(MESSAGES).unwrap();
    let mut read = 0;
    for vector in vectors.iter().filter(|vector| vector["direction"] == "client") {
        let name = vector["name"].as_str().unwrap();
        let text = vector["text"].as_str().map_or_else(|| vector["frame"].to_string(), Into::into);
        let is_hello = serde_json::from_str::<Value>(&text).is_ok_and(|frame| frame["type"] == "hello");
        let refused = refusal(&text, is_hello);
        // Codecs do not look at the sender; the session does.
        let is_forged = serde_json::from_str::<Value>(&text).is_ok_and(|frame| frame["from"].is_string());
        let code = vector["code"].as_str().or(vector["told"].as_str());
        let expected = if is_forged { Some("forged-sender") } else { code };
        assert_eq!(refused.as_deref(), expected, "{name}: {text}");
        read += 1;
    }
    assert!(read > 60, "only {read} vectors");
}

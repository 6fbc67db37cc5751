//! The clients of version 1, as they were recorded (`tests/vectors/transcripts/`), say their part to this server over real sockets: it
//! answers what it answered then.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod support;

use futures_util::SinkExt;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use support::{Client, Server};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, frame::coding::CloseCode};

#[derive(Deserialize)]
struct Transcript {
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    socket: String,
    by: String,
    frame: Option<Value>,
    text: Option<String>,
    bytes: Option<usize>,
    code: Option<u16>,
    what: Option<String>,
}

const SHUTDOWN: u16 = 4000;

/// What the recorded server said, and this one may say in other words: none of it is what a client goes by.
fn without_words(mut frame: Value) -> Value {
    frame.as_object_mut().unwrap().remove("timestamp");
    if frame["type"] == "error" {
        frame["payload"].as_object_mut().unwrap().remove("message");
    }
    frame
}

/// Signs of life come when the time has come; the test's own time is another.
fn is_sign_of_life(frame: &Value, by: &str) -> bool {
    let kind = &frame["type"];
    if by == "server" { kind == "heartbeat" } else { kind == "heartbeat-ack" }
}

struct Play {
    server: Server,
    sockets: BTreeMap<String, Client>,
    is_terminated: bool,
}

impl Play {
    async fn step(&mut self, step: Step) {
        if !self.sockets.contains_key(&step.socket) {
            let socket = self.server.open().await;
            self.sockets.insert(step.socket.clone(), socket);
        }
        let socket = self.sockets.get_mut(&step.socket).unwrap();
        match step {
            Step { what: Some(what), socket: name, .. } => {
                // Of a half-open socket the server knows nothing yet.
                if what == "cut" {
                    self.sockets.remove(&name);
                }
            }
            Step { by, frame: Some(frame), .. } if is_sign_of_life(&frame, &by) => {}
            Step { by, frame: Some(frame), .. } if by == "client" => socket.send(frame).await,
            Step { by, text: Some(text), .. } if by == "client" => socket.send_text(&text).await,
            Step { by, bytes: Some(bytes), .. } if by == "client" => {
                socket.socket.send(Message::binary(vec![0; bytes])).await.unwrap();
            }
            Step { by, code: Some(code), socket: name, .. } if by == "client" => {
                let mut socket = self.sockets.remove(&name).unwrap();
                let frame = CloseFrame { code: CloseCode::from(code), reason: "".into() };
                socket.socket.close(Some(frame)).await.ok();
            }
            Step { frame: Some(frame), socket: name, .. } => {
                let told = socket.receive().await;
                assert_eq!(without_words(told), without_words(frame), "{name}");
            }
            Step { code: Some(code), socket: name, .. } => {
                if code == SHUTDOWN && !self.is_terminated {
                    self.is_terminated = true;
                    self.server.terminate().await;
                }
                let socket = self.sockets.get_mut(&name).unwrap();
                assert_eq!(socket.closed().await.0, code, "{name}");
            }
            Step { socket, by, .. } => panic!("{socket} {by}: nothing"),
        }
    }
}

/// Plays a transcript and answers how many frames of the server were compared.
async fn play(text: &str) -> usize {
    let Transcript { steps } = serde_json::from_str(text).unwrap();
    let server = Server::start_with(&["--region", "eu-west"]).await;
    let mut play = Play { server, sockets: BTreeMap::new(), is_terminated: false };
    let mut ended: Vec<String> = Vec::new();
    let mut compared = 0;
    for step in steps {
        // Who says goodbye first is a matter of microseconds; one of both is enough.
        if step.code.is_some() && ended.contains(&step.socket) {
            continue;
        }
        if step.code.is_some() {
            ended.push(step.socket.clone());
        }
        compared += usize::from(step.by == "server" && step.frame.is_some());
        play.step(step).await;
    }
    compared
}

macro_rules! transcripts {
    ($($name:ident = $file:literal, $least:literal;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let text = include_str!(concat!("../../../tests/vectors/transcripts/version-1/", $file, ".json"));
            assert!(play(text).await >= $least);
        }
    )*};
}

transcripts! {
    chromium_and_firefox_connect_and_talk = "chromium-firefox", 30;
    firefox_and_chromium_connect_and_talk = "firefox-chromium", 29;
    a_client_comes_back_to_its_id = "coming-back", 25;
    every_refusal_is_the_same = "refusals", 27;
}

//! The clients of version 1, as they were recorded (`tests/vectors/transcripts/`), say their part to this server over real sockets: it
//! answers what it answered then.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod support;

use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
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

/// The `id` of the frame that only asks whether the server has read what was before it.
const MARK: u32 = u32::MAX;

/// One socket of the transcript.
struct Voice {
    client: Client,
    /// Read while the mark was awaited.
    heard: VecDeque<Value>,
    closed: Option<u16>,
}

impl Voice {
    /// Waits until the server has done all that this socket asked for: what the next socket says comes later there too.
    async fn is_heard(&mut self) {
        let mark = json!({"type": "mark", "id": MARK});
        let mut sent = self.client.socket.send(Message::text(mark.to_string())).await.is_ok();
        while sent && self.closed.is_none() {
            match self.client.socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    if frame["payload"]["ref"] == MARK {
                        return;
                    }
                    if frame["type"] != "heartbeat" {
                        self.heard.push_back(frame);
                    }
                }
                Some(Ok(Message::Close(Some(frame)))) => self.closed = Some(frame.code.into()),
                _ => sent = false,
            }
        }
    }

    async fn receive(&mut self) -> Value {
        match self.heard.pop_front() {
            Some(frame) => frame,
            None => self.client.receive().await,
        }
    }

    async fn closed(&mut self) -> u16 {
        match self.closed {
            Some(code) => code,
            None => self.client.closed().await.0,
        }
    }
}

struct Play {
    server: Server,
    sockets: BTreeMap<String, Voice>,
    /// Who said something last.
    speaker: Option<String>,
    is_terminated: bool,
}

impl Play {
    async fn step(&mut self, step: Step) {
        let is_new = !self.sockets.contains_key(&step.socket);
        if (is_new || step.by == "client") && self.speaker.as_ref() != Some(&step.socket) {
            let before = self.speaker.replace(step.socket.clone());
            if let Some(before) = before.and_then(|name| self.sockets.get_mut(&name)) {
                before.is_heard().await;
            }
        }
        if is_new {
            let voice = Voice { client: self.server.open().await, heard: VecDeque::new(), closed: None };
            self.sockets.insert(step.socket.clone(), voice);
        }
        let voice = self.sockets.get_mut(&step.socket).unwrap();
        let client = &mut voice.client;
        match step {
            Step { what: Some(what), socket: name, .. } => {
                // Of a half-open socket the server knows nothing yet.
                if what == "cut" {
                    self.sockets.remove(&name);
                }
            }
            Step { by, frame: Some(frame), .. } if is_sign_of_life(&frame, &by) => {}
            Step { by, frame: Some(frame), .. } if by == "client" => client.send(frame).await,
            Step { by, text: Some(text), .. } if by == "client" => client.send_text(&text).await,
            Step { by, bytes: Some(bytes), .. } if by == "client" => {
                client.socket.send(Message::binary(vec![0; bytes])).await.unwrap();
            }
            Step { by, code: Some(code), socket: name, .. } if by == "client" => {
                let mut voice = self.sockets.remove(&name).unwrap();
                let frame = CloseFrame { code: CloseCode::from(code), reason: "".into() };
                voice.client.socket.close(Some(frame)).await.ok();
            }
            Step { frame: Some(frame), socket: name, .. } => {
                let told = voice.receive().await;
                assert_eq!(without_words(told), without_words(frame), "{name}");
            }
            Step { code: Some(code), socket: name, .. } => {
                if code == SHUTDOWN && !self.is_terminated {
                    self.is_terminated = true;
                    self.server.terminate().await;
                }
                let voice = self.sockets.get_mut(&name).unwrap();
                assert_eq!(voice.closed().await, code, "{name}");
            }
            Step { socket, by, .. } => panic!("{socket} {by}: nothing"),
        }
    }
}

/// Plays a transcript and answers how many frames of the server were compared.
async fn play(text: &str) -> usize {
    let Transcript { steps } = serde_json::from_str(text).unwrap();
    let server = Server::start_with(&["--region", "eu-west"]).await;
    let mut play = Play { server, sockets: BTreeMap::new(), speaker: None, is_terminated: false };
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

//! A client of version 2: what it remembers between its sockets.

use super::{Client, Server};
use serde_json::{Value, json};

pub struct Member {
    pub client: Client,
    pub id: String,
    pub key: String,
    /// The number of its last frame.
    pub sent: u32,
    /// The highest number of the server that it has; `None` before the first welcome.
    pub received: Option<u32>,
}

impl Member {
    /// A new session.
    pub async fn begin(server: &Server, id: &str) -> Self {
        let key = format!("the first key of {id}");
        let client = server.open().await;
        let mut member = Self { client, id: id.into(), key, sent: 0, received: None };
        member.hello().await;
        let welcome = member.welcome().await;
        assert_eq!(welcome["resumed"], false);
        assert!(welcome.get("reason").is_none(), "{welcome}");
        // Nothing of the server is unanswered: it asks only when 6 s were silent.
        member.ack().await;
        member
    }

    /// Such a member in the room `r`.
    pub async fn joined(server: &Server, id: &str) -> Self {
        let mut member = Self::begin(server, id).await;
        let answer = member.ask(json!({"type": "join", "id": 1, "payload": {"room": "r"}})).await;
        assert_eq!(answer["type"], "joined");
        member
    }

    pub async fn hello(&mut self) {
        let peer = json!({"id": self.id, "session": 1});
        let mut payload = json!({"versions": [1, 2], "key": self.key, "peer": peer});
        if let Some(received) = self.received {
            payload["received"] = received.into();
        }
        self.client.send(json!({"type": "hello", "id": 1, "payload": payload})).await;
    }

    /// Takes the welcome in; its payload.
    pub async fn welcome(&mut self) -> Value {
        let frame = self.client.receive().await;
        assert_eq!((&frame["type"], frame.get("seq")), (&json!("welcome"), None), "{frame}");
        let welcome = frame["payload"].clone();
        assert_eq!(welcome["version"], 2);
        self.key = welcome["key"].as_str().unwrap().into();
        assert_eq!(self.key.len(), 64);
        if welcome["resumed"] == false {
            self.received = Some(0);
            self.sent = 0;
        }
        welcome
    }

    /// The same session on a new socket; the old one is dropped. The welcome's payload.
    pub async fn resume(&mut self, server: &Server) -> Value {
        self.client = server.open().await;
        self.hello().await;
        self.welcome().await
    }

    /// Sends a frame with its numbers.
    pub async fn send(&mut self, mut frame: Value) {
        self.sent += 1;
        frame["seq"] = self.sent.into();
        frame["ack"] = self.received.into();
        self.client.send(frame).await;
    }

    /// The next message that has a number, which is expected to be the next.
    pub async fn receive(&mut self) -> Value {
        loop {
            let frame = self.client.receive().await;
            if frame["type"] == "ack" {
                continue;
            }
            if frame["type"] == "heartbeat" {
                self.client.send(json!({"type": "heartbeat-ack"})).await;
                continue;
            }
            let next = self.received.unwrap() + 1;
            assert_eq!(frame["seq"], next, "{frame}");
            self.received = Some(next);
            return frame;
        }
    }

    pub async fn ask(&mut self, frame: Value) -> Value {
        self.send(frame).await;
        self.receive().await
    }

    pub async fn ack(&mut self) {
        self.client.send(json!({"type": "ack", "ack": self.received})).await;
    }

    pub async fn say(&mut self, to: &str, data: &str) {
        self.send(json!({"type": "message", "to": to, "payload": {"data": data}})).await;
    }

    /// What a message says that is the next to come.
    pub async fn hear(&mut self) -> String {
        let frame = self.receive().await;
        assert_eq!(frame["type"], "message", "{frame}");
        frame["payload"]["data"].as_str().unwrap().into()
    }

    /// Proves that nothing with a number is on its way.
    pub async fn hears_nothing(&mut self) {
        self.client.send(json!({"type": "heartbeat", "ack": self.received})).await;
        loop {
            let frame = self.client.receive().await;
            if frame["type"] == "heartbeat-ack" {
                return;
            }
            assert!(matches!(frame["type"].as_str(), Some("ack" | "heartbeat")), "{frame}");
        }
    }
}

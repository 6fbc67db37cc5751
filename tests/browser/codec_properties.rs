//! Frames made up from a seed: the shell reads exactly what the server's codec reads, and what it writes the server reads.

use serde_json::{Map, Value};
use signalpost::codec;
use signalpost_core::Rng;
use signalpost_core::protocol::{Envelope, Payload};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

const TEXTS: &[&str] = &[
    "",
    "a",
    "ada",
    "offer",
    "v=0\r\n\t\"\\/",
    "\u{0}\u{7}\u{1f}\u{7f}\u{85}",
    "é😀\u{2028}\u{fffd}",
    "__proto__",
    "null",
];
/// Fields by the kind that they are of.
const TEXT: &[&str] = &["key", "cursor", "region", "room", "reason", "sdp", "end", "data", "code", "message"];
const INTEGER: &[&str] =
    &["session", "number", "connection", "target", "ref", "version", "received", "attempt", "after"];
/// What only a client sends and only a server reads.
const CLIENT_ONLY: &[&str] = &["capability", "limit", "versions", "receipt"];

/// Values of the right kind, for the most part.
struct Maker {
    rng: Rng,
    client: bool,
}

impl Maker {
    fn pick<'a>(&mut self, texts: &[&'a str]) -> &'a str {
        texts[self.rng.up_to(texts.len() as u32 - 1) as usize]
    }

    fn one_in(&mut self, many: u32) -> bool {
        self.rng.up_to(many - 1) == 0
    }

    fn wrong(&mut self) -> Value {
        match self.rng.up_to(9) {
            0 => Value::Null,
            1 => true.into(),
            2 => (-1i64 - i64::from(self.rng.up_to(9))).into(),
            3 => (f64::from(self.rng.up_to(99)) + 0.5).into(),
            4 => (1u64 << (32 + self.rng.up_to(20))).into(),
            5 => Value::Array(vec![self.text(), Value::Null]),
            6 => Value::Array(Vec::new()),
            7 => Value::Object(Map::new()),
            8 => 65_536.into(),
            _ => self.text(),
        }
    }

    fn or_wrong(&mut self, value: Value) -> Value {
        if self.one_in(40) { self.wrong() } else { value }
    }

    fn text(&mut self) -> Value {
        let mut text = String::new();
        for _ in 0..=self.rng.up_to(2) {
            text.push_str(self.pick(TEXTS));
        }
        text.into()
    }

    fn number(&mut self, most: u32) -> Value {
        let number = self.rng.up_to(most);
        if self.one_in(4) { most.into() } else { number.into() }
    }

    fn record(&mut self, names: &[&str], put: fn(&mut Self, &str) -> Value) -> Value {
        let mut fields = Map::new();
        for name in names {
            if !self.one_in(3) {
                let value = put(self, name);
                fields.insert((*name).into(), self.or_wrong(value));
            }
        }
        if self.one_in(4) {
            fields.insert("new".into(), self.wrong());
        }
        fields.into()
    }

    fn list(&mut self, item: fn(&mut Self) -> Value) -> Value {
        (0..self.rng.up_to(3))
            .map(|_| {
                let value = item(self);
                self.or_wrong(value)
            })
            .collect()
    }

    fn peer(&mut self) -> Value {
        self.record(&["id", "session", "region", "capabilities", "metadata"], |maker, name| match name {
            "session" => maker.number(u32::MAX),
            "capabilities" => maker.list(Self::text),
            _ => maker.text(),
        })
    }

    fn candidate(&mut self) -> Value {
        self.record(&["candidate", "sdpMid", "sdpMLineIndex", "usernameFragment"], |maker, name| match name {
            "sdpMLineIndex" => maker.number(65_535),
            _ => maker.text(),
        })
    }

    fn payload(&mut self) -> Value {
        let own = if self.client { CLIENT_ONLY } else { &[] };
        let names = [TEXT, INTEGER, &["peer", "peers", "candidates", "own", "resumed"], own].concat();
        self.record(&names, |maker, name| match name {
            "version" | "limit" => maker.number(65_535),
            "versions" => Value::Array(vec![maker.number(65_535), maker.number(65_535)]),
            "peer" => maker.peer(),
            "peers" => maker.list(Self::peer),
            "candidates" => maker.list(Self::candidate),
            "own" | "resumed" | "receipt" => maker.one_in(2).into(),
            name if INTEGER.contains(&name) => maker.number(u32::MAX),
            _ => maker.text(),
        })
    }

    fn frame(&mut self) -> Value {
        let names = ["type", "type", "id", "from", "to", "timestamp", "seq", "ack", "payload", "payload"];
        self.record(&names, |maker, name| match name {
            "id" | "seq" | "ack" | "timestamp" => maker.number(u32::MAX),
            "payload" => maker.payload(),
            _ => maker.text(),
        })
    }
}

#[wasm_bindgen_test]
fn the_shell_reads_what_the_servers_codec_reads_and_nothing_else() {
    let mut maker = Maker { rng: Rng::new(1), client: false };
    let mut taken = 0;
    for _ in 0..4000 {
        let text = maker.frame().to_string();
        let read = serde_json::from_str::<Envelope>(&text).ok();
        taken += usize::from(read.as_ref().is_some_and(|envelope| envelope.payload.is_some()));
        assert_eq!(codec::decode(&JsValue::from_str(&text)), read, "{text}");
    }
    assert!((400..3600).contains(&taken), "{taken} frames with a payload were taken");
}

#[wasm_bindgen_test]
fn what_the_shell_writes_the_server_reads() {
    let mut maker = Maker { rng: Rng::new(2), client: true };
    let mut written = 0;
    for _ in 0..4000 {
        let Ok(mut envelope) = serde_json::from_str::<Envelope>(&maker.frame().to_string()) else { continue };
        let text = codec::encode(&envelope, envelope.ack);
        // What only a server says is never written, and what is not true is as good as absent.
        envelope.timestamp = None;
        if let Some(payload) = &mut envelope.payload {
            let is_true = |flag: Option<bool>| flag.filter(|value| *value);
            let (own, receipt) = (is_true(payload.own), is_true(payload.receipt));
            **payload = Payload {
                version: None,
                resumed: None,
                after: None,
                peers: None,
                reason: None,
                message: None,
                reference: None,
                own,
                receipt,
                ..core::mem::take(payload)
            };
        }
        assert_eq!(serde_json::from_str::<Envelope>(&text).ok(), Some(envelope), "{text}");
        written += 1;
    }
    assert!(written > 400, "{written} frames");
}

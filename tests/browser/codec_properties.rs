//! Frames made up from a seed: the shell reads exactly what the server's codec reads, and what it writes the server reads.

use serde_json::{Map, Value};
use signalpost::codec;
use signalpost_core::Rng;
use signalpost_core::protocol::Envelope;
use signalpost_core::protocol::record::{FieldReader, Record};
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

    /// An object with the fields of a record, and now and then one that is not known.
    fn record<R: Record>(&mut self) -> Value {
        let mut drawing = Drawing { maker: self, fields: Map::new() };
        R::default().read(&mut drawing);
        let mut fields = drawing.fields;
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
}

/// Draws a value for each field of a record that is read from it.
struct Drawing<'a> {
    maker: &'a mut Maker,
    fields: Map<String, Value>,
}

impl Drawing<'_> {
    fn put(&mut self, name: &str, value: Value) {
        // Without these there is not much to read.
        let absent = if matches!(name, "type" | "payload") { 9 } else { 3 };
        if !self.maker.one_in(absent) {
            let value = self.maker.or_wrong(value);
            self.fields.insert(name.into(), value);
        }
    }
}

impl FieldReader for Drawing<'_> {
    fn reads_client_fields(&self) -> bool {
        self.maker.client
    }

    fn text(&mut self, name: &'static str) -> Option<String> {
        let text = self.maker.text();
        self.put(name, text);
        None
    }

    fn flag(&mut self, name: &'static str) -> Option<bool> {
        let flag = self.maker.one_in(2);
        self.put(name, flag.into());
        None
    }

    fn integer(&mut self, name: &'static str, most: u64) -> Option<u64> {
        let number = self.maker.number(u32::try_from(most).unwrap_or(u32::MAX));
        self.put(name, number);
        None
    }

    fn pair(&mut self, name: &'static str) -> Option<(u16, u16)> {
        let pair = vec![self.maker.number(65_535), self.maker.number(65_535)];
        self.put(name, pair.into());
        None
    }

    fn texts(&mut self, name: &'static str) -> Option<Vec<String>> {
        let texts = self.maker.list(Maker::text);
        self.put(name, texts);
        None
    }

    fn record<R: Record>(&mut self, name: &'static str) -> Option<R> {
        let record = self.maker.record::<R>();
        self.put(name, record);
        None
    }

    fn records<R: Record>(&mut self, name: &'static str) -> Option<Vec<R>> {
        let records = self.maker.list(Maker::record::<R>);
        self.put(name, records);
        None
    }
}

#[wasm_bindgen_test]
fn the_shell_reads_what_the_servers_codec_reads_and_nothing_else() {
    let mut maker = Maker { rng: Rng::new(1), client: false };
    let mut taken = 0;
    for _ in 0..4000 {
        let text = maker.record::<Envelope>().to_string();
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
        let Ok(mut envelope) = serde_json::from_str::<Envelope>(&maker.record::<Envelope>().to_string())
        else {
            continue;
        };
        let ack = envelope.ack.take();
        let text = codec::encode(&envelope, ack);
        envelope.ack = ack;
        assert_eq!(serde_json::from_str::<Envelope>(&text).ok(), Some(envelope), "{text}");
        written += 1;
    }
    assert!(written > 400, "{written} frames");
}

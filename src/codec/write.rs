//! Writes records as JSON text (RFC 8259); what is absent is left out.

use alloc::string::String;
use signalpost_core::protocol::record::{FieldWriter, Record};
use signalpost_core::protocol::{Envelope, Position};

/// One object or array being written.
struct Writer {
    text: String,
    /// Nothing stands in the innermost object or array yet.
    first: bool,
}

impl Writer {
    fn open(&mut self, bracket: &str) {
        self.text.push_str(bracket);
        self.first = true;
    }

    fn close(&mut self, bracket: &str) {
        self.text.push_str(bracket);
        self.first = false;
    }

    fn next(&mut self) {
        if !core::mem::replace(&mut self.first, false) {
            self.text.push(',');
        }
    }

    fn name(&mut self, name: &str) {
        self.next();
        self.text.push('"');
        self.text.push_str(name);
        self.text.push_str("\":");
    }

    fn string(&mut self, value: &str) {
        self.text.push('"');
        let mut written = 0;
        for (at, byte) in value.bytes().enumerate() {
            let escape = match byte {
                b'\n' => "\\n",
                b'\r' => "\\r",
                b'"' => "\\\"",
                b'\\' => "\\\\",
                ..0x10 => "\\u000",
                0x10..0x20 => "\\u001",
                _ => continue,
            };
            // Every escaped character is one byte: what lies between them is text.
            self.text.push_str(value.get(written..at).unwrap_or_default());
            self.text.push_str(escape);
            if escape.len() > 2 {
                self.digit(u64::from(byte & 15));
            }
            written = at + 1;
        }
        self.text.push_str(value.get(written..).unwrap_or_default());
        self.text.push('"');
    }

    fn digit(&mut self, value: u64) {
        let at = value as usize;
        self.text.push_str("0123456789abcdef".get(at..=at).unwrap_or_default());
    }

    fn number(&mut self, value: u64) {
        if value > 9 {
            self.number(value / 10);
        }
        self.digit(value % 10);
    }

    fn list<T>(&mut self, items: &[T], write: impl Fn(&mut Self, &T)) {
        self.open("[");
        for item in items {
            self.next();
            write(self, item);
        }
        self.close("]");
    }

    fn object(&mut self, record: &impl Record) {
        self.open("{");
        record.write(self);
        self.close("}");
    }
}

impl FieldWriter for Writer {
    fn text(&mut self, name: &'static str, value: &str) {
        self.name(name);
        self.string(value);
    }

    fn flag(&mut self, name: &'static str, value: bool) {
        self.name(name);
        self.text.push_str(if value { "true" } else { "false" });
    }

    fn integer(&mut self, name: &'static str, value: u64) {
        self.name(name);
        self.number(value);
    }

    fn pair(&mut self, name: &'static str, (first, second): (u16, u16)) {
        self.name(name);
        self.list(&[first, second], |writer, number| writer.number(u64::from(*number)));
    }

    fn texts(&mut self, name: &'static str, value: &[String]) {
        self.name(name);
        self.list(value, |writer, text| writer.string(text));
    }

    fn record<R: Record>(&mut self, name: &'static str, value: &R) {
        self.name(name);
        self.object(value);
    }

    fn records<R: Record>(&mut self, name: &'static str, value: &[R]) {
        self.name(name);
        self.list(value, Self::object);
    }
}

/// Returns an envelope as JSON text, with what is acknowledged now.
pub fn envelope(envelope: &Envelope, ack: Option<Position>) -> String {
    let mut writer = Writer { text: String::new(), first: true };
    writer.open("{");
    envelope.write(&mut writer);
    if let Some(ack) = ack {
        writer.integer("ack", u64::from(ack.0));
    }
    writer.close("}");
    writer.text
}

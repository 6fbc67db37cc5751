//! Writes the sparse envelope as JSON text (RFC 8259); what is absent is left out.

use alloc::string::String;
use signalpost_core::protocol::{Envelope, IceCandidateInit, Payload, PeerInfo};

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
            self.text.push_str(",");
        }
    }

    fn name(&mut self, name: &str) {
        self.next();
        self.text.push_str("\"");
        self.text.push_str(name);
        self.text.push_str("\":");
    }

    fn string(&mut self, value: &str) {
        self.text.push_str("\"");
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
                self.digit(u32::from(byte & 15));
            }
            written = at + 1;
        }
        self.text.push_str(value.get(written..).unwrap_or_default());
        self.text.push_str("\"");
    }

    fn digit(&mut self, value: u32) {
        let at = value as usize;
        self.text.push_str("0123456789abcdef".get(at..=at).unwrap_or_default());
    }

    fn integer(&mut self, value: u32) {
        if value > 9 {
            self.integer(value / 10);
        }
        self.digit(value % 10);
    }

    fn text_field(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.name(name);
            self.string(value);
        }
    }

    fn integer_field(&mut self, name: &str, value: Option<u32>) {
        if let Some(value) = value {
            self.name(name);
            self.integer(value);
        }
    }

    fn list<T>(&mut self, items: &[T], write: fn(&mut Self, &T)) {
        self.open("[");
        for item in items {
            self.next();
            write(self, item);
        }
        self.close("]");
    }

    fn list_field<T>(&mut self, name: &str, items: Option<&[T]>, write: fn(&mut Self, &T)) {
        if let Some(items) = items {
            self.name(name);
            self.list(items, write);
        }
    }

    fn true_field(&mut self, name: &str, value: Option<bool>) {
        if value == Some(true) {
            self.name(name);
            self.text.push_str("true");
        }
    }

    fn envelope(&mut self, envelope: &Envelope, ack: Option<u32>) {
        // A client never stamps a time: that is the server's.
        let Envelope { kind, id, from, to, timestamp: _, seq, ack: _, payload } = envelope;
        self.open("{");
        self.text_field("type", Some(kind));
        self.integer_field("seq", *seq);
        self.integer_field("ack", ack);
        self.integer_field("id", *id);
        self.text_field("from", from.as_deref());
        self.text_field("to", to.as_deref());
        if let Some(payload) = payload {
            self.name("payload");
            self.payload(payload);
        }
        self.close("}");
    }

    fn payload(&mut self, payload: &Payload) {
        self.open("{");
        if let Some((lowest, highest)) = payload.versions {
            self.name("versions");
            self.list(&[lowest, highest], |writer, version| writer.integer(u32::from(*version)));
        }
        self.text_field("key", payload.key.as_deref());
        self.integer_field("received", payload.received);
        self.integer_field("attempt", payload.attempt);
        if let Some(peer) = &payload.peer {
            self.name("peer");
            self.peer(peer);
        }
        self.text_field("cursor", payload.cursor.as_deref());
        self.integer_field("limit", payload.limit.map(u32::from));
        self.text_field("region", payload.region.as_deref());
        self.text_field("capability", payload.capability.as_deref());
        self.text_field("room", payload.room.as_deref());
        self.text_field("sdp", payload.sdp.as_deref());
        self.integer_field("session", payload.session);
        self.integer_field("number", payload.number);
        self.integer_field("connection", payload.connection);
        self.integer_field("target", payload.target);
        self.list_field("candidates", payload.candidates.as_deref(), Self::candidate);
        self.text_field("end", payload.end.as_deref());
        self.true_field("own", payload.own);
        self.text_field("data", payload.data.as_deref());
        self.true_field("receipt", payload.receipt);
        self.text_field("code", payload.code.as_deref());
        self.close("}");
    }

    fn peer(&mut self, peer: &PeerInfo) {
        self.open("{");
        self.text_field("id", Some(&peer.id));
        self.integer_field("session", Some(peer.session));
        self.text_field("region", peer.region.as_deref());
        let capabilities = Some(peer.capabilities.as_slice()).filter(|list| !list.is_empty());
        self.list_field("capabilities", capabilities, |writer, capability| writer.string(capability));
        self.text_field("metadata", peer.metadata.as_deref());
        self.close("}");
    }

    fn candidate(&mut self, init: &IceCandidateInit) {
        self.open("{");
        self.text_field("candidate", Some(&init.candidate));
        self.text_field("sdpMid", init.sdp_mid.as_deref());
        self.integer_field("sdpMLineIndex", init.sdp_m_line_index.map(u32::from));
        self.text_field("usernameFragment", init.username_fragment.as_deref());
        self.close("}");
    }
}

fn written(write: impl FnOnce(&mut Writer)) -> String {
    let mut writer = Writer { text: String::new(), first: true };
    write(&mut writer);
    writer.text
}

pub fn envelope(envelope: &Envelope, ack: Option<u32>) -> String {
    written(|writer| writer.envelope(envelope, ack))
}

pub fn candidate(init: &IceCandidateInit) -> String {
    written(|writer| writer.candidate(init))
}

/// Candidates as JSON text, as the facade gets them.
pub fn candidates(candidates: &[IceCandidateInit]) -> String {
    written(|writer| writer.list(candidates, Writer::candidate))
}

/// Peers as JSON text, as the facade gets them.
pub fn peers(peers: &[PeerInfo]) -> String {
    written(|writer| writer.list(peers, Writer::peer))
}

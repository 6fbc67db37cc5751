//! The golden vectors of `tests/vectors/`, read the way the server reads: `serde_json`, then the typed face.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use signalpost_protocol::{Candidate, CandidateType, ClientMessage, Envelope, PeerId, ServerMessage};

const MESSAGES: &str = include_str!("../../../tests/vectors/messages.json");
const PEER_ORDER: &str = include_str!("../../../tests/vectors/peer_order.json");
const CANDIDATES: &str = include_str!("../../../tests/vectors/candidates.json");

#[derive(Deserialize)]
struct Message {
    name: String,
    direction: String,
    frame: Option<Value>,
    text: Option<String>,
    ok: bool,
    code: Option<String>,
    field: Option<String>,
    told: Option<String>,
    roundtrip: Option<Value>,
}

/// What came of a frame: what it is written as again, or the code and the explanation of its refusal.
fn read(direction: &str, text: &str) -> Result<Value, (String, String)> {
    let unreadable = |why: String| {
        // JSON may hold half a surrogate pair, and a list may be too long: that is no fault of its syntax.
        let is_json = serde_json::from_str::<IgnoredAny>(text).is_ok();
        (if is_json { "invalid-message" } else { "invalid-json" }.to_string(), why)
    };
    if !text.trim_ascii_start().starts_with('{') {
        return Err(unreadable("not an object".into()));
    }
    let envelope: Envelope = serde_json::from_str(text).map_err(|error| unreadable(error.to_string()))?;
    let (id, timestamp) = (envelope.id, envelope.timestamp.unwrap_or_default());
    let (seq, ack) = (envelope.seq, envelope.ack);
    let written = match direction {
        "client" => ClientMessage::from_envelope(envelope).map(|message| message.into_envelope(id)),
        "server" => ServerMessage::from_envelope(envelope).map(|message| message.into_envelope(timestamp)),
        other => panic!("direction {other}"),
    };
    let written = written.map_err(|why| (why.code.as_str().into(), why.field.into()))?;
    Ok(serde_json::to_value(Envelope { seq, ack, ..written }).unwrap())
}

#[test]
fn every_message_reads_as_its_vector_says() {
    let vectors: Vec<Message> = serde_json::from_str(MESSAGES).unwrap();
    for vector in vectors {
        let Message { name, direction, frame, text, ok, code, field, told, roundtrip } = vector;
        let text = text.unwrap_or_else(|| frame.as_ref().unwrap().to_string());
        if ok {
            let odd = serde_json::from_str::<Envelope>(&text).unwrap().first_odd_entry();
            assert_eq!(odd.map(|(_, refusal)| refusal.code.as_str().into()), told, "{name}");
        }
        match read(&direction, &text) {
            Ok(written) => {
                assert!(ok, "{name}: was taken");
                assert_eq!(Some(written), roundtrip.or(frame), "{name}");
            }
            Err((refused, explained)) => {
                assert!(!ok, "{name}: {refused} {explained}");
                assert_eq!(Some(refused), code, "{name}: {explained}");
                let by_codec = name.starts_with("codec: ");
                if let (false, Some(field)) = (by_codec, field) {
                    assert_eq!(explained, field, "{name}");
                }
            }
        }
    }
}

#[test]
fn every_type_has_a_vector() {
    let vectors: Vec<Message> = serde_json::from_str(MESSAGES).unwrap();
    let has = |direction: &str, kind: &str| {
        vectors.iter().any(|vector| {
            let frame = vector.frame.as_ref();
            vector.ok && vector.direction == direction && frame.is_some_and(|frame| frame["type"] == kind)
        })
    };
    let both = "heartbeat heartbeat-ack ack offer answer ice-candidate invite reject close message";
    let client = "hello peer-discovery join leave bye broadcast";
    let server =
        "welcome peers joined left peer-joined peer-left peer-away peer-back sent received reconnect error";
    for (direction, kinds) in [("client", client), ("server", server)] {
        for kind in both.split(' ').chain(kinds.split(' ')) {
            assert!(has(direction, kind), "{direction}: {kind}");
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pair {
    lower: String,
    higher: String,
    impolite: String,
    utf16_agrees: bool,
}

#[test]
fn the_lower_id_by_bytes_is_impolite() {
    let pairs: Vec<Pair> = serde_json::from_str(PEER_ORDER).unwrap();
    for Pair { lower, higher, impolite, utf16_agrees } in &pairs {
        let (a, b) = (PeerId::parse(lower).unwrap(), PeerId::parse(higher).unwrap());
        assert_eq!(lower, impolite);
        assert!(a < b, "{lower} {higher}");
        assert!(!a.is_polite_towards(&b) && b.is_polite_towards(&a), "{lower} {higher}");
        assert_eq!(lower.encode_utf16().lt(higher.encode_utf16()), *utf16_agrees, "{lower} {higher}");
    }
    assert!(pairs.iter().any(|pair| !pair.utf16_agrees), "one must show the difference");
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    foundation: String,
    component: u16,
    transport: String,
    priority: u32,
    address: String,
    port: u16,
    r#type: String,
    tcp_type: Option<String>,
    username_fragment: Option<String>,
    private: bool,
}

fn fields(candidate: &Candidate<'_>) -> Fields {
    let kind = match candidate.kind {
        CandidateType::Host => "host",
        CandidateType::ServerReflexive => "srflx",
        CandidateType::PeerReflexive => "prflx",
        CandidateType::Relayed => "relay",
    };
    assert_eq!(candidate.is_tcp(), candidate.transport.to_lowercase() == "tcp");
    Fields {
        foundation: candidate.foundation.into(),
        component: candidate.component,
        transport: candidate.transport.into(),
        priority: candidate.priority,
        address: candidate.address.into(),
        port: candidate.port,
        r#type: kind.into(),
        tcp_type: candidate.tcp_type.map(Into::into),
        username_fragment: candidate.username_fragment.map(Into::into),
        private: candidate.is_private(),
    }
}

#[test]
fn every_candidate_line_reads_as_its_vector_says() {
    let vectors: Vec<Value> = serde_json::from_str(CANDIDATES).unwrap();
    for vector in vectors {
        let name = vector["name"].as_str().unwrap();
        let parsed = Candidate::parse(vector["line"].as_str().unwrap());
        assert_eq!(parsed.is_some(), vector["ok"].as_bool().unwrap(), "{name}: {parsed:?}");
        if let Some(candidate) = parsed {
            assert_eq!(fields(&candidate), serde_json::from_value(vector.clone()).unwrap(), "{name}");
        }
    }
}

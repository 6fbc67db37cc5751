//! The golden vectors, read and written the way the shell does.

use crate::support::run;
use js_sys::{Array, JSON, Reflect};
use signalpost::{codec, to_js};
use signalpost_core::protocol::{ClientMessage, Envelope, PeerId, PeerInfo, ServerMessage};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

const MESSAGES: &str = include_str!("../vectors/messages.json");
const PEER_ORDER: &str = include_str!("../vectors/peer_order.json");

fn vectors(text: &str) -> Vec<JsValue> {
    JSON::parse(text).unwrap().unchecked_into::<Array>().iter().collect()
}

fn field(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap()
}

fn text(object: &JsValue, name: &str) -> String {
    field(object, name).as_string().unwrap()
}

fn json(value: &JsValue) -> String {
    String::from(JSON::stringify(value).unwrap())
}

/// Whether two JSON values are the same, whatever the order of their fields.
fn same(a: &JsValue, b: &JsValue) -> bool {
    let pair = Array::of2(a, b);
    run(
        "const same = (a, b) => a === b || (typeof a === 'object' && typeof b === 'object' && a && b
           && Array.isArray(a) === Array.isArray(b) && Object.keys(a).length === Object.keys(b).length
           && Object.keys(a).every((name) => name in b && same(a[name], b[name])));
         return same(given[0], given[1])",
        &pair,
    )
    .is_truthy()
}

/// The frame as it is on the wire.
fn frame(vector: &JsValue) -> String {
    field(vector, "text").as_string().unwrap_or_else(|| json(&field(vector, "frame")))
}

/// What a browser is to say of it: its own word where it must differ from the server's.
fn expected_ok(vector: &JsValue) -> bool {
    let browser = field(vector, "browser");
    let of = if browser.is_undefined() { vector } else { &browser };
    field(of, "ok").is_truthy()
}

#[wasm_bindgen_test]
fn every_client_frame_is_written_as_its_vector_says() {
    let mut count = 0;
    for vector in vectors(MESSAGES) {
        let is_golden = text(&vector, "direction") == "client" && field(&vector, "ok").is_truthy();
        if !is_golden {
            continue;
        }
        let name = text(&vector, "name");
        let read: Envelope = serde_json::from_str(&frame(&vector)).unwrap();
        // Through the typed face, as the core makes them.
        let (id, seq, ack) = (read.id, read.seq, read.ack);
        let message = ClientMessage::from_envelope(read).unwrap();
        let written = codec::encode(&Envelope { seq, ..message.into_envelope(id) }, ack);
        let written = JSON::parse(&written).unwrap_or_else(|_| panic!("{name}: not JSON: {written}"));
        let roundtrip = field(&vector, "roundtrip");
        let golden = if roundtrip.is_undefined() { field(&vector, "frame") } else { roundtrip };
        assert!(same(&written, &golden), "{name}: {} is not {}", json(&written), json(&golden));
        count += 1;
    }
    assert!(count > 20, "{count} vectors");
}

#[wasm_bindgen_test]
fn every_server_frame_is_read_as_its_vector_says() {
    let (mut count, mut wrong) = (0, Vec::new());
    for vector in vectors(MESSAGES) {
        if text(&vector, "direction") != "server" {
            continue;
        }
        let name = text(&vector, "name");
        let frame = frame(&vector);
        let decoded = codec::decode(&JsValue::from_str(&frame));
        let read = match decoded.clone() {
            // The core calls it `invalid-json`.
            None => Err(None),
            Some(envelope) => {
                ServerMessage::from_envelope(envelope).map_err(|refusal| Some((refusal.code, refusal.field)))
            }
        };
        match read {
            Ok(_) if !expected_ok(&vector) => wrong.push(format!("{name}: was taken")),
            Ok(message) => {
                let same_as_server = serde_json::from_str::<Envelope>(&frame).ok();
                assert_eq!(decoded, same_as_server, "{name}");
                let Envelope { seq, ack, timestamp, .. } = same_as_server.unwrap_or_default();
                let written = message.into_envelope(timestamp.unwrap_or_default());
                let written = serde_json::to_string(&Envelope { seq, ack, ..written }).unwrap();
                let roundtrip = field(&vector, "roundtrip");
                let golden = if roundtrip.is_undefined() { field(&vector, "frame") } else { roundtrip };
                assert!(same(&JSON::parse(&written).unwrap(), &golden), "{name}: {written}");
            }
            Err(refused) => {
                if expected_ok(&vector) {
                    wrong.push(format!("{name}: was refused, {refused:?}"));
                    continue;
                }
                if let (false, Some((refused, explained))) = (name.starts_with("codec: "), refused) {
                    let golden = (text(&vector, "code"), text(&vector, "field"));
                    assert_eq!((refused.as_str(), explained), (&*golden.0, &*golden.1), "{name}");
                }
            }
        }
        count += 1;
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(count > 20, "{count} vectors");
}

#[wasm_bindgen_test]
fn what_the_codec_vectors_say_of_frames_holds_for_any_direction() {
    // Only a client sends these, and the shell never reads them.
    let unread = ["\"hello\"", "\"peer-discovery\""];
    let mut wrong = Vec::new();
    for vector in vectors(MESSAGES) {
        let (name, frame) = (text(&vector, "name"), frame(&vector));
        let is_read = name.starts_with("codec: ") && !unread.iter().any(|kind| frame.contains(kind));
        if !is_read || text(&vector, "direction") != "client" {
            continue;
        }
        let taken = codec::decode(&JsValue::from_str(&frame))
            .is_some_and(|envelope| ClientMessage::from_envelope(envelope).is_ok());
        if taken != expected_ok(&vector) {
            wrong.push((name, taken));
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[wasm_bindgen_test]
fn binary_data_and_nothing_are_no_frames() {
    let buffer = run("return new TextEncoder().encode('{\"type\":\"heartbeat\"}').buffer", &JsValue::NULL);
    let blob = run("return new Blob(['{\"type\":\"heartbeat\"}'])", &JsValue::NULL);
    let object = run("return { type: 'heartbeat' }", &JsValue::NULL);
    for data in [buffer, blob, object, JsValue::NULL, JsValue::UNDEFINED, JsValue::from_f64(1.0)] {
        assert_eq!(codec::decode(&data), None, "{data:?}");
    }
}

#[wasm_bindgen_test]
fn every_character_is_written_so_that_it_reads_back() {
    for code in
        (0..=0x2_ffff).step_by(7).chain(0..0x100).chain([0x2028, 0x2029, 0xd7ff, 0xe000, 0xfffd, 0x10_ffff])
    {
        let Some(character) = char::from_u32(code) else { continue };
        let envelope = Envelope { kind: format!("a{character}b"), ..Envelope::default() };
        let written = codec::encode(&envelope, None);
        let read = codec::decode(&JsValue::from_str(&written));
        assert_eq!(read, Some(envelope), "U+{code:04X}: {written}");
    }
}

#[wasm_bindgen_test]
fn peers_reach_the_facade_unharmed() {
    let whole = r#"{"id":"a\"\\ü😀","session":4294967295,"region":"eu","capabilities":["x","y"],"metadata":"{\"n\":1}"}"#;
    for text in [whole, r#"{"id":"a","session":0}"#] {
        let peer: PeerInfo = serde_json::from_str(text).unwrap();
        let told = to_js::record(&[peer]).unchecked_into::<Array>();
        assert!(same(&told.get(0), &JSON::parse(text).unwrap()), "{}", json(&told));
    }
}

#[wasm_bindgen_test]
fn candidates_come_from_the_facade_and_reach_it_unharmed() {
    let line = "candidate:1 1 udp 1 192.0.2.1 9 typ host";
    for fields in ["", r#","sdpMid":"0""#, r#","sdpMid":"ü","sdpMLineIndex":65535,"usernameFragment":"abcd""#]
    {
        let given = JSON::parse(&format!(r#"{{"candidate":"{line}"{fields}}}"#)).unwrap();
        let read = codec::candidate_from_js(&given).unwrap();
        assert_eq!(read.candidate, line);
        assert!(same(&to_js::record(&read), &given), "{fields}: {read:?}");
    }
    for fields in
        [r#""candidate":1"#, r#""candidate":"","sdpMid":0"#, r#""candidate":"","sdpMLineIndex":65536"#]
    {
        let given = JSON::parse(&format!("{{{fields}}}")).unwrap();
        assert_eq!(codec::candidate_from_js(&given), None, "{fields}");
    }
    assert_eq!(codec::candidate_from_js(&line.into()), None, "a text is no candidate");
}

#[wasm_bindgen_test]
fn the_lower_id_by_bytes_is_impolite() {
    for pair in vectors(PEER_ORDER) {
        let (lower, higher) = (text(&pair, "lower"), text(&pair, "higher"));
        let (a, b) = (PeerId::parse(&lower).unwrap(), PeerId::parse(&higher).unwrap());
        assert_eq!(lower, text(&pair, "impolite"));
        assert!(!a.is_polite_towards(&b) && b.is_polite_towards(&a), "{lower} {higher}");
        // What the browser's own comparison says.
        let utf16 = run("return given.lower < given.higher", &pair).is_truthy();
        assert_eq!(utf16, field(&pair, "utf16Agrees").is_truthy(), "{lower} {higher}");
    }
}

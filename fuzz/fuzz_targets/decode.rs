//! Any text, read as both ends read it: nothing panics, and what reads is written again as what it was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use signalpost_protocol::{
    Candidate, ClientMessage, Envelope, ServerMessage, limits, session_description as sdp,
};

fn wire(envelope: &Envelope) -> Envelope {
    let text = serde_json::to_string(envelope).expect("an envelope can be written");
    serde_json::from_str(&text).expect("what was written can be read")
}

fuzz_target!(|text: &str| {
    texts(text);
    let Ok(envelope) = serde_json::from_str::<Envelope>(text) else { return };
    assert_eq!(wire(&envelope), envelope);
    if let Some(payload) = &envelope.payload {
        payload.sdp.iter().for_each(|text| texts(text));
        payload.candidates.iter().flatten().for_each(|init| texts(&init.candidate));
    }
    let id = envelope.id;
    if let Ok(message) = ClientMessage::from_envelope(envelope.clone()) {
        let written = wire(&message.clone().into_envelope(id));
        assert_eq!(written.first_odd_entry(), None);
        assert_eq!(ClientMessage::from_envelope(written).as_ref(), Ok(&message));
    }
    let timestamp = envelope.timestamp.unwrap_or_default();
    if let Ok(message) = ServerMessage::from_envelope(envelope) {
        let written = wire(&message.clone().into_envelope(timestamp));
        assert_eq!(written.first_odd_entry(), None);
        assert_eq!(ServerMessage::from_envelope(written).as_ref(), Ok(&message));
    }
});

/// The scanners that see texts of the other side.
fn texts(text: &str) {
    if let Some(candidate) = Candidate::parse(text) {
        assert!(text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()));
        assert!(candidate.is_same_path(&candidate));
        let _ = (candidate.is_name(), candidate.is_private(), candidate.is_tcp());
        let described = format!("v=0\r\na=candidate:{}\r\n", text.strip_prefix("candidate:").unwrap_or(text));
        assert!(sdp::holds_candidate(&described, text));
    }
    let fragments = sdp::username_fragments(text).len();
    let _ = (sdp::is_plausible(text), sdp::is_of_firefox(text), limits::fits_description(text));
    let passive = sdp::with_setup(text, "passive");
    assert_ne!(sdp::setup(&passive), Some("actpass"));
    assert_eq!(sdp::username_fragments(&passive).len(), fragments);
    assert_eq!(sdp::with_setup(&passive, "active"), passive);
}

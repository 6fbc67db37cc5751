//! Reads the text of a frame into an envelope, or into a refusal that still knows which frame it answers.

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use signalpost_protocol::{
    Envelope, ErrorCode, Kind, PeerId, Position, Refusal, SequenceNumber, envelope, limits,
};
use std::borrow::Cow;
use std::fmt;

/// Most bytes of explanation in an `error`.
const TEXT_BYTES: usize = 200;

/// The type of a client's frames, as the protocol's list spells it.
pub(super) fn known_kind(kind: &str) -> Option<&'static str> {
    Kind::parse(kind).filter(|kind| kind.is_from_client()).map(Kind::as_str)
}

/// Whether frames of this type have a number in a session, which makes them be executed once and in order. A type that is
/// not known is taken for one: a newer client would not go on without the answer.
pub(super) fn is_numbered(kind: &str) -> bool {
    kind != BINARY && Kind::parse(kind).is_none_or(Kind::is_numbered)
}

/// What logs and metrics call a binary frame, which has no type.
pub(super) const BINARY: &str = "binary";

/// A frame that is not executed.
#[derive(Debug)]
pub(super) struct Rejection {
    pub(super) code: ErrorCode,
    pub(super) field: &'static str,
    pub(super) text: String,
    pub(super) subject: Subject,
}

/// The part of a frame that an answer refers to, and the frame's numbers.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    pub(super) kind: &'static str,
    pub(super) reference: Option<u32>,
    pub(super) about: Option<PeerId>,
    pub(super) seq: Option<SequenceNumber>,
    pub(super) ack: Option<Position>,
}

impl Subject {
    pub(super) const fn nothing(kind: &'static str) -> Self {
        Self { kind, reference: None, about: None, seq: None, ack: None }
    }

    pub(super) fn of(envelope: &Envelope) -> Self {
        Self {
            kind: known_kind(&envelope.kind).unwrap_or("unknown"),
            reference: envelope.id,
            about: envelope.to.as_deref().and_then(|to| PeerId::parse(to).ok()),
            seq: envelope.seq.filter(is_a_number),
            ack: envelope.ack,
        }
    }

    pub(super) fn reject(self, code: ErrorCode, field: &'static str, text: impl Into<String>) -> Rejection {
        Rejection { code, field, text: shortened(text.into()), subject: self }
    }

    pub(super) fn refuse(self, refusal: Refusal) -> Rejection {
        let Refusal { code, field, problem } = refusal;
        self.reject(code, field, format!("{field} {problem}"))
    }
}

/// Whether a frame can have this number: 0 counts as none.
fn is_a_number(seq: &SequenceNumber) -> bool {
    *seq >= SequenceNumber::FIRST
}

/// The routing fields, each read on its own so that a bad one does not hide the others. Nothing is copied. Of a field
/// that is there twice the last counts, as for most parsers (RFC 8259 §4).
#[derive(Default)]
struct Head<'a> {
    kind: Option<&'a RawValue>,
    is_kind_doubled: bool,
    id: Option<&'a RawValue>,
    to: Option<&'a RawValue>,
    seq: Option<&'a RawValue>,
    ack: Option<&'a RawValue>,
}

impl<'de> Deserialize<'de> for Head<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(HeadReader)
    }
}

struct HeadReader;

impl<'de> Visitor<'de> for HeadReader {
    type Value = Head<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Head<'de>, A::Error> {
        let mut head = Head::default();
        while let Some(name) = fields.next_key::<Cow<'de, str>>()? {
            let value: Option<&'de RawValue> = fields.next_value()?;
            match &*name {
                "type" => {
                    head.is_kind_doubled |= head.kind.is_some();
                    head.kind = value;
                }
                "id" => head.id = value,
                "to" => head.to = value,
                "seq" => head.seq = value,
                "ack" => head.ack = value,
                _ => {}
            }
        }
        Ok(head)
    }
}

impl Head<'_> {
    /// The type, if there is one and no second.
    fn kind(&self) -> Option<String> {
        self.kind.filter(|_| !self.is_kind_doubled).and_then(|raw| serde_json::from_str(raw.get()).ok())
    }

    fn subject(&self) -> Subject {
        let to = self.to.and_then(|raw| serde_json::from_str::<String>(raw.get()).ok());
        Subject {
            kind: self.kind().and_then(|kind| known_kind(&kind)).unwrap_or("unknown"),
            reference: self.id.and_then(|raw| serde_json::from_str(raw.get()).ok()),
            about: to.and_then(|to| PeerId::parse(&to).ok()),
            seq: self.seq.and_then(|raw| serde_json::from_str(raw.get()).ok()).filter(is_a_number),
            ack: self.ack.and_then(|raw| serde_json::from_str(raw.get()).ok()),
        }
    }
}

/// Reads a frame. The envelope has a known type and a size that the type allows.
pub(super) fn read(text: &str) -> Result<Envelope, Rejection> {
    // serde would take an array for a record.
    if !text.trim_ascii_start().starts_with('{') {
        let subject = Subject::nothing("unknown");
        return Err(match serde_json::from_str::<IgnoredAny>(text) {
            Ok(_) => subject.reject(ErrorCode::InvalidMessage, "", "the frame is not an object"),
            Err(error) => subject.reject(ErrorCode::InvalidJson, "", error.to_string()),
        });
    }
    if text.len() > limits::FRAME_BYTES {
        check_size(text)?;
    }
    let envelope: Envelope = serde_json::from_str(text).map_err(|_| explain(text))?;
    if known_kind(&envelope.kind).is_none() {
        return Err(unknown_type(Subject::of(&envelope)));
    }
    Ok(envelope)
}

fn unknown_type(subject: Subject) -> Rejection {
    subject.reject(ErrorCode::UnknownType, "type", "type is not known")
}

/// Refuses a frame that is too large before its payload is read.
fn check_size(text: &str) -> Result<(), Rejection> {
    let Ok(head) = serde_json::from_str::<Head>(text) else { return Ok(()) };
    let kind = head.kind().and_then(|kind| Kind::parse(&kind));
    let most = kind.map_or(limits::FRAME_BYTES, Kind::max_frame_bytes);
    if text.len() <= most {
        return Ok(());
    }
    let problem = format!("a frame of this type may have {most} bytes, this one has {}", text.len());
    Err(head.subject().reject(ErrorCode::MessageTooLarge, "", problem))
}

/// Explains why a frame that begins like an object is not an envelope.
fn explain(text: &str) -> Rejection {
    let head = match serde_json::from_str::<Head>(text) {
        Ok(head) => head,
        Err(error) => {
            return Subject::nothing("unknown").reject(ErrorCode::InvalidJson, "", error.to_string());
        }
    };
    let subject = head.subject();
    if head.kind().is_some_and(|kind| known_kind(&kind).is_none()) {
        return unknown_type(subject);
    }
    if head.kind.is_none() || head.is_kind_doubled {
        return subject.reject(ErrorCode::InvalidMessage, "type", "type is missing or doubled");
    }
    match serde_path_to_error::deserialize::<_, Envelope>(&mut serde_json::Deserializer::from_str(text)) {
        Ok(_) => subject.reject(ErrorCode::InvalidJson, "", "something follows the object"),
        Err(error) => {
            let path = error.path().to_string();
            let field = path.rsplit(['.', '[']).find_map(envelope::field_name).unwrap_or("");
            subject.reject(ErrorCode::InvalidMessage, field, format!("{path}: {}", error.inner()))
        }
    }
}

/// Cuts the text between two characters: a client's own words must not make an answer long.
fn shortened(mut text: String) -> String {
    if text.len() > TEXT_BYTES {
        let cut = (0..=TEXT_BYTES).rev().find(|cut| text.is_char_boundary(*cut)).unwrap_or(0);
        text.truncate(cut);
        text.push('…');
    }
    text
}

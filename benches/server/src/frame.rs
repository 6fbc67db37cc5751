//! Reads the server's frames without building a tree: the envelope of every frame, and the payload only where a row
//! needs it.

use crate::failure::Failure;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// The envelope, borrowed from the text of a frame.
#[derive(Debug, Deserialize)]
pub struct Envelope<'a> {
    #[serde(rename = "type", borrow)]
    pub kind: Cow<'a, str>,
    #[serde(borrow, default)]
    pub from: Option<Cow<'a, str>>,
    #[serde(default)]
    pub seq: Option<u32>,
    #[serde(borrow, default)]
    pub payload: Option<&'a RawValue>,
}

/// The fields of a payload that a row needs.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Payload {
    pub resumed: Option<bool>,
    pub received: Option<u32>,
    pub key: Option<String>,
    pub reason: Option<String>,
    pub code: Option<String>,
    #[serde(rename = "ref")]
    pub reference: Option<u32>,
    /// How long to wait, in milliseconds.
    #[serde(alias = "retryAfter")]
    pub after: Option<u64>,
    pub room: Option<String>,
    pub cursor: Option<String>,
    pub data: Option<String>,
    pub peer: Option<Peer>,
    pub peers: Vec<Peer>,
}

/// The fields of a peer that the load needs.
#[derive(Debug, Default, Deserialize)]
pub struct Peer {
    pub id: String,
}

/// The types that the load distinguishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Welcome,
    Heartbeat,
    Ack,
    Joined,
    Left,
    Peers,
    PeerJoined,
    PeerAway,
    PeerBack,
    PeerLeft,
    Message,
    Sent,
    Error,
    /// Any other type: a later server may send more.
    Other,
}

impl Kind {
    fn of(kind: &str) -> Self {
        match kind {
            "welcome" => Self::Welcome,
            "heartbeat" => Self::Heartbeat,
            "ack" | "heartbeat-ack" => Self::Ack,
            "joined" => Self::Joined,
            "left" => Self::Left,
            "peers" => Self::Peers,
            "peer-joined" => Self::PeerJoined,
            "peer-away" => Self::PeerAway,
            "peer-back" => Self::PeerBack,
            "peer-left" => Self::PeerLeft,
            "message" => Self::Message,
            "sent" => Self::Sent,
            "error" => Self::Error,
            _ => Self::Other,
        }
    }
}

/// One frame of the server, in its order and for the first time.
#[derive(Debug)]
pub struct Heard {
    pub kind: Kind,
    pub seq: Option<u32>,
    text: Utf8Bytes,
}

impl Heard {
    /// # Errors
    /// When the text is not an envelope.
    pub fn read(text: Utf8Bytes) -> Result<Self, Failure> {
        let (kind, seq) = {
            let envelope: Envelope<'_> = serde_json::from_str(&text)?;
            (Kind::of(&envelope.kind), envelope.seq)
        };
        Ok(Self { kind, seq, text })
    }

    /// Reads the envelope again, for the name of its type and its sender.
    ///
    /// # Errors
    /// Only those that [`Heard::read`] has reported before.
    pub fn envelope(&self) -> Result<Envelope<'_>, Failure> {
        Ok(serde_json::from_str(&self.text)?)
    }

    /// # Errors
    /// When a field does not have the type that docs/protocol.md requires.
    pub fn payload(&self) -> Result<Payload, Failure> {
        match self.envelope()?.payload {
            Some(payload) => Ok(serde_json::from_str(payload.get())?),
            None => Ok(Payload::default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_is_read_and_its_payload_when_it_is_asked_for() {
        let text = r#"{"type":"peer-joined","timestamp":5,"seq":7,"payload":{"room":"r","peer":{"id":"ada","session":1}}}"#;
        let heard = Heard::read(text.into()).unwrap();
        assert_eq!((heard.kind, heard.seq), (Kind::PeerJoined, Some(7)));
        assert_eq!(heard.payload().unwrap().peer.unwrap().id, "ada");
        let unknown = Heard::read(r#"{"type":"something-new","from":"a\nb"}"#.into()).unwrap();
        assert_eq!(unknown.kind, Kind::Other);
        assert_eq!(unknown.envelope().unwrap().from.unwrap(), "a\nb");
        assert!(Heard::read("[]".into()).is_err());
    }
}

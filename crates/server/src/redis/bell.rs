//! What a node hears on its own channel. Anybody who may publish to the channel can ring: mail and farewells count only with
//! the seal of the session, which is secret, and everything else makes the node look for itself.

use super::codec;
use super::error::StoreError;
use crate::engine::{Delivery, Mail};
use signalpost_protocol::{RoomName, SequenceNumber};

/// One ring.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Bell {
    /// Mail for a session of this node.
    Mail { seal: String, era: String, seq: SequenceNumber, mail: Mail },
    /// A session of this node is not this node's any more, for this reason.
    Farewell { seal: String, farewell: Delivery },
    /// A room has changed: this is its version.
    Room { room: RoomName, version: u64 },
    /// The node's own probe.
    Probe { nonce: u64 },
}

impl Bell {
    /// Reads what was published.
    ///
    /// # Errors
    /// [`StoreError::Malformed`] for what no script of this engine publishes.
    pub(super) fn parse(text: &str) -> Result<Self, StoreError> {
        Self::read(text).ok_or(StoreError::Malformed("a doorbell"))
    }

    fn read(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once('\n')?;
        let (first, rest) = rest.split_once('\n')?;
        Some(match kind {
            "m" => {
                let (era, rest) = rest.split_once('\n')?;
                let (seq, mail) = rest.split_once('\n')?;
                let (seq, mail) = (SequenceNumber(seq.parse().ok()?), codec::decode(mail).ok()?);
                Self::Mail { seal: first.into(), era: era.into(), seq, mail }
            }
            "f" => Self::Farewell { seal: first.into(), farewell: farewell(rest)? },
            "r" => Self::Room { room: RoomName::parse(first).ok()?, version: rest.parse().ok()? },
            "p" => Self::Probe { nonce: first.parse().ok()? },
            _ => return None,
        })
    }

    /// What the probe publishes.
    pub(super) fn probe(nonce: u64) -> String {
        format!("p\n{nonce}\n")
    }
}

/// The delivery of a word that scripts use for the end of an ownership.
pub(super) fn farewell(word: &str) -> Option<Delivery> {
    Some(match word {
        "replaced" => Delivery::Replaced,
        "superseded" => Delivery::Superseded,
        "expired" => Delivery::Expired,
        "lost" => Delivery::SessionLost,
        _ => return None,
    })
}

/// The word of a delivery that ends an ownership; `None` for any other.
pub(super) const fn word(farewell: &Delivery) -> Option<&'static str> {
    Some(match farewell {
        Delivery::Replaced => "replaced",
        Delivery::Superseded => "superseded",
        Delivery::Expired => "expired",
        Delivery::SessionLost => "lost",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_scripts_publish_is_understood() {
        let mail = Mail::Sent { reference: Some(7) };
        let text = format!("m\nseal\nera\n3\n{}", codec::encode(&mail).unwrap());
        let (era, seq) = ("era".into(), SequenceNumber(3));
        assert_eq!(Bell::parse(&text), Ok(Bell::Mail { seal: "seal".into(), era, seq, mail }));
        for farewell in [Delivery::Replaced, Delivery::Superseded, Delivery::Expired, Delivery::SessionLost] {
            let text = format!("f\nseal\n{}", word(&farewell).unwrap());
            assert_eq!(Bell::parse(&text), Ok(Bell::Farewell { seal: "seal".into(), farewell }));
        }
        let room = RoomName::parse("r").unwrap();
        assert_eq!(Bell::parse("r\nr\n12"), Ok(Bell::Room { room, version: 12 }));
        assert_eq!(Bell::parse(&Bell::probe(9)), Ok(Bell::Probe { nonce: 9 }));
    }

    #[test]
    fn anything_else_is_malformed() {
        let relay = r#"{"type":"offer","from":"eve","payload":{"sdp":7}}"#;
        for text in [
            "",
            "\n",
            "m",
            "m\nseal",
            "m\nseal\nera",
            "m\nseal\nera\n1",
            "m\nseal\nera\n1\n",
            "m\nseal\n1\n{\"type\":\"sent\"}",
            "m\nseal\nera\nx\n{}",
            "m\nseal\nera\n1\n{\"type\":\"hello\"}",
            "m\nseal\nera\n-1\n{\"type\":\"sent\"}",
            "m\nseal\nera\n4294967296\n{\"type\":\"sent\"}",
            "f\nseal\ngone",
            "f\nseal",
            "r\n\n1",
            "r\nr\n-1",
            "p\nx\n",
            "p\n",
            "z\na\nb",
        ] {
            assert_eq!(Bell::parse(text), Err(StoreError::Malformed("a doorbell")), "{text:?}");
        }
        assert!(Bell::parse(&format!("m\nseal\nera\n1\n{relay}")).is_err());
    }
}

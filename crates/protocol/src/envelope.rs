//! The JSON shape of every message: one sparse record.

use crate::record;
use alloc::{boxed::Box, string::String, vec::Vec};
use serde::{Deserialize, Deserializer, Serialize};

/// One frame. `from` and `timestamp` are stamped by the server and never believed from a client.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// The message type, for example `offer`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The client's number of this frame; an `error` or a reply refers to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u32>,
    /// The sending peer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The receiving peer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Milliseconds since the Unix epoch at the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<u64>,
    /// The number of this frame in its direction of the session, from 1; only where a frame must not be lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u32>,
    /// The highest number up to which the sender has received every frame of the other direction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ack: Option<u32>,
    /// What the type carries; boxed, because it is large and messages are moved often.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "record::one")]
    pub payload: Option<Box<Payload>>,
}

/// The union of all payload fields; each type uses a few. Unknown fields are ignored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Payload {
    /// `hello`: lowest and highest protocol version that the client speaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versions: Option<(u16, u16)>,
    /// `welcome`: the version that both will speak.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u16>,
    /// `hello`: proves that a reconnecting client is the one that registered the id; `welcome`: the next such key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// `hello`, `peer-joined`: a peer.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "record::one")]
    pub peer: Option<PeerInfo>,
    /// `peers`, `joined`: one page of peers, ordered by id.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "record::list")]
    pub peers: Option<Vec<PeerInfo>>,
    /// `peer-discovery`: where the page starts; `peers`, `joined`: where the next page starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// `peer-discovery`: most entries in the reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u16>,
    /// `peer-discovery`: only peers of this region; `welcome`: the server's own region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// `peer-discovery`: only peers with this capability.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capability: Option<String>,
    /// `hello`, `welcome`: the highest `seq` of the other end that this one has, of the session that is to be resumed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received: Option<u32>,
    /// `hello`: how many times the client has said it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// `welcome`: whether the session goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resumed: Option<bool>,
    /// `reconnect`: milliseconds after which the client shall come back; `error`: after which the same frame would be taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<u32>,
    /// The room that the message is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    /// `peer-left`, `peer-away`: why; `welcome`: why the session does not go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// `offer`, `answer`: the session description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sdp: Option<String>,
    /// `offer`: its number; `answer`, `reject`: the number of the offer that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
    /// `offer`, `answer`, `invite`: the sender's session number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<u32>,
    /// The sender's connection id: one for each `RTCPeerConnection`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<u32>,
    /// The receiver's connection id, as far as the sender knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<u32>,
    /// `ice-candidate`: the batch.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "record::list")]
    pub candidates: Option<Vec<IceCandidateInit>>,
    /// `ice-candidate`: the username fragment of the generation that is complete (RFC 8838 §8.2); `invite`: of the one
    /// that is to end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
    /// `offer`, `answer`, `ice-candidate`: it is for a connection that the application made itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own: Option<bool>,
    /// `message`, `broadcast`: text of the application's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// `message`: its sender wants to know when it was received.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<bool>,
    /// `error`, `reject`: the code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// `error`: what is wrong, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Replies and `error`: the `id` of the frame that this answers.
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<u32>,
}

/// `null` counts as absent, also where absent means a default.
fn null_is_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    Option::deserialize(from).map(Option::unwrap_or_default)
}

/// What others learn about a registered peer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PeerInfo {
    /// The peer id.
    #[serde(deserialize_with = "null_is_default")]
    pub id: String,
    /// Drawn by the client when it starts; the same over reconnects, another after a page reload.
    #[serde(deserialize_with = "null_is_default")]
    pub session: u32,
    /// Where the peer is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// What the peer can do.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub capabilities: Vec<String>,
    /// Text of the application's own; the SDK puts JSON into it. Opaque to the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<String>,
}

/// A candidate as the browser writes it (W3C WebRTC, `RTCIceCandidateInit`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IceCandidateInit {
    /// The candidate attribute of RFC 8839, without `a=`.
    #[serde(deserialize_with = "null_is_default")]
    pub candidate: String,
    /// The `mid` of its media section.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sdp_mid: Option<String>,
    /// The index of its media section.
    #[serde(rename = "sdpMLineIndex", skip_serializing_if = "Option::is_none")]
    pub sdp_m_line_index: Option<u16>,
    /// The ICE generation that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username_fragment: Option<String>,
}

//! The JSON shape of every message: one sparse record. To add a field is to add its line here.

use crate::record::{Record, record};
use crate::sequence::{Position, SequenceNumber};
use alloc::{boxed::Box, string::String, vec::Vec};
use serde::{Deserialize, Serialize};

record! {
    /// One frame. `from` and `timestamp` are stamped by the server and never believed from a client.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Envelope {
        required {
            /// The message type, for example `offer`.
            kind: String = "type"
        }
        fields {
            /// The client's number of this frame; an `error` or a reply refers to it.
            id: Option<u32> = "id",
            /// The sending peer.
            from: Option<String> = "from",
            /// The receiving peer.
            to: Option<String> = "to",
            /// Milliseconds since the Unix epoch at the server.
            timestamp: Option<u64> = "timestamp",
            /// The number of this frame in its direction of the session, from 1; only where a frame must not be lost.
            seq: Option<SequenceNumber> = "seq",
            /// The highest number up to which the sender has received every frame of the other direction.
            ack: Option<Position> = "ack",
            /// What the type carries; boxed, because it is large and messages are moved often.
            payload: Option<Box<Payload>> = "payload",
        }
    }
}

record! {
    /// The union of all payload fields; each type uses a few. Unknown fields are ignored.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Payload {
        fields {
            /// `hello`: lowest and highest protocol version that the client speaks.
            versions: Option<(u16, u16)> = "versions" from client,
            /// `welcome`: the version that both will speak.
            version: Option<u16> = "version",
            /// `hello`: proves that a reconnecting client is the one that registered the id; `welcome`: the next such key.
            key: Option<String> = "key",
            /// `hello`, `peer-joined`: a peer.
            peer: Option<PeerInfo> = "peer",
            /// `peers`, `joined`: one page of peers, ordered by id.
            peers: Option<Vec<PeerInfo>> = "peers",
            /// `peer-discovery`: where the page starts; `peers`, `joined`: where the next page starts.
            cursor: Option<String> = "cursor",
            /// `peer-discovery`: most entries in the reply.
            limit: Option<u16> = "limit" from client,
            /// `peer-discovery`: only peers of this region; `welcome`: the server's own region.
            region: Option<String> = "region",
            /// `peer-discovery`: only peers with this capability.
            capability: Option<String> = "capability" from client,
            /// `peer-discovery`: whether peers that are near the asker come first.
            nearest: Option<bool> = "nearest" from client,
            /// `hello`, `welcome`: the highest `seq` of the other end that this one has, of the session that is to be resumed.
            received: Option<Position> = "received",
            /// `hello`: how many times the client has said it.
            attempt: Option<u32> = "attempt",
            /// `welcome`: whether the session goes on.
            resumed: Option<bool> = "resumed",
            /// `reconnect`: milliseconds after which the client shall come back; `error`: after which the same frame would be taken.
            after: Option<u32> = "after",
            /// The room that the message is about.
            room: Option<String> = "room",
            /// `peer-left`, `peer-away`: why; `welcome`: why the session does not go on.
            reason: Option<String> = "reason",
            /// `offer`, `answer`: the session description.
            sdp: Option<String> = "sdp",
            /// `offer`: its number; `answer`, `reject`: the number of the offer that it is about.
            number: Option<u32> = "number",
            /// `offer`, `answer`, `invite`: the sender's session number.
            session: Option<u32> = "session",
            /// The sender's connection id: one for each `RTCPeerConnection`.
            connection: Option<u32> = "connection",
            /// The receiver's connection id, as far as the sender knows it.
            target: Option<u32> = "target",
            /// `ice-candidate`: the batch.
            candidates: Option<Vec<IceCandidateInit>> = "candidates",
            /// `ice-candidate`: the username fragment of the generation that is complete (RFC 8838 §8.2); `invite`: of the one
            /// that is to end.
            end: Option<String> = "end",
            /// `describe`, `offer`, `answer`, `invite`: how the network of the sender maps addresses.
            mapping: Option<String> = "mapping",
            /// `offer`, `answer`, `ice-candidate`: it is for a connection that the application made itself.
            own: Option<bool> = "own",
            /// `message`, `broadcast`: text of the application's own.
            data: Option<String> = "data",
            /// `message`: its sender wants to know when it was received.
            receipt: Option<bool> = "receipt" from client,
            /// `error`, `reject`: the code.
            code: Option<String> = "code",
            /// `error`: what is wrong, in words.
            message: Option<String> = "message",
            /// Replies and `error`: the `id` of the frame that this answers.
            reference: Option<u32> = "ref",
        }
    }
}

record! {
    /// What others learn about a registered peer.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub struct PeerInfo {
        fields {
            /// The peer id.
            id: String = "id",
            /// Drawn by the client when it starts; the same over reconnects, another after a page reload.
            incarnation: u32 = "session",
            /// Where the peer is.
            region: Option<String> = "region",
            /// What the peer can do.
            capabilities: Vec<String> = "capabilities",
            /// Text of the application's own; the SDK puts JSON into it. Opaque to the server.
            metadata: Option<String> = "metadata",
            /// How the network of the peer maps addresses, as far as the peer knows: a [`crate::Mapping`], or a word of a newer version.
            mapping: Option<String> = "mapping",
        }
    }
}

record! {
    /// A candidate as the browser writes it (W3C WebRTC, `RTCIceCandidateInit`).
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub struct IceCandidateInit {
        fields {
            /// The candidate attribute of RFC 8839, without `a=`.
            candidate: String = "candidate",
            /// The `mid` of its media section.
            sdp_mid: Option<String> = "sdpMid",
            /// The index of its media section.
            sdp_m_line_index: Option<u16> = "sdpMLineIndex",
            /// The ICE generation that it belongs to.
            username_fragment: Option<String> = "usernameFragment",
        }
    }
}

/// The name of a field of any record, if there is one of this name.
pub fn field_name(name: &str) -> Option<&'static str> {
    field_names().find(|field| *field == name)
}

/// The names of the fields of all records. A name that several records use is there more than once.
pub fn field_names() -> impl Iterator<Item = &'static str> {
    [Envelope::FIELDS, Payload::FIELDS, PeerInfo::FIELDS, IceCandidateInit::FIELDS]
        .into_iter()
        .flatten()
        .copied()
}

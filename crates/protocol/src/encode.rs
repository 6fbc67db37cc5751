//! From typed messages to the sparse envelope.

use crate::envelope::{Envelope, Payload};
use crate::message::{ClientMessage, Route, ServerMessage, Signal};

fn frame(kind: &str, payload: Option<Payload>) -> Envelope {
    Envelope { kind: kind.into(), payload, ..Envelope::default() }
}

impl ClientMessage {
    /// The message as a frame; `id` is what a reply or an error will refer to.
    pub fn into_envelope(self, id: Option<u32>) -> Envelope {
        let mut envelope = match self {
            Self::Hello(hello) => frame(
                "hello",
                Some(Payload {
                    versions: Some(hello.versions),
                    key: Some(hello.key),
                    peer: Some(hello.peer),
                    ..Payload::default()
                }),
            ),
            Self::Heartbeat => frame("heartbeat", None),
            Self::HeartbeatAck => frame("heartbeat-ack", None),
            Self::Discover(query) => frame(
                "peer-discovery",
                Some(Payload {
                    region: query.region.map(|x| x.as_str().into()),
                    capability: query.capability.map(|x| x.as_str().into()),
                    room: query.room.map(|x| x.as_str().into()),
                    limit: query.limit,
                    cursor: query.cursor,
                    ..Payload::default()
                }),
            ),
            Self::Join(room) => frame("join", Some(room_payload(room.as_str()))),
            Self::Leave(room) => frame("leave", Some(room_payload(room.as_str()))),
            Self::Bye => frame("bye", None),
            Self::Relay { to, signal } => {
                let mut envelope = relay(signal);
                envelope.to = Some(to.as_str().into());
                envelope
            }
        };
        envelope.id = id;
        envelope
    }
}

impl ServerMessage {
    /// The message as a frame, stamped with the server's time in milliseconds since the Unix epoch.
    pub fn into_envelope(self, timestamp: u64) -> Envelope {
        let mut envelope = match self {
            Self::Welcome { version, region } => frame(
                "welcome",
                Some(Payload {
                    version: Some(version),
                    region: region.map(|x| x.as_str().into()),
                    ..Payload::default()
                }),
            ),
            Self::Heartbeat => frame("heartbeat", None),
            Self::HeartbeatAck => frame("heartbeat-ack", None),
            Self::Peers { peers, cursor, reference } => {
                frame("peers", Some(Payload { peers: Some(peers), cursor, reference, ..Payload::default() }))
            }
            Self::Joined { room, peers, cursor, reference } => frame(
                "joined",
                Some(Payload { peers: Some(peers), cursor, reference, ..room_payload(room.as_str()) }),
            ),
            Self::Left { room, reference } => {
                frame("left", Some(Payload { reference, ..room_payload(room.as_str()) }))
            }
            Self::PeerJoined { room, peer } => {
                frame("peer-joined", Some(Payload { peer: Some(peer), ..room_payload(room.as_str()) }))
            }
            Self::PeerLeft { room, peer, reason } => {
                let payload = Payload { reason: Some(reason), ..room_payload(room.as_str()) };
                let mut envelope = frame("peer-left", Some(payload));
                envelope.from = Some(peer.as_str().into());
                envelope
            }
            Self::Relay { from, signal } => {
                let mut envelope = relay(signal);
                envelope.from = Some(from.as_str().into());
                envelope
            }
            Self::Error { code, message, reference, about } => {
                let payload =
                    Payload { code: Some(code), message: Some(message), reference, ..Payload::default() };
                let mut envelope = frame("error", Some(payload));
                envelope.to = about.map(|peer| peer.as_str().into());
                envelope
            }
        };
        envelope.timestamp = Some(timestamp);
        envelope
    }
}

fn room_payload(room: &str) -> Payload {
    Payload { room: Some(room.into()), ..Payload::default() }
}

fn relay(signal: Signal) -> Envelope {
    let Route { connection, target } = signal.route();
    let mut payload = Payload { connection: Some(connection), target, ..Payload::default() };
    let kind = match signal {
        Signal::Offer(description) => {
            payload.number = Some(description.number);
            payload.sdp = Some(description.sdp);
            "offer"
        }
        Signal::Answer(description) => {
            payload.number = Some(description.number);
            payload.sdp = Some(description.sdp);
            "answer"
        }
        Signal::Candidates(batch) => {
            payload.candidates = Some(batch.candidates);
            payload.end = batch.end;
            "ice-candidate"
        }
        Signal::Reject { number, code, .. } => {
            payload.number = Some(number);
            payload.code = Some(code.as_str().into());
            "reject"
        }
        Signal::Close { .. } => "close",
    };
    frame(kind, Some(payload))
}

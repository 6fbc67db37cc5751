//! From typed messages to the sparse envelope.

use crate::envelope::{Envelope, Payload};
use crate::id::RoomName;
use crate::kind::Kind;
use crate::message::{ClientMessage, OwnSignal, ServerMessage, Signal};
use crate::reason::{Mapping, Open};
use alloc::{boxed::Box, string::String};

fn bare(kind: Kind) -> Envelope {
    Envelope { kind: kind.as_str().into(), ..Envelope::default() }
}

/// A frame whose payload is filled in place: it is large, and would be moved for each message.
fn frame(kind: Kind, fill: impl FnOnce(&mut Payload)) -> Envelope {
    let mut payload = Box::<Payload>::default();
    fill(&mut payload);
    Envelope { payload: Some(payload), ..bare(kind) }
}

/// Writes a text into its place, which is empty.
// One copy of it for all: what it takes to forget what is not there would stand at each.
#[inline(never)]
fn put(place: &mut Option<String>, text: &str) {
    *place = Some(text.into());
}

/// Moves it there.
#[inline(never)]
fn give(place: &mut Option<String>, text: String) {
    *place = Some(text);
}

impl ClientMessage {
    /// The message as a frame; `id` is what a reply or an error will refer to.
    pub fn into_envelope(self, id: Option<u32>) -> Envelope {
        let kind = self.kind();
        let mut envelope = match self {
            Self::Hello(hello) => frame(kind, |payload| {
                payload.versions = Some(hello.versions);
                give(&mut payload.key, hello.key);
                payload.received = hello.received;
                payload.attempt = hello.attempt;
                payload.peer = Some(hello.peer);
            }),
            Self::Heartbeat | Self::HeartbeatAck | Self::Ack | Self::Bye | Self::Leaving => bare(kind),
            Self::Discover(query) => frame(kind, |payload| {
                if let Some(region) = &query.region {
                    put(&mut payload.region, region.as_str());
                }
                if let Some(capability) = &query.capability {
                    put(&mut payload.capability, capability.as_str());
                }
                if let Some(room) = &query.room {
                    put(&mut payload.room, room.as_str());
                }
                payload.limit = query.limit;
                payload.cursor = query.cursor;
                payload.nearest = query.nearest.then_some(true);
            }),
            Self::Describe(mapping) => frame(kind, |payload| {
                payload.mapping = mapping.map(|mapping| mapping.as_str().into());
            }),
            Self::Join(room) | Self::Leave(room) => about_room(kind, &room, |_| {}),
            Self::Relay { to, signal } => {
                let mut envelope = relay(signal);
                put(&mut envelope.to, to.as_str());
                envelope
            }
            Self::Broadcast { room, data } => {
                about_room(kind, &room, |payload| give(&mut payload.data, data))
            }
        };
        envelope.id = id;
        envelope
    }
}

impl ServerMessage {
    /// The message as a frame, stamped with the server's time in milliseconds since the Unix epoch.
    pub fn into_envelope(self, timestamp: u64) -> Envelope {
        let kind = self.kind();
        let mut envelope = match self {
            Self::Welcome { version, region, session } => frame(kind, |payload| {
                payload.version = Some(version);
                payload.region = region.map(|region| region.as_str().into());
                if let Some(session) = session {
                    give(&mut payload.key, session.key);
                    payload.resumed = Some(session.resumed);
                    payload.reason = session.reason.map(|reason| reason.as_str().into());
                    payload.received = Some(session.received);
                }
            }),
            Self::Heartbeat | Self::HeartbeatAck | Self::Ack => bare(kind),
            Self::Reconnect { after } => frame(kind, |payload| payload.after = Some(after)),
            Self::Peers { peers, cursor, reference } => frame(kind, |payload| {
                payload.peers = Some(peers);
                payload.cursor = cursor;
                payload.reference = reference;
            }),
            Self::Joined { room, peers, cursor, reference } => about_room(kind, &room, |payload| {
                payload.peers = Some(peers);
                payload.cursor = cursor;
                payload.reference = reference;
            }),
            Self::Sent { reference } | Self::Received { reference } => {
                frame(kind, |payload| payload.reference = reference)
            }
            Self::PeerAway { room, peer, reason } => {
                let mut envelope =
                    about_room(kind, &room, |payload| put(&mut payload.reason, reason.as_str()));
                put(&mut envelope.from, peer.as_str());
                envelope
            }
            Self::Left { room, reference } => {
                about_room(kind, &room, |payload| payload.reference = reference)
            }
            Self::PeerJoined { room, peer } | Self::PeerBack { room, peer } => {
                about_room(kind, &room, |payload| payload.peer = Some(peer))
            }
            Self::PeerLeft { room, peer, reason } => {
                let mut envelope =
                    about_room(kind, &room, |payload| put(&mut payload.reason, reason.as_str()));
                put(&mut envelope.from, peer.as_str());
                envelope
            }
            Self::Relay { from, signal } => {
                let mut envelope = relay(signal);
                put(&mut envelope.from, from.as_str());
                envelope
            }
            Self::Error { code, message, reference, about, after } => {
                let mut envelope = frame(kind, |payload| {
                    give(&mut payload.code, code);
                    give(&mut payload.message, message);
                    payload.reference = reference;
                    payload.after = after;
                });
                envelope.to = about.map(|peer| peer.as_str().into());
                envelope
            }
        };
        envelope.timestamp = Some(timestamp);
        envelope
    }
}

fn about_room(kind: Kind, room: &RoomName, fill: impl FnOnce(&mut Payload)) -> Envelope {
    frame(kind, |payload| {
        put(&mut payload.room, room.as_str());
        fill(payload);
    })
}

fn put_mapping(payload: &mut Payload, mapping: Option<Open<Mapping>>) {
    payload.mapping = mapping.map(|mapping| mapping.as_str().into());
}

fn relay(signal: Signal) -> Envelope {
    frame(signal.kind(), |payload| {
        if let Some(route) = signal.route() {
            payload.connection = Some(route.connection);
            payload.target = route.target;
        }
        match signal {
            Signal::Offer(description) | Signal::Answer(description) => {
                payload.session = description.session;
                put_mapping(payload, description.mapping);
                payload.number = Some(description.number);
                give(&mut payload.sdp, description.sdp);
            }
            Signal::Candidates(batch) => {
                payload.candidates = Some(batch.candidates);
                payload.end = batch.end;
            }
            Signal::Invite { session, mapping, end, .. } => {
                payload.session = session;
                put_mapping(payload, mapping);
                payload.end = end;
            }
            Signal::Reject { number, code, .. } => {
                payload.number = Some(number);
                put(&mut payload.code, code.as_str());
            }
            Signal::Close { .. } => {}
            Signal::Message { room, data, receipt } => {
                if let Some(room) = &room {
                    put(&mut payload.room, room.as_str());
                }
                give(&mut payload.data, data);
                payload.receipt = receipt.then_some(true);
            }
            Signal::Own(own) => {
                payload.own = Some(true);
                match own {
                    OwnSignal::Offer(sdp) | OwnSignal::Answer(sdp) => give(&mut payload.sdp, sdp),
                    OwnSignal::Candidates { candidates, end } => {
                        payload.candidates = Some(candidates);
                        payload.end = end.then(String::new);
                    }
                }
            }
        }
    })
}

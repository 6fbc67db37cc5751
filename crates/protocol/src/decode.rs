//! From the sparse envelope to typed messages: everything that enters is checked here, once.

use crate::candidate::Candidate;
use crate::envelope::{Envelope, IceCandidateInit, Payload, PeerInfo};
use crate::error_code::ErrorCode;
use crate::id::{InvalidId, Label, PeerId, RoomName};
use crate::kind::Kind;
use crate::message::{
    CandidateBatch, ClientMessage, Description, Hello, OwnSignal, Query, Route, ServerMessage, Signal,
    Welcome,
};
use crate::reason::{Mapping, Open};
use crate::session_description;
use crate::{SESSIONS, limits};
use alloc::{boxed::Box, string::String, vec::Vec};

/// Why an envelope is not a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The code that the refusal gives the sender.
    pub code: ErrorCode,
    /// The field at fault, as it is spelled on the wire.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl Refusal {
    // Boxed on its way: every `?` would copy it.
    #[cold]
    fn new(field: &'static str, problem: &'static str) -> Box<Self> {
        Box::new(Self { code: ErrorCode::InvalidMessage, field, problem })
    }

    fn unknown_type() -> Box<Self> {
        Box::new(Self { code: ErrorCode::UnknownType, field: "type", problem: "is not known" })
    }
}

fn need<T>(value: Option<T>, field: &'static str) -> Result<T, Box<Refusal>> {
    value.ok_or_else(|| Refusal::new(field, "is missing"))
}

// Where they are read from is only looked at: to move each text out of the envelope would weigh more.
fn peer_id(value: &Option<String>, field: &'static str) -> Result<PeerId, Box<Refusal>> {
    named(field, PeerId::parse(need(value.as_deref(), field)?))
}

fn room_name(value: &Option<String>) -> Result<RoomName, Box<Refusal>> {
    named("room", RoomName::parse(need(value.as_deref(), "room")?))
}

fn optional_room(value: &Option<String>) -> Result<Option<RoomName>, Box<Refusal>> {
    if value.is_none() { Ok(None) } else { room_name(value).map(Some) }
}

fn label(value: &Option<String>, field: &'static str) -> Result<Option<Label>, Box<Refusal>> {
    value.as_deref().map(|text| named(field, Label::parse(text))).transpose()
}

fn named<T>(field: &'static str, parsed: Result<T, InvalidId>) -> Result<T, Box<Refusal>> {
    parsed.map_err(|why| Refusal::new(field, why.as_str()))
}

impl ClientMessage {
    /// Reads what a client sent. `from` and `timestamp` are not looked at: they are the server's.
    ///
    /// # Errors
    /// A [`Refusal`] naming the field at fault.
    pub fn from_envelope(envelope: Envelope) -> Result<Self, Refusal> {
        Self::read(envelope).map_err(|refusal| *refusal)
    }

    fn read(envelope: Envelope) -> Result<Self, Box<Refusal>> {
        let mut payload = envelope.payload.unwrap_or_default();
        let payload = &mut *payload;
        let kind = Kind::parse(&envelope.kind).ok_or_else(Refusal::unknown_type)?;
        Ok(match kind {
            Kind::Hello => Self::Hello(hello(payload)?),
            Kind::Heartbeat => Self::Heartbeat,
            Kind::HeartbeatAck => Self::HeartbeatAck,
            Kind::Ack => Self::Ack,
            Kind::PeerDiscovery => Self::Discover(Query {
                region: label(&payload.region, "region")?,
                capability: label(&payload.capability, "capability")?,
                room: optional_room(&payload.room)?,
                limit: match payload.limit {
                    Some(0) => return Err(Refusal::new("limit", "must be at least 1")),
                    limit => limit,
                },
                cursor: payload.cursor.take(),
                nearest: payload.nearest == Some(true),
            }),
            Kind::Describe => Self::Describe(label(&payload.mapping, "mapping")?),
            Kind::Join => Self::Join(room_name(&payload.room)?),
            Kind::Leave => Self::Leave(room_name(&payload.room)?),
            Kind::Bye => Self::Bye,
            Kind::Leaving => Self::Leaving,
            Kind::Broadcast => {
                Self::Broadcast { room: room_name(&payload.room)?, data: data(payload.data.take())? }
            }
            kind => {
                // Whether a message was broadcast is the server's to say.
                payload.room = None;
                let signal = signal(kind, payload)?;
                Self::Relay { to: peer_id(&envelope.to, "to")?, signal }
            }
        })
    }
}

impl ServerMessage {
    /// Reads what the server sent.
    ///
    /// # Errors
    /// A [`Refusal`] naming the field at fault; a client ignores a message of an unknown type.
    pub fn from_envelope(envelope: Envelope) -> Result<Self, Refusal> {
        Self::read(envelope).map_err(|refusal| *refusal)
    }

    fn read(envelope: Envelope) -> Result<Self, Box<Refusal>> {
        let mut payload = envelope.payload.unwrap_or_default();
        let payload = &mut *payload;
        let kind = Kind::parse(&envelope.kind).ok_or_else(Refusal::unknown_type)?;
        Ok(match kind {
            Kind::Welcome => Self::Welcome {
                version: need(payload.version, "version")?,
                region: label(&payload.region, "region")?,
                session: welcome(payload)?,
            },
            Kind::Heartbeat => Self::Heartbeat,
            Kind::HeartbeatAck => Self::HeartbeatAck,
            Kind::Ack => Self::Ack,
            Kind::Reconnect => Self::Reconnect { after: need(payload.after, "after")? },
            Kind::Peers => Self::Peers {
                peers: peers(payload.peers.take())?,
                cursor: payload.cursor.take(),
                reference: payload.reference,
            },
            Kind::Joined => Self::Joined {
                room: room_name(&payload.room)?,
                peers: peers(payload.peers.take())?,
                cursor: payload.cursor.take(),
                reference: payload.reference,
            },
            Kind::Sent => Self::Sent { reference: payload.reference },
            Kind::Left => Self::Left { room: room_name(&payload.room)?, reference: payload.reference },
            Kind::PeerJoined => Self::PeerJoined {
                room: room_name(&payload.room)?,
                peer: checked_peer(need(payload.peer.take(), "peer")?)?,
            },
            Kind::Received => Self::Received { reference: payload.reference },
            Kind::PeerAway => Self::PeerAway {
                room: room_name(&payload.room)?,
                peer: peer_id(&envelope.from, "from")?,
                reason: payload.reason.take().unwrap_or_default().into(),
            },
            Kind::PeerBack => Self::PeerBack {
                room: room_name(&payload.room)?,
                peer: checked_peer(need(payload.peer.take(), "peer")?)?,
            },
            Kind::PeerLeft => Self::PeerLeft {
                room: room_name(&payload.room)?,
                peer: peer_id(&envelope.from, "from")?,
                reason: payload.reason.take().unwrap_or_default().into(),
            },
            Kind::Error => Self::Error {
                code: need(payload.code.take(), "code")?,
                message: payload.message.take().unwrap_or_default(),
                reference: payload.reference,
                about: if envelope.to.is_none() { None } else { Some(peer_id(&envelope.to, "to")?) },
                after: payload.after,
            },
            kind => {
                let signal = signal(kind, payload)?;
                Self::Relay { from: peer_id(&envelope.from, "from")?, signal }
            }
        })
    }
}

fn hello(payload: &mut Payload) -> Result<Hello, Box<Refusal>> {
    let versions = need(payload.versions, "versions")?;
    if versions.0 > versions.1 {
        return Err(Refusal::new("versions", "must be [lowest, highest]"));
    }
    let key = key(payload)?;
    let (received, attempt) = (payload.received, payload.attempt);
    Ok(Hello { versions, key, peer: checked_peer(need(payload.peer.take(), "peer")?)?, received, attempt })
}

fn key(payload: &mut Payload) -> Result<String, Box<Refusal>> {
    let key = need(payload.key.take(), "key")?;
    if !limits::is_key(&key) {
        return Err(Refusal::new("key", "must be 16 to 64 bytes long"));
    }
    Ok(key)
}

fn welcome(payload: &mut Payload) -> Result<Option<Welcome>, Box<Refusal>> {
    if payload.version.is_none_or(|version| version < SESSIONS) {
        return Ok(None);
    }
    Ok(Some(Welcome {
        key: key(payload)?,
        resumed: need(payload.resumed, "resumed")?,
        reason: payload.reason.take().filter(|reason| !reason.is_empty()).map(Open::from),
        received: need(payload.received, "received")?,
    }))
}

fn checked_peer(peer: PeerInfo) -> Result<PeerInfo, Box<Refusal>> {
    check_peer(&peer).map(|()| peer)
}

pub(crate) fn check_peer(peer: &PeerInfo) -> Result<(), Box<Refusal>> {
    named("peer.id", PeerId::parse(&peer.id))?;
    if let Some(region) = &peer.region {
        named("peer.region", Label::parse(region))?;
    }
    if peer.capabilities.len() > limits::CAPABILITIES {
        return Err(Refusal::new("peer.capabilities", "holds more than 16 entries"));
    }
    if let Some(mapping) = &peer.mapping {
        named("peer.mapping", Label::parse(mapping))?;
    }
    for capability in &peer.capabilities {
        named("peer.capabilities", Label::parse(capability))?;
    }
    if peer.metadata.as_ref().is_some_and(|text| text.len() > limits::METADATA_BYTES) {
        return Err(Refusal::new("peer.metadata", "is longer than 1024 bytes"));
    }
    Ok(())
}

/// A peer that is described wrongly is left out; [`Envelope::first_odd_entry`] tells of it.
fn peers(list: Option<Vec<PeerInfo>>) -> Result<Vec<PeerInfo>, Box<Refusal>> {
    let mut peers = need(list, "peers")?;
    peers.retain(|peer| check_peer(peer).is_ok());
    Ok(peers)
}

fn signal(kind: Kind, payload: &mut Payload) -> Result<Signal, Box<Refusal>> {
    if kind == Kind::Message {
        let room = optional_room(&payload.room)?;
        let receipt = payload.receipt == Some(true);
        return Ok(Signal::Message { room, data: data(payload.data.take())?, receipt });
    }
    if payload.own == Some(true) {
        return own_signal(kind, payload).map(Signal::Own);
    }
    if !kind.is_between_connections() {
        return Err(Refusal::unknown_type());
    }
    let route = Route { connection: need(payload.connection, "connection")?, target: payload.target };
    Ok(match kind {
        Kind::Offer => Signal::Offer(description(route, payload)?),
        Kind::Answer => Signal::Answer(description(route, payload)?),
        Kind::IceCandidate => {
            let candidates = candidates(payload)?;
            Signal::Candidates(CandidateBatch { route, candidates, end: payload.end.take() })
        }
        Kind::Invite => Signal::Invite {
            route,
            session: payload.session,
            mapping: mapping(payload)?,
            end: payload.end.take(),
        },
        Kind::Reject => Signal::Reject {
            route,
            number: need(payload.number, "number")?,
            code: ErrorCode::parse(need(payload.code.as_deref(), "code")?)
                .unwrap_or(ErrorCode::DescriptionRejected),
        },
        _ => Signal::Close { route },
    })
}

fn own_signal(kind: Kind, payload: &mut Payload) -> Result<OwnSignal, Box<Refusal>> {
    Ok(match kind {
        Kind::Offer => OwnSignal::Offer(sdp(payload)?),
        Kind::Answer => OwnSignal::Answer(sdp(payload)?),
        Kind::IceCandidate => {
            OwnSignal::Candidates { candidates: candidates(payload)?, end: payload.end.is_some() }
        }
        _ => return Err(Refusal::unknown_type()),
    })
}

fn data(value: Option<String>) -> Result<String, Box<Refusal>> {
    let text = need(value, "data")?;
    if text.len() > limits::MESSAGE_BYTES {
        return Err(Box::new(Refusal {
            code: ErrorCode::MessageTooLarge,
            field: "data",
            problem: "is longer than 4096 bytes",
        }));
    }
    Ok(text)
}

fn description(route: Route, payload: &mut Payload) -> Result<Description, Box<Refusal>> {
    let (sdp, mapping) = (sdp(payload)?, mapping(payload)?);
    let number = need(payload.number, "number")?;
    Ok(Description { route, session: payload.session, mapping, number, sdp })
}

fn mapping(payload: &Payload) -> Result<Option<Open<Mapping>>, Box<Refusal>> {
    Ok(label(&payload.mapping, "mapping")?.map(|mapping| mapping.as_str().into()))
}

fn sdp(payload: &mut Payload) -> Result<String, Box<Refusal>> {
    let sdp = need(payload.sdp.take(), "sdp")?;
    if !session_description::is_plausible(&sdp) {
        return Err(Box::new(Refusal {
            code: ErrorCode::InvalidDescription,
            field: "sdp",
            problem: "is not a session description",
        }));
    }
    Ok(sdp)
}

/// A line that is no candidate is left out, and what is beyond the limit; [`Envelope::first_odd_entry`] tells of it. A batch of
/// nothing else is refused.
fn candidates(payload: &mut Payload) -> Result<Vec<IceCandidateInit>, Box<Refusal>> {
    let mut candidates = payload.candidates.take().unwrap_or_default();
    if candidates.is_empty() && payload.end.is_none() {
        return Err(Refusal::new("candidates", "is missing"));
    }
    candidates.truncate(limits::CANDIDATES_PER_GENERATION);
    candidates.retain(|init| Candidate::parse(&init.candidate).is_some());
    if candidates.is_empty() && payload.end.is_none() {
        return Err(Box::new(Refusal {
            code: ErrorCode::InvalidCandidate,
            field: "candidates",
            problem: "holds no RFC 8839 candidate",
        }));
    }
    Ok(candidates)
}

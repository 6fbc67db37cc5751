//! Nothing that arrives panics, and every message survives the wire.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use signalpost_protocol::envelope::field_names;
use signalpost_protocol::message::{Route, Welcome};
use signalpost_protocol::reason::Word;
use signalpost_protocol::{
    CandidateBatch, ClientMessage, Description, Envelope, ErrorCode, Hello, IceCandidateInit, Kind, Label,
    Mapping, Open, OwnSignal, PeerId, PeerInfo, Position, Query, RoomName, SESSIONS, ServerMessage, Signal,
    limits,
};

fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z0-9]{1,8}", "[^\\p{Cc}]{1,16}", Just("😀\u{2028}\"\\".to_string())]
}

fn peer_id() -> impl Strategy<Value = PeerId> {
    name().prop_map(|text| PeerId::parse(&text).unwrap())
}

fn room() -> impl Strategy<Value = RoomName> {
    name().prop_map(|text| RoomName::parse(&text).unwrap())
}

fn label() -> impl Strategy<Value = Label> {
    name().prop_map(|text| Label::parse(&text).unwrap())
}

fn peer() -> impl Strategy<Value = PeerInfo> {
    let capabilities = prop::collection::vec(name(), 0..4);
    let words = (prop::option::of(name()), prop::option::of(name()));
    (name(), any::<u32>(), words, capabilities, prop::option::of(any::<String>())).prop_map(
        |(id, session, (region, mapping), capabilities, metadata)| {
            let mut peer = PeerInfo { id, incarnation: session, capabilities, ..PeerInfo::default() };
            (peer.region, peer.metadata, peer.mapping) = (region, metadata, mapping);
            peer
        },
    )
}

fn route() -> impl Strategy<Value = Route> {
    (any::<u32>(), any::<Option<u32>>()).prop_map(|(connection, target)| Route { connection, target })
}

fn candidate() -> impl Strategy<Value = IceCandidateInit> {
    let kind = prop_oneof![Just("host"), Just("srflx"), Just("relay")];
    (
        any::<u32>(),
        any::<u16>(),
        kind,
        prop::option::of(name()),
        any::<Option<u16>>(),
        prop::option::of("[a-z]{4}"),
    )
        .prop_map(|(priority, port, kind, sdp_mid, sdp_m_line_index, username_fragment)| {
            IceCandidateInit {
                candidate: format!("candidate:1 1 udp {priority} 192.0.2.1 {port} typ {kind}"),
                sdp_mid,
                sdp_m_line_index,
                username_fragment,
            }
        })
}

fn mapping() -> impl Strategy<Value = Option<Open<Mapping>>> {
    let known = prop::sample::select(Mapping::ALL).prop_map(Open::from);
    prop::option::of(prop_oneof![known, name().prop_map(Open::from)])
}

fn signal() -> impl Strategy<Value = Signal> {
    let described = (route(), prop::option::of(any::<u32>()), mapping(), any::<u32>(), any::<String>())
        .prop_map(|(route, session, mapping, number, rest)| Description {
            route,
            session,
            mapping,
            number,
            sdp: format!("v=0\r\n{}", rest.replace('\0', "")),
        })
        .boxed();
    let batch = (route(), prop::collection::vec(candidate(), 0..=10), prop::option::of("[a-z]{4}"));
    let code = prop::sample::select(ErrorCode::ALL);
    prop_oneof![
        described.clone().prop_map(Signal::Offer),
        described.prop_map(Signal::Answer),
        batch.prop_filter("something to say", |(_, list, end)| !list.is_empty() || end.is_some()).prop_map(
            |(route, candidates, end)| Signal::Candidates(CandidateBatch { route, candidates, end })
        ),
        (route(), prop::option::of(any::<u32>()), mapping(), prop::option::of("[a-z]{4}"))
            .prop_map(|(route, session, mapping, end)| Signal::Invite { route, session, mapping, end }),
        (route(), any::<u32>(), code).prop_map(|(route, number, code)| Signal::Reject {
            route,
            number,
            code
        }),
        route().prop_map(|route| Signal::Close { route }),
        ("\\PC{0,64}", any::<bool>()).prop_map(|(data, receipt)| Signal::Message {
            room: None,
            data,
            receipt
        }),
        own_signal().prop_map(Signal::Own),
    ]
}

fn own_signal() -> impl Strategy<Value = OwnSignal> {
    let sdp = || any::<String>().prop_map(|rest| format!("v=0\r\n{}", rest.replace('\0', "")));
    prop_oneof![
        sdp().prop_map(OwnSignal::Offer),
        sdp().prop_map(OwnSignal::Answer),
        (prop::collection::vec(candidate(), 0..=10), any::<bool>())
            .prop_filter("something to say", |(list, end)| !list.is_empty() || *end)
            .prop_map(|(candidates, end)| OwnSignal::Candidates { candidates, end }),
    ]
}

fn client_message() -> impl Strategy<Value = ClientMessage> {
    let hello = (any::<(u16, u16)>(), "[!-~]{16,64}", peer(), any::<[Option<u32>; 2]>()).prop_map(
        |((a, b), key, peer, [received, attempt])| {
            let received = received.map(Position);
            ClientMessage::Hello(Hello { versions: (a.min(b), a.max(b)), key, peer, received, attempt })
        },
    );
    let limit = prop::option::of(1u16..);
    let query = (
        prop::option::of(label()),
        prop::option::of(label()),
        prop::option::of(room()),
        limit,
        any::<Option<String>>(),
        any::<bool>(),
    );
    prop_oneof![
        hello,
        Just(ClientMessage::Heartbeat),
        Just(ClientMessage::HeartbeatAck),
        Just(ClientMessage::Ack),
        Just(ClientMessage::Bye),
        Just(ClientMessage::Leaving),
        query.prop_map(|(region, capability, room, limit, cursor, nearest)| {
            ClientMessage::Discover(Query { region, capability, room, limit, cursor, nearest })
        }),
        prop::option::of(label()).prop_map(ClientMessage::Describe),
        room().prop_map(ClientMessage::Join),
        room().prop_map(ClientMessage::Leave),
        (room(), "\\PC{0,64}").prop_map(|(room, data)| ClientMessage::Broadcast { room, data }),
        (peer_id(), signal()).prop_map(|(to, signal)| ClientMessage::Relay { to, signal }),
    ]
}

/// A reason of this version, or of a newer one.
fn reason() -> impl Strategy<Value = String> {
    let known = ["lost", "silent", "suspended", "left", "closed", "session-expired", "position-lost"];
    prop_oneof![prop::sample::select(known.to_vec()).prop_map(String::from), any::<String>()]
}

fn welcome() -> impl Strategy<Value = Welcome> {
    ("[!-~]{16,64}", any::<bool>(), reason(), any::<u32>()).prop_map(|(key, resumed, reason, received)| {
        let reason = (!reason.is_empty()).then(|| reason.into());
        Welcome { key, resumed, reason, received: Position(received) }
    })
}

fn server_message() -> impl Strategy<Value = ServerMessage> {
    let peers = || prop::collection::vec(peer(), 0..4);
    let reference = any::<Option<u32>>();
    prop_oneof![
        (any::<u16>(), prop::option::of(label()), welcome()).prop_map(|(version, region, session)| {
            let session = (version >= SESSIONS).then_some(session);
            ServerMessage::Welcome { version, region, session }
        }),
        Just(ServerMessage::Ack),
        any::<u32>().prop_map(|after| ServerMessage::Reconnect { after }),
        any::<Option<u32>>().prop_map(|reference| ServerMessage::Received { reference }),
        (room(), peer_id(), reason()).prop_map(|(room, peer, reason)| ServerMessage::PeerAway {
            room,
            peer,
            reason: reason.into()
        }),
        (room(), peer()).prop_map(|(room, peer)| ServerMessage::PeerBack { room, peer }),
        Just(ServerMessage::Heartbeat),
        Just(ServerMessage::HeartbeatAck),
        (peers(), any::<Option<String>>(), reference)
            .prop_map(|(peers, cursor, reference)| ServerMessage::Peers { peers, cursor, reference }),
        (room(), peers(), any::<Option<String>>(), any::<Option<u32>>()).prop_map(
            |(room, peers, cursor, reference)| ServerMessage::Joined { room, peers, cursor, reference }
        ),
        (room(), any::<Option<u32>>()).prop_map(|(room, reference)| ServerMessage::Left { room, reference }),
        (room(), peer()).prop_map(|(room, peer)| ServerMessage::PeerJoined { room, peer }),
        (room(), peer_id(), reason()).prop_map(|(room, peer, reason)| ServerMessage::PeerLeft {
            room,
            peer,
            reason: reason.into()
        }),
        (peer_id(), signal()).prop_map(|(from, signal)| ServerMessage::Relay { from, signal }),
        (peer_id(), room(), "\\PC{0,64}").prop_map(|(from, room, data)| ServerMessage::Relay {
            from,
            signal: Signal::Message { room: Some(room), data, receipt: false }
        }),
        any::<Option<u32>>().prop_map(|reference| ServerMessage::Sent { reference }),
        (
            any::<String>(),
            any::<String>(),
            any::<Option<u32>>(),
            prop::option::of(peer_id()),
            any::<Option<u32>>()
        )
            .prop_map(|(code, message, reference, about, after)| ServerMessage::Error {
                code,
                message,
                reference,
                about,
                after,
            }),
    ]
}

/// Any JSON, with a liking for the names and values that mean something.
fn json_value() -> impl Strategy<Value = Value> {
    let names: Vec<&str> = field_names().collect();
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u32>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(Kind::ALL).prop_map(|kind| kind.as_str().into()),
        Just(Value::from("v=0\r\n")),
    ];
    leaf.prop_recursive(4, 64, 8, move |inner| {
        let key = prop_oneof![4 => prop::sample::select(names.clone()).prop_map(String::from), 1 => any::<String>()];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn wire(envelope: &Envelope) -> Envelope {
    serde_json::from_str(&serde_json::to_string(envelope).unwrap()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_clients_message_survives_the_wire(message in client_message(), id in any::<Option<u32>>()) {
        let envelope = wire(&message.clone().into_envelope(id));
        prop_assert_eq!(envelope.id, id);
        prop_assert_eq!(ClientMessage::from_envelope(envelope), Ok(message));
    }

    #[test]
    fn a_servers_message_survives_the_wire(message in server_message(), timestamp in 0u64..1 << 53) {
        let envelope = wire(&message.clone().into_envelope(timestamp));
        prop_assert_eq!(envelope.timestamp, Some(timestamp));
        prop_assert_eq!(ServerMessage::from_envelope(envelope), Ok(message));
    }

    #[test]
    fn what_a_client_relays_is_what_a_client_receives(to in peer_id(), from in peer_id(), signal in signal()) {
        let sent = wire(&ClientMessage::Relay { to, signal: signal.clone() }.into_envelope(None));
        let Ok(ClientMessage::Relay { signal: read, .. }) = ClientMessage::from_envelope(sent) else {
            return Err(TestCaseError::fail("not a relay"));
        };
        let received = wire(&ServerMessage::Relay { from: from.clone(), signal: read }.into_envelope(1));
        prop_assert_eq!(ServerMessage::from_envelope(received), Ok(ServerMessage::Relay { from, signal }));
    }

    #[test]
    fn no_json_panics(kind in "[a-z-]{0,14}", payload in json_value(), frame in json_value()) {
        for value in [json!({ "type": kind, "payload": payload, "from": "a", "to": "b" }), payload, frame] {
            if let Ok(envelope) = serde_json::from_value::<Envelope>(value) {
                let _ = ClientMessage::from_envelope(envelope.clone());
                let _ = ServerMessage::from_envelope(envelope);
            }
        }
    }
}

proptest! {
    // Each case is as large as a frame may be.
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_description_that_fits_fits_whatever_is_in_it_and_around_it(
        unit in prop_oneof![Just("a=x\r\n"), Just("\"\\"), Just("é"), Just("😀")],
        near in -1500i32..1500,
    ) {
        // As long as fits, give or take, with the longest ids and numbers, of which each byte is escaped.
        let escaped = serde_json::to_string(unit).unwrap().len() - 2;
        let count = (limits::DESCRIPTION_FRAME_BYTES as i32 - 2048 + near) as usize / escaped;
        let sdp = format!("v=0\r\n{}", unit.repeat(count));
        let to = PeerId::parse(&"\"".repeat(limits::PEER_ID_BYTES)).unwrap();
        let route = Route { connection: u32::MAX, target: Some(u32::MAX) };
        let mapping = Some(Open::from("\"".repeat(limits::LABEL_BYTES)));
        let offer =
            Signal::Offer(Description { route, session: Some(u32::MAX), mapping, number: u32::MAX, sdp: sdp.clone() });
        let sent = ClientMessage::Relay { to: to.clone(), signal: offer.clone() }.into_envelope(Some(u32::MAX));
        let received = ServerMessage::Relay { from: to, signal: offer }.into_envelope(u64::MAX);
        if limits::fits_description(&sdp) {
            for envelope in [sent, received] {
                prop_assert!(serde_json::to_string(&envelope).unwrap().len() <= limits::DESCRIPTION_FRAME_BYTES);
            }
        }
    }
}

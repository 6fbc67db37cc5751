use super::*;
use crate::engine::{Full, Outlet};
use crate::registry::Registry;
use proptest::prelude::*;
use signalpost_protocol::Kind;
use signalpost_protocol::envelope::field_names;

const HELLO: &str = r#"{"type":"hello","id":1,"payload":{"versions":[1,3],"key":"0123456789abcdef","peer":{"id":"ada","session":7}}}"#;

#[derive(Default)]
struct Inboxes([VecDeque<Delivery>; 2]);

impl Outlet for Inboxes {
    fn deliver(&mut self, to: SocketId, delivery: Delivery) -> Result<(), Full> {
        self.0[to.as_u64() as usize].push_back(delivery);
        Ok(())
    }
}

fn any_frame() -> impl Strategy<Value = String> {
    let word = || {
        prop_oneof![
            prop::sample::select(vec!["ada", "bob", "eve", "", "r", "video", "\u{7}"]).prop_map(String::from),
            "\\PC{0,12}"
        ]
    };
    let value = prop_oneof![
        word().prop_map(serde_json::Value::from),
        any::<u32>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        Just(serde_json::Value::Null),
        Just(serde_json::json!([1, 1])),
        Just(serde_json::json!({"id": "bob", "session": 3})),
        Just(serde_json::json!("v=0\r\n")),
        Just(serde_json::json!([{"candidate": "candidate:1 1 udp 1 10.0.0.1 9 typ host"}])),
    ];
    let kinds: Vec<Kind> = Kind::ALL.iter().copied().filter(|kind| kind.is_from_client()).collect();
    let kind =
        prop_oneof![4 => prop::sample::select(kinds).prop_map(|kind| kind.as_str().to_owned()), 1 => word()];
    let field = prop::sample::select(field_names().collect::<Vec<_>>()).prop_map(String::from);
    let payload = prop::collection::hash_map(field.clone(), value.clone(), 0..8);
    let frame =
        (kind, prop::collection::hash_map(field, value, 0..4), payload).prop_map(|(kind, head, payload)| {
            let mut frame = serde_json::to_value(head).unwrap();
            frame["type"] = kind.into();
            frame["payload"] = serde_json::to_value(payload).unwrap();
            frame["payload"]["connection"] = 1.into();
            frame.to_string()
        });
    prop_oneof![6 => frame, 1 => "\\PC{0,60}", 1 => "[\\[\\]{}\",:a-z0-9]{0,40}"]
}

proptest! {
    /// Two sessions over one registry: whatever the first sends, the second hears of no sender but the first, and both get
    /// their numbers in a row.
    #[test]
    fn random_frames_never_panic_and_never_forge(frames in prop::collection::vec((any_frame(), any::<bool>(), any::<bool>()), 1..40)) {
        let mut registry = Registry::default();
        let mut inboxes = Inboxes::default();
        let mut sessions = [0, 1].map(|number| Session::new(0, SocketId::new(number), None, Token::new([number as u8; 32])).with_audit());
        let bob = HELLO.replace("ada", "bob");
        let mut now = 0;
        let mut received = [0, 0];
        let mut told = [0, 0];
        let start = [(0, HELLO.to_owned(), false), (1, bob, false)];
        let random = frames.into_iter().map(|(text, reaches_bob, is_numbered)| {
            (0, if reaches_bob { text.replacen('{', r#"{"to":"bob","#, 1) } else { text }, is_numbered)
        });
        for (number, mut text, is_numbered) in start.into_iter().chain(random) {
            if is_numbered {
                let (seq, ack) = (received[number] + 1, told[number]);
                text = text.replacen('{', &format!(r#"{{"seq":{seq},"ack":{ack},"#), 1);
            }
            now += 100;
            sessions[number].handle_frame(now, &text);
            let mut idle = false;
            while !idle {
                idle = true;
                for (number, session) in sessions.iter_mut().enumerate() {
                    while let Some(output) = session.poll_output() {
                        idle = false;
                        match output {
                            SessionOutput::Execute(command) => {
                                registry.execute(now, session.socket(), command, &mut inboxes);
                            }
                            SessionOutput::Send { message, seq, .. } => {
                                if let Some(seq) = seq {
                                    told[number] += 1;
                                    prop_assert_eq!(seq.0, told[number]);
                                }
                                if let ServerMessage::Relay { from, .. } = &message {
                                    prop_assert_eq!((number, from.as_str()), (1, "ada"));
                                }
                                serde_json::to_string(&message.into_envelope(0)).unwrap();
                            }
                            SessionOutput::Audited(event) => {
                                prop_assert_eq!(event.from.as_str(), ["ada", "bob"][number]);
                            }
                            _ => {}
                        }
                    }
                    while let Some(delivery) = inboxes.0[number].pop_front() {
                        idle = false;
                        if let Delivery::Done { received: all, .. } = &delivery {
                            prop_assert!(all.0 == received[number] || all.0 == received[number] + 1);
                            received[number] = all.0;
                        }
                        session.handle_delivery(now, delivery);
                    }
                }
            }
        }
        prop_assert!(!sessions[1].is_closed());
    }
}

//! Messages and signals of the application: once, in order, each promise settled.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

mod support;

use signalpost_core::protocol::{ClientMessage, OwnSignal, ServerMessage, Signal, limits};
use signalpost_core::{CallId, Command, Event, Receiver, Reply, TimerName};
use support::{World, candidate, id, room, sdp};

fn write(world: &mut World, call: u32, data: &str) {
    world.command(Command::Message {
        call: CallId(call),
        to: Receiver::Peer(id("ada")),
        data: data.into(),
        receipt: false,
    });
}

fn found(world: &mut World, call: u32, port: u16, kind: &str) {
    let signal = OwnSignal::Candidates { candidates: vec![candidate("f", port, kind)], end: false };
    world.command(Command::OwnSignal { call: CallId(call), to: id("ada"), signal });
}

fn end(world: &mut World, call: u32) {
    let signal = OwnSignal::Candidates { candidates: Vec::new(), end: true };
    world.command(Command::OwnSignal { call: CallId(call), to: id("ada"), signal });
}

fn describe(world: &mut World, call: u32, signal: OwnSignal) {
    world.command(Command::OwnSignal { call: CallId(call), to: id("ada"), signal });
}

/// What was sent since this was last asked, as a word each: `m` and a message's text, `o` and `a` for descriptions, `c`
/// and the ports of candidates, `.` for their end.
fn words(world: &mut World) -> Vec<String> {
    let port = |text: &str| text.split(' ').nth(5).unwrap().to_string();
    let word = |message| match message {
        ClientMessage::Broadcast { room, data } => Some(format!("b {} {data}", room.as_str())),
        ClientMessage::Relay { signal, .. } => Some(match signal {
            Signal::Message { room: None, data, .. } => format!("m {data}"),
            Signal::Own(OwnSignal::Offer(_)) => "o".into(),
            Signal::Own(OwnSignal::Answer(_)) => "a".into(),
            Signal::Own(OwnSignal::Candidates { candidates, end }) => {
                let ports: Vec<String> = candidates.iter().map(|init| port(&init.candidate)).collect();
                format!("c {}{}", ports.join(","), if end { "." } else { "" })
            }
            other => panic!("{other:?}"),
        }),
        _ => None,
    };
    world.take_sent().into_iter().filter_map(word).collect()
}

#[test]
fn a_message_is_settled_by_the_server() {
    let mut world = World::registered();
    write(&mut world, 1, "1");
    let first = world.last_frame();
    write(&mut world, 2, "2");
    let second = world.last_frame();
    world.command(Command::Message {
        call: CallId(3),
        to: Receiver::Room(room("r")),
        data: "3".into(),
        receipt: false,
    });
    let third = world.last_frame();
    assert_eq!(words(&mut world), ["m 1", "m 2", "b r 3"]);
    world.receive(ServerMessage::Sent { reference: Some(second) });
    world.receive_error("peer-not-found", Some(first), Some("ada"));
    world.receive_error("room-not-joined", Some(third), None);
    assert_eq!(world.outcome(2), Some(Ok(Reply::Done)));
    assert_eq!(world.outcome(1), Some(Err("peer-not-found")));
    assert_eq!(world.outcome(3), Some(Err("room-not-joined")));
    assert!(world.errors().is_empty(), "its promise says it, and nothing else");
    // A second answer is nobody's.
    world.receive(ServerMessage::Sent { reference: Some(second) });
    world.advance(60_000);
    assert_eq!(world.settled.len(), 3);
}

#[test]
fn what_was_on_its_way_is_never_sent_twice_and_what_waited_goes_once() {
    let mut world = World::registered();
    write(&mut world, 1, "1");
    world.lose_link();
    write(&mut world, 2, "2");
    write(&mut world, 3, "3");
    world.advance(500);
    world.sent.clear();
    world.accept_link();
    // The server has no sessions.
    assert_eq!(world.outcome(1), Some(Err("link-lost")));
    assert_eq!(words(&mut world), ["m 2", "m 3"]);
    world.lose_link();
    world.advance(2_000);
    world.accept_link();
    assert_eq!(words(&mut world), Vec::<String>::new());
    assert_eq!((world.outcome(2), world.outcome(3)), (Some(Err("link-lost")), Some(Err("link-lost"))));
}

#[test]
fn no_answer_in_time_is_told_and_close_settles_everything() {
    let mut world = World::registered();
    write(&mut world, 1, "1");
    while world.outcome(1).is_none() {
        let (at, _) = world.client.poll_timeout().unwrap();
        world.advance_to(at);
        world.receive(ServerMessage::HeartbeatAck);
        assert!(world.now < 200_000);
    }
    assert_eq!(world.outcome(1), Some(Err("timeout")));
    write(&mut world, 2, "2");
    found(&mut world, 3, 1, "host");
    found(&mut world, 4, 2, "host");
    world.command(Command::Close);
    for call in [2, 3, 4] {
        assert_eq!(world.outcome(call), Some(Err("closed")), "{call}");
    }
    write(&mut world, 5, "5");
    end(&mut world, 6);
    assert_eq!((world.outcome(5), world.outcome(6)), (Some(Err("closed")), Some(Err("closed"))));
    assert_eq!(world.client.poll_timeout(), None);
}

#[test]
fn forty_messages_at_once_and_twenty_a_second() {
    // Also when the clock has only just begun.
    let mut world = World::new();
    world.now = 0;
    world.register();
    world.forget();
    for call in 0..41 {
        write(&mut world, 100 + call, "x");
    }
    assert_eq!(words(&mut world).len(), 40);
    assert_eq!(world.outcome(140), Some(Err("rate-limited")));
    world.now += 49;
    write(&mut world, 141, "x");
    assert_eq!(world.outcome(141), Some(Err("rate-limited")));
    world.now += 1;
    write(&mut world, 142, "x");
    assert_eq!((words(&mut world).len(), world.outcome(142)), (1, None));
}

#[test]
fn what_does_not_fit_is_refused_and_the_rest_stays() {
    let mut world = World::registered();
    write(&mut world, 1, &"x".repeat(limits::MESSAGE_BYTES));
    write(&mut world, 2, &"x".repeat(limits::MESSAGE_BYTES + 1));
    assert_eq!((world.outcome(1), world.outcome(2)), (None, Some(Err("message-too-large"))));
    describe(&mut world, 3, OwnSignal::Offer("no description".into()));
    describe(&mut world, 4, OwnSignal::Offer(sdp("f") + &"a=x\r\n".repeat(60_000)));
    assert_eq!(world.outcome(3), Some(Err("invalid-description")));
    assert_eq!(world.outcome(4), Some(Err("message-too-large")));
    found(&mut world, 5, 1, "nonsense");
    assert_eq!(world.outcome(5), Some(Err("invalid-candidate")));
    assert_eq!(words(&mut world).len(), 1);
    // Offline, descriptions are bounded by their bytes, and what is there stays.
    world.lose_link();
    let large = sdp("f") + &"a=x\r\n".repeat(25_000);
    for call in 10..19 {
        describe(&mut world, call, OwnSignal::Offer(large.clone()));
    }
    assert_eq!((world.outcome(17), world.outcome(18)), (None, Some(Err("outbox-full"))));
    for call in 1_000..1_300 {
        end(&mut world, call);
        describe(&mut world, 5_000 + call, OwnSignal::Answer(sdp("f")));
    }
    assert!(world.settled.iter().filter(|(_, result)| result.is_err()).count() > 300);
    world.advance(500);
    world.sent.clear();
    world.accept_link();
    assert_eq!(words(&mut world)[..8], ["o"; 8]);
}

#[test]
fn own_candidates_are_batched_in_order_and_the_first_of_a_kind_does_not_wait() {
    let mut world = World::registered();
    describe(&mut world, 1, OwnSignal::Offer(sdp("f")));
    assert_eq!(words(&mut world), ["o"]);
    found(&mut world, 2, 1, "relay raddr 0.0.0.0 rport 0");
    found(&mut world, 3, 2, "srflx raddr 0.0.0.0 rport 0");
    assert_eq!(world.client.poll_timeout(), Some((world.now, TimerName::CandidateBatch)));
    world.advance(0);
    let batch = world.last_frame();
    assert_eq!(words(&mut world), ["c 2,1"]);
    found(&mut world, 4, 3, "srflx raddr 0.0.0.0 rport 0");
    world.advance(99);
    assert_eq!(words(&mut world), Vec::<String>::new());
    world.advance(1);
    assert_eq!(words(&mut world), ["c 3"]);
    for port in 10..15 {
        found(&mut world, u32::from(port), port, "srflx raddr 0.0.0.0 rport 0");
    }
    world.advance(0);
    assert_eq!(words(&mut world), ["c 10,11,12,13,14"]);
    found(&mut world, 20, 20, "srflx raddr 0.0.0.0 rport 0");
    end(&mut world, 21);
    world.advance(0);
    assert_eq!(words(&mut world), ["c 20."]);
    // What waits goes before the next description, after which every kind is new.
    found(&mut world, 30, 30, "relay raddr 0.0.0.0 rport 0");
    describe(&mut world, 31, OwnSignal::Answer(sdp("g")));
    found(&mut world, 32, 31, "relay raddr 0.0.0.0 rport 0");
    world.advance(0);
    assert_eq!(words(&mut world), ["c 30", "a", "c 31"]);
    // One frame settles the calls of all that it carried.
    world.receive(ServerMessage::Sent { reference: Some(batch) });
    assert_eq!((world.outcome(2), world.outcome(3)), (Some(Ok(Reply::Done)), Some(Ok(Reply::Done))));
    assert_eq!(world.outcome(4), None);
}

#[test]
fn no_batch_holds_more_than_a_frame_may() {
    let mut world = World::registered();
    for port in 1..26 {
        found(&mut world, u32::from(port), port, "host");
    }
    world.advance(0);
    assert_eq!(
        words(&mut world),
        ["c 1,2,3,4,5,6,7,8,9,10", "c 11,12,13,14,15,16,17,18,19,20", "c 21,22,23,24,25"]
    );
}

#[test]
fn what_arrives_is_told_to_the_application_and_to_no_peer() {
    let mut world = World::registered();
    world.hear("ada", Signal::Message { room: None, data: "1".into(), receipt: false });
    world.hear("ada", Signal::Message { room: Some(room("r")), data: "2".into(), receipt: false });
    world.hear("ada", Signal::Own(OwnSignal::Offer(sdp("f"))));
    world.hear("ada", Signal::Own(OwnSignal::Candidates { candidates: Vec::new(), end: true }));
    let kinds: Vec<_> = world.events.iter().map(|event| matches!(event, Event::Message { .. })).collect();
    assert_eq!(kinds, [true, true, false, false]);
    assert!(world.events.iter().skip(2).all(|event| matches!(event, Event::OwnSignal { .. })));
    assert!(world.connections.is_empty() && world.take_sent().is_empty());
}

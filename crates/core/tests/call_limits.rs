//! Time limits that the application sets for single calls, and calls that it cancels.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

mod support;

use signalpost_core::protocol::{ClientMessage, OwnSignal, Query, ServerMessage, Signal};
use signalpost_core::{CallId, Command, Receiver, Reply, TimerName};
use support::{World, candidate, id, room, sdp};

/// A command of each kind that names no time of its own, and how long it may take by default.
fn commands(call: u32) -> Vec<(Command, u64)> {
    let to = Receiver::Peer(id("ada"));
    let own = |signal| Command::OwnSignal { call: CallId(call), to: id("ada"), signal };
    let candidates = |end| OwnSignal::Candidates { candidates: vec![candidate("f", 1, "host")], end };
    vec![
        (Command::FindPeers { call: CallId(call), query: Query::default() }, 15_000),
        (Command::Join { call: CallId(call), room: room("a") }, 15_000),
        (Command::Leave { call: CallId(call), room: room("a") }, 15_000),
        (Command::Message { call: CallId(call), to: to.clone(), data: "1".into(), receipt: false }, 150_000),
        (Command::Message { call: CallId(call), to, data: "1".into(), receipt: true }, 150_000),
        (
            Command::Message {
                call: CallId(call),
                to: Receiver::Room(room("a")),
                data: "1".into(),
                receipt: false,
            },
            150_000,
        ),
        (own(OwnSignal::Offer(sdp("mine"))), 150_000),
        (own(candidates(false)), 150_000),
        (own(candidates(true)), 150_000),
    ]
}

/// Keeps the link alive while nothing else is said, for so long.
fn wait(world: &mut World, ms: u64) {
    let end = world.now + ms;
    while world.now < end {
        world.advance((end - world.now).min(1_000));
        world.receive(ServerMessage::Heartbeat);
    }
}

fn waits(world: &World, call: u32) -> bool {
    world.outcome(call).is_none()
}

#[test]
fn each_call_ends_by_its_default() {
    for (command, default) in commands(5) {
        let mut world = World::registered();
        world.command(command.clone());
        wait(&mut world, default - 1_000);
        assert!(waits(&world, 5), "{command:?}");
        wait(&mut world, 1_000);
        assert_eq!(world.outcome(5), Some(Err("timeout")), "{command:?}");
    }
}

#[test]
fn each_call_ends_by_the_limit_that_the_application_sets() {
    for (command, default) in commands(5) {
        for limit in [100, default + 20_000] {
            let mut world = World::registered();
            world.command(command.clone());
            world.command(Command::Limit { call: CallId(5), timeout_ms: limit as u32 });
            wait(&mut world, limit - 1);
            assert!(waits(&world, 5), "{command:?} {limit}");
            wait(&mut world, 1);
            assert_eq!(world.outcome(5), Some(Err("timeout")), "{command:?} {limit}");
            wait(&mut world, default);
            assert_eq!(world.settled.iter().filter(|(call, _)| *call == 5).count(), 1, "{command:?} {limit}");
        }
    }
}

#[test]
fn a_limit_of_a_settled_call_is_nothing() {
    let mut world = World::registered();
    world.command(Command::FindPeers { call: CallId(5), query: Query::default() });
    let reference = Some(world.last_frame());
    world.receive(ServerMessage::Peers { peers: vec![], cursor: None, reference });
    let before = world.client.poll_timeout();
    world.command(Command::Limit { call: CallId(5), timeout_ms: 1 });
    world.command(Command::Limit { call: CallId(77), timeout_ms: 1 });
    assert_eq!(world.client.poll_timeout(), before);
}

/// The texts of the messages that were sent.
fn texts(world: &mut World) -> Vec<String> {
    let text = |message| match message {
        ClientMessage::Relay { signal: Signal::Message { data, .. }, .. } => Some(data),
        _ => None,
    };
    world.take_sent().into_iter().filter_map(text).collect()
}

#[test]
fn a_message_that_nobody_waits_for_any_more_is_not_sent_later() {
    let mut world = World::in_session();
    world.lose_link();
    for (call, data) in [(5, "aborted"), (6, "late"), (7, "wanted")] {
        world.command(Command::Message {
            call: CallId(call),
            to: Receiver::Peer(id("ada")),
            data: data.into(),
            receipt: false,
        });
    }
    world.command(Command::Cancel { call: CallId(5) });
    world.command(Command::Limit { call: CallId(6), timeout_ms: 10 });
    world.advance(10);
    assert_eq!(world.outcome(6), Some(Err("timeout")));
    world.take_sent();
    world.advance(500);
    world.accept_link();
    world.welcome(true, 0);
    assert_eq!(texts(&mut world), ["wanted"]);
    assert!(waits(&world, 5));
}

#[test]
fn the_answer_to_a_message_that_nobody_waits_for_is_no_event() {
    for code in [None, Some("peer-not-found")] {
        let mut world = World::registered();
        world.command(Command::Message {
            call: CallId(5),
            to: Receiver::Peer(id("ada")),
            data: "1".into(),
            receipt: false,
        });
        let frame = world.last_frame();
        world.command(Command::Cancel { call: CallId(5) });
        assert_eq!(texts(&mut world), ["1"], "it is on its way");
        match code {
            None => world.receive(ServerMessage::Sent { reference: Some(frame) }),
            Some(code) => world.receive_error(code, Some(frame), Some("ada")),
        }
        assert!(waits(&world, 5));
        assert!(world.errors().is_empty());
        assert_ne!(world.client.poll_timeout().map(|(_, name)| name), Some(TimerName::Message));
    }
}

#[test]
fn one_of_two_calls_for_a_batch_may_be_cancelled() {
    let mut world = World::registered();
    for (call, port) in [(5, 1), (6, 2)] {
        let signal = OwnSignal::Candidates { candidates: vec![candidate("f", port, "host")], end: false };
        world.command(Command::OwnSignal { call: CallId(call), to: id("ada"), signal });
    }
    world.command(Command::Cancel { call: CallId(5) });
    world.advance(200);
    let frame = world.last_frame();
    world.receive(ServerMessage::Sent { reference: Some(frame) });
    assert!(waits(&world, 5));
    assert_eq!(world.outcome(6), Some(Ok(Reply::Done)));
}

#[test]
fn candidates_whose_call_was_cancelled_in_their_batch_do_not_wait_for_a_link_for_ever() {
    let mut world = World::in_session();
    world.lose_link();
    let signal = OwnSignal::Candidates { candidates: vec![candidate("f", 1, "host")], end: false };
    world.command(Command::OwnSignal { call: CallId(5), to: id("ada"), signal });
    world.command(Command::Cancel { call: CallId(5) });
    world.advance(200);
    assert_eq!(world.client.outbox().1, 1, "the batch is closed");
    world.advance(150_000);
    assert_eq!(world.client.outbox().1, 0);
}

#[test]
fn a_message_beyond_the_allowance_says_when_there_is_room() {
    let mut world = World::registered();
    let to = Receiver::Peer(id("ada"));
    for call in 100..141 {
        let data = "1".into();
        world.command(Command::Message { call: CallId(call), to: to.clone(), data, receipt: false });
    }
    let wait_ms = |world: &World, wanted: u32| {
        let settled = world.settled.iter().find(|(call, _)| *call == wanted);
        settled.and_then(|(_, result)| result.as_ref().err()).and_then(|failure| failure.retry_after_ms)
    };
    assert_eq!((world.outcome(140), wait_ms(&world, 140)), (Some(Err("rate-limited")), Some(50)));
    world.advance(50);
    world.command(Command::Message { call: CallId(141), to, data: "1".into(), receipt: false });
    assert!(waits(&world, 141));
}

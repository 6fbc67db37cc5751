//! Sessions: numbers, acknowledgements, what a lost socket takes along (nothing) and what the end of a session does.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

mod support;

use signalpost_core::protocol::message::Welcome;
use signalpost_core::protocol::{
    ClientMessage, Envelope, Open, Position, SequenceNumber, ServerMessage, Signal,
};
use signalpost_core::{
    CallId, ClientState, Command, Event, PageEvent, Receiver, Reply, SocketEvent, TimerName,
};
use support::{World, id, info, room};

fn write(world: &mut World, call: u32, data: &str, receipt: bool) {
    world.command(Command::Message {
        call: CallId(call),
        to: Receiver::Peer(id("ada")),
        data: data.into(),
        receipt,
    });
}

/// What was sent since this was last asked: a word, `seq` and `ack` each.
fn sent(world: &mut World) -> Vec<(String, Option<u32>, Option<u32>)> {
    let word = |message| match message {
        ClientMessage::Hello(hello) => format!("hello {:?}", hello.received.map(|received| received.0)),
        ClientMessage::Ack => "ack".into(),
        ClientMessage::Join(room) => format!("join {}", room.as_str()),
        ClientMessage::Leave(room) => format!("leave {}", room.as_str()),
        ClientMessage::HeartbeatAck => "alive".into(),
        ClientMessage::Heartbeat => "asks".into(),
        ClientMessage::Relay { signal: Signal::Message { data, .. }, .. } => data,
        ClientMessage::Relay { signal: Signal::Offer(offer), .. } => format!("offer {}", offer.number),
        ClientMessage::Relay { signal: Signal::Candidates(_), .. } => "candidates".into(),
        other => format!("{other:?}"),
    };
    let words: Vec<String> = world.take_sent().into_iter().map(word).collect();
    let numbers: Vec<_> = std::mem::take(&mut world.numbers);
    assert_eq!(words.len(), numbers.len());
    words.into_iter().zip(numbers).map(|(word, (seq, ack))| (word, seq, ack)).collect()
}

fn line(word: &str, seq: u32, ack: u32) -> (String, Option<u32>, Option<u32>) {
    (word.into(), (seq > 0).then_some(seq), (ack > 0 || seq > 0).then_some(ack))
}

/// Before the welcome nothing is acknowledged.
fn early(word: &str, seq: u32) -> (String, Option<u32>, Option<u32>) {
    (word.into(), (seq > 0).then_some(seq), None)
}

fn joined(world: &mut World, seq: u32, name: &str) {
    let message = ServerMessage::PeerJoined { room: room("r"), peer: info(name, 1) };
    world.receive_numbered(Some(seq), None, message);
}

fn resumptions(world: &World) -> Vec<(bool, &str)> {
    let told = |event| match event {
        &Event::Resumed { resumed, ref reason } => Some((resumed, reason.as_ref().map_or("", Open::as_str))),
        _ => None,
    };
    world.events.iter().filter_map(told).collect()
}

#[test]
fn what_is_sent_is_numbered_and_what_is_not_acknowledged_goes_again_on_the_next_socket() {
    let mut world = World::in_session();
    write(&mut world, 1, "1", false);
    write(&mut world, 2, "2", false);
    write(&mut world, 3, "3", false);
    assert_eq!(sent(&mut world), [line("1", 1, 0), line("2", 2, 0), line("3", 3, 0)]);
    world.receive_numbered(None, Some(1), ServerMessage::Ack);
    world.lose_link();
    write(&mut world, 4, "4", false);
    world.advance(500);
    assert_eq!(sent(&mut world), []);
    world.socket_event(SocketEvent::Opened);
    let again = [early("hello Some(0)", 0), early("2", 2), early("3", 3)];
    assert_eq!(sent(&mut world), again, "behind hello at once; what has no number waits for the welcome");
    world.welcome(true, 2);
    assert_eq!(sent(&mut world), [line("4", 4, 0)]);
    assert_eq!(resumptions(&world), [(true, "")]);
    assert_eq!(world.settled, [], "nothing is lost, so nothing failed");
    // Once more: the welcome acknowledged one.
    world.lose_link();
    world.advance(1_000);
    world.socket_event(SocketEvent::Opened);
    assert_eq!(sent(&mut world), [early("hello Some(0)", 0), early("3", 3), early("4", 4)]);
}

#[test]
fn a_first_hello_that_was_answered_into_a_dead_socket_does_not_begin_another_session() {
    let mut world = World::new();
    world.command(Command::Connect { call: CallId(support::CONNECT), timeout_ms: 60_000 });
    world.command(Command::Join { call: CallId(2), room: room("r") });
    world.socket_event(SocketEvent::Opened);
    assert_eq!(
        sent(&mut world),
        [early("hello None", 0), early("join r", 1)],
        "nothing waits for the welcome"
    );
    world.lose_link();
    world.advance(500);
    world.socket_event(SocketEvent::Opened);
    let again = [early("hello Some(0)", 0), early("join r", 1)];
    assert_eq!(
        sent(&mut world),
        again,
        "it may have been executed: a server that has forgotten must not do it once more"
    );
    world.welcome(true, 1);
    assert_eq!(resumptions(&world), [], "the application has not seen one before");
    world.lose_link();
    world.advance(1_000);
    world.socket_event(SocketEvent::Opened);
    assert_eq!(sent(&mut world), [early("hello Some(0)", 0)], "the server has it");
}

#[test]
fn each_frame_is_taken_once_and_a_gap_ends_the_socket() {
    let mut world = World::in_session();
    world.command(Command::Join { call: CallId(2), room: room("r") });
    let reference = Some(world.last_frame());
    let list = ServerMessage::Joined { room: room("r"), peers: Vec::new(), cursor: None, reference };
    world.receive_numbered(Some(1), Some(1), list.clone());
    joined(&mut world, 2, "ada");
    joined(&mut world, 2, "ada");
    world.receive_numbered(Some(1), None, list);
    let is_join = |event: &&Event| matches!(event, Event::PeerJoined { .. });
    assert_eq!(world.events.iter().filter(is_join).count(), 1);
    joined(&mut world, 4, "bea");
    assert_eq!(world.events.iter().filter(is_join).count(), 1);
    assert_eq!(world.closed_sockets, [(1, 4005)]);
    assert_eq!(world.client.state(), ClientState::Reconnecting);
    world.advance(500);
    world.forget();
    world.numbers.clear();
    world.socket_event(SocketEvent::Opened);
    assert_eq!(sent(&mut world), [early("hello Some(2)", 0)]);
    // A frame before the welcome is of nobody.
    joined(&mut world, 3, "cleo");
    world.welcome(true, 1);
    joined(&mut world, 3, "bea");
    joined(&mut world, 4, "cleo");
    assert_eq!(world.events.iter().filter(is_join).count(), 2);
}

#[test]
fn what_arrives_is_acknowledged_with_what_goes_or_soon_or_after_sixteen() {
    let mut world = World::in_session();
    joined(&mut world, 1, "a");
    assert_eq!(world.client.poll_timeout(), Some((world.now + 100, TimerName::Ack)));
    write(&mut world, 1, "1", false);
    assert_eq!(sent(&mut world), [line("1", 1, 1)]);
    world.advance(100);
    assert_eq!(sent(&mut world), []);
    joined(&mut world, 2, "b");
    world.advance(60);
    joined(&mut world, 3, "c");
    world.advance(39);
    assert_eq!(sent(&mut world), []);
    world.advance(1);
    assert_eq!(sent(&mut world), [line("ack", 0, 3)]);
    for seq in 4..20 {
        joined(&mut world, seq, "d");
    }
    world.advance(0);
    assert_eq!(sent(&mut world), [line("ack", 0, 19)]);
    joined(&mut world, 20, "e");
    world.receive(ServerMessage::Heartbeat);
    assert_eq!(sent(&mut world), [line("alive", 0, 20)], "a sign of life carries it too");
    // Known ones are acknowledged again: the acknowledgement may be what was lost.
    joined(&mut world, 20, "e");
    world.advance(100);
    assert_eq!(sent(&mut world), [line("ack", 0, 20)]);
}

#[test]
fn a_welcome_is_acknowledged_so_that_the_key_before_is_worth_nothing() {
    let mut world = World::new();
    world.command(Command::Connect { call: CallId(support::CONNECT), timeout_ms: 60_000 });
    world.welcome(false, 0);
    let is_key = |event: &Event| *event == Event::Key { key: "k".repeat(64) };
    assert!(world.events.iter().any(is_key));
    sent(&mut world);
    world.advance(100);
    assert_eq!(sent(&mut world), [("ack".into(), None, Some(0))]);
    world.lose_link();
    world.advance(500);
    world.sent.clear();
    world.socket_event(SocketEvent::Opened);
    let (_, hello) = &world.sent[0];
    assert!(matches!(hello, ClientMessage::Hello(hello) if hello.key == "k".repeat(64)));
}

#[test]
fn the_end_of_a_session_is_told_once_and_everything_is_said_anew() {
    let mut world = World::in_session();
    world.command(Command::Join { call: CallId(1), room: room("r") });
    let reference = Some(world.last_frame());
    let list = |names: &[&str], reference| ServerMessage::Joined {
        room: room("r"),
        peers: names.iter().map(|name| info(name, 1)).collect(),
        cursor: None,
        reference,
    };
    world.receive_numbered(Some(1), Some(1), list(&["ada", "bea"], reference));
    write(&mut world, 2, "sent", false);
    world.lose_link();
    write(&mut world, 3, "waits", false);
    world.command(Command::ConnectPeer { call: CallId(4), peer: id("zoe"), timeout_ms: 60_000 });
    world.offer_made("mine");
    world.command(Command::FindPeers { call: CallId(5), query: Default::default() });
    world.advance(500);
    world.forget();
    world.numbers.clear();
    world.socket_event(SocketEvent::Opened);
    assert_eq!(sent(&mut world), [early("hello Some(1)", 0), early("sent", 2)]);
    world.welcome(false, 0);
    assert_eq!(resumptions(&world), [(false, "session-expired")]);
    assert_eq!(world.settled.len(), 1, "{:?}", world.settled);
    assert_eq!(world.outcome(2), Some(Err("link-lost")), "nobody knows whether it arrived");
    let join =
        |sent: &(Option<u32>, ClientMessage)| matches!(sent.1, ClientMessage::Join(_)).then_some(sent.0);
    let reference = world.sent.iter().find_map(join).unwrap();
    let said = sent(&mut world);
    let numbers: Vec<_> = said.iter().map(|(_, seq, ack)| (*seq, *ack)).collect();
    let words: Vec<_> = said.iter().map(|(word, ..)| word.split(' ').next().unwrap()).collect();
    assert_eq!(words, ["waits", "Discover(Query", "join", "offer"]);
    assert_eq!(numbers, (1..5).map(|seq| (Some(seq), Some(0))).collect::<Vec<_>>());
    world.receive_numbered(Some(1), None, list(&["bea"], reference));
    let left: Vec<_> = world.events.iter().filter(|event| matches!(event, Event::PeerLeft { .. })).collect();
    assert_eq!(left.len(), 1, "ada went meanwhile");
}

#[test]
fn a_receipt_settles_a_message_and_the_end_of_the_receiver_rejects_it() {
    let mut world = World::in_session();
    write(&mut world, 1, "1", true);
    let first = Some(world.last_frame());
    write(&mut world, 2, "2", true);
    let second = Some(world.last_frame());
    world.receive_numbered(Some(1), Some(2), ServerMessage::Sent { reference: first });
    world.receive_numbered(Some(2), None, ServerMessage::Sent { reference: second });
    assert_eq!(world.settled, []);
    world.receive_numbered(Some(3), None, ServerMessage::Received { reference: first });
    assert_eq!(world.outcome(1), Some(Ok(Reply::Done)));
    let error = ServerMessage::Error {
        code: "peer-not-found".into(),
        message: String::new(),
        reference: second,
        about: Some(id("ada")),
        after: None,
    };
    world.receive_numbered(Some(4), None, error);
    assert_eq!(world.outcome(2), Some(Err("peer-not-found")));
    world.receive_numbered(Some(5), None, ServerMessage::Received { reference: second });
    assert_eq!(world.settled.len(), 2);
}

#[test]
fn what_cannot_be_kept_is_refused_and_what_is_kept_stays() {
    let mut world = World::in_session();
    world.lose_link();
    let mut refused = 0;
    for call in 0..300 {
        world.now += 50;
        write(&mut world, 1_000 + call, &call.to_string(), false);
        refused += usize::from(world.outcome(1_000 + call) == Some(Err("outbox-full")));
    }
    assert_eq!(refused, 44);
    assert!(world.settled.iter().all(|(call, _)| *call >= 1_256), "those that came last");
    world.forget();
    world.numbers.clear();
    world.advance(0);
    world.welcome(true, 0);
    let first = world.sent[1].0;
    let words: Vec<_> = sent(&mut world).into_iter().map(|(word, ..)| word).collect();
    let expected: Vec<_> = (0..256).map(|call: u32| call.to_string()).collect();
    assert_eq!(words[1..], expected);
    write(&mut world, 1, "x", false);
    assert_eq!(world.outcome(1), Some(Err("outbox-full")), "the server has none of them yet");
    world.receive_numbered(Some(1), Some(1), ServerMessage::Sent { reference: first });
    write(&mut world, 2, "y", false);
    assert_eq!(world.outcome(2), None);
}

#[test]
fn an_acknowledgement_of_what_was_never_sent_is_refused() {
    let mut world = World::in_session();
    write(&mut world, 1, "1", false);
    world.receive_numbered(None, Some(2), ServerMessage::Ack);
    assert_eq!(world.errors(), ["invalid-message"]);
    world.lose_link();
    world.advance(500);
    world.welcome(true, 7);
    assert_eq!(world.closed_sockets, [(2, 4005)], "such a welcome is none");
    assert_eq!(world.client.state(), ClientState::Reconnecting);
}

#[test]
fn a_time_that_the_server_names_is_kept_and_an_absurd_one_is_not() {
    for (after, wait) in [(3_000, 3_000), (u32::MAX, 60_000)] {
        let mut world = World::in_session();
        world.receive_numbered(None, None, ServerMessage::Reconnect { after });
        world.socket_event(SocketEvent::Closed { code: 4000 });
        assert_eq!(world.client.poll_timeout(), Some((world.now + wait, TimerName::Reconnect)));
    }
}

#[test]
fn what_was_to_be_acknowledged_on_one_socket_is_not_on_the_next() {
    // Superseded, and connected again to a server that has no sessions.
    let mut world = World::in_session();
    joined(&mut world, 1, "ada");
    world.socket_event(SocketEvent::Closed { code: 4500 });
    world.command(Command::Connect { call: CallId(9), timeout_ms: 60_000 });
    world.socket_event(SocketEvent::Opened);
    world.advance(200);
    assert_eq!(sent(&mut world), [early("hello Some(1)", 0)]);
    world.receive(ServerMessage::Welcome { version: 1, region: None, session: None });
    world.advance(1_000);
    assert!(sent(&mut world).iter().all(|(_, seq, ack)| seq.is_none() && ack.is_none()));
    assert_eq!(resumptions(&world), [(false, "")]);
}

#[test]
fn a_socket_that_takes_over_goes_on_where_the_other_was() {
    let mut world = World::in_session();
    write(&mut world, 1, "one", false);
    joined(&mut world, 1, "zoe");
    assert_eq!(sent(&mut world), [line("one", 1, 0)]);
    world.page(PageEvent::Visible);
    assert_eq!(sent(&mut world), [line("asks", 0, 1)]);
    joined(&mut world, 2, "bob");
    world.page(PageEvent::Visible);
    assert_eq!(sent(&mut world), [line("asks", 0, 2)]);
    // Before the second socket is there, something is to be acknowledged again; it is, by `hello`.
    world.advance(500);
    let first = world.sockets[world.sockets.len() - 2].0;
    let zoe = ServerMessage::PeerJoined { room: room("r"), peer: info("eve", 1) };
    let late = Envelope { seq: Some(SequenceNumber(3)), ..zoe.into_envelope(world.now) };
    world.socket_event(SocketEvent::Opened);
    world.socket_event_on(first, SocketEvent::Frame(Box::new(late)));
    assert_eq!(
        sent(&mut world),
        [early("hello Some(2)", 0), early("one", 1)],
        "what the first says now comes again"
    );
    world.advance(400);
    assert_eq!(sent(&mut world), [], "nothing is acknowledged before the welcome");
    let session = Some(Welcome { key: "k".repeat(64), resumed: true, reason: None, received: Position(1) });
    world.receive_numbered(None, None, ServerMessage::Welcome { version: 2, region: None, session });
    write(&mut world, 2, "two", false);
    assert_eq!(sent(&mut world), [line("two", 2, 2)]);
    assert_eq!(resumptions(&world), [(true, "")]);
}

#[test]
fn a_client_that_gives_up_before_the_welcome_says_bye_to_a_server_that_may_have_registered_it() {
    for aborted in [true, false] {
        let mut world = World::new();
        world.command(Command::Connect { call: CallId(support::CONNECT), timeout_ms: 1_000 });
        world.socket_event(SocketEvent::Opened);
        if aborted {
            world.command(Command::Cancel { call: CallId(support::CONNECT) });
        } else {
            world.advance(1_000);
        }
        let words: Vec<_> = sent(&mut world).into_iter().map(|(word, ..)| word).collect();
        assert_eq!(words, ["hello None", "Bye"]);
        assert_eq!(world.closed_sockets, [(1, 1000)]);
    }
}

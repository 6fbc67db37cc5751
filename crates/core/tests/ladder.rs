//! A pair that was connected and lost its path: how that is found, what is tried, and what the application hears.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

mod support;

use signalpost_core::protocol::{ErrorCode, ServerMessage, Signal};
use signalpost_core::{
    CallId, Command, Config, ConnectionEvent, ConnectionState, Event, PageEvent, Reply, SignalingState,
};
use support::{World, answer, config, id, info, offer, room, route};

/// Connected to zoe, whose connection is 77, with pings after a second of silence. The first ping is answered after a round trip of
/// so many milliseconds.
fn connected(round_trip_ms: u64) -> (World, u32) {
    let mut world = World::with(Config { ping_ms: Some(1_000), ..config() }, 7);
    world.register();
    world.advance(5_000);
    world.receive(ServerMessage::PeerJoined { room: room("r"), peer: info("zoe", 9) });
    world.command(Command::ConnectPeer { call: CallId(5), peer: id("zoe"), timeout_ms: 60_000 });
    let mine = world.connections.last().unwrap().0;
    world.offer_made("mine");
    world.hear("zoe", of_zoe(answer(77, mine, 1, "theirs")));
    world.done(Ok(None), SignalingState::Stable);
    world.state(ConnectionState::Connected);
    world.connection_event(ConnectionEvent::Opened);
    world.advance(0);
    world.advance(round_trip_ms);
    pong(&mut world);
    world.forget();
    (world, mine)
}

/// A description or an invite of zoe's only incarnation.
fn of_zoe(mut signal: Signal) -> Signal {
    match &mut signal {
        Signal::Offer(description) | Signal::Answer(description) => description.session = Some(9),
        Signal::Invite { session, .. } => *session = Some(9),
        _ => {}
    }
    signal
}

fn hear(world: &mut World, text: &str) {
    world.connection_event(ConnectionEvent::Heard { text: text.into() });
}

/// Answers the newest ping.
fn pong(world: &mut World) {
    let (_, ping) = world.pings.pop().unwrap();
    world.pings.clear();
    hear(world, &ping.replace('?', "!"));
}

fn probed(world: &mut World, is_live: bool) {
    world.advance(900);
    assert_eq!(world.probes.len(), 1);
    world.probes.clear();
    world.connection_event(ConnectionEvent::Probed { is_live, round_trip_ms: None });
}

/// The server answers what it is asked.
fn server_speaks(world: &mut World) {
    world.receive(ServerMessage::HeartbeatAck);
}

/// Nothing of zoe arrives any more, and that is found.
fn fall_silent(world: &mut World) {
    world.advance(1_700);
    assert_eq!((world.pings.len(), world.probes.len()), (1, 1));
    world.pings.clear();
    server_speaks(world);
    probed(world, false);
}

/// Nothing arrives for this long; the server's link lives.
fn stay_silent(world: &mut World, ms: u64) {
    let end = world.now + ms;
    while world.now < end {
        world.advance(1_000.min(end - world.now));
        server_speaks(world);
        for _ in world.probes.drain(..).collect::<Vec<_>>() {
            world.connection_event(ConnectionEvent::Probed { is_live: false, round_trip_ms: None });
        }
    }
}

fn states(world: &World) -> Vec<(ConnectionState, &str)> {
    fn state(event: &Event) -> Option<(ConnectionState, &str)> {
        match event {
            Event::PeerState { state, reason, .. } => Some((*state, reason.as_str())),
            _ => None,
        }
    }
    world.events.iter().filter_map(state).collect()
}

const LOST: (ConnectionState, &str) = (ConnectionState::Disconnected, "path-lost");
const BACK: (ConnectionState, &str) = (ConnectionState::Connected, "");

#[test]
fn a_quiet_pair_pings_once_a_second_and_probes_nothing() {
    let (mut world, mine) = connected(20);
    for _ in 0..100 {
        world.advance(999);
        assert!(world.pings.is_empty());
        world.advance(1);
        assert_eq!(world.pings.len(), 1);
        assert_eq!(world.pings[0].0, mine);
        world.advance(20);
        pong(&mut world);
    }
    assert_eq!((world.probes.len(), world.restarts, states(&world)), (0, 0, vec![]));
}

#[test]
fn the_other_sides_ping_is_answered_and_is_a_sign_of_life() {
    let (mut world, mine) = connected(20);
    for _ in 0..20 {
        world.advance(900);
        hear(&mut world, "?3");
        assert_eq!(world.pings, [(mine, "!3")]);
        world.pings.clear();
    }
    for text in ["", "?", "?8", "!8", "??", "!0\0", "ping"] {
        hear(&mut world, text);
        assert!(world.pings.is_empty(), "{text}");
    }
}

#[test]
fn without_the_option_there_are_no_pings_and_answers_all_the_same() {
    let mut other = World::with(config(), 7);
    other.register();
    other.hear("ada", offer(9, None, 1, "theirs"));
    other.answer_made("mine");
    other.state(ConnectionState::Connected);
    other.connection_event(ConnectionEvent::Opened);
    other.advance(5_000);
    assert!(other.pings.is_empty());
    hear(&mut other, "?0");
    assert_eq!(other.pings[0].1, "!0");
}

#[test]
fn silence_is_confirmed_by_a_probe_and_ice_restarts_within_three_seconds() {
    let (mut world, _) = connected(20);
    let since = world.now;
    fall_silent(&mut world);
    assert_eq!((world.now - since, world.restarts), (2_600, 1));
    assert_eq!(states(&world), [LOST]);
    world.offer_made("again");
    assert!(matches!(world.take_signals().as_slice(), [Signal::Offer(_)]));
    hear(&mut world, "!0");
    assert_eq!(states(&world), [LOST, BACK], "any sign of life ends it");
    world.advance(60_000);
    assert_eq!(world.restarts, 1);
}

#[test]
fn a_page_that_does_not_answer_is_no_loss_while_its_transport_does() {
    let (mut world, _) = connected(20);
    for _ in 0..50 {
        world.advance(1_700);
        probed(&mut world, true);
    }
    assert_eq!((world.restarts, states(&world)), (0, vec![]));
}

#[test]
fn a_round_trip_of_a_second_and_a_half_is_no_silence() {
    let (mut world, _) = connected(1_500);
    for _ in 0..50 {
        server_speaks(&mut world);
        world.advance(1_000);
        assert_eq!(world.pings.len(), 1);
        world.advance(1_500);
        pong(&mut world);
    }
    assert!(world.probes.is_empty());
    // Where the other page does not answer, one silent probe shows nothing.
    world.advance(4_200);
    for _ in 0..3 {
        server_speaks(&mut world);
        probed(&mut world, false);
        world.advance(100);
    }
    assert_eq!((world.restarts, states(&world)), (0, vec![]));
    server_speaks(&mut world);
    probed(&mut world, false);
    assert_eq!((world.restarts, states(&world)), (1, vec![LOST]));
}

#[test]
fn a_page_that_slept_asks_afresh() {
    let (mut world, _) = connected(20);
    // Asleep between the ping and the time for its answer: the timer is late, and the probe decides.
    world.advance(1_100);
    world.now += 60_000;
    world.page(PageEvent::Woke);
    world.advance(0);
    assert_eq!((world.restarts, states(&world)), (0, vec![]));
    pong(&mut world);
    // Asleep while a probe was out: its end shows nothing.
    world.advance(1_700);
    world.now += 60_000;
    world.probes.clear();
    world.connection_event(ConnectionEvent::Probed { is_live: false, round_trip_ms: None });
    assert_eq!((world.restarts, states(&world)), (0, vec![]));
    world.advance(100);
    probed(&mut world, true);
    assert_eq!((world.restarts, states(&world)), (0, vec![]));
}

#[test]
fn the_first_rung_waits_until_the_link_has_been_heard_since_the_doubt() {
    let (mut world, _) = connected(20);
    world.advance(1_700);
    // The link is asked too, and opens a second socket when it does not answer either.
    let sockets = world.sockets.len();
    probed(&mut world, false);
    assert_eq!((world.restarts, world.sockets.len()), (0, sockets + 1));
    assert_eq!(states(&world), [LOST]);
    world.accept_link();
    assert_eq!(world.restarts, 1);
}

#[test]
fn a_path_that_stays_silent_is_given_up_after_a_minute_and_the_failure_says_what_was_tried() {
    let (mut world, mine) = connected(20);
    fall_silent(&mut world);
    let begin = world.now - 2_600;
    for number in 2..6 {
        assert_eq!(world.restarts, number - 1, "at {}", world.now - begin);
        world.offer_made(&format!("g{number}"));
        world.hear("zoe", of_zoe(answer(77, mine, u32::try_from(number).unwrap(), "theirs")));
        world.done(Ok(None), SignalingState::Stable);
        while world.restarts == number - 1 && world.replaced.is_empty() {
            stay_silent(&mut world, 100);
        }
    }
    assert_eq!(world.replaced, [mine]);
    assert!((25_000..28_000).contains(&(world.now - begin)), "{}", world.now - begin);
    assert!(world.events.contains(&Event::PeerReplaced { peer: id("zoe") }));
    world.take_signals();
    world.offer_made("new");
    let new = world.connections.last().unwrap().0;
    assert_eq!(world.take_signals(), [offer(new, None, 1, "new")], "it is of a new connection");
    let left = 60_000 - (world.now - begin) - 100;
    stay_silent(&mut world, left);
    assert!(world.closed_connections.is_empty());
    assert_eq!((states(&world), world.errors().len()), (vec![LOST], 0));
    stay_silent(&mut world, 100);
    assert_eq!(states(&world), [LOST, (ConnectionState::Closed, "connection-failed")]);
    let said = |event: &Event| match event {
        Event::Error { failure, .. } => Some(failure.message.clone()),
        _ => None,
    };
    let said = world.events.iter().find_map(said).unwrap();
    assert!(said.contains("4 ICE restarts, 3 new connections"), "{said}");
    assert!(matches!(world.take_signals().last(), Some(Signal::Close { .. })));
}

#[test]
fn a_failed_connection_restarts_at_once_and_a_closed_channel_is_replaced_at_once() {
    let (mut world, mine) = connected(20);
    world.state(ConnectionState::Failed);
    server_speaks(&mut world);
    assert_eq!((world.restarts, states(&world)), (1, vec![LOST]));
    world.connection_event(ConnectionEvent::ChannelClosed);
    assert_eq!(world.replaced, [mine]);
    assert_eq!(states(&world), [LOST]);
    world.offer_made("new");
    world.state(ConnectionState::Connecting);
    world.state(ConnectionState::Connected);
    assert_eq!(states(&world), [LOST]);
    world.connection_event(ConnectionEvent::Opened);
    assert_eq!(states(&world), [LOST, BACK]);
    assert!(!world.events.contains(&Event::PeerOpen { peer: id("zoe") }), "it was open already");
}

#[test]
fn a_channel_that_closes_on_a_live_path_may_have_been_closed_by_the_other_side() {
    for is_closed in [true, false] {
        let (mut world, mine) = connected(20);
        world.connection_event(ConnectionEvent::ChannelClosed);
        server_speaks(&mut world);
        world.advance(499);
        assert_eq!((states(&world), world.replaced.len()), (vec![], 0));
        if is_closed {
            world.hear("zoe", Signal::Close { route: route(77, Some(mine)) });
            assert_eq!(states(&world), [(ConnectionState::Closed, "connection-gone")]);
        }
        world.advance(1);
        assert_eq!(world.replaced.len(), usize::from(!is_closed));
        if !is_closed {
            // The server knows nobody of that name: the other side is gone.
            world.offer_made("new");
            world.receive_error("peer-not-found", None, Some("zoe"));
            assert_eq!(states(&world), [LOST, (ConnectionState::Closed, "connection-gone")]);
        }
    }
}

#[test]
fn an_offer_of_another_connection_of_the_same_incarnation_replaces_both_and_is_answered() {
    let (mut world, mine) = connected(20);
    world.hear("zoe", of_zoe(offer(78, None, 1, "new")));
    let new = world.connections.last().unwrap().0;
    assert_eq!((world.replaced.as_slice(), world.closed_connections.len()), ([mine].as_slice(), 0));
    world.answer_made("mine");
    assert_eq!(world.take_signals(), [answer(new, 78, 1, "mine")]);
    world.connection_event(ConnectionEvent::Opened);
    assert_eq!(states(&world), [LOST, BACK]);
}

#[test]
fn an_offer_of_another_incarnation_is_of_a_peer_that_started_anew() {
    let (mut world, mine) = connected(20);
    world.hear("zoe", offer(78, None, 1, "new"));
    assert_eq!((world.replaced.len(), world.closed_connections.as_slice()), (0, [mine].as_slice()));
    assert_eq!(states(&world), [(ConnectionState::Closed, "connection-gone")]);
}

#[test]
fn both_sides_may_replace_at_once() {
    let (mut world, mine) = connected(20);
    fall_silent(&mut world);
    world.connection_event(ConnectionEvent::ChannelClosed);
    world.offer_made("new");
    let new = world.connections.last().unwrap().0;
    world.take_signals();
    // Zoe is polite: her offer is ignored, and ours is answered.
    world.hear("zoe", of_zoe(offer(78, None, 1, "hers")));
    world.hear("zoe", of_zoe(answer(78, new, 1, "hers")));
    assert_eq!(world.replaced, [mine]);
    world.done(Ok(None), SignalingState::Stable);
    world.connection_event(ConnectionEvent::Opened);
    assert_eq!(states(&world), [LOST, BACK]);
}

#[test]
fn a_replacement_that_reaches_another_page_of_the_same_id_ends() {
    let (mut world, _) = connected(20);
    fall_silent(&mut world);
    world.connection_event(ConnectionEvent::ChannelClosed);
    world.offer_made("new");
    let new = world.connections.last().unwrap().0;
    let mut other = answer(78, new, 1, "hers");
    if let Signal::Answer(description) = &mut other {
        description.session = Some(10);
    }
    world.take_signals();
    world.hear("zoe", other);
    assert_eq!(states(&world), [LOST, (ConnectionState::Closed, "connection-gone")]);
    assert!(matches!(world.take_signals().as_slice(), [Signal::Close { .. }]), "it accepted, and hears");
}

#[test]
fn a_connection_that_is_gone_at_the_other_side_is_replaced() {
    let (mut world, mine) = connected(20);
    let code = ErrorCode::ConnectionGone;
    world.hear("zoe", Signal::Reject { route: route(0, Some(mine)), number: 2, code });
    assert_eq!(world.replaced, [mine]);
    assert_eq!(states(&world), [LOST]);
}

#[test]
fn the_network_that_is_back_restarts_a_path_that_does_not_answer_first() {
    let (mut world, _) = connected(20);
    world.page(PageEvent::Offline);
    world.page(PageEvent::Online);
    world.advance(0);
    assert_eq!(world.restarts, 0, "there is no link");
    world.accept_link();
    assert_eq!(world.restarts, 1);
    assert_eq!(states(&world), [], "nobody knows yet whether the path is lost");
    world.offer_made("again");
    hear(&mut world, "?1");
    world.advance(60_000);
    assert_eq!(world.restarts, 1);

    let (mut world, _) = connected(20);
    world.page(PageEvent::Offline);
    world.page(PageEvent::Online);
    hear(&mut world, "?1");
    world.accept_link();
    assert_eq!(world.restarts, 0, "the path lives");
}

#[test]
fn a_page_that_is_shown_and_a_link_that_is_back_ping_at_once() {
    let (mut world, _) = connected(20);
    world.page(PageEvent::Visible);
    world.advance(0);
    assert_eq!(world.pings.len(), 1);
    pong(&mut world);
    world.lose_link();
    world.advance(600);
    world.accept_link();
    world.advance(0);
    assert_eq!((world.pings.len(), world.restarts), (1, 0));
}

#[test]
fn a_loss_waits_for_a_link_without_end_and_is_repaired_when_it_is_back() {
    let (mut world, _) = connected(20);
    fall_silent(&mut world);
    world.lose_link();
    world.advance(300_000);
    assert_eq!(states(&world), [LOST]);
    world.accept_link();
    let before = world.restarts;
    world.offer_made("again");
    hear(&mut world, "?1");
    assert_eq!(states(&world), [LOST, BACK]);
    assert!(before >= 1);
}

#[test]
fn a_call_during_a_loss_waits_for_its_repair() {
    let (mut world, _) = connected(20);
    fall_silent(&mut world);
    world.command(Command::ConnectPeer { call: CallId(6), peer: id("zoe"), timeout_ms: 60_000 });
    assert_eq!((world.outcome(6), world.restarts), (None, 1));
    hear(&mut world, "?1");
    assert_eq!(world.outcome(6), Some(Ok(Reply::Done)));
}

#[test]
fn a_browser_that_cannot_make_another_connection_is_asked_again() {
    let (mut world, _) = connected(20);
    fall_silent(&mut world);
    world.connection_event(ConnectionEvent::ChannelClosed);
    world.connection_event(ConnectionEvent::Unavailable { message: "too many".into() });
    assert_eq!((world.errors(), world.replaced.len()), (vec!["connection-unavailable".into()], 1));
    stay_silent(&mut world, 5_000);
    assert_eq!(world.replaced.len(), 2);
    assert_eq!(states(&world), [LOST]);
}

#[test]
fn the_word_of_the_browser_is_confirmed_first() {
    let (mut world, _) = connected(20);
    world.state(ConnectionState::Disconnected);
    assert_eq!((states(&world), world.probes.len()), (vec![], 1));
    probed(&mut world, true);
    assert_eq!((states(&world), world.restarts), (vec![], 0));
}

//! How a connected pair watches its path, and when it finds that lost.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

mod support;

use signalpost_core::protocol::Signal;
use signalpost_core::{ConnectionEvent, ConnectionState, PageEvent};
use support::pair::{BACK, LOST, connected, fall_silent, hear, pong, probed, server_speaks, states};
use support::{World, config, offer};

#[test]
fn a_quiet_pair_pings_once_a_second_and_probes_nothing() {
    let (mut world, mine) = connected(20);
    for _ in 0..100 {
        world.advance(999);
        assert!(world.paths.pings.is_empty());
        world.advance(1);
        assert_eq!(world.paths.pings.len(), 1);
        assert_eq!(world.paths.pings[0].0, mine);
        world.advance(20);
        pong(&mut world);
    }
    assert_eq!((world.paths.probes.len(), world.restarts, states(&world)), (0, 0, vec![]));
}

#[test]
fn the_other_sides_ping_is_answered_and_is_a_sign_of_life() {
    let (mut world, mine) = connected(20);
    for _ in 0..20 {
        world.advance(900);
        hear(&mut world, "?3");
        assert_eq!(world.paths.pings, [(mine, "!3")]);
        world.paths.pings.clear();
    }
    for text in ["", "?", "?8", "!8", "??", "!0\0", "ping"] {
        hear(&mut world, text);
        assert!(world.paths.pings.is_empty(), "{text}");
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
    assert!(other.paths.pings.is_empty());
    hear(&mut other, "?0");
    assert_eq!(other.paths.pings[0].1, "!0");
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
        assert_eq!(world.paths.pings.len(), 1);
        world.advance(1_500);
        pong(&mut world);
    }
    assert!(world.paths.probes.is_empty());
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
    world.paths.probes.clear();
    world.connection_event(ConnectionEvent::Probed { is_live: false, round_trip_ms: None });
    assert_eq!((world.restarts, states(&world)), (0, vec![]));
    world.advance(100);
    probed(&mut world, true);
    assert_eq!((world.restarts, states(&world)), (0, vec![]));
}

#[test]
fn a_page_that_is_shown_and_a_link_that_is_back_ping_at_once() {
    let (mut world, _) = connected(20);
    world.page(PageEvent::Visible);
    world.advance(0);
    assert_eq!(world.paths.pings.len(), 1);
    pong(&mut world);
    world.lose_link();
    world.advance(600);
    world.accept_link();
    world.advance(0);
    assert_eq!((world.paths.pings.len(), world.restarts), (1, 0));
}

#[test]
fn the_word_of_the_browser_is_confirmed_first() {
    let (mut world, _) = connected(20);
    world.state(ConnectionState::Disconnected);
    assert_eq!((states(&world), world.paths.probes.len()), (vec![], 1));
    probed(&mut world, true);
    assert_eq!((states(&world), world.restarts), (vec![], 0));
}

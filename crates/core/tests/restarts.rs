//! ICE restarts one after the other. Firefox needs each generation to carry data before the next one begins.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

mod support;

use signalpost_core::protocol::message::Description as WireDescription;
use signalpost_core::protocol::{IceCandidateInit, Signal};
use signalpost_core::{ConnectionEvent, ConnectionState, Description, Operation, SdpType, SignalingState};
use support::{World, answer, candidates, offer, sdp};

/// How long Firefox waits at most.
const WAIT_MS: u64 = 3_000;

/// Takes the offer up that the other side has sent, and answers it in a generation of this name.
fn answered(world: &mut World, sdp: String) {
    world.done(Ok(None), SignalingState::HaveRemoteOffer);
    world.done(Ok(Some(Description { kind: SdpType::Answer, sdp })), SignalingState::Stable);
}

fn firefox(fragment: &str) -> String {
    sdp(fragment).replace("v=0\r\n", "v=0\r\no=mozilla...THIS_IS_SDPARTA-99.0 1 0 IN IP4 0.0.0.0\r\n")
}

/// Connected to ada, who has just restarted ICE; the own descriptions are of `browser`, hers of Chromium.
fn restarted(browser: fn(&str) -> String) -> World {
    let mut world = World::registered();
    world.hear("ada", offer(9, None, 1, "theirs"));
    answered(&mut world, browser("mine"));
    world.state(ConnectionState::Connected);
    world.connection_event(ConnectionEvent::Opened);
    assert_eq!(world.paths.awaited, 0, "the first generation");
    world.hear("ada", offer(9, Some(world.connections[0].0), 2, "theirs2"));
    answered(&mut world, browser("mine2"));
    world.take_signals();
    world
}

fn again(world: &mut World, number: u32, fragment: &str) {
    world.hear("ada", offer(9, Some(world.connections[0].0), number, fragment));
}

fn is_applied(world: &World, fragment: &str) -> bool {
    let applies =
        |what: &Operation| matches!(what, Operation::SetRemoteDescription(it) if it.sdp == sdp(fragment));
    world.operations.iter().any(|(_, _, what)| applies(what))
}

/// The candidates that were given to the browser.
fn given(world: &World) -> Vec<&IceCandidateInit> {
    fn init(what: &Operation) -> Option<&IceCandidateInit> {
        match what {
            Operation::AddIceCandidate(init) => Some(init),
            _ => None,
        }
    }
    world.operations.iter().filter_map(|(_, _, what)| init(what)).collect()
}

#[test]
fn firefox_takes_up_a_restart_once_the_one_before_carries_data() {
    let mut world = restarted(firefox);
    assert_eq!(world.paths.awaited, 1);
    again(&mut world, 3, "theirs3");
    world.hear("ada", candidates(9, Some(world.connections[0].0), "theirs3"));
    world.advance(WAIT_MS - 1);
    assert!(!is_applied(&world, "theirs3"));
    world.connection_event(ConnectionEvent::PairInUse);
    world.advance(0);
    assert!(is_applied(&world, "theirs3"));
    answered(&mut world, firefox("mine3"));
    assert_eq!(given(&world).len(), 1, "what came meanwhile has kept its order");
    assert_eq!(world.paths.awaited, 2);
}

#[test]
fn firefox_waits_three_seconds_at_most_and_only_for_a_restart() {
    let mut world = restarted(firefox);
    again(&mut world, 3, "theirs2");
    assert!(is_applied(&world, "theirs2"), "no restart");
    answered(&mut world, firefox("mine2"));
    again(&mut world, 4, "theirs3");
    world.advance(WAIT_MS - 1);
    assert!(!is_applied(&world, "theirs3"));
    world.advance(1);
    assert!(is_applied(&world, "theirs3"));
}

#[test]
fn firefox_offers_nothing_meanwhile() {
    let mut world = restarted(firefox);
    world.connection_event(ConnectionEvent::NegotiationNeeded);
    world.advance(500);
    assert_eq!(world.operations.len(), 0);
    world.connection_event(ConnectionEvent::PairInUse);
    world.advance(0);
    assert!(matches!(world.operations[0].2, Operation::SetLocalDescription | Operation::CreateOffer));
    // A late word of a generation that is over changes nothing.
    world.connection_event(ConnectionEvent::PairInUse);
    assert_eq!(world.operations.len(), 1);
}

#[test]
fn another_browser_waits_for_nothing_and_offers_after_400_ms() {
    let mut world = restarted(sdp);
    assert_eq!(world.paths.awaited, 0);
    world.connection_event(ConnectionEvent::NegotiationNeeded);
    world.advance(399);
    assert_eq!(world.operations.len(), 0);
    world.advance(1);
    assert_eq!(world.operations.len(), 1);
    let mut world = restarted(sdp);
    again(&mut world, 3, "theirs3");
    assert!(is_applied(&world, "theirs3"));
}

#[test]
fn another_browser_beside_firefox_offers_once_the_generation_carries_data() {
    let mut world = World::registered();
    let theirs = |number, fragment: &str| match offer(9, None, number, fragment) {
        Signal::Offer(wire) => Signal::Offer(WireDescription { sdp: firefox(fragment), ..wire }),
        other => other,
    };
    world.hear("ada", theirs(1, "theirs"));
    answered(&mut world, sdp("mine"));
    world.state(ConnectionState::Connected);
    world.connection_event(ConnectionEvent::Opened);
    world.hear("ada", theirs(2, "theirs2"));
    answered(&mut world, sdp("mine2"));
    assert_eq!(world.paths.awaited, 1);
    world.connection_event(ConnectionEvent::NegotiationNeeded);
    world.advance(WAIT_MS - 1);
    assert_eq!(world.operations.len(), 0);
    world.connection_event(ConnectionEvent::PairInUse);
    world.advance(0);
    assert_eq!(world.operations.len(), 1);
}

#[test]
fn an_own_offer_that_is_set_goes_before_a_restart_that_waits() {
    let mut world = World::registered();
    world.hear("zoe", offer(9, None, 1, "theirs"));
    answered(&mut world, firefox("mine"));
    world.state(ConnectionState::Connected);
    world.connection_event(ConnectionEvent::Opened);
    world.connection_event(ConnectionEvent::NegotiationNeeded);
    let made = Description { kind: SdpType::Offer, sdp: firefox("mine2") };
    world.done(Ok(Some(made)), SignalingState::HaveLocalOffer);
    assert_eq!(world.paths.awaited, 1);
    // Zoe is polite and has offered in the same moment.
    let mine = world.connections[0].0;
    world.hear("zoe", offer(9, Some(mine), 2, "theirs2"));
    world.hear("zoe", answer(9, mine, 1, "theirs3"));
    assert!(is_applied(&world, "theirs3"), "the offer is ignored, and its answer is not held up");
}

#[test]
fn candidates_after_a_restart_are_of_newer_generations_than_chromium_counts() {
    let mut world = restarted(sdp);
    let mine = world.connections[0].0;
    world.hear("ada", candidates(9, Some(mine), "theirs2"));
    let line = given(&world)[0].candidate.clone();
    assert!(line.ends_with(" generation 3"), "{line}");
    assert_eq!(given(&world)[0].username_fragment.as_deref(), Some("theirs2"));
}

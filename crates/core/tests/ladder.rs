//! A pair that was connected and lost its path: what is tried, and what the application hears.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

mod support;

use signalpost_core::protocol::{ErrorCode, Signal};
use signalpost_core::{
    CallId, Command, ConnectionEvent, ConnectionState, Event, PageEvent, Reply, SignalingState,
};
use support::pair::{
    BACK, LOST, connected, fall_silent, hear, of_zoe, probed, server_speaks, states, stay_silent,
};
use support::{answer, id, offer, route};

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
        while world.restarts == number - 1 && world.paths.replaced.is_empty() {
            stay_silent(&mut world, 100);
        }
    }
    assert_eq!(world.paths.replaced, [mine]);
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
    assert_eq!(world.paths.replaced, [mine]);
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
        assert_eq!((states(&world), world.paths.replaced.len()), (vec![], 0));
        if is_closed {
            world.hear("zoe", Signal::Close { route: route(77, Some(mine)) });
            assert_eq!(states(&world), [(ConnectionState::Closed, "connection-gone")]);
        }
        world.advance(1);
        assert_eq!(world.paths.replaced.len(), usize::from(!is_closed));
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
    assert_eq!((world.paths.replaced.as_slice(), world.closed_connections.len()), ([mine].as_slice(), 0));
    world.answer_made("mine");
    assert_eq!(world.take_signals(), [answer(new, 78, 1, "mine")]);
    world.connection_event(ConnectionEvent::Opened);
    assert_eq!(states(&world), [LOST, BACK]);
}

#[test]
fn an_offer_of_another_incarnation_is_of_a_peer_that_started_anew() {
    let (mut world, mine) = connected(20);
    world.hear("zoe", offer(78, None, 1, "new"));
    assert_eq!((world.paths.replaced.len(), world.closed_connections.as_slice()), (0, [mine].as_slice()));
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
    assert_eq!(world.paths.replaced, [mine]);
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
    assert_eq!(world.paths.replaced, [mine]);
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
    assert_eq!((world.errors(), world.paths.replaced.len()), (vec!["connection-unavailable".into()], 1));
    stay_silent(&mut world, 5_000);
    assert_eq!(world.paths.replaced.len(), 2);
    assert_eq!(states(&world), [LOST]);
}

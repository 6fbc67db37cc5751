//! A pair that was connected, and whose path may be lost.

use super::{World, answer, config, id, info, room};
use signalpost_core::protocol::{ServerMessage, Signal};
use signalpost_core::{CallId, Command, Config, ConnectionEvent, ConnectionState, Event, SignalingState};

/// Connected to zoe, whose connection is 77, with pings after a second of silence. The first ping is answered after a round trip of
/// so many milliseconds.
pub fn connected(round_trip_ms: u64) -> (World, u32) {
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
pub fn of_zoe(mut signal: Signal) -> Signal {
    match &mut signal {
        Signal::Offer(description) | Signal::Answer(description) => description.session = Some(9),
        Signal::Invite { session, .. } => *session = Some(9),
        _ => {}
    }
    signal
}

pub fn hear(world: &mut World, text: &str) {
    world.connection_event(ConnectionEvent::Heard { text: text.into() });
}

/// Answers the newest ping.
pub fn pong(world: &mut World) {
    let (_, ping) = world.paths.pings.pop().unwrap();
    world.paths.pings.clear();
    hear(world, &ping.replace('?', "!"));
}

pub fn probed(world: &mut World, is_live: bool) {
    world.advance(900);
    assert_eq!(world.paths.probes.len(), 1);
    world.paths.probes.clear();
    world.connection_event(ConnectionEvent::Probed { is_live, round_trip_ms: None });
}

/// The server answers what it is asked.
pub fn server_speaks(world: &mut World) {
    world.receive(ServerMessage::HeartbeatAck);
}

/// Nothing of zoe arrives any more, and that is found.
pub fn fall_silent(world: &mut World) {
    world.advance(1_700);
    assert_eq!((world.paths.pings.len(), world.paths.probes.len()), (2, 1));
    world.paths.pings.clear();
    server_speaks(world);
    probed(world, false);
}

/// Nothing arrives for this long; the server's link lives.
pub fn stay_silent(world: &mut World, ms: u64) {
    let end = world.now + ms;
    while world.now < end {
        world.advance(1_000.min(end - world.now));
        server_speaks(world);
        for _ in world.paths.probes.drain(..).collect::<Vec<_>>() {
            world.connection_event(ConnectionEvent::Probed { is_live: false, round_trip_ms: None });
        }
    }
}

pub fn states(world: &World) -> Vec<(ConnectionState, &str)> {
    fn state(event: &Event) -> Option<(ConnectionState, &str)> {
        match event {
            Event::PeerState { state, reason, .. } => Some((*state, reason.as_str())),
            _ => None,
        }
    }
    world.events.iter().filter_map(state).collect()
}

pub const LOST: (ConnectionState, &str) = (ConnectionState::Disconnected, "path-lost");
pub const BACK: (ConnectionState, &str) = (ConnectionState::Connected, "");

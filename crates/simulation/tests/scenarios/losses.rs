//! Sockets break and the server forgets everything, in the middle of a negotiation and afterwards.

use crate::support::{connected_pair, gather, kind, settle, two_names};
use signalpost_core::{ConnectionState, Event};
use signalpost_simulation::runner::{Verdict, check_seeds};
use signalpost_simulation::world::{Action, World};

/// What breaks: one socket, both, or the server.
fn loss(world: &mut World, at: u64) {
    let notice = world.random.within((0, 1_500));
    match world.random.within((0, 3)) {
        0 => world.schedule(at, Action::CutSocket(0, notice)),
        1 => world.schedule(at, Action::CutSocket(1, notice)),
        2 => {
            world.schedule(at, Action::CutSocket(0, notice));
            let later = world.random.within((0, 1_000));
            world.schedule(at + later, Action::CutSocket(1, notice));
        }
        _ => world.schedule(at, Action::RestartServer(notice)),
    }
}

fn ids(world: &World) -> [Option<signalpost_core::ConnectionId>; 2] {
    [(0, 1), (1, 0)].map(|(page, peer)| world.connection(page, peer).map(|it| it.id))
}

/// A negotiation that is cut in two finishes after the reconnect; nobody gives up.
pub fn a_loss_while_connecting(world: &mut World) -> Verdict {
    let names = two_names(world);
    gather(world, &names)?;
    world.expect_losses();
    for page in [0, 1] {
        let at = world.random.within((0, 60));
        world.schedule(at, Action::ConnectPeer(page, 1 - page));
        if world.random.number() & 1 == 0 {
            let track = Action::AddTrack(page, 1 - page, kind(world));
            world.schedule(at, track);
        }
    }
    let at = world.random.within((0, 1_200));
    loss(world, at);
    world.run_until(world.now + 1);
    settle(world)?;
    kept(world)
}

/// A live pair is never touched, and what both change meanwhile arrives, whether or not a room tells the one that the
/// other is back.
pub fn a_loss_during_a_call(world: &mut World) -> Verdict {
    let room = [Some("hall"), None][world.random.within((0, 1)) as usize];
    connected_pair(world, room)?;
    let before = ids(world);
    world.expect_losses();
    for page in [0, 1] {
        for _ in 0..world.random.within((0, 2)) {
            let at = world.random.within((0, 1_500));
            let track = Action::AddTrack(page, 1 - page, kind(world));
            world.schedule(at, track);
        }
    }
    for _ in 0..world.random.within((1, 2)) {
        let at = world.random.within((0, 1_500));
        loss(world, at);
    }
    settle(world)?;
    if ids(world) != before {
        return Err("a loss of the signaling replaced a connection".into());
    }
    if room.is_some() {
        in_the_room_again(world)?;
    }
    kept(world)
}

/// Checks that no page's last event of the room says that the other left it.
fn in_the_room_again(world: &World) -> Verdict {
    for page in &world.pages {
        let mut moves = page.events.iter().rev().filter_map(|(_, event)| match event {
            Event::PeerJoined { .. } => Some(true),
            Event::PeerLeft { .. } => Some(false),
            _ => None,
        });
        if moves.next() == Some(false) {
            return Err(format!("{} believes to be alone in the room", page.id));
        }
    }
    Ok(())
}

fn kept(world: &World) -> Verdict {
    for page in &world.pages {
        for (at, event) in &page.events {
            if matches!(event, Event::PeerState { state: ConnectionState::Closed, .. } | Event::Error { .. })
            {
                return Err(format!("{} was told at {at}: {event:?}", page.id));
            }
        }
    }
    Ok(())
}

#[test]
fn signaling_is_lost_while_two_connect() {
    check_seeds("signaling_is_lost_while_two_connect", 0..400, a_loss_while_connecting);
}

#[test]
fn signaling_is_lost_during_a_call() {
    check_seeds("signaling_is_lost_during_a_call", 0..400, a_loss_during_a_call);
}

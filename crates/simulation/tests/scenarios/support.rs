//! What the scenarios share.

use signalpost_simulation::model_peer_connection::MediaKind;
use signalpost_simulation::runner::Verdict;
use signalpost_simulation::world::{Action, World};

/// What everything may take after the last action, besides the ways that frames travel.
const PATIENCE: u64 = 10_000;
/// Ways between two pages, one after the other, that a negotiation and those it causes take.
const WAYS: u64 = 10;

/// Pages of these names, all registered, and all aware of each other if they share a room.
pub fn gather_in(world: &mut World, names: &[&str], room: Option<&'static str>) -> Verdict {
    for name in names {
        let page = world.add_page(name);
        world.schedule(0, Action::Connect(page));
        if let Some(room) = room {
            world.schedule(1, Action::Join(page, room));
        }
    }
    world.run_until_settled(world.now + 20_000, |world| {
        world.all_registered()?;
        world.promises_settled()
    })?;
    world.run_until(world.now + world.slowest_way());
    Ok(())
}

/// The scenario with pages that may send their descriptions with their candidates.
pub fn gathering(scenario: impl Fn(&mut World) -> Verdict) -> impl Fn(&mut World) -> Verdict {
    move |world| {
        world.settings.gathers = true;
        scenario(world)
    }
}

/// Pages of these names in one room.
pub fn gather(world: &mut World, names: &[&str]) -> Verdict {
    gather_in(world, names, Some("hall"))
}

/// Names whose order, and so whose roles, the seed decides.
pub fn two_names(world: &mut World) -> [&'static str; 2] {
    if world.random.number() & 1 == 0 { ["ada", "bob"] } else { ["bob", "ada"] }
}

/// A kind of track.
pub fn kind(world: &mut World) -> MediaKind {
    if world.random.number() & 1 == 0 { MediaKind::Audio } else { MediaKind::Video }
}

/// A connected pair with tracks or without.
pub fn connected_pair(world: &mut World, room: Option<&'static str>) -> Verdict {
    let names = two_names(world);
    gather_in(world, &names, room)?;
    for (page, peer) in [(0, 1), (1, 0)] {
        let connect = world.random.within((0, 200));
        world.schedule(connect, Action::ConnectPeer(page, peer));
        for _ in 0..world.random.within((0, 2)) {
            let track = Action::AddTrack(page, peer, kind(world));
            world.schedule(connect, track);
        }
    }
    settle(world)
}

/// Runs until all is settled, and a little longer: it must stay so.
pub fn settle(world: &mut World) -> Verdict {
    let end = world.script_end().max(world.now);
    // What a breach of the last moment breaks has been noticed by then.
    world.run_until(end + world.slowest_way() + 100);
    let patience = PATIENCE + WAYS * world.slowest_way();
    world.run_until_settled(world.now + patience, World::all_settled)?;
    world.run_until(world.now + 1_500);
    world.all_settled()
}

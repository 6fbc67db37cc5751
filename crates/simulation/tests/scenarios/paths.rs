//! The path between two connected pages is lost, and found again or not.

use crate::support::{connected_pair, kind};
use signalpost_core::{ConnectionState, Event};
use signalpost_simulation::model_peer_connection::Random;
use signalpost_simulation::runner::{Verdict, check_seeds};
use signalpost_simulation::world::{Action, PathLoss, World};

/// What each page was told of the state of its peer since this time.
fn told(world: &World, since: u64) -> [Vec<ConnectionState>; 2] {
    [0, 1].map(|page: usize| {
        let state = |(at, event): &(u64, Event)| match event {
            Event::PeerState { state, .. } if *at >= since => Some(*state),
            _ => None,
        };
        world.pages[page].events.iter().filter_map(state).collect()
    })
}

/// How often each page was told that its connection was replaced.
fn replaced(world: &World) -> usize {
    let of = |event: &Event| matches!(event, Event::PeerReplaced { .. });
    world.pages.iter().map(|page| page.events.iter().filter(|(_, event)| of(event)).count()).sum()
}

fn how(random: &mut Random) -> PathLoss {
    match random.within((0, 2)) {
        0 => PathLoss::Silence,
        1 => PathLoss::NewAddress { vanishes: false },
        _ => PathLoss::NewAddress { vanishes: true },
    }
}

/// A watched pair whose path is lost for so long; both change something now and then. Returns when it was lost.
fn lose(world: &mut World, ms: u64, how: PathLoss, changes: bool) -> Result<u64, String> {
    world.settings.ping_ms = Some(1_000);
    let room = [Some("hall"), None][world.random.within((0, 1)) as usize];
    connected_pair(world, room)?;
    let wait = world.random.within((0, 3_000));
    world.run_until(world.now + wait);
    let at = world.now;
    world.schedule(0, Action::LosePath(0, 1, ms, how));
    if changes {
        for page in [0, 1] {
            let at = world.random.within((0, 3_000));
            let track = Action::AddTrack(page, 1 - page, kind(world));
            world.schedule(at, track);
        }
    }
    Ok(at)
}

/// Both ends agree again within this time of the return, and were told of one loss at most.
fn heals(world: &mut World, lost_at: u64, ms: u64, within: u64) -> Verdict {
    let within = within + 12 * world.slowest_way();
    world.run_until(lost_at + ms);
    world.run_until_settled(lost_at + ms + within, World::all_settled)?;
    world.run_until(world.now + 8_000);
    world.all_settled()?;
    for told in told(world, lost_at) {
        let once = [ConnectionState::Disconnected, ConnectionState::Connected];
        if !told.is_empty() && told != once {
            return Err(format!("a page was told {told:?}"));
        }
    }
    Ok(())
}

/// A path that is silent for three seconds, or ten: no other connection is made, unless the browser gave the old one up.
pub fn short_silence(world: &mut World) -> Verdict {
    let ms = [500, 3_000, 10_000][world.random.within((0, 2)) as usize];
    let lost_at = lose(world, ms, PathLoss::Silence, false)?;
    heals(world, lost_at, ms, 3_500)?;
    if replaced(world) > 0 {
        return Err("a connection was replaced".into());
    }
    Ok(())
}

/// A path that is silent for so long that browsers give it up.
pub fn long_silence(world: &mut World) -> Verdict {
    let ms = world.random.within((15_000, 50_000));
    let changes = world.random.number() & 1 == 0;
    let lost_at = lose(world, ms, PathLoss::Silence, changes)?;
    heals(world, lost_at, ms, 8_000)
}

/// An address that changes without any event: hand-over, NAT rebinding, a network that is gone for a moment.
pub fn another_address(world: &mut World) -> Verdict {
    let how = how(&mut world.random);
    let ms = [0, 0, world.random.within((0, 4_000))][world.random.within((0, 2)) as usize];
    let changes = world.random.number() & 1 == 0;
    let lost_at = lose(world, ms, how, changes)?;
    heals(world, lost_at, ms, 6_000)
}

/// The same with the signaling of the page gone for a while as well.
pub fn another_network(world: &mut World) -> Verdict {
    let ms = world.random.within((0, 8_000));
    let how = how(&mut world.random);
    let lost_at = lose(world, ms, how, false)?;
    world.expect_losses();
    let is_told = world.random.number() & 1 == 0;
    world.schedule(0, Action::Offline(0, ms, is_told));
    heals(world, lost_at, ms, 12_000)
}

/// A path that does not come back: both are told once, with its reason, within the ladder's minute.
pub fn no_way_back(world: &mut World) -> Verdict {
    let lost_at = lose(world, 200_000, PathLoss::Silence, false)?;
    world.expect_losses();
    world.run_until(lost_at + 64_000 + 4 * world.slowest_way());
    for (page, told) in told(world, lost_at).iter().enumerate() {
        if *told != [ConnectionState::Disconnected, ConnectionState::Closed] {
            return Err(format!("page {page} was told {told:?}"));
        }
    }
    let attempts = replaced(world);
    world.run_until(lost_at + 190_000);
    world.promises_settled()?;
    if attempts > 12 || replaced(world) != attempts {
        return Err(format!("{attempts} replacements, and later {}", replaced(world)));
    }
    Ok(())
}

#[test]
fn a_short_silence_replaces_nothing() {
    check_seeds("a_short_silence_replaces_nothing", 0..150, short_silence);
}

#[test]
fn a_long_silence_heals() {
    check_seeds("a_long_silence_heals", 0..100, long_silence);
}

#[test]
fn another_address_is_found() {
    check_seeds("another_address_is_found", 0..200, another_address);
}

#[test]
fn another_network_is_found() {
    check_seeds("another_network_is_found", 0..200, another_network);
}

#[test]
fn a_path_that_is_gone_for_good_is_given_up() {
    check_seeds("a_path_that_is_gone_for_good_is_given_up", 0..60, no_way_back);
}

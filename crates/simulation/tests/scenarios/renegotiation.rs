//! Both sides change the session at once, again and again.

use crate::support::{connected_pair, gather, kind, settle, two_names};
use signalpost_simulation::runner::{Verdict, check_seeds};
use signalpost_simulation::world::{Action, World};

/// One change by either side.
fn change(world: &mut World, page: usize) -> Action {
    let peer = 1 - page;
    match world.random.within((0, 4)) {
        0 | 1 => Action::AddTrack(page, peer, kind(world)),
        2 | 3 => Action::RemoveTrack(page, peer, kind(world)),
        _ => Action::RestartIce(page, peer),
    }
}

fn changes(world: &mut World, spread: u64) {
    for page in [0, 1] {
        for _ in 0..world.random.within((0, 3)) {
            let at = world.random.within((0, spread));
            let action = change(world, page);
            world.schedule(at, action);
        }
    }
}

pub fn rounds_of_changes(world: &mut World) -> Verdict {
    connected_pair(world, Some("hall"))?;
    for _ in 0..3 {
        // The same tick, within one operation, or within one way.
        let spread = [0, 5, 50, 600][world.random.within((0, 3)) as usize];
        changes(world, spread);
        if world.random.number() & 1 == 0 {
            settle(world)?;
        } else {
            // The next round begins in the middle of this one.
            let pause = world.random.within((0, 300));
            world.run_until(world.now + pause);
        }
    }
    settle(world)
}

pub fn changes_while_connecting(world: &mut World) -> Verdict {
    let names = two_names(world);
    gather(world, &names)?;
    for (page, peer) in [(0, 1), (1, 0)] {
        let at = world.random.within((0, 30));
        world.schedule(at, Action::ConnectPeer(page, peer));
    }
    let spread = [10, 100, 1_500][world.random.within((0, 2)) as usize];
    changes(world, spread);
    changes(world, spread);
    settle(world)
}

#[test]
fn both_change_at_once() {
    check_seeds("both_change_at_once", 0..500, rounds_of_changes);
}

#[test]
fn both_change_while_they_connect() {
    check_seeds("both_change_while_they_connect", 0..500, changes_while_connecting);
}

//! Three to five peers in one room, all connecting to all.

use crate::support::{kind, settle};
use signalpost_simulation::runner::{Verdict, check_seeds};
use signalpost_simulation::world::{Action, World};

const NAMES: [&str; 5] = ["eve", "ada", "dan", "bob", "cid"];

/// Everybody arrives within a moment and connects to whom they find: those who are there, and those who come.
pub fn everybody_meets(world: &mut World) -> Verdict {
    let count = world.random.within((3, 5)) as usize;
    let spread = [0, 50, 1_000][world.random.within((0, 2)) as usize];
    for name in NAMES.iter().take(count) {
        let page = world.add_page(name);
        world.pages[page].application.meshes = true;
        let at = world.random.within((0, spread));
        world.schedule(at, Action::Connect(page));
        world.schedule(at, Action::Join(page, "hall"));
    }
    world.run_until(world.now + spread);
    for _ in 0..world.random.within((0, 3)) {
        let page = world.random.within((0, count as u64 - 1)) as usize;
        let peer = (page + 1) % count;
        let track = Action::AddTrack(page, peer, kind(world));
        let at = 8_000 + world.random.within((0, 500));
        world.schedule(at, track);
    }
    settle(world)
}

#[test]
fn a_room_of_up_to_five() {
    check_seeds("a_room_of_up_to_five", 0..60, everybody_meets);
}

//! A page is reloaded, or a connection closed, in the middle of whatever happens.

use crate::support::{gather, kind, settle, two_names};
use signalpost_simulation::runner::{Verdict, check_seeds};
use signalpost_simulation::world::{Action, World};

fn begin(world: &mut World) -> Verdict {
    let names = two_names(world);
    gather(world, &names)?;
    for page in [0, 1] {
        world.pages[page].application.persists = true;
        let at = world.random.within((0, 60));
        world.schedule(at, Action::ConnectPeer(page, 1 - page));
        if world.random.number() & 1 == 0 {
            let track = Action::AddTrack(page, 1 - page, kind(world));
            world.schedule(at, track);
        }
    }
    world.expect_losses();
    Ok(())
}

pub fn reload(world: &mut World) -> Verdict {
    begin(world)?;
    let at = [100, 1_000, 6_000][world.random.within((0, 2)) as usize];
    let at = world.random.within((0, at));
    world.schedule(at, Action::Reload(0, true));
    let pause = world.random.within((0, 500));
    world.schedule(at + pause, Action::Connect(0));
    world.schedule(at + pause, Action::Join(0, "hall"));
    let later = world.random.within((0, 3_000));
    world.schedule(at + pause + later, Action::ConnectPeer(0, 1));
    settle(world)
}

pub fn close_and_connect_again(world: &mut World) -> Verdict {
    begin(world)?;
    let mut at = 0;
    for _ in 0..world.random.within((1, 3)) {
        let page = world.random.within((0, 1)) as usize;
        at += world.random.within((0, 1_500));
        world.schedule(at, Action::ClosePeer(page, 1 - page));
        at += world.random.within((0, 200));
        world.schedule(at, Action::ConnectPeer(page, 1 - page));
    }
    settle(world)
}

#[test]
fn a_page_is_reloaded() {
    check_seeds("a_page_is_reloaded", 0..300, reload);
}

#[test]
fn a_connection_is_closed_and_made_again() {
    check_seeds("a_connection_is_closed_and_made_again", 0..300, close_and_connect_again);
}

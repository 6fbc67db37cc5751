//! Both sides connect at once, with tracks added before, while and after.

use crate::support::{gather, kind, settle, two_names};
use signalpost_simulation::runner::{Verdict, check_seeds, run};
use signalpost_simulation::world::{Action, World};

pub fn connect_at_once(world: &mut World) -> Verdict {
    let names = two_names(world);
    gather(world, &names)?;
    // The same tick, nearly so, or in the middle of each other.
    let spread = [0, 3, 40, 400, 1_500][world.random.within((0, 4)) as usize];
    for (page, peer) in [(0, 1), (1, 0)] {
        let connect = world.random.within((0, spread));
        world.schedule(connect, Action::ConnectPeer(page, peer));
        for _ in 0..world.random.within((0, 2)) {
            let track = Action::AddTrack(page, peer, kind(world));
            let at = match world.random.within((0, 3)) {
                0 => connect,
                1 => connect.saturating_sub(world.random.within((0, 30))),
                2 => connect + world.random.within((0, 30)),
                _ => connect + world.random.within((0, 1_000)),
            };
            world.schedule(at, track);
        }
    }
    settle(world)
}

#[test]
fn both_connect_at_once() {
    check_seeds("both_connect_at_once", 0..1_000, connect_at_once);
}

#[test]
fn a_seed_tells_one_story() {
    let hash = |seed| run(seed, false, connect_at_once).0.trace.hash();
    for seed in 0..10 {
        assert_eq!(hash(seed), hash(seed));
    }
    assert_ne!(hash(0), hash(1));
}

/// The scenario would see it if the first offers of both sides put the data section at different places and the side that
/// gives way had set its own: the model Chromium breaks as the real one does.
#[test]
fn first_offers_with_media_meet_in_chromium() {
    let met = (0..200).filter(|seed| {
        let (world, verdict) = run(*seed, true, connect_at_once);
        assert_eq!(verdict, Ok(()), "SEED={seed}");
        let polite = world.pages.iter().max_by(|a, b| a.id.cmp(&b.id));
        let story = world.trace.text();
        let own = story
            .lines()
            .any(|line| line.contains("bob") && line.contains("sends offer") && line.contains("#1 [m=video"));
        let other = story.lines().any(|line| {
            line.contains("bob") && line.contains("hears offer") && line.contains("#1 [m=application")
        });
        polite.is_some_and(|page| page.browser() == "Chromium") && own && other
    });
    assert!(met.count() >= 3, "the collision that breaks Chromium is not among these seeds");
}

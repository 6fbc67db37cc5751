//! What an observer of the wire sees of the candidates. Every scenario without losses checks these rules too
//! (`world/wire_rules.rs`); here every page finds many candidates, often more than it may send.

use crate::support::{gather, settle, two_names};
use signalpost_simulation::model_peer_connection::Timings;
use signalpost_simulation::runner::{Verdict, check_seeds};
use signalpost_simulation::world::{Action, World};

pub fn many_candidates(world: &mut World) -> Verdict {
    let names = two_names(world);
    gather(world, &names)?;
    for page in &mut world.pages {
        page.machine.candidates = 12;
        page.machine.timings =
            Timings { gathering: (1, 60), gathering_end: (1, 400), ..page.machine.timings };
    }
    for page in [0, 1] {
        let at = world.random.within((0, 200));
        world.schedule(at, Action::ConnectPeer(page, 1 - page));
    }
    settle(world)?;
    // The next generation obeys the same rules.
    world.schedule(0, Action::RestartIce(0, 1));
    settle(world)?;
    for (page, peer) in [(0, 1), (1, 0)] {
        if world.pages[page].client_kind.gathering_ms.is_none() && world.sent_candidates(page, peer) == 0 {
            return Err("no candidate was ever sent".into());
        }
    }
    Ok(())
}

#[test]
fn candidates_keep_their_rules() {
    check_seeds("candidates_keep_their_rules", 0..300, many_candidates);
}

//! Stories of random transitions, applied to a reference model and to the world alike.
//!
//! After every step of the world its own invariants hold: what arrives was sent, once and in order, and not voided; news of rooms
//! make sense, each stay has one end, and a message of a peer comes behind the news of it; no session ends before its window without a reason; every outbox, every mailbox and the
//! inbox of every socket stay within their bounds; another tab without the key does not get the id of a session that lives, and only
//! a client that lost its id hears of it; nothing is left of a session whose client said goodbye; a closed client is silent. After the last transition all becomes calm, and then everybody has what the model says: a registered
//! client, the right people in its rooms, data to those that it wants and that want it, every promise settled, every message that
//! was taken.
//!
//! That this bites is shown by `npm run mutations`: without the server's check of duplicates or of gaps, the client's of gaps or the
//! fencing of a replaced socket, one at a time, some of 256 stories fail; so they do where the events of rooms are wrong. The client's check of duplicates is seen by the core's own tests
//! alone: this server never sends a number twice to a client that has told it its position.

mod calm;
mod draw;
mod model;
mod seeds;
mod transition;

pub use model::{Model, Wishes};
pub use seeds::{WITH_STORMS, WITH_TABS};
pub use transition::{ROOMS, Transition};

use crate::model_peer_connection::Random;
use crate::runner::Verdict;
use crate::world::World;
use signalpost_server::registry::Pace;

const NAMES: [&str; 7] = ["ada", "bob", "cid", "dan", "eve", "fay", "gus"];
/// Most pages of the stories without storms.
const FEW: u64 = 4;

/// How many transitions a story has.
const TRANSITIONS: (u64, u64) = (10, 60);

/// A story of the world's seed.
///
/// # Errors
/// What the model wants and nobody has.
pub fn tell(world: &mut World) -> Verdict {
    let mut model = begin(world);
    for _ in 0..world.random.within(TRANSITIONS) {
        let transition = if world.seed >= WITH_STORMS {
            Transition::draw_with_storms(&model, &mut world.random)
        } else if world.settings.has_tabs {
            Transition::draw_with_tabs(&model, &mut world.random)
        } else {
            Transition::draw(&model, &mut world.random)
        };
        apply(&mut model, world, &transition);
        let pause = pause(&mut world.random);
        world.run_until(world.now + pause);
        if world.violation.is_some() {
            return Ok(());
        }
    }
    calm::end(&mut model, world)
}

/// The story of these transitions, each with the time after the one before.
///
/// # Errors
/// As [`tell`].
pub fn tell_of(world: &mut World, pages: usize, transitions: &[(u64, Transition)]) -> Verdict {
    world.settings.has_tabs = true;
    let mut model = begin_with(world, pages, pages, true);
    for (pause, transition) in transitions {
        world.run_until(world.now + pause);
        apply(&mut model, world, transition);
    }
    calm::end(&mut model, world)
}

fn begin(world: &mut World) -> Model {
    world.settings.has_tabs = world.seed >= WITH_TABS;
    let has_storms = world.seed >= WITH_STORMS;
    let most = if has_storms { NAMES.len() as u64 } else { FEW };
    let pages = world.random.within((2, most)) as usize;
    // The connections take most of the time; what is between clients and server takes most of the stories.
    let is_meshed = world.random.within((0, 3)) == 0;
    if !has_storms {
        return begin_with(world, pages, pages, is_meshed);
    }
    let written = world.random.within((1, (pages as u64 / 2).max(1))) as usize;
    if world.random.number() & 1 == 0 {
        let (share, turn) = (world.random.within((1, 4)) as usize, world.random.within((1, 6)));
        world.set_pace(Pace { small: 2, share, turn, notices_per_ms: 1 });
    }
    begin_with(world, pages, pages - written, is_meshed && pages as u64 <= FEW)
}

fn begin_with(world: &mut World, pages: usize, cores: usize, is_meshed: bool) -> Model {
    world.expect_losses();
    world.settings.is_haunted = true;
    world.settings.keeps_sessions = true;
    let mut model = Model::new(pages, cores, is_meshed);
    for name in NAMES.iter().take(pages) {
        let page = world.add_page(name);
        world.pages[page].application.persists = true;
        if page >= cores {
            world.use_document_client(page);
        }
        if world.seed >= WITH_TABS && world.random.number() & 1 == 0 {
            world.release_when_frozen(page);
        }
        apply(&mut model, world, &Transition::Connect(page));
        if world.random.within((0, 4)) > 0 {
            apply(&mut model, world, &Transition::Join(page, ROOMS[0]));
        }
    }
    model
}

fn apply(model: &mut Model, world: &mut World, transition: &Transition) {
    if !model.admits(world.now, transition) {
        return;
    }
    model.apply(world.now, transition);
    let now = world.now;
    world.trace.note(now, "story", format_args!("{transition:?}"));
    // In the stories of old a second tab does nothing.
    if matches!(transition, Transition::SecondTab(..)) && !world.settings.has_tabs {
        return;
    }
    for (delay, action) in transition.actions() {
        world.schedule(delay, action);
    }
}

/// Most transitions come close together, some when the one before has had its effect, a few much later.
fn pause(random: &mut Random) -> u64 {
    match random.within((0, 19)) {
        0..=3 => 0,
        4..=9 => random.within((0, 60)),
        10..=15 => random.within((60, 1_500)),
        16..=18 => random.within((1_500, 12_000)),
        _ => random.within((12_000, 60_000)),
    }
}

//! The end of a story: nothing bad happens any more, and everybody gets what they want.

use super::model::Model;
use super::seeds::WITH_STORMS;
use super::transition::ROOMS;
use crate::runner::Verdict;
use crate::world::{Action, Call, Unsettled, World};
use signalpost_core::ClientState;
use signalpost_protocol::link_monitor::DEAD_AFTER_IDLE_MS;

/// From the last bad thing until everybody is registered, in milliseconds: an id that a lost session holds is free after the
/// window, and an attempt may take 20 s.
const REGISTERED_MS: u64 = 180_000;
/// From then on until all is settled: a closed client whose goodbye was lost is away until its window ends, and a receipt waits as
/// long.
const SETTLED_MS: u64 = 200_000;
/// How long news of rooms may take once everybody is registered.
const NEWS_MS: u64 = 6_000;
/// How long a message may take once all is calm.
const LAST_WORDS_MS: u64 = 20_000;

/// Lets all become calm and asks whether everybody has what the model says.
pub fn end(model: &mut Model, world: &mut World) -> Verdict {
    world.calm_down();
    let ends = world.script_end().max(world.quiet_at());
    world.run_until(ends);
    world.calm_down();
    for page in 0..model.pages() {
        if world.settings.has_tabs {
            world.schedule(0, Action::CloseTabs(page));
        }
        if model.wishes(page).is_open {
            world.schedule(0, Action::Connect(page));
            // Nobody tries for ever to reach whom there is no more.
            for peer in (0..model.pages()).filter(|peer| !model.wishes(*peer).is_open) {
                world.schedule(0, Action::ClosePeer(page, peer));
            }
        }
    }
    // A link that is dead is believed for a while.
    world.run_until(world.now + DEAD_AFTER_IDLE_MS + 2 * world.slowest_way());
    let end = world.now + REGISTERED_MS;
    world.run_until_settled(end, |world| registered(model, world))?;
    if world.seed >= WITH_STORMS {
        // Before lists are asked for again, which would hide what was never told.
        world.end_doubts();
        world.run_until(world.now + NEWS_MS);
        pictures_are_right(model, world)?;
    }
    for page in 0..model.pages() {
        for room in &model.wishes(page).rooms {
            world.schedule(0, Action::Join(page, room));
            if world.seed >= WITH_STORMS {
                // What is left of a storm may be before it, and it may be refused.
                world.schedule(5_000, Action::Join(page, room));
            }
        }
    }
    for page in (0..model.pages()).filter(|page| model.wishes(*page).is_open) {
        // Whose leave() was rejected is still in the room: the application says it again.
        for room in ROOMS.iter().filter(|room| !model.wishes(page).rooms.contains(*room)) {
            let leave = format!("leave {room}");
            let is_refused = |call: &Call| call.what == leave && matches!(call.result, Some(Err(_)));
            if world.seed >= WITH_STORMS && world.pages[page].calls.values().any(is_refused) {
                world.schedule(5_000, Action::Leave(page, room));
            }
        }
    }
    for (a, b) in model.pairs() {
        world.schedule(500, Action::ConnectPeer(a, b));
        world.schedule(500, Action::ConnectPeer(b, a));
    }
    world.run_until(world.now + if world.seed >= WITH_STORMS { 5_600 } else { 600 });
    world.run_until_settled(world.now + SETTLED_MS, |world| settled(model, world))?;
    last_words(model, world)?;
    // A connection that one side has just given up is being made anew.
    world.run_until_settled(world.now + LAST_WORDS_MS, |world| settled(model, world))
}

/// Once all is calm nothing is refused: everybody sends everybody one more message, and it arrives.
fn last_words(model: &Model, world: &mut World) -> Verdict {
    let before = world.totals();
    let mut count = 0;
    for page in 0..model.pages() {
        for peer in 0..model.pages() {
            if page != peer && model.wishes(page).is_open && model.wishes(peer).is_open {
                count += 1;
                let receipt = world.random.number() & 1 == 0;
                world.schedule(0, Action::Send { page, peer, count: 1, receipt, bytes: 30 });
            }
        }
    }
    world.run_until(world.now);
    world.run_until_settled(world.now + LAST_WORDS_MS, |world| settled(model, world))?;
    world.run_until(world.now + 2_000);
    let delivered = world.totals().delivered - before.delivered;
    if delivered < count {
        return Err(format!("of {count} last words {delivered} arrived"));
    }
    Ok(())
}

/// Who is in a room knows everybody else who is.
fn pictures_are_right(model: &Model, world: &World) -> Verdict {
    for room in ROOMS {
        let inside: Vec<usize> = (0..model.pages()).filter(|page| world.is_steady(*page, room)).collect();
        for page in &inside {
            let told = world.members(*page, room);
            let missing = inside
                .iter()
                .find(|other| *other != page && !told.contains(&(world.pages[**other].id.clone(), false)));
            if let Some(other) = missing {
                let (own, id) = (&world.pages[*page].id, &world.pages[*other].id);
                return Err(format!("{own} is told of {told:?} in {room}, and {id} is there"));
            }
        }
    }
    Ok(())
}

fn registered(model: &Model, world: &World) -> Result<(), Unsettled> {
    for page in 0..model.pages() {
        let it = &world.pages[page];
        if it.is_gone() {
            continue;
        }
        let wanted = if model.wishes(page).is_open { ClientState::Connected } else { ClientState::Closed };
        let state = it.client().state();
        if state != wanted {
            return Err(format!("{} is {state:?}, not {wanted:?}", it.id));
        }
    }
    Ok(())
}

fn settled(model: &Model, world: &World) -> Result<(), Unsettled> {
    registered(model, world)?;
    world.promises_settled()?;
    world.all_delivered()?;
    for page in 0..model.pages() {
        for room in ROOMS.iter().filter(|room| model.wishes(page).rooms.contains(*room)) {
            let others =
                (0..model.pages()).filter(|it| *it != page && model.wishes(*it).rooms.contains(room));
            let wanted: Vec<_> = others.map(|it| (world.pages[it].id.clone(), false)).collect();
            let told = world.members(page, room);
            if told != wanted {
                return Err(format!(
                    "{} is told of {told:?} in {room}, not {wanted:?}",
                    world.pages[page].id
                ));
            }
        }
    }
    for (a, b) in model.pairs() {
        world.pair_settled(a, b)?;
    }
    Ok(())
}

//! Random stories (see [`signalpost_simulation::story`]).

use signalpost_core::protocol::LeaveReason;
use signalpost_core::{Event, PageEvent};
use signalpost_simulation::runner::{check_seeds, run};
use signalpost_simulation::story::{self, Transition, WITH_STORMS, WITH_TABS};
use signalpost_simulation::world::World;

#[test]
fn whatever_happens_nothing_is_lost() {
    check_seeds("whatever_happens_nothing_is_lost", 0..128, story::tell);
    for (first, count) in [(WITH_TABS, 64), (WITH_STORMS, 96)] {
        check_seeds("whatever_happens_nothing_is_lost", first..first + count, story::tell);
    }
}

/// A quiet story of two pages in one room, and what happens there; what is asked of its end.
fn quietly(transitions: Vec<(u64, Transition)>, is_so: impl Fn(&World) -> Result<(), String>) {
    let mut all = vec![(1_000, Transition::Join(0, "hall")), (0, Transition::Join(1, "hall"))];
    all.extend(transitions);
    for seed in WITH_TABS..WITH_TABS + 20 {
        let (world, verdict) = run(seed, false, |world| {
            story::tell_of(world, 2, &all)?;
            is_so(world)
        });
        assert_eq!(verdict, Ok(()), "SEED={seed}\n{}", world.trace.text());
    }
}

#[test]
fn a_second_tab_without_the_key_is_refused_and_the_first_does_not_notice() {
    quietly(
        vec![(5_000, Transition::SecondTab(0, false, 5_000)), (6_000, Transition::Connect(1))],
        |world| {
            let refused = world.tab_result(0).and_then(|it| it.as_ref().err());
            let code = refused.map(|failure| failure.code.as_str());
            let states = |it: &&(u64, Event)| matches!(it.1, Event::State { .. } | Event::Resumed { .. });
            match world.pages[0].events.iter().filter(states).count() {
                2 if code == Some("peer-id-taken") => Ok(()),
                count => Err(format!("the second tab has {code:?}, the first was told of {count} states")),
            }
        },
    );
}

#[test]
fn a_second_tab_with_the_key_takes_over_and_the_first_is_told() {
    quietly(vec![(5_000, Transition::SecondTab(0, true, 5_000)), (6_000, Transition::Connect(1))], |world| {
        match world.tab_result(0) {
            Some(Ok(_)) if world.was_superseded(0) => Ok(()),
            other => Err(format!("the second tab has {other:?}")),
        }
    });
}

#[test]
fn a_page_that_leaves_is_gone_at_once() {
    quietly(vec![(5_000, Transition::LeavePage(0, None)), (3_000, Transition::Connect(1))], |world| {
        let left = world.pages[1].events.iter().find_map(|(at, event)| match event {
            Event::PeerLeft { reason, .. } => Some((*at, reason.clone())),
            _ => None,
        });
        match left {
            Some((at, reason)) if at < 9_000 && reason == LeaveReason::Closed => Ok(()),
            other => Err(format!("the others were told {other:?}")),
        }
    });
}

#[test]
fn a_page_that_is_frozen_comes_back() {
    let transitions = vec![
        (5_000, Transition::FreezePage(0, 20_000)),
        (25_000, Transition::Tell(0, PageEvent::Woke)),
        (3_000, Transition::Connect(1)),
    ];
    quietly(transitions, |world| {
        let told = |event: &Event| matches!(event, Event::PeerLeft { .. });
        if world.pages[1].events.iter().any(|(_, event)| told(event)) {
            return Err("it was gone".into());
        }
        Ok(())
    });
}

#[test]
fn a_socket_that_is_closed_with_1001_costs_nothing_but_time() {
    for by_gateway in [false, true] {
        let away = Transition::GoingAway(0, by_gateway);
        quietly(vec![(5_000, away), (5_000, Transition::Connect(1))], |world| {
            let ends = |it: &&(u64, Event)| {
                matches!(it.1, Event::Resumed { resumed: false, .. } | Event::PeerLeft { .. })
            };
            let resumes = |it: &&(u64, Event)| matches!(it.1, Event::Resumed { resumed: true, .. });
            let told = world.pages.iter().flat_map(|page| &page.events).find(ends);
            match (told, world.pages[0].events.iter().filter(resumes).count()) {
                (None, 1) => Ok(()),
                (told, count) => Err(format!("{told:?} was told, and {count} returns")),
            }
        });
    }
}

#[test]
fn a_storm_on_a_room_is_refused_beyond_the_limit() {
    let storm = Transition::RoomStorm { page: 0, room: "hall", count: 161, ms: 0 };
    quietly(vec![(5_000, storm), (30_000, Transition::Connect(1))], |world| {
        let calls = world.pages[0].calls.values().filter_map(|call| call.result.as_ref()?.as_ref().err());
        match calls.map(|failure| failure.code.as_str()).collect::<Vec<_>>() {
            codes
                if codes.contains(&"rate-limited")
                    && world.pages[1].calls.values().all(|call| matches!(call.result, Some(Ok(_)))) =>
            {
                Ok(())
            }
            codes => Err(format!("refused were {codes:?}")),
        }
    });
}

/// Seeds that found a defect, and what it was. A change of the harness that draws another number lets one of them tell another story.
#[test]
fn what_the_stories_found_stays_found() {
    for (seed, what) in [
        (34, "who is away was told as gone, because a list does not name it"),
        (412, "a leave that timed out without a link was never sent"),
        (
            708,
            "frames of a socket that was never welcomed were executed again by a server that had forgotten them",
        ),
        (
            1748,
            "a new session whose welcome was lost was taken for the one before, and its client closed for a gap for ever",
        ),
        (2473, "an offer that waited for a session that ended was never sent again"),
        (3216, "an offer that waited in a lost session was never sent again"),
        (6372, "the late answer to a join() that was rejected let the client into the room"),
        (7490, "a list did not name one whose lease was over, which nobody had been told"),
        (14972, "a late first hello put what came behind it into the session that had come after it"),
        (15181, "the harness let an application connect in a sleeping tab, and its track was never added"),
        (1011847, "a room was given up because a join arrived behind a hello that did not"),
        (49822, "a late hello of the page before took the id of the one that had been loaded since"),
        (2000225, "the list of a stay that was left counted for the next one, whose join was rejected"),
        (
            2000839,
            "the late answer to a join() that was rejected was taken for a list that replaces all that is known",
        ),
        (2003975, "the refusal of a join() ended the stay that the next join() had begun"),
        (
            9100835,
            "the harness let a client without a cause change its socket while it looked at who was there",
        ),
        (
            9101044,
            "a leave() that a full outbox refused made the client forget a room that it was about to enter",
        ),
        (9305129, "the harness took news for wrong that had come in the step in which their room was left"),
        (9600771, "the harness expected a broadcast behind the news of other rooms than its own"),
        (9902569, "the client that was written from the document kept more frames than the document allows"),
        (19146, "a leave that waited when the client gave up was never sent, and the join before it was"),
    ] {
        check_seeds(what, seed..seed + 1, story::tell);
    }
}

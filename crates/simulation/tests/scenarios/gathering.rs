//! The stories of the other scenarios with pages that send their descriptions with their candidates (gathering mode `complete`). Each
//! scenario without losses checks this (`world/wire_rules.rs`).

use crate::candidates::many_candidates;
use crate::ends::{close_and_connect_again, reload};
use crate::losses::{a_loss_during_a_call, a_loss_while_connecting};
use crate::renegotiation::{changes_while_connecting, rounds_of_changes};
use crate::rooms::everybody_meets;
use crate::simultaneous::connect_at_once;
use crate::support::gathering;
use signalpost_simulation::runner::{check_seeds, run};

#[test]
fn both_connect_at_once_and_gather() {
    check_seeds("both_connect_at_once_and_gather", 0..1_000, gathering(connect_at_once));
}

#[test]
fn both_change_at_once_and_gather() {
    check_seeds("both_change_at_once_and_gather", 0..400, gathering(rounds_of_changes));
}

#[test]
fn both_change_while_they_connect_and_gather() {
    check_seeds("both_change_while_they_connect_and_gather", 0..400, gathering(changes_while_connecting));
}

#[test]
fn many_candidates_are_gathered() {
    check_seeds("many_candidates_are_gathered", 0..200, gathering(many_candidates));
}

#[test]
fn signaling_is_lost_while_two_gather() {
    check_seeds("signaling_is_lost_while_two_gather", 0..400, gathering(a_loss_while_connecting));
    check_seeds("signaling_is_lost_while_two_gather", 0..400, gathering(a_loss_during_a_call));
}

#[test]
fn a_page_that_gathers_ends() {
    check_seeds("a_page_that_gathers_ends", 0..200, gathering(reload));
    check_seeds("a_page_that_gathers_ends", 0..200, gathering(close_and_connect_again));
}

#[test]
fn a_room_gathers() {
    check_seeds("a_room_gathers", 0..30, gathering(everybody_meets));
}

/// Whether a line of the whole story holds all of these.
fn tells(story: &str, words: &[&str]) -> bool {
    story.lines().any(|line| words.iter().all(|word| line.contains(word)))
}

/// What the scenarios are about does happen.
#[test]
fn invites_meet_offers() {
    let (mut met, mut invited, mut timed_out) = (0, 0, 0);
    for seed in 0..100 {
        let (world, verdict) = run(seed, true, gathering(connect_at_once));
        assert_eq!(verdict, Ok(()), "SEED={seed}");
        let story = world.trace.text();
        let invites = tells(&story, &["bob", "sends invite"]);
        met += u32::from(
            invites
                && tells(&story, &["ada", "hears invite"])
                && tells(&story, &["ada", "sends offer", "to bob", "→00000000 #1"]),
        );
        invited += u32::from(invites);
        timed_out += u32::from(tells(&story, &["wakes for Some(Gathering)"]));
    }
    assert!(met >= 10 && invited >= 20 && timed_out >= 10, "{met} {invited} {timed_out}");
}

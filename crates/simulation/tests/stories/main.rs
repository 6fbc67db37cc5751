//! Random stories (see [`signalpost_simulation::story`]).

use signalpost_simulation::runner::check_seeds;
use signalpost_simulation::story;

#[test]
fn whatever_happens_nothing_is_lost() {
    check_seeds("whatever_happens_nothing_is_lost", 0..256, story::tell);
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
    ] {
        check_seeds(what, seed..seed + 1, story::tell);
    }
}

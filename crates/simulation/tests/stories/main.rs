//! Random stories (see [`signalpost_simulation::story`]).

use signalpost_simulation::runner::check_seeds;
use signalpost_simulation::story;

#[test]
fn whatever_happens_nothing_is_lost() {
    check_seeds("whatever_happens_nothing_is_lost", 0..256, story::tell);
}

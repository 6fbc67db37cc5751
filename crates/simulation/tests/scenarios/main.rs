//! Stories of whole worlds, each over many seeds. `SEED=n cargo test -p signalpost-simulation --test scenarios NAME`
//! tells one of them in full.

mod candidates;
mod ends;
mod gathering;
mod losses;
mod paths;
mod regressions;
mod renegotiation;
mod rooms;
mod simultaneous;
mod support;

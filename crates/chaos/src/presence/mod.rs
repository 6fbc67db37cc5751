//! The presence check: guests come to a room and go, some of them without a word, and observers who stay see each of them come and
//! go exactly once; in the end nobody is listed who is gone.

mod guests;
mod ledger;
#[cfg(test)]
mod ledger_tests;
mod news;
mod observers;
mod run;
mod sight;
mod verdict;

pub use run::check;

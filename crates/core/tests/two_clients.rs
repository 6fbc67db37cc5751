//! The example on the crate's front page does what it says.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

#[allow(dead_code, reason = "its main() only prints")]
#[path = "../examples/two_clients.rs"]
mod example;

#[test]
fn two_clients_meet_in_a_room_and_talk() {
    assert_eq!(example::meet().unwrap(), ["ada sees bob", "bob hears \"hello\" from ada"]);
}

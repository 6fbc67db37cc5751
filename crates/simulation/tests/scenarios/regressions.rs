//! Seeds that found a defect, and what it was. A change of the harness that draws another number may let one of them tell
//! another story; the scenarios' own ranges still hold the defects' kind.

use crate::losses::{a_loss_during_a_call, a_loss_while_connecting};
use crate::renegotiation::{changes_while_connecting, rounds_of_changes};
use signalpost_simulation::runner::check_seeds;

/// The end of the old generation came while an offer with `restartIce()` was being made, and was sent as the end of the
/// new one, before its candidates.
#[test]
fn the_end_of_a_generation_is_not_that_of_the_next() {
    check_seeds("the_end_of_a_generation_is_not_that_of_the_next", 529..530, changes_while_connecting);
    check_seeds("the_end_of_a_generation_is_not_that_of_the_next", 659..660, rounds_of_changes);
}

/// The server accepted an offer for a socket that was dead already; nobody sent it again, and the connection stayed in
/// have-local-offer for ever.
#[test]
fn an_offer_that_a_dead_socket_swallowed_is_sent_again() {
    check_seeds("an_offer_that_a_dead_socket_swallowed_is_sent_again", 4..5, a_loss_during_a_call);
}

/// As above, before the pair was ever connected.
#[test]
fn a_first_description_that_a_dead_socket_swallowed_is_sent_again() {
    check_seeds(
        "a_first_description_that_a_dead_socket_swallowed_is_sent_again",
        14..15,
        a_loss_while_connecting,
    );
}

/// Offer and answer had arrived, and the candidates of one side were lost with the other side's socket: no offer was
/// out, so nothing was sent again.
#[test]
fn candidates_that_a_dead_socket_swallowed_are_sent_again() {
    check_seeds("candidates_that_a_dead_socket_swallowed_are_sent_again", 557..558, a_loss_while_connecting);
}

/// The polite side answered and offered at once; the answer was lost, and only the offer was sent again, which the other
/// side ignores as long as its own has no answer.
#[test]
fn an_answer_that_an_offer_followed_is_sent_again() {
    check_seeds("an_answer_that_an_offer_followed_is_sent_again", 9..10, a_loss_while_connecting);
    check_seeds("an_answer_that_an_offer_followed_is_sent_again", 23..24, a_loss_during_a_call);
}

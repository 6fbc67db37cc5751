//! Descriptions that are larger than what can be sent: only the change that does not fit fails.

use super::*;
use signalpost_protocol::limits;

fn sized(kind: SdpType, name: &str, bytes: usize) -> Option<Description> {
    Some(Description { kind, sdp: sdp(name) + &"x".repeat(bytes) })
}

fn too_large(kind: SdpType, name: &str) -> Option<Description> {
    sized(kind, name, limits::DESCRIPTION_FRAME_BYTES)
}

impl Side {
    fn done_anew(&mut self, result: Option<Description>, signaling_state: SignalingState) -> Vec<String> {
        let outcome = Outcome { result: Ok(result), signaling_state };
        self.run(|negotiation, steps| assert!(negotiation.handle_done(outcome, true, steps)))
    }

    /// The other side offers, and is answered.
    fn answers(&mut self, number: u32) {
        assert_eq!(self.offer(number, "theirs"), ["set offer theirs"]);
        assert_eq!(self.done(None, HaveRemoteOffer), ["local"]);
        let answer = Some(Description { kind: SdpType::Answer, sdp: sdp("mine") + "a=group:BUNDLE 0\r\n" });
        assert_eq!(self.done(answer, Stable), [format!("send answer {number}")]);
    }
}

fn agreed(polite: bool) -> Side {
    let mut side = side(polite);
    side.answers(1);
    side
}

#[test]
fn a_change_that_does_not_fit_is_told_and_nothing_is_set() {
    for polite in [true, false] {
        let mut side = agreed(polite);
        assert_eq!(side.needed(), ["create"]);
        assert_eq!(side.needed(), NOTHING);
        assert_eq!(side.done(too_large(SdpType::Offer, "mine"), Stable), ["report message-too-large"]);
        assert!(
            !side.0.is_offering() && side.0.outstanding().iter().all(|(_, it)| it.kind == SdpType::Answer)
        );
        side.answers(2);
        assert_eq!(side.needed(), ["create"], "the browser repeats its wish");
        assert_eq!(side.done(too_large(SdpType::Offer, "mine"), Stable), NOTHING, "that was told");
        assert_eq!(side.needed(), ["create"], "the application did something else");
        assert_eq!(side.done(too_large(SdpType::Offer, "mine"), Stable), ["report message-too-large"]);
        side.offers("smaller");
    }
}

#[test]
fn a_restart_goes_on_by_an_offer_of_the_other_side() {
    for polite in [true, false] {
        let mut side = side(polite);
        side.answers(1);
        side.needed();
        side.done(too_large(SdpType::Offer, "mine"), Stable);
        side.answers(2);
        assert_eq!(side.activate(), ["create"], "the browser need not ask a second time");
        assert_eq!(side.done_anew(too_large(SdpType::Offer, "anew"), Stable), ["invite"]);
        assert!(side.0.is_inviting());
        assert_eq!(side.activate(), ["create"]);
        assert_eq!(side.done_anew(too_large(SdpType::Offer, "anew"), Stable), NOTHING, "one is enough");
        assert_eq!(side.offer(3, "restart"), ["set offer restart"]);
        side.done(None, HaveRemoteOffer);
        assert_eq!(side.done_anew(local(SdpType::Answer, "anew"), Stable), ["send answer 3"]);
        assert!(!side.0.is_inviting());
    }
}

#[test]
fn a_restart_that_nobody_can_offer_fails() {
    let mut side = Side(Negotiation::new(false, true));
    side.answers(1);
    side.activate();
    side.needed();
    assert_eq!(side.done_anew(too_large(SdpType::Offer, "anew"), Stable), ["fail message-too-large"]);
}

#[test]
fn a_first_offer_that_does_not_fit_fails_what_waits_for_it() {
    let mut side = side(true);
    assert_eq!(side.activate(), ["create"]);
    assert_eq!(side.done_anew(too_large(SdpType::Offer, "mine"), Stable), ["fail message-too-large"]);
    assert_eq!(side.activate(), ["create"]);
    let mut side = super::side(false);
    assert_eq!(side.activate(), ["local"]);
    let done = side.done_anew(too_large(SdpType::Offer, "mine"), HaveLocalOffer);
    assert_eq!(done, ["rollback", "fail message-too-large"]);
    assert_eq!(side.needed(), NOTHING, "the browser asks before the rollback has ended, or after it");
    assert_eq!(side.done(None, Stable), NOTHING);
    assert_eq!(side.needed(), NOTHING, "not again by itself");
    assert!(!side.0.is_offering());
    assert_eq!(side.activate(), ["create"]);
    side.done(local(SdpType::Offer, "mine"), Stable);
    assert_eq!(side.done(local(SdpType::Offer, "mine"), HaveLocalOffer), ["send offer 1"]);
}

#[test]
fn an_offer_that_grew_after_the_look_is_rolled_back() {
    let mut side = agreed(false);
    side.needed();
    assert_eq!(side.done(local(SdpType::Offer, "mine"), Stable), ["local"]);
    let done = side.done(too_large(SdpType::Offer, "mine"), HaveLocalOffer);
    assert_eq!(done, ["rollback", "fail message-too-large"]);
    assert_eq!(side.done(None, Stable), NOTHING);
    side.answers(2);
}

#[test]
fn an_answer_that_does_not_fit_refuses_the_offer_and_is_not_set() {
    let mut side = agreed(false);
    let long = sized(SdpType::Offer, "theirs", 100_000).unwrap().sdp;
    assert_eq!(side.hear(Remote::Offer { number: OfferNumber(2), sdp: long.clone() }).len(), 1);
    assert_eq!(side.done(None, HaveRemoteOffer), ["create answer"]);
    assert!(side.0.is_describing());
    let told = side.done(too_large(SdpType::Answer, "mine"), HaveRemoteOffer);
    assert_eq!(told, ["reject 2", "report message-too-large", "drop theirs"]);
    assert_eq!(side.done(None, Stable), NOTHING);
    assert_eq!(side.0.rejected(), Some(OfferNumber(2)));
    let again = side.hear(Remote::Offer { number: OfferNumber(2), sdp: long.clone() });
    assert_eq!(again, ["reject 2"], "the other side has not heard it");
    side.answers(3);
    assert_eq!(side.0.rejected(), None);
    assert_eq!(side.hear(Remote::Offer { number: OfferNumber(4), sdp: long }).len(), 1);
    assert_eq!(side.done(None, HaveRemoteOffer), ["create answer"]);
    assert_eq!(side.done(local(SdpType::Answer, "mine"), HaveRemoteOffer), ["local"]);
    assert_eq!(side.done(local(SdpType::Answer, "mine"), Stable), ["send answer 4"]);
}

#[test]
fn an_answer_that_was_not_looked_at_and_does_not_fit_is_not_noted_as_sent() {
    let mut side = agreed(true);
    side.offer(2, "theirs");
    side.done(None, HaveRemoteOffer);
    let done = side.done(too_large(SdpType::Answer, "mine"), Stable);
    assert_eq!(done, ["reject 2", "fail message-too-large"]);
    assert!(side.0.outstanding().is_empty());
}

#[test]
fn what_the_server_refuses_is_taken_back() {
    let refused = || Remote::Undelivered { code: ErrorCode::MessageTooLarge };
    let mut side = side(false).offering();
    assert_eq!(side.hear(refused()), ["rollback", "fail message-too-large"]);
    assert_eq!(side.done(None, Stable), NOTHING);
    assert_eq!(side.hear(refused()), NOTHING, "nothing is out");
    side.answers(1);
    assert_eq!(side.hear(refused()), ["reject 1", "fail message-too-large"]);
    assert!(side.0.outstanding().is_empty());
}

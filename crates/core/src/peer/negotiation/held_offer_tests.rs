//! Offers of the polite side that cannot be held, or cannot be set any more.

use super::*;

/// A description whose bundle begins with this media section.
fn bundled(tag: &str, rest: &str) -> String {
    format!("v=0\r\na=group:BUNDLE {tag} 7\r\na=ice-ufrag:mine\r\n{rest}")
}

fn made(kind: SdpType, sdp: String) -> Option<Description> {
    Some(Description { kind, sdp })
}

/// The polite side of a pair whose bundle begins with section 0.
fn polite() -> Side {
    let mut side = side(true);
    assert_eq!(side.hear(Remote::Offer { number: OfferNumber(1), sdp: bundled("0", "") }).len(), 1);
    side.done(None, HaveRemoteOffer);
    side.done(made(SdpType::Answer, bundled("0", "")), Stable);
    side
}

#[test]
fn an_offer_that_moves_the_bundle_is_set_before_it_is_sent() {
    let mut side = polite();
    assert_eq!(side.needed(), ["create"]);
    assert_eq!(side.done(made(SdpType::Offer, bundled("1", "")), Stable), ["local"]);
    assert_eq!(side.done(made(SdpType::Offer, bundled("1", "")), HaveLocalOffer), ["send offer 1"]);
    assert!(
        side.hear(Remote::Answer { number: OfferNumber(1), sdp: bundled("1", "") })[0]
            .starts_with("set answer")
    );
    assert_eq!(side.done(None, Stable), NOTHING);
    assert_eq!(side.needed(), ["create"]);
    let held = side.done(made(SdpType::Offer, bundled("1", "m=audio")), Stable);
    assert_eq!(held, ["send offer 2"], "the bundle stays where it is");
    assert_eq!(side.answer(2, "theirs").len(), 1);
}

#[test]
fn an_offer_that_is_set_gives_way_to_the_impolite_sides() {
    let mut side = polite();
    side.needed();
    side.done(made(SdpType::Offer, bundled("1", "")), Stable);
    side.done(made(SdpType::Offer, bundled("1", "")), HaveLocalOffer);
    assert_eq!(side.offer(2, "theirs"), ["set offer theirs"], "which rolls it back");
    assert_eq!(side.done(None, HaveRemoteOffer), ["local"]);
    assert_eq!(side.done(made(SdpType::Answer, bundled("0", "")), Stable), ["send answer 2"]);
    assert_eq!(side.needed(), ["create"], "the browser asks again");
}

#[test]
fn an_offer_of_the_other_side_comes_before_one_that_was_only_looked_at() {
    let mut side = polite();
    side.needed();
    assert_eq!(side.offer(2, "theirs"), NOTHING);
    let after = side.done(made(SdpType::Offer, bundled("1", "")), Stable);
    assert_eq!(after, ["set offer theirs"]);
    side.done(None, HaveRemoteOffer);
    assert_eq!(side.done(made(SdpType::Answer, bundled("0", "")), Stable), ["send answer 2"]);
    assert_eq!(side.needed(), ["create"], "it is looked at anew");
}

#[test]
fn firefox_holds_its_offers_all_the_same() {
    let mut side = polite();
    side.needed();
    let sdp =
        bundled("1", "").replace("v=0\r\n", "v=0\r\no=mozilla...THIS_IS_SDPARTA 1 0 IN IP4 0.0.0.0\r\n");
    assert_eq!(side.done(made(SdpType::Offer, sdp), Stable), ["send offer 1"]);
}

#[test]
fn an_offer_that_cannot_be_set_any_more_is_replaced_by_one_of_the_other_side() {
    let mut side = polite();
    side.offers("mine");
    assert_eq!(side.answer(1, "theirs"), ["set own mine"]);
    assert_eq!(side.failed(Stable), ["invite"]);
    assert!(!side.0.is_offering() && side.0.is_inviting());
    assert_eq!(side.needed(), NOTHING, "the other side goes on from the offer that is gone");
    assert_eq!(side.offer(2, "restart"), ["set offer restart"]);
    assert_eq!(side.done(None, HaveRemoteOffer), ["local"]);
    let outcome = Outcome { result: Ok(local(SdpType::Answer, "anew")), signaling_state: Stable };
    let answered = side.run(|negotiation, steps| assert!(negotiation.handle_done(outcome, true, steps)));
    assert_eq!(answered, ["send answer 2"]);
    side.offers("next");
}

#[test]
fn an_offer_that_can_never_be_set_is_given_up() {
    let mut side = polite();
    for number in 1..MOST_UNSET {
        side.offers("mine");
        side.answer(number, "theirs");
        assert_eq!(side.failed(Stable), ["invite"]);
        side.offer(number + 1, "restart");
        side.done(None, HaveRemoteOffer);
        let outcome = Outcome { result: Ok(local(SdpType::Answer, "anew")), signaling_state: Stable };
        side.run(|negotiation, steps| assert!(negotiation.handle_done(outcome, true, steps)));
    }
    side.offers("mine");
    side.answer(MOST_UNSET, "theirs");
    assert_eq!(side.failed(Stable), ["reject 8", "fail internal"]);
    assert!(!side.0.is_offering());
    assert_eq!(side.activate(), ["create"], "the application asks");
}

const MOST_UNSET: u32 = failure::MAX_UNSET_OFFERS as u32;

#[test]
fn a_held_offer_that_was_rejected_is_made_again_when_the_application_asks() {
    let mut side = polite();
    side.offers("mine");
    assert_eq!(side.reject(1), ["fail description-rejected"]);
    assert_eq!(side.activate(), ["create"], "the browser has asked before, and will not again");
}

//! What the other side or the browser refuses.

use super::*;

#[test]
fn a_rejected_offer_is_rolled_back_and_not_repeated_until_the_application_asks() {
    let mut side = side(false).offering();
    assert_eq!(side.reject(1), ["rollback", "fail description-rejected"]);
    assert_eq!(side.done(None, Stable), NOTHING);
    assert!(!side.0.is_offering());
    assert_eq!(side.needed(), NOTHING, "the browser asks again, and would for ever");
    assert_eq!(side.activate(), ["create"], "the browser will not ask a second time");
}

#[test]
fn an_offer_of_the_other_side_ends_the_refusal() {
    let mut side = side(false).offering();
    side.reject(1);
    side.done(None, Stable);
    assert_eq!(side.offer(1, "theirs"), ["set offer theirs"]);
    side.done(None, HaveRemoteOffer);
    side.done(local(SdpType::Answer, "mine"), Stable);
    side.offers("mine");
}

#[test]
fn a_reject_of_something_superseded_is_nothing() {
    let mut side = side(false).offering().connected();
    assert_eq!(side.reject(1), NOTHING, "the offer was answered");
    let mut side = side.offering();
    assert_eq!(side.reject(1), NOTHING, "an older offer");
    assert!(side.0.is_offering());
}

#[test]
fn a_reject_of_our_answer_is_told() {
    let mut side = side(true);
    side.offer(1, "theirs");
    side.done(None, HaveRemoteOffer);
    side.done(local(SdpType::Answer, "mine"), Stable);
    assert_eq!(side.reject(1), ["fail description-rejected"]);
}

#[test]
fn an_offer_that_the_browser_refuses_is_rejected_once() {
    let mut side = side(false);
    assert_eq!(side.offer(1, "bad"), ["set offer bad"]);
    assert_eq!(
        side.failed(Stable),
        ["reject 1", "fail description-rejected", "create"],
        "perhaps ours can be used"
    );
    assert_eq!(side.done(local(SdpType::Offer, "mine"), Stable), ["local"]);
    assert_eq!(side.done(local(SdpType::Offer, "mine"), HaveLocalOffer), ["send offer 1"]);
    assert_eq!(side.offer(1, "bad"), ["reject 1"], "it has not heard that");
    assert_eq!(side.reject(1), ["rollback", "fail description-rejected"]);
    assert_eq!(side.done(None, Stable), NOTHING);
    assert_eq!(side.offer(2, "good"), ["set offer good"]);
}

#[test]
fn an_offer_that_ours_gave_way_to_may_be_refused() {
    let mut side = side(true).offering();
    assert_eq!(side.offer(1, "bad"), ["set offer bad"]);
    assert_eq!(side.failed(Stable), ["reject 1", "fail description-rejected"]);
    assert!(!side.0.is_offering());
    assert_eq!(side.needed(), ["create"]);
}

#[test]
fn an_answer_that_the_browser_refuses_is_rejected_and_ours_rolled_back() {
    let mut side = side(false).offering();
    side.answer(1, "bad");
    assert_eq!(side.failed(HaveLocalOffer), ["reject 1", "fail description-rejected", "rollback"]);
    assert_eq!(side.done(None, Stable), NOTHING);
    assert_eq!(side.needed(), NOTHING, "not again by itself");
    assert_eq!(side.offer(1, "theirs"), ["set offer theirs"], "not stuck");
}

#[test]
fn an_answer_that_cannot_be_made_rejects_the_offer_and_rolls_back() {
    let mut side = side(false);
    side.offer(1, "theirs");
    side.done(None, HaveRemoteOffer);
    assert_eq!(side.failed(HaveRemoteOffer), ["reject 1", "fail internal", "drop theirs"]);
    assert_eq!(side.done(None, Stable), NOTHING);
    assert_eq!(side.offer(2, "more"), ["set offer more"]);
}

#[test]
fn an_offer_that_cannot_be_made_is_told_and_may_be_made_later() {
    let mut side = side(false);
    side.activate();
    assert_eq!(side.needed(), NOTHING, "it is being made");
    assert_eq!(side.failed(Stable), ["fail internal"], "and not made again by itself");
    assert_eq!(side.activate(), ["local"], "the browser has asked, and will not again");
    assert_eq!(side.failed(Stable), ["fail internal"]);
    assert_eq!(side.needed(), ["local"]);
    assert_eq!(side.done(None, Stable), ["fail internal"], "no description is a failure too");
    side.needed();
    assert_eq!(side.done(local(SdpType::Answer, "odd"), Stable), ["fail internal"]);
}

#[test]
fn a_rollback_that_fails_is_told_once() {
    let mut side = side(false).offering();
    side.reject(1);
    assert_eq!(side.failed(HaveLocalOffer), ["fail internal"]);
}

#[test]
fn an_answer_without_an_offer_changes_nothing_and_is_told_to_the_debug_hook() {
    let mut side = side(false);
    let mut steps = Vec::new();
    side.0.handle_remote(Remote::Answer { number: OfferNumber(1), sdp: sdp("theirs") }, &mut steps);
    assert!(matches!(steps[..], [Step::Ignore { why: "an answer without an offer" }]));
    let mut side = side.offering();
    let mut steps = Vec::new();
    side.0.handle_remote(Remote::Answer { number: OfferNumber(9), sdp: sdp("theirs") }, &mut steps);
    assert!(matches!(steps[..], [Step::Ignore { why: "an answer to another offer" }]));
    assert_eq!(side.answer(1, "theirs"), ["set answer theirs"]);
}

#![allow(clippy::arithmetic_side_effects)]

use super::*;
use Operation::{RollbackLocal, RollbackRemote, SetLocalDescription, SetRemoteDescription};
use SignalingState::{HaveLocalOffer, HaveRemoteOffer, Stable};
use signalpost_protocol::IceCandidateInit;

struct Side(Negotiation);

fn side(polite: bool) -> Side {
    Side(Negotiation::new(polite, false))
}

fn sdp(name: &str) -> String {
    format!("v=0\r\na=ice-ufrag:{name}\r\nm=\r\n")
}

fn local(kind: SdpType, name: &str) -> Option<Description> {
    Some(Description { kind, sdp: sdp(name) })
}

fn candidate(fragment: &str) -> IceCandidateInit {
    IceCandidateInit {
        candidate: "candidate:1 1 udp 1 192.0.2.1 1 typ host".into(),
        username_fragment: Some(fragment.into()),
        sdp_m_line_index: Some(0),
        ..IceCandidateInit::default()
    }
}

/// The steps as short words; where candidates begin and what is ignored is left out.
fn words(mut steps: Vec<Step>) -> Vec<String> {
    steps.retain(|step| !matches!(step, Step::Described { .. } | Step::Ignore { .. }));
    let word = |step| match step {
        Step::Operate(SetLocalDescription) => "local".into(),
        Step::Operate(RollbackLocal) => "rollback".into(),
        Step::Operate(RollbackRemote) => "drop theirs".into(),
        Step::Operate(Operation::CreateOffer) => "create".into(),
        Step::Operate(Operation::ReadLocalDescription) => "read".into(),
        Step::Operate(Operation::CreateAnswer) => "create answer".into(),
        Step::Operate(Operation::SetLocalOffer(description)) => {
            format!("set own {}", &description.sdp[17..].trim_end_matches("\r\nm=\r\n"))
        }
        Step::Operate(SetRemoteDescription(description)) => {
            let kind = if description.kind == SdpType::Offer { "offer" } else { "answer" };
            format!("set {kind} {}", &description.sdp[17..].trim_end_matches("\r\nm=\r\n"))
        }
        Step::Operate(Operation::AddIceCandidate(init)) => {
            let what = if init.candidate.is_empty() { "end" } else { "candidate" };
            format!("{what} {}", init.username_fragment.unwrap_or_default())
        }
        Step::SendDescription { number, description } => {
            let kind = if description.kind == SdpType::Offer { "offer" } else { "answer" };
            format!("send {kind} {number}")
        }
        Step::Described { .. } => "described".into(),
        Step::Gather => "gather".into(),
        Step::Invite => "invite".into(),
        Step::Report { code, .. } => format!("report {}", code.as_str()),
        Step::RestartIce => "restart".into(),
        Step::SendAgain => "again".into(),
        Step::SendReject { number } => format!("reject {number}"),
        Step::Fail { code, .. } => format!("fail {}", code.as_str()),
        Step::Ignore { why } => format!("ignore {why}"),
    };
    steps.into_iter().map(word).collect()
}

impl Side {
    fn run(&mut self, act: impl FnOnce(&mut Negotiation, &mut Vec<Step>)) -> Vec<String> {
        let mut steps = Vec::new();
        act(&mut self.0, &mut steps);
        let operations = steps.iter().filter(
            |step| matches!(step, Step::Operate(what) if !matches!(what, Operation::AddIceCandidate(_))),
        );
        assert!(operations.count() <= 1, "one operation at a time");
        words(steps)
    }

    fn activate(&mut self) -> Vec<String> {
        self.run(|negotiation, steps| negotiation.activate(steps))
    }

    fn needed(&mut self) -> Vec<String> {
        self.run(|negotiation, steps| negotiation.handle_negotiation_needed(steps))
    }

    fn hear(&mut self, remote: Remote) -> Vec<String> {
        self.run(|negotiation, steps| negotiation.handle_remote(remote, steps))
    }

    fn offer(&mut self, number: u32, name: &str) -> Vec<String> {
        self.hear(Remote::Offer { number: OfferNumber(number), sdp: sdp(name) })
    }

    fn answer(&mut self, number: u32, name: &str) -> Vec<String> {
        self.hear(Remote::Answer { number: OfferNumber(number), sdp: sdp(name) })
    }

    fn reject(&mut self, number: u32) -> Vec<String> {
        self.hear(Remote::Reject { number: OfferNumber(number), code: ErrorCode::DescriptionRejected })
    }

    fn candidates(&mut self, fragment: &str) -> Vec<String> {
        self.hear(Remote::Candidates { candidates: vec![candidate(fragment)], end: None })
    }

    fn done(&mut self, result: Option<Description>, signaling_state: SignalingState) -> Vec<String> {
        let outcome = Outcome { result: Ok(result), signaling_state };
        self.run(|negotiation, steps| assert!(negotiation.handle_done(outcome, false, steps)))
    }

    fn failed(&mut self, signaling_state: SignalingState) -> Vec<String> {
        let outcome = Outcome { result: Err("the browser says no".into()), signaling_state };
        self.run(|negotiation, steps| assert!(negotiation.handle_done(outcome, false, steps)))
    }

    fn offering(mut self) -> Self {
        let number = self.0.own.number.0 + 1;
        let activated = self.activate();
        if number > 1 {
            self.offers("mine");
            return self;
        }
        let (made, state) = if self.0.polite { ("create", Stable) } else { ("local", HaveLocalOffer) };
        assert_eq!(activated, [made]);
        assert_eq!(self.done(local(SdpType::Offer, "mine"), state), [format!("send offer {number}")]);
        self
    }

    /// An offer that is not the first is looked at before it is set, or held.
    fn offers(&mut self, name: &str) {
        let number = self.0.own.number.0 + 1;
        assert_eq!(self.needed(), ["create"]);
        let looked_at = self.done(local(SdpType::Offer, name), Stable);
        if self.0.polite {
            assert_eq!(looked_at, [format!("send offer {number}")]);
        } else {
            assert_eq!(looked_at, ["local"]);
            assert_eq!(
                self.done(local(SdpType::Offer, name), HaveLocalOffer),
                [format!("send offer {number}")]
            );
        }
    }

    fn connected(mut self) -> Self {
        assert_eq!(self.answer(1, "theirs"), ["set answer theirs"]);
        assert_eq!(self.done(None, Stable), [""; 0]);
        self
    }
}

const NOTHING: [&str; 0] = [];

#[test]
fn nothing_is_offered_before_the_application_wants_to_connect() {
    let mut side = side(false);
    assert_eq!(side.needed(), NOTHING);
    assert_eq!(side.activate(), ["local"], "the need is remembered");
}

#[test]
fn the_first_offer_does_not_wait_for_the_browsers_event_and_is_made_once() {
    for polite in [true, false] {
        let mut side = side(polite);
        assert_eq!(side.activate(), [if polite { "create" } else { "local" }]);
        assert_eq!(side.needed(), NOTHING, "the event is about the same need");
        let state = if polite { Stable } else { HaveLocalOffer };
        assert_eq!(side.done(local(SdpType::Offer, "mine"), state), ["send offer 1"]);
        if polite {
            assert_eq!(side.answer(1, "theirs"), ["set own mine"]);
            assert_eq!(side.done(None, HaveLocalOffer), ["set answer theirs"]);
        } else {
            assert_eq!(side.answer(1, "theirs"), ["set answer theirs"]);
        }
        assert_eq!(side.done(None, Stable), NOTHING, "no second offer");
        assert_eq!(side.needed().len(), 1, "what is asked for from now on is something else");
    }
}

#[test]
fn an_offer_of_the_polite_side_is_set_when_its_answer_is_there() {
    let mut side = side(true);
    assert_eq!(side.activate(), ["create"]);
    assert_eq!(side.done(local(SdpType::Offer, "mine"), Stable), ["send offer 1"]);
    assert_eq!(side.needed(), NOTHING, "one offer is out");
    assert_eq!(side.answer(2, "theirs"), NOTHING, "not its answer");
    assert_eq!(side.answer(1, "theirs"), ["set own mine"]);
    assert_eq!(side.candidates("theirs"), NOTHING, "they wait for their description");
    assert_eq!(side.done(local(SdpType::Offer, "mine"), HaveLocalOffer), ["set answer theirs"]);
    assert_eq!(side.done(None, Stable), ["candidate theirs"]);
    assert_eq!(side.needed(), ["create"], "and so is the next");
}

#[test]
fn an_offer_of_the_polite_side_gives_way_without_a_rollback() {
    let mut side = side(true);
    side.activate();
    side.done(local(SdpType::Offer, "mine"), Stable);
    assert_eq!(side.offer(1, "theirs"), ["set offer theirs"]);
    assert_eq!(side.done(None, HaveRemoteOffer), ["local"]);
    assert_eq!(side.answer(1, "late"), NOTHING);
    assert_eq!(side.done(local(SdpType::Answer, "mine"), Stable), ["send answer 1"]);
    assert_eq!(side.0.inbox.len(), 0);
}

#[test]
fn an_offer_that_is_not_set_is_not_rolled_back_when_it_is_rejected() {
    let mut side = side(true);
    side.activate();
    side.done(local(SdpType::Offer, "mine"), Stable);
    let rejected = Remote::Reject { number: OfferNumber(1), code: ErrorCode::DescriptionRejected };
    assert_eq!(
        side.run(|negotiation, steps| negotiation.handle_remote(rejected, steps)),
        ["fail description-rejected"]
    );
    assert_eq!(side.needed(), NOTHING, "it would be rejected again");
    assert_eq!(side.activate(), ["create"]);
}

#[test]
fn an_offer_is_answered() {
    let mut side = side(false);
    assert_eq!(side.offer(1, "theirs"), ["set offer theirs"]);
    assert_eq!(side.done(None, HaveRemoteOffer), ["local"]);
    assert!(side.0.is_describing());
    assert_eq!(side.done(local(SdpType::Answer, "mine"), Stable), ["send answer 1"]);
    assert!(!side.0.is_offering());
    side.offers("mine");
}

#[test]
fn an_old_answer_that_comes_again_says_that_the_offer_after_it_was_lost() {
    let mut side = side(false).offering();
    assert_eq!(side.answer(1, "theirs"), ["set answer theirs"]);
    assert_eq!(side.done(None, Stable), NOTHING);
    side.offers("second");
    assert_eq!(side.answer(1, "theirs"), ["again"]);
    assert_eq!(side.answer(2, "theirs"), ["set answer theirs"]);
}

#[test]
fn an_offer_out_is_answered_by_the_answer_of_its_number_only() {
    let mut side = side(false).offering();
    assert!(side.0.is_offering());
    assert_eq!(side.answer(2, "x"), NOTHING);
    assert_eq!(side.answer(0, "x"), NOTHING);
    assert_eq!(side.answer(1, "theirs"), ["set answer theirs"]);
    assert_eq!(side.done(None, Stable), NOTHING);
    assert_eq!(side.answer(1, "theirs"), NOTHING, "once");
    assert_eq!(side.0.outstanding().first(), None);
}

#[test]
fn glare_the_impolite_side_ignores_the_offer_and_is_answered() {
    let mut side = side(false).offering();
    assert_eq!(side.offer(1, "theirs"), NOTHING);
    assert!(side.0.remote.is_ignored);
    assert_eq!(side.candidates("theirs"), NOTHING);
    assert_eq!(side.answer(1, "again"), ["set answer again"]);
    assert_eq!(side.done(None, Stable), NOTHING, "candidates of the ignored offer are never applied");
    assert!(!side.0.remote.is_ignored);
    assert_eq!(side.offer(2, "second"), ["set offer second"], "its next offer is welcome");
}

#[test]
fn glare_the_polite_side_gives_up_its_offer() {
    let mut side = side(true).offering();
    assert_eq!(side.offer(1, "theirs"), ["set offer theirs"]);
    assert_eq!(side.done(None, HaveRemoteOffer), ["local"]);
    assert_eq!(side.done(local(SdpType::Answer, "mine"), Stable), ["send answer 1"]);
    assert_eq!(side.answer(1, "late"), NOTHING, "a late answer to the offer that gave way");
    let mut side = side.offering();
    assert_eq!(side.0.own.number.0, 2, "offers are numbered on");
    assert_eq!(side.answer(1, "late"), NOTHING);
    assert_eq!(side.answer(2, "theirs"), ["set own mine"]);
}

#[test]
fn glare_is_judged_when_the_offers_turn_comes() {
    for polite in [true, false] {
        let mut side = side(polite);
        assert_eq!(side.activate(), [if polite { "create" } else { "local" }]);
        assert_eq!(side.offer(1, "theirs"), NOTHING, "it waits for the operation in flight");
        let after = side.done(local(SdpType::Offer, "mine"), if polite { Stable } else { HaveLocalOffer });
        let expected: &[&str] =
            if polite { &["send offer 1", "set offer theirs"] } else { &["send offer 1"] };
        assert_eq!(after, expected, "polite: {polite}");
    }
}

#[test]
fn an_offer_behind_the_answer_is_no_glare() {
    let mut side = side(false).offering();
    assert_eq!(side.answer(1, "theirs"), ["set answer theirs"]);
    assert_eq!(side.offer(1, "more"), NOTHING);
    assert_eq!(side.done(None, Stable), ["set offer more"]);
    assert!(!side.0.remote.is_ignored);
}

#[test]
fn an_ignored_offer_that_comes_again_gets_our_offer_again() {
    let mut side = side(false).offering();
    assert_eq!(side.offer(1, "theirs"), NOTHING);
    assert_eq!(side.offer(1, "theirs"), ["again"], "the other side would have rolled back");
    assert_eq!(side.offer(2, "theirs"), NOTHING);
}

#[test]
fn a_repeated_offer_gets_the_answer_again_and_an_older_one_nothing() {
    let mut side = side(true);
    for number in [1, 2] {
        side.offer(number, "theirs");
        side.done(None, HaveRemoteOffer);
        side.done(local(SdpType::Answer, "mine"), Stable);
    }
    assert_eq!(side.offer(2, "theirs"), ["again"]);
    assert_eq!(
        side.0.outstanding().first(),
        Some(&(OfferNumber(2), local(SdpType::Answer, "mine").unwrap()))
    );
    assert_eq!(side.offer(1, "theirs"), NOTHING);
}

#[test]
fn nothing_starts_while_an_operation_is_in_flight() {
    let mut side = side(true);
    assert_eq!(side.offer(1, "one"), ["set offer one"]);
    assert_eq!(side.needed(), NOTHING);
    assert_eq!(side.activate(), NOTHING);
    assert_eq!(side.offer(2, "two"), NOTHING);
    assert_eq!(side.candidates("two"), NOTHING);
    assert_eq!(side.done(None, HaveRemoteOffer), ["local"]);
    assert_eq!(side.done(local(SdpType::Answer, "mine"), Stable), ["send answer 1", "set offer two"]);
    assert_eq!(side.done(None, HaveRemoteOffer), ["local"]);
    let after = side.done(local(SdpType::Answer, "mine"), Stable);
    assert_eq!(after, ["send answer 2", "candidate two"], "in the order of arrival");
}

#[test]
fn candidates_wait_for_their_description_and_die_with_their_generation() {
    let mut side = side(false).offering();
    assert_eq!(side.candidates("theirs"), NOTHING);
    assert_eq!(side.candidates("other"), NOTHING);
    assert_eq!(side.answer(1, "theirs"), ["set answer theirs"]);
    let end = Remote::Candidates { candidates: vec![], end: Some("theirs".into()) };
    assert_eq!(side.hear(end), NOTHING);
    assert_eq!(side.done(None, Stable), ["candidate theirs", "end theirs"]);
    assert_eq!(side.candidates("theirs"), NOTHING, "the browser has it");
    assert_eq!(side.offer(1, "restart"), ["set offer restart"]);
    assert_eq!(side.done(None, HaveRemoteOffer), ["local"]);
    side.done(local(SdpType::Answer, "mine"), Stable);
    assert_eq!(side.candidates("theirs"), NOTHING, "the old generation");
    assert_eq!(side.candidates("restart"), ["candidate restart"]);
}

#[test]
fn an_outcome_without_an_operation_is_nothing() {
    let mut side = side(false);
    let outcome = Outcome { result: Ok(None), signaling_state: Stable };
    let mut steps = Vec::new();
    assert!(!side.0.handle_done(outcome, false, &mut steps));
    assert!(steps.is_empty());
}

#[test]
fn what_waits_for_the_browser_is_bounded() {
    let mut side = side(false);
    side.offer(1, "theirs");
    for number in 2..2 + MAX_WAITING {
        assert_eq!(side.reject(number as u32), NOTHING);
    }
    assert_eq!(side.candidates("theirs"), ["fail peer-busy"]);
    assert_eq!(side.done(None, HaveRemoteOffer), ["local"]);
    assert_eq!(side.done(local(SdpType::Answer, "mine"), Stable), ["send answer 1"]);
    assert_eq!(side.candidates("theirs"), ["candidate theirs"], "there is room again");
}

#[test]
fn a_number_at_its_bound_does_not_overflow() {
    let mut side = side(true);
    assert_eq!(side.offer(u32::MAX, "theirs"), ["set offer theirs"]);
    side.done(None, HaveRemoteOffer);
    side.done(local(SdpType::Answer, "mine"), Stable);
    assert_eq!(side.offer(0, "theirs"), NOTHING);
}

#[path = "excess_tests.rs"]
mod excesses;
#[path = "failure_tests.rs"]
mod failures;
#[path = "held_offer_tests.rs"]
mod held_offers;

//! Forged histories: the checker finds each way to break the contract, and nothing else.

use super::verdict::Cost;
use super::*;

const SECOND: At = 1_000_000;

/// A history in which 0 talks to 1, a second between any two things that happen.
#[derive(Default)]
struct Story {
    history: History,
    now: At,
}

impl Story {
    fn tick(&mut self) -> At {
        self.now += SECOND;
        self.now
    }

    fn send(&mut self, number: u32) -> &mut Self {
        let at = self.tick();
        self.history.sent(at, 0, 1, number);
        self
    }

    fn settle(&mut self, number: u32, outcome: Outcome) -> &mut Self {
        let at = self.tick();
        self.history.settled(at, 0, 1, number, &outcome);
        self
    }

    fn accept(&mut self, number: u32) -> &mut Self {
        self.send(number).settle(number, Outcome::Accepted)
    }

    fn hear(&mut self, number: u32) -> &mut Self {
        let at = self.tick();
        self.history.received(at, Way { from: 0, to: 1, room: None }, number);
        self
    }

    fn lose_session(&mut self, peer: Peer) -> &mut Self {
        let at = self.tick();
        self.history.session_lost(at, peer);
        self
    }

    /// The store loses data, for one second.
    fn outage(&mut self, what: Outage) -> &mut Self {
        for told in [Some(what), None] {
            let at = self.tick();
            self.history.outage(at, told);
        }
        self
    }

    fn offences(&mut self) -> Vec<(Offence, u32)> {
        let verdict = std::mem::take(&mut self.history).finish();
        verdict.findings.iter().map(|finding| (finding.offence.clone(), finding.number)).collect()
    }
}

fn failed(code: &str) -> Offence {
    Offence::Failed(code.into())
}

#[test]
fn what_arrives_once_and_in_order_breaks_nothing() {
    let mut story = Story::default();
    story.accept(0).send(1).hear(0).hear(1).settle(1, Outcome::Confirmed).accept(2).hear(2);
    assert_eq!(story.history.under_way(), 0);
    let verdict = story.history.finish();
    assert!(verdict.is_kept());
    assert_eq!((verdict.sent, verdict.received, verdict.accepted, verdict.confirmed), (3, 3, 2, 1));
}

#[test]
fn a_lost_message_is_found() {
    assert_eq!(Story::default().accept(0).offences(), [(Offence::Lost, 0)]);
    assert_eq!(Story::default().accept(0).accept(1).hear(1).offences(), [(Offence::Lost, 0)]);
    // A receipt for what never arrived.
    let mut story = Story::default();
    story.send(0).settle(0, Outcome::Confirmed);
    assert_eq!(story.history.under_way(), 1);
    assert_eq!(story.offences(), [(Offence::Lost, 0)]);
}

#[test]
fn a_doubled_message_is_found() {
    assert_eq!(Story::default().accept(0).hear(0).hear(0).offences(), [(Offence::Doubled, 0)]);
    let mut story = Story::default();
    story.send(0).hear(0).hear(0).settle(0, Outcome::Accepted);
    assert_eq!(story.offences(), [(Offence::Doubled, 0)]);
    // Long after, too.
    let mut story = Story::default();
    story.accept(0).hear(0).accept(1).hear(1).hear(0);
    assert_eq!(story.offences(), [(Offence::Doubled, 0)]);
}

#[test]
fn a_reordered_message_is_found() {
    let mut story = Story::default();
    story.accept(0).accept(1).hear(1).hear(0);
    assert_eq!(story.offences(), [(Offence::Reordered, 0)]);
    let mut story = Story::default();
    story.send(0).send(1).hear(1).hear(0).settle(0, Outcome::Accepted).settle(1, Outcome::Accepted);
    assert_eq!(story.offences(), [(Offence::Reordered, 0)]);
}

#[test]
fn what_was_never_sent_or_was_refused_is_found_when_it_arrives() {
    assert_eq!(Story::default().hear(0).offences(), [(Offence::Invented, 0)]);
    let refused = || Outcome::Refused("peer-busy".into());
    assert_eq!(Story::default().send(0).settle(0, refused()).hear(0).offences(), [(Offence::Refuted, 0)]);
    assert_eq!(Story::default().send(0).hear(0).settle(0, refused()).offences(), [(Offence::Refuted, 0)]);
    assert_eq!(Story::default().send(0).settle(0, refused()).offences(), []);
}

#[test]
fn a_call_without_an_end_is_found() {
    assert_eq!(Story::default().send(0).hear(0).offences(), [(Offence::Unsettled, 0)]);
    assert_eq!(Story::default().send(0).offences(), [(Offence::Unsettled, 0)]);
}

#[test]
fn a_failure_is_right_only_beside_a_lost_session() {
    let unknown = |code: &str| Outcome::Unknown(code.into());
    let refused = |code: &str| Outcome::Refused(code.into());
    let fails = |outcome: Outcome| Story::default().send(0).settle(0, outcome).offences();
    assert_eq!(fails(unknown("link-lost")), [(failed("link-lost"), 0)]);
    assert_eq!(fails(unknown("timeout")), [(failed("timeout"), 0)]);
    assert_eq!(fails(refused("peer-not-found")), [(failed("peer-not-found"), 0)]);
    assert_eq!(fails(refused("rate-limited")), []);
    // The sender's own session for one, the receiver's for the other.
    assert_eq!(Story::default().send(0).lose_session(0).settle(0, unknown("link-lost")).offences(), []);
    assert_eq!(
        Story::default().send(0).lose_session(1).settle(0, unknown("link-lost")).offences(),
        [(failed("link-lost"), 0)]
    );
    assert_eq!(Story::default().send(0).settle(0, refused("peer-not-found")).lose_session(1).offences(), []);
    assert_eq!(
        Story::default().lose_session(1).send(0).settle(0, refused("peer-not-found")).offences(),
        [(failed("peer-not-found"), 0)]
    );
    // A session that was lost before or long after has nothing to do with it.
    assert_eq!(
        Story::default().lose_session(0).send(0).settle(0, unknown("link-lost")).offences(),
        [(failed("link-lost"), 0)]
    );
    let mut late = Story::default();
    late.send(0).settle(0, unknown("link-lost"));
    late.now += SLACK;
    assert_eq!(late.lose_session(0).offences(), [(failed("link-lost"), 0)]);
}

#[test]
fn a_loss_is_told_only_by_the_session_of_the_receiver_and_while_the_message_was_under_way() {
    let mut story = Story::default();
    story.outage(Outage::Wiped).accept(0).lose_session(1).accept(1).hear(1);
    let verdict = story.history.finish();
    assert!(verdict.is_kept());
    let cost = Cost { sessions: 1, messages: 1, ..Cost::default() };
    assert_eq!(verdict.costs, [(Some(Outage::Wiped), cost)].into());
    // The session of the sender excuses nothing that was accepted.
    assert_eq!(Story::default().accept(0).lose_session(0).offences(), [(Offence::Lost, 0)]);
    // A session that was lost before the message was sent, or after a later one was heard, does not either.
    assert_eq!(Story::default().lose_session(1).accept(0).offences(), [(Offence::Lost, 0)]);
    let mut story = Story::default();
    story.accept(0).accept(1).hear(1).lose_session(1);
    assert_eq!(story.offences(), [(Offence::Lost, 0)]);
    // What the receiver confirmed it had.
    let mut story = Story::default();
    story.send(0).settle(0, Outcome::Confirmed).lose_session(1);
    assert_eq!(story.offences(), [(Offence::Lost, 0)]);
}

#[test]
fn a_session_is_lost_only_soon_after_an_outage_that_loses_data() {
    let verdict = |story: &mut Story| std::mem::take(&mut story.history).finish();
    let lost = verdict(Story::default().lose_session(1));
    assert!(!lost.is_kept() && lost.odd.len() == 1, "{lost}");
    assert!(lost.to_string().contains("no outage: 1 sessions"), "{lost}");
    let lost = verdict(Story::default().lose_session(1).outage(Outage::Wiped));
    assert!(!lost.is_kept(), "{lost}");
    let lost = verdict(Story::default().outage(Outage::Wiped).lose_session(1));
    assert!(lost.is_kept(), "{lost}");
    let mut late = Story::default();
    late.outage(Outage::Wiped);
    late.now += 120 * SECOND;
    assert!(!verdict(late.lose_session(1)).is_kept());
}

#[test]
fn a_lost_tail_takes_what_its_sender_was_told_with_the_session_of_the_sender() {
    let cost = |messages| Cost { sessions: 1, messages, ..Cost::default() };
    let mut story = Story::default();
    story.accept(0).outage(Outage::LostTail).lose_session(0).accept(1).hear(1);
    let verdict = story.history.finish();
    assert!(verdict.is_kept(), "{verdict}");
    assert_eq!(verdict.costs, [(Some(Outage::LostTail), cost(1))].into());
    // A frame that is sent again may find that the session of its receiver went with the tail.
    let refused = || Outcome::Refused("peer-not-found".into());
    let mut story = Story::default();
    story.send(0).hear(0).outage(Outage::LostTail).lose_session(1).settle(0, refused());
    let verdict = story.history.finish();
    assert!(verdict.is_kept() && verdict.costs[&Some(Outage::LostTail)].refuted == 1, "{verdict}");
    let mut story = Story::default();
    story.send(0).hear(0).outage(Outage::Wiped).lose_session(1).settle(0, refused());
    assert_eq!(story.offences(), [(Offence::Refuted, 0)]);
    let mut story = Story::default();
    story.send(0).hear(0).outage(Outage::LostTail).lose_session(1).hear(0).settle(0, Outcome::Accepted);
    let verdict = story.history.finish();
    assert!(verdict.is_kept() && verdict.costs[&Some(Outage::LostTail)].doubled == 1, "{verdict}");
    // Not where it has kept its session, nor where the call had ended.
    let mut story = Story::default();
    story.send(0).hear(0).outage(Outage::LostTail).lose_session(0).hear(0).settle(0, Outcome::Accepted);
    assert_eq!(story.offences(), [(Offence::Doubled, 0)]);
    let mut story = Story::default();
    story.accept(0).hear(0).outage(Outage::LostTail).lose_session(1).hear(0);
    assert_eq!(story.offences(), [(Offence::Doubled, 0)]);
    // What was sent when Redis ran again, and what was confirmed, is lost without a reason.
    let mut story = Story::default();
    story.outage(Outage::LostTail).accept(0).lose_session(0);
    assert_eq!(story.offences(), [(Offence::Lost, 0)]);
    let mut story = Story::default();
    story.send(0).settle(0, Outcome::Confirmed).outage(Outage::LostTail).lose_session(0);
    assert_eq!(story.offences(), [(Offence::Lost, 0)]);
    // Where everything is lost the receiver has lost its session too.
    let mut story = Story::default();
    story.accept(0).outage(Outage::Wiped).lose_session(0);
    assert_eq!(story.offences(), [(Offence::Lost, 0)]);
}

#[test]
fn an_excuse_reaches_no_further_than_its_reason() {
    // A call without an end did not go with the session of the receiver.
    let mut story = Story::default();
    story.outage(Outage::Wiped).send(0).lose_session(1);
    assert_eq!(story.offences(), [(Offence::Unsettled, 0)]);
    // A session of the sender that was lost before the tail took nothing with it.
    let mut story = Story::default();
    story.outage(Outage::Wiped).accept(0).lose_session(0).outage(Outage::LostTail);
    assert_eq!(story.offences(), [(Offence::Lost, 0)]);
    // The latest outage is the one that counts.
    let mut story = Story::default();
    story.outage(Outage::Wiped).outage(Outage::LostTail).lose_session(1);
    let verdict = story.history.finish();
    assert!(verdict.costs.keys().eq(&[Some(Outage::LostTail)]), "{verdict}");
    // A frame that is sent again may find that the receiver has gone since, where the tail took the session of the sender.
    let mut story = Story::default();
    story.send(0).hear(0).outage(Outage::LostTail).lose_session(0);
    story.settle(0, Outcome::Refused("peer-not-found".into()));
    let verdict = story.history.finish();
    assert!(verdict.is_kept() && verdict.costs[&Some(Outage::LostTail)].refuted == 1, "{verdict}");
}

#[test]
fn what_may_have_been_sent_is_not_missed_but_stays_in_order() {
    let unknown = || Outcome::Unknown("link-lost".into());
    let mut story = Story::default();
    story.send(0).lose_session(0).settle(0, unknown()).accept(1).hear(1);
    assert_eq!(story.offences(), []);
    let mut story = Story::default();
    story.send(0).lose_session(0).settle(0, unknown()).accept(1).hear(1).hear(0);
    assert_eq!(story.offences(), [(Offence::Reordered, 0)]);
}

#[test]
fn offences_are_counted_beyond_those_that_are_kept() {
    let mut story = Story::default();
    for number in 0..100 {
        story.accept(number);
    }
    let verdict = story.history.finish();
    assert_eq!((verdict.offences[&Offence::Lost], verdict.findings.len()), (100, 25));
    let told = verdict.to_string();
    assert!(
        told.contains("100 lost, 0 doubled, 0 reordered") && told.contains("lost: number 0 of 0 to 1"),
        "{told}"
    );
}

//! When the monitor takes a link for dead: an idle link within 15 s, a link with an unanswered frame within 3 s.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use proptest::prelude::*;
use signalpost_protocol::link_monitor::{LinkMonitor, Verdict};

/// Runs a silent link until it is dead; returns when it asked and when it died.
fn silence(mut link: LinkMonitor) -> (Vec<u64>, u64) {
    let mut asked = Vec::new();
    loop {
        let now = link.poll_timeout();
        match link.poll(now) {
            Verdict::Alive => panic!("woken for nothing at {now}"),
            Verdict::Ask => asked.push(now),
            Verdict::Dead => return (asked, now),
        }
    }
}

#[test]
fn the_end_with_the_duty_asks_after_6_s_and_gives_up_at_9() {
    let (asked, dead) = silence(LinkMonitor::new(1_000, true));
    assert_eq!(asked, [7_000]);
    assert_eq!(dead, 10_000, "a question is a send: 3 s more");
}

#[test]
fn the_other_end_asks_when_the_question_is_late_and_gives_up_3_s_later() {
    assert_eq!(silence(LinkMonitor::new(1_000, false)), (vec![9_000], 12_000));
}

#[test]
fn a_timer_that_slept_asks_before_it_gives_up() {
    for duty in [true, false] {
        let mut link = LinkMonitor::new(0, duty);
        link.handle_sent(100);
        assert_eq!(link.poll(3_600_000), Verdict::Ask, "an hour of sleep says nothing about the link");
        assert_eq!(link.poll(3_600_001), Verdict::Alive);
        assert_eq!(silence(link).1, 3_601_500);
    }
}

#[test]
fn an_unanswered_send_is_asked_about_and_found_dead_within_3_s() {
    for duty in [true, false] {
        let mut link = LinkMonitor::new(0, duty);
        link.handle_sent(4_000);
        link.handle_sent(5_000);
        assert_eq!(silence(link), (vec![5_500], 7_000), "the first send counts");
    }
}

#[test]
fn a_send_late_in_a_silence_does_not_put_off_the_verdict() {
    let mut link = LinkMonitor::new(0, false);
    link.handle_sent(7_500);
    assert_eq!(silence(link).1, 10_500);
}

#[test]
fn any_frame_is_life_and_resets_everything() {
    let mut link = LinkMonitor::new(0, true);
    link.handle_sent(100);
    assert_eq!(link.poll(1_600), Verdict::Ask);
    link.handle_received(3_000);
    assert_eq!(link.poll(3_100), Verdict::Alive);
    assert_eq!(silence(link), (vec![9_000], 12_000), "as if it had just opened");
}

#[test]
fn a_question_is_asked_once_for_each_silence() {
    let mut link = LinkMonitor::new(0, true);
    assert_eq!(link.poll(6_000), Verdict::Ask);
    assert_eq!(link.poll(6_001), Verdict::Alive);
    link.handle_received(7_000);
    assert_eq!(link.poll(12_999), Verdict::Alive);
    assert_eq!(link.poll(13_000), Verdict::Ask);
}

#[test]
fn a_probe_is_dead_after_2_s_and_asked_once() {
    let mut link = LinkMonitor::new(0, false);
    assert!(link.probe(1_000));
    assert!(!link.probe(1_900), "a question waits for its answer");
    assert_eq!(silence(link), (vec![], 3_000), "it is not put off");
    link.handle_received(1_950);
    assert_eq!(silence(link).0, [9_950], "it was answered");
    assert!(link.probe(3_000));
}

#[test]
fn a_probe_that_slept_is_sent_again() {
    let mut link = LinkMonitor::new(0, false);
    assert!(link.probe(1_000));
    assert!(link.probe(3_600_000));
    assert_eq!(silence(link), (vec![], 3_601_500));
}

#[test]
fn a_probe_does_not_put_off_the_verdict_on_a_send() {
    let mut link = LinkMonitor::new(0, false);
    link.handle_sent(1_000);
    assert!(link.probe(2_200));
    assert_eq!(silence(link), (vec![], 4_000));
}

proptest! {
    #[test]
    fn a_link_never_outlives_its_limits_and_never_wakes_in_vain(
        duty: bool,
        steps in prop::collection::vec((0u64..4_000, any::<bool>()), 0..50),
    ) {
        let (mut now, mut received, mut link) = (0, 0, LinkMonitor::new(0, duty));
        for (wait, is_send) in steps {
            now += wait;
            if link.poll(now) == Verdict::Dead {
                return Ok(());
            }
            prop_assert!(link.poll_timeout() > now);
            prop_assert!(now < received + 15_000, "it should be dead");
            if is_send {
                link.handle_sent(now);
            } else {
                link.handle_received(now);
                received = now;
            }
        }
        link.handle_sent(now);
        prop_assert!(silence(link).1 <= now + 3_000);
    }
}

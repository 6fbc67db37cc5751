//! Host candidates behind mDNS names, which may not resolve yet when they arrive.
//!
//! Firefox sends a name some 10 to 20 ms before its own responder answers for it. Chromium asks once, then after a
//! second, then gives up: a candidate that is quicker than the name costs a second, or the connection. So a
//! name of Firefox's waits a moment before another browser gets it, and every name is given again while the pair is
//! not connected.

use crate::time::Time;
use alloc::vec::Vec;
use signalpost_protocol::{Candidate, IceCandidateInit, session_description};

/// How long a name of Firefox's waits, in milliseconds.
const HOLD_MS: u32 = 40;
/// When a name is given again after it was given, in milliseconds.
const AGAIN_MS: [u32; 2] = [1_000, 3_000];
/// Most names of one connection.
const MAX_NAMES: usize = 20;

#[derive(Debug)]
struct Name {
    due: Time,
    given: usize,
    init: IceCandidateInit,
}

#[derive(Debug, Default)]
pub struct HiddenNames {
    own_is_firefox: bool,
    theirs_is_firefox: bool,
    names: Vec<Name>,
}

impl HiddenNames {
    pub fn handle_local_description(&mut self, now: Time, sdp: &str) {
        self.own_is_firefox = session_description::is_of_firefox(sdp);
        if self.own_is_firefox {
            for name in self.names.iter_mut().filter(|name| name.given == 0) {
                name.due = now;
            }
        }
    }

    /// Whether one of the two browsers is Firefox.
    pub fn has_firefox(&self) -> bool {
        self.own_is_firefox || self.theirs_is_firefox
    }

    /// Names of a generation that is over are forgotten.
    pub fn handle_remote_description(&mut self, sdp: &str) {
        self.theirs_is_firefox = session_description::is_of_firefox(sdp);
        let fragments = session_description::username_fragments(sdp);
        for name in core::mem::take(&mut self.names) {
            let fragment = name.init.username_fragment.as_ref();
            if fragment.is_none_or(|fragment| fragments.contains(fragment)) {
                self.names.push(name);
            }
        }
    }

    /// The pair is connected: no name matters any more.
    pub fn handle_connected(&mut self) {
        self.names.clear();
    }

    /// A candidate is to be applied: returns it unless it has to wait.
    pub fn admit(&mut self, now: Time, init: IceCandidateInit) -> Option<IceCandidateInit> {
        let is_name = Candidate::parse(&init.candidate).is_some_and(|candidate| candidate.is_name());
        if !is_name || self.names.len() >= MAX_NAMES {
            return Some(init);
        }
        if self.theirs_is_firefox && !self.own_is_firefox {
            self.names.push(Name { due: now.after_ms(HOLD_MS), given: 0, init });
            return None;
        }
        self.names.push(Name { due: later(now, 0), given: 1, init: init.clone() });
        Some(init)
    }

    /// What is to be given now.
    pub fn poll(&mut self, now: Time) -> Vec<IceCandidateInit> {
        let mut due = Vec::new();
        for mut name in core::mem::take(&mut self.names) {
            if now >= name.due {
                due.push(name.init.clone());
                name.due = later(now, name.given);
                name.given = name.given.saturating_add(1);
            }
            if name.given <= AGAIN_MS.len() {
                self.names.push(name);
            }
        }
        due
    }

    pub fn poll_timeout(&self) -> Option<Time> {
        self.names.iter().map(|name| name.due).min()
    }
}

fn later(now: Time, given: usize) -> Time {
    now.after_ms(AGAIN_MS.get(given).copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIREFOX: &str = "v=0\r\no=mozilla...THIS_IS_SDPARTA-99.0 1 0 IN IP4 0.0.0.0\r\na=ice-ufrag:f\r\n";
    const CHROMIUM: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\na=ice-ufrag:c\r\n";

    fn init(address: &str, fragment: &str) -> IceCandidateInit {
        IceCandidateInit {
            candidate: format!("candidate:1 1 udp 1 {address} 5000 typ host"),
            username_fragment: Some(fragment.into()),
            ..IceCandidateInit::default()
        }
    }

    fn names(own: &str, theirs: &str) -> HiddenNames {
        let mut names = HiddenNames::default();
        names.handle_local_description(Time(0), own);
        names.handle_remote_description(theirs);
        names
    }

    #[test]
    fn a_name_of_firefox_waits_for_another_browser_and_is_given_three_times() {
        let mut names = names(CHROMIUM, FIREFOX);
        assert_eq!(names.admit(Time(100), init("x.local", "f")), None);
        let mut given = Vec::new();
        while let Some(now) = names.poll_timeout() {
            assert_eq!(names.poll(now), [init("x.local", "f")]);
            given.push(now.0);
        }
        assert_eq!(given, [140, 1_140, 4_140]);
    }

    #[test]
    fn other_names_and_addresses_do_not_wait() {
        for (own, theirs) in [(CHROMIUM, CHROMIUM), (FIREFOX, FIREFOX), (FIREFOX, CHROMIUM)] {
            let mut names = names(own, theirs);
            assert!(names.admit(Time(100), init("x.local", "f")).is_some());
            assert_eq!(names.poll_timeout(), Some(Time(1_100)));
        }
        let mut names = names(CHROMIUM, FIREFOX);
        assert!(names.admit(Time(100), init("192.0.2.1", "f")).is_some());
        assert_eq!(names.poll_timeout(), None);
    }

    #[test]
    fn a_connected_pair_and_a_new_generation_end_it() {
        let mut names = names(CHROMIUM, FIREFOX);
        names.admit(Time(0), init("x.local", "f"));
        names.handle_remote_description(&FIREFOX.replace("ufrag:f", "ufrag:g"));
        assert_eq!(names.poll_timeout(), None);
        names.admit(Time(0), init("x.local", "g"));
        names.handle_connected();
        assert_eq!(names.poll_timeout(), None);
    }

    #[test]
    fn what_waits_is_let_go_when_the_own_browser_turns_out_to_be_firefox() {
        let mut names = HiddenNames::default();
        names.handle_remote_description(FIREFOX);
        assert_eq!(names.admit(Time(0), init("x.local", "f")), None);
        names.handle_local_description(Time(3), FIREFOX);
        assert_eq!(names.poll(Time(3)), [init("x.local", "f")]);
    }
}

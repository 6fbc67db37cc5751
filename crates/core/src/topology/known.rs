//! What is known of the own network, from whatever gathering has shown it.

use super::gathering::Gathering;
use super::servers::Servers;
use crate::network::Verdict;
use alloc::{string::String, vec::Vec};
use signalpost_protocol::Mapping;

/// Public addresses that are remembered.
const MAX_ADDRESSES: usize = 32;

/// The verdict about the present network.
#[derive(Default)]
pub struct Known {
    pub servers: Servers,
    pub verdict: Option<Verdict>,
    /// The public addresses of the network.
    addresses: Vec<String>,
}

/// What a gathering has changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// There is another verdict, or none any more.
    pub is_new: bool,
    /// The gathering is of another network than the verdict was.
    pub is_elsewhere: bool,
    /// Nothing more is to be learned from this gathering.
    pub is_over: bool,
}

impl Known {
    /// The mapping of the verdict, if there is one.
    pub fn mapping(&self) -> Option<Mapping> {
        self.verdict.as_ref().map(|verdict| verdict.mapping)
    }

    /// The network is another one. Returns whether there was a verdict.
    pub fn forget(&mut self) -> bool {
        self.addresses.clear();
        self.verdict.take().is_some()
    }

    /// Takes what a gathering shows by now. `is_late`: a server that answers at all has answered.
    pub fn judge(&mut self, gathering: &Gathering, is_late: bool) -> Judged {
        let mut judged = Judged::default();
        let is_known = |address: &str| self.addresses.iter().any(|known| known == address);
        let is_seen = gathering.addresses().next().is_some();
        if is_seen && !self.addresses.is_empty() && !gathering.addresses().any(is_known) {
            // Another public address is another network, and no event told of it.
            judged.is_elsewhere = true;
            judged.is_new = self.forget();
        }
        for address in gathering.addresses() {
            if self.addresses.len() < MAX_ADDRESSES && !self.addresses.iter().any(|known| known == address) {
                self.addresses.push(address.into());
            }
        }
        let mapping = gathering.verdict(&self.servers, is_late);
        let is_said = mapping != Mapping::Unknown;
        let is_complete = gathering.is_complete();
        let replaces = match &self.verdict {
            None => is_said || is_late || is_complete,
            Some(Verdict { mapping: Mapping::Unknown, .. }) => is_said || is_complete,
            // Something came back all the same.
            Some(Verdict { mapping: Mapping::UdpBlocked, .. }) => is_seen,
            Some(Verdict { mapping: Mapping::EndpointIndependent, .. }) => mapping == Mapping::Dependent,
            // That two servers saw the same once more may be chance.
            Some(Verdict { mapping: Mapping::Dependent, .. }) => false,
        };
        if replaces {
            let verdict = Verdict { mapping, evidence: gathering.evidence(&self.servers) };
            judged.is_new |= self.verdict.as_ref() != Some(&verdict);
            self.verdict = Some(verdict);
        }
        judged.is_over = is_complete || (is_said && mapping != Mapping::UdpBlocked);
        judged
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Mapping::{Dependent, EndpointIndependent, UdpBlocked, Unknown};
    use signalpost_protocol::IceCandidateInit;

    fn known() -> Known {
        let urls = ["stun:203.0.113.10", "stun:203.0.113.11", "turn:203.0.113.10?transport=tcp"];
        Known { servers: Servers::of(&urls.map(String::from)), ..Known::default() }
    }

    fn gathering(mapped: &[(&str, u16)], is_complete: bool) -> Gathering {
        let mut gathering = Gathering::default();
        let mut found = |line: String| {
            gathering.handle_candidate(&IceCandidateInit { candidate: line, ..IceCandidateInit::default() });
        };
        found("candidate:1 1 udp 2113937151 192.168.1.2 50000 typ host".into());
        for (address, port) in mapped {
            found(format!("candidate:2 1 udp 1677729535 {address} {port} typ srflx raddr 0.0.0.0 rport 0"));
        }
        if is_complete {
            gathering.handle_end();
        }
        gathering
    }

    const ONE: [(&str, u16); 1] = [("198.51.100.7", 40000)];
    const TWO: [(&str, u16); 2] = [("198.51.100.7", 40000), ("198.51.100.7", 40001)];

    #[test]
    fn nothing_is_said_before_there_is_something_to_say() {
        let mut known = known();
        assert_eq!(known.judge(&gathering(&ONE, false), false), Judged::default());
        assert_eq!(known.mapping(), None);
        let late = known.judge(&gathering(&ONE, false), true);
        assert_eq!((late.is_new, late.is_over, known.mapping()), (true, false, Some(Unknown)));
        let proof = known.judge(&gathering(&ONE, true), true);
        assert_eq!((proof.is_new, proof.is_over, known.mapping()), (true, true, Some(EndpointIndependent)));
        assert!(!known.judge(&gathering(&ONE, true), true).is_new, "it is known already");
    }

    #[test]
    fn later_evidence_revises_a_verdict_and_never_opens_one() {
        let mut known = known();
        known.judge(&gathering(&ONE, true), false);
        known.judge(&gathering(&TWO, false), false);
        assert_eq!(known.mapping(), Some(Dependent));
        assert!(!known.judge(&gathering(&ONE, true), false).is_new, "the same may be chance");
        assert_eq!(known.mapping(), Some(Dependent));
        assert!(!known.judge(&gathering(&[], true), true).is_new, "and silence says nothing");
    }

    #[test]
    fn a_network_from_which_something_came_back_is_not_blocked() {
        let mut known = known();
        let mut over_tcp = gathering(&[], false);
        let line = "candidate:7 1 udp 16785151 203.0.113.10 50001 typ relay raddr 0.0.0.0 rport 0";
        let relay = IceCandidateInit { candidate: line.into(), ..IceCandidateInit::default() };
        over_tcp.handle_candidate(&relay);
        let judged = known.judge(&over_tcp, true);
        assert_eq!((known.mapping(), judged.is_over), (Some(UdpBlocked), false));
        known.judge(&gathering(&ONE, false), false);
        assert_eq!(known.mapping(), Some(Unknown));
    }

    #[test]
    fn another_public_address_is_another_network() {
        let mut known = known();
        known.judge(&gathering(&TWO, false), false);
        let judged = known.judge(&gathering(&[("192.0.2.9", 1)], false), false);
        assert!(judged.is_elsewhere && judged.is_new);
        assert_eq!(known.mapping(), None, "what was known is void");
        known.judge(&gathering(&[("192.0.2.9", 1)], true), false);
        assert_eq!(known.mapping(), Some(EndpointIndependent));
        let both = [("192.0.2.9", 1), ("192.0.2.10", 1)];
        assert!(!known.judge(&gathering(&both, false), false).is_elsewhere, "one of several is known");
    }
}

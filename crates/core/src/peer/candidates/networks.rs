//! Whether the two ends are behind the same public address, as their candidates show.

use super::order::Order;
use alloc::vec::Vec;
use signalpost_protocol::Candidate;

/// Most addresses of one end that are remembered; the oldest goes first.
const MAX: usize = 8;

/// The public IPv4 addresses of the two ends. IPv6 says nothing: each host of a network has an address of its own.
#[derive(Debug, Default)]
pub struct Networks {
    own: Vec<[u8; 4]>,
    theirs: Vec<[u8; 4]>,
    /// Whether relayed candidates go first.
    pub relay_leads: bool,
}

impl Networks {
    /// The own end has this candidate.
    pub fn handle_own(&mut self, candidate: &Candidate<'_>) {
        note(&mut self.own, candidate);
    }

    /// The other end has this candidate.
    pub fn handle_theirs(&mut self, candidate: &Candidate<'_>) {
        note(&mut self.theirs, candidate);
    }

    /// The own end gathers anew, perhaps in another network.
    pub fn forget_own(&mut self) {
        self.own.clear();
    }

    /// The order that follows from it. Two ends that share one public address are taken to be in one network; an end that
    /// has shown none may be anywhere.
    pub fn order(&self) -> Order {
        let is_known = !self.own.is_empty() && !self.theirs.is_empty();
        let networks_differ = is_known && !self.own.iter().any(|address| self.theirs.contains(address));
        Order { networks_differ, relay_leads: self.relay_leads }
    }
}

fn note(list: &mut Vec<[u8; 4]>, candidate: &Candidate<'_>) {
    let Some(address) = candidate.public_ipv4().filter(|address| !list.contains(address)) else { return };
    if list.len() >= MAX {
        list.remove(0);
    }
    list.push(address);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(own: &[&str], theirs: &[&str]) -> Networks {
        let mut networks = Networks::default();
        for text in own {
            networks.handle_own(&Candidate::parse(text).unwrap());
        }
        for text in theirs {
            networks.handle_theirs(&Candidate::parse(text).unwrap());
        }
        networks
    }

    fn differ(own: &[&str], theirs: &[&str]) -> bool {
        networks(own, theirs).order().networks_differ
    }

    const HOME: &str = "1 1 udp 1 203.0.113.1 1 typ srflx";
    const OFFICE: &str = "1 1 udp 1 203.0.113.2 1 typ srflx";
    const HIDDEN: &str = "1 1 udp 1 2c1d.local 1 typ host";

    #[test]
    fn they_differ_only_where_both_addresses_are_known_and_none_is_shared() {
        assert!(differ(&[HIDDEN, HOME], &[OFFICE]));
        assert!(!differ(&[HOME], &[HOME]));
        assert!(!differ(&[HOME], &[HIDDEN]), "the other end has shown none");
        assert!(!differ(&[HIDDEN], &[OFFICE]));
        assert!(!differ(&[OFFICE, HOME], &[HOME]), "one of two ways out is shared");
    }

    #[test]
    fn public_hosts_count_and_relays_private_hosts_and_ipv6_do_not() {
        assert!(differ(&[HOME], &["1 1 udp 1 198.51.100.1 1 typ host"]));
        for other in [
            "1 1 udp 1 198.51.100.1 1 typ relay",
            "1 1 udp 1 192.168.0.1 1 typ host",
            "1 1 udp 1 2001:db8::1 1 typ srflx",
        ] {
            assert!(!differ(&[HOME], &[other]), "{other}");
        }
    }

    #[test]
    fn a_new_network_is_another_and_the_list_is_bounded() {
        let mut networks = networks(&[HOME], &[OFFICE]);
        networks.forget_own();
        assert!(!networks.order().networks_differ);
        networks.handle_own(&Candidate::parse(OFFICE).unwrap());
        assert!(!networks.order().networks_differ);
        for last in 0..100 {
            networks.handle_theirs(
                &Candidate::parse(&format!("1 1 udp 1 198.51.100.{last} 1 typ srflx")).unwrap(),
            );
        }
        assert_eq!(networks.theirs.len(), MAX);
        assert!(networks.order().networks_differ);
    }
}

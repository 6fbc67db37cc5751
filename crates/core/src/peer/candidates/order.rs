//! The order of candidates inside a batch, and in which places are given to them.

use signalpost_protocol::{Candidate, CandidateType, IceCandidateInit};

/// What the order depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// The two ends are behind different public addresses: a private address of one hardly reaches the other.
    pub networks_differ: bool,
    /// No direct path is expected: relayed candidates go first.
    pub relay_leads: bool,
}

impl Order {
    /// The place of a candidate in a batch: srflx, public host, private host, TCP host, relay. Private hosts go behind
    /// relays where the networks differ.
    pub fn rank(self, init: &IceCandidateInit) -> u8 {
        let Some(candidate) = Candidate::parse(&init.candidate) else { return 8 };
        match candidate.kind {
            CandidateType::ServerReflexive | CandidateType::PeerReflexive => 1,
            CandidateType::Host if candidate.is_tcp() => 6,
            CandidateType::Host if !candidate.is_private() => 2,
            CandidateType::Host if self.networks_differ => 5,
            CandidateType::Host => 3,
            CandidateType::Relayed if self.relay_leads => 0,
            CandidateType::Relayed if self.networks_differ => 4,
            CandidateType::Relayed => 7,
        }
    }
}

/// Whether it is a TCP host candidate, which comes last: a browser offers none that listens.
pub fn is_last(init: &IceCandidateInit) -> bool {
    Order::default().rank(init) == 6
}

/// Whether it is a UDP host candidate.
pub fn is_udp_host(init: &IceCandidateInit) -> bool {
    matches!(Order::default().rank(init), 2 | 3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    const LINES: [&str; 6] = [
        "1 1 udp 1 203.0.113.1 1 typ srflx",
        "2 1 udp 1 198.51.100.1 1 typ host",
        "3 1 udp 1 192.168.1.2 1 typ host",
        "4 1 udp 1 2c1d.local 1 typ host",
        "5 1 tcp 1 192.168.1.2 9 typ host tcptype active",
        "6 1 udp 1 192.0.2.9 1 typ relay",
    ];

    fn ordered(order: Order) -> Vec<&'static str> {
        let mut all = Vec::from(LINES);
        all.sort_by_key(|line| order.rank(&IceCandidateInit { candidate: (*line).into(), ..<_>::default() }));
        all.iter().map(|line| &line[..1]).collect()
    }

    #[test]
    fn private_hosts_go_behind_relays_only_where_the_networks_differ() {
        let far = Order { networks_differ: true, relay_leads: false };
        assert_eq!(ordered(Order::default()), ["1", "2", "3", "4", "5", "6"]);
        assert_eq!(ordered(far), ["1", "2", "6", "3", "4", "5"]);
    }

    #[test]
    fn relays_lead_where_nothing_direct_is_expected() {
        let relayed = Order { relay_leads: true, networks_differ: false };
        assert_eq!(ordered(relayed), ["6", "1", "2", "3", "4", "5"]);
    }
}

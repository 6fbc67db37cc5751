//! What the gathering of one connection shows of the network (RFC 5780 §4.3, with the means of a browser).

use super::servers::{Family, Servers, family_of};
use crate::network::Evidence;
use alloc::{string::String, vec::Vec};
use signalpost_protocol::{Candidate, CandidateType, IceCandidateInit, Mapping};

/// Most candidates of a kind that are looked at.
const MAX: usize = 32;
/// The type preference that browsers give to a candidate at a TURN server over UDP, at least; over TCP and TLS it is lower
/// (Chromium: 2, 1, 0; Firefox: 5, 0, 0).
const UDP_RELAY: u32 = 2;

/// The code of a server that does not answer (W3C WebRTC §4.8.3).
const UNREACHABLE: u16 = 701;

/// One server-reflexive candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mapped {
    address: String,
    port: u16,
    foundation: String,
    /// The URL of the server that saw it, where the browser tells.
    url: String,
}

/// The gathering of one connection, in its present generation.
#[derive(Clone, Debug, Default)]
pub struct Gathering {
    generation: Option<String>,
    /// The media section that is looked at: each has ports of its own.
    section: Option<String>,
    mapped: Vec<Mapped>,
    /// The hosts over UDP; a hidden one (RFC draft mDNS) may be of either family.
    hosts: Vec<Option<Family>>,
    udp_relays: u32,
    tcp_relays: u32,
    errors: Vec<(String, u16)>,
    is_complete: bool,
    /// The URL of the server that the next candidate comes from.
    url: String,
}

impl Gathering {
    /// The browser says which server the next candidate comes from.
    pub fn handle_url(&mut self, url: String) {
        self.url = url;
    }

    /// The browser found a candidate.
    pub fn handle_candidate(&mut self, init: &IceCandidateInit) {
        let url = core::mem::take(&mut self.url);
        let Some(candidate) = Candidate::parse(&init.candidate) else { return };
        let generation = init.username_fragment.as_deref().or(candidate.username_fragment);
        if generation.is_some() && self.generation.as_deref() != generation {
            *self = Self { generation: generation.map(Into::into), ..Self::default() };
        }
        if self.section.is_none() {
            self.section.clone_from(&init.sdp_mid);
        }
        if candidate.component != 1 || self.section != init.sdp_mid {
            return;
        }
        match candidate.kind {
            CandidateType::Relayed if candidate.priority >> 24 >= UDP_RELAY => {
                self.udp_relays = self.udp_relays.saturating_add(1);
            }
            CandidateType::Relayed => self.tcp_relays = self.tcp_relays.saturating_add(1),
            _ if candidate.is_tcp() => {}
            CandidateType::Host if self.hosts.len() < MAX => self.hosts.push(family_of(candidate.address)),
            CandidateType::ServerReflexive if self.mapped.len() < MAX => {
                let (address, foundation) = (candidate.address.into(), candidate.foundation.into());
                let mapped = Mapped { address, port: candidate.port, foundation, url };
                let is_known = self
                    .mapped
                    .iter()
                    .any(|known| known.address == mapped.address && known.port == mapped.port);
                if !is_known {
                    self.mapped.push(mapped);
                }
            }
            _ => {}
        }
    }

    /// A server did not answer, or refused (W3C WebRTC §4.8.3).
    pub fn handle_error(&mut self, url: String, code: u16) {
        if self.errors.len() < MAX && !self.errors.iter().any(|(known, _)| *known == url) {
            self.errors.push((url, code));
        }
    }

    /// The browser found everything.
    pub fn handle_end(&mut self) {
        self.is_complete = true;
    }

    /// The public addresses that were seen.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        self.mapped.iter().map(|mapped| mapped.address.as_str())
    }

    /// Whether the browser has found everything.
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// What has been seen so far shows. `is_late`: a server that answers at all has had its time.
    pub fn verdict(&self, servers: &Servers, is_late: bool) -> Mapping {
        let family = self.family();
        if self.is_dependent(family) {
            Mapping::Dependent
        } else if self.is_independent(servers, family) {
            Mapping::EndpointIndependent
        } else if self.is_blocked(servers, is_late) {
            Mapping::UdpBlocked
        } else {
            Mapping::Unknown
        }
    }

    /// What a verdict rests on.
    pub fn evidence(&self, servers: &Servers) -> Evidence {
        Evidence {
            stun_addresses: servers.differing(self.family()) as u32,
            server_reflexive: self.mapped.len() as u32,
            hosts: self.hosts.len() as u32,
            relayed: self.udp_relays.saturating_add(self.tcp_relays),
            errors: self.errors.clone(),
            is_complete: self.is_complete,
        }
    }

    /// The family that the verdict is about: where both are seen, that with translated addresses.
    fn family(&self) -> Family {
        let is_only_v6 = self.mapped.iter().all(|mapped| family_of(&mapped.address) == Some(Family::V6));
        if is_only_v6 && !self.mapped.is_empty() { Family::V6 } else { Family::V4 }
    }

    fn of(&self, family: Family) -> impl Iterator<Item = &Mapped> {
        self.mapped.iter().filter(move |mapped| family_of(&mapped.address) == Some(family))
    }

    /// One port of the host has two public ones. Browsers hide the ports of the host, but there are no more than host candidates of
    /// that family; and candidates of one foundation have one host address (RFC 8445 §5.1.1.3), which is one port.
    fn is_dependent(&self, family: Family) -> bool {
        let hosts = self.hosts.iter().filter(|host| host.is_none_or(|own| own == family)).count();
        let mut mapped = 0usize;
        for one in self.of(family) {
            if self.of(family).take(mapped).any(|before| before.foundation == one.foundation) {
                return true;
            }
            mapped = mapped.saturating_add(1);
        }
        hosts > 0 && mapped > hosts
    }

    /// Every server has answered, each of another address, and they saw the same: browsers drop an equal second candidate. With
    /// several ports of the host it is plain only where all that was seen comes from one server.
    fn is_independent(&self, servers: &Servers, family: Family) -> bool {
        let mut mapped = self.of(family);
        let Some(first) = mapped.next() else { return false };
        let is_one = mapped.all(|other| !first.url.is_empty() && other.url == first.url);
        let has_answer = self.errors.iter().all(|(url, _)| is_turn(url));
        is_one && self.is_complete && has_answer && servers.differing(family) >= 2
    }

    /// Nothing came back over UDP: while TCP worked, and from two servers; or every one of them is reported as silent.
    fn is_blocked(&self, servers: &Servers, is_late: bool) -> bool {
        let is_silent = self.mapped.is_empty() && self.udp_relays == 0;
        if !is_silent || servers.differing_over_udp() < 2 {
            return false;
        }
        let silent = self.errors.iter().filter(|(url, code)| !is_turn(url) && *code == UNREACHABLE).count();
        let is_refused = silent >= 2 && self.is_complete;
        is_refused || (is_late && self.tcp_relays > 0)
    }
}

/// Whether it is a server that relays: what it says of itself tells nothing of the STUN servers.
fn is_turn(url: &str) -> bool {
    url.starts_with("turn")
}

#[cfg(test)]
#[path = "gathering_tests.rs"]
mod tests;

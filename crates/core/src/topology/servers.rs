//! The STUN and TURN servers that are set (RFC 7064, RFC 7065).

use crate::config::IceServers;
use alloc::string::String;
use alloc::vec::Vec;

/// An address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// What the URLs of the servers tell.
#[derive(Clone, Debug, Default)]
pub struct Servers {
    /// The hosts of the STUN servers, each once.
    stun: Vec<String>,
    /// The hosts of the TURN servers over UDP, each once.
    turn_udp: Vec<String>,
    has_turn: bool,
}

impl Servers {
    /// Reads the URLs, as `RTCIceServer.urls` has them. What is no such URL is left out: the browser refuses it.
    pub fn of(urls: &[String]) -> Self {
        let mut servers = Self::default();
        for url in urls {
            let (scheme, rest) = url.split_once(':').unwrap_or_default();
            let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
            let host = host_of(place);
            if host.is_empty() {
                continue;
            }
            if scheme.eq_ignore_ascii_case("stun") {
                insert(&mut servers.stun, host);
            } else if scheme.eq_ignore_ascii_case("turn") || scheme.eq_ignore_ascii_case("turns") {
                servers.has_turn = true;
                if scheme.len() == 4 && !query.eq_ignore_ascii_case("transport=tcp") {
                    insert(&mut servers.turn_udp, host);
                }
            }
        }
        servers
    }

    /// Which kinds there are.
    pub fn kinds(&self) -> IceServers {
        IceServers { has_stun: !self.stun.is_empty(), has_turn: self.has_turn }
    }

    /// Whether gathering can tell anything of the network.
    pub fn can_tell(&self) -> bool {
        !self.stun.is_empty() || self.has_turn
    }

    /// How many STUN servers surely have different addresses of a family. Two names of one domain may be one address (those of a
    /// well-known provider are), a name may be an address that is also given as such.
    pub fn differing(&self, family: Family) -> usize {
        differing(self.stun.iter(), family)
    }

    /// The same for everything that answers over UDP.
    pub fn differing_over_udp(&self) -> usize {
        differing(self.stun.iter().chain(&self.turn_udp), Family::V4)
    }
}

fn differing<'a>(hosts: impl Iterator<Item = &'a String>, family: Family) -> usize {
    let mut addresses: Vec<&str> = Vec::new();
    let mut domains: Vec<&str> = Vec::new();
    for host in hosts {
        let (list, of) = match family_of(host) {
            Some(own) if own == family => (&mut addresses, host.as_str()),
            Some(_) => continue,
            None => (&mut domains, domain(host)),
        };
        if !list.contains(&of) {
            list.push(of);
        }
    }
    addresses.len().max(domains.len())
}

fn insert(list: &mut Vec<String>, host: &str) {
    let host = host.to_ascii_lowercase();
    if !list.contains(&host) {
        list.push(host);
    }
}

/// The host of `host`, `host:port` or `[address]:port`.
fn host_of(place: &str) -> &str {
    match place.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => place.split(':').next().unwrap_or_default(),
    }
}

/// The family of an address; `None` for a name.
pub fn family_of(host: &str) -> Option<Family> {
    if host.contains(':') {
        Some(Family::V6)
    } else if host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        Some(Family::V4)
    } else {
        None
    }
}

/// The last two labels of a name: what has another end belongs to somebody else.
fn domain(name: &str) -> &str {
    let mut dots = name.trim_end_matches('.').rmatch_indices('.');
    let at = dots.nth(1).map_or(0, |(at, _)| at.saturating_add(1));
    name.get(at..).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differing(urls: &[&str]) -> (usize, usize) {
        let urls: Vec<String> = urls.iter().map(|url| (*url).into()).collect();
        let servers = Servers::of(&urls);
        (servers.differing(Family::V4), servers.differing(Family::V6))
    }

    #[test]
    fn only_what_surely_has_another_address_counts_twice() {
        assert_eq!(differing(&["stun:192.0.2.1", "stun:192.0.2.2:3478"]), (2, 0));
        assert_eq!(
            differing(&["stun:192.0.2.1:1", "stun:192.0.2.1:2"]),
            (1, 0),
            "another port is no other address"
        );
        assert_eq!(differing(&["stun:[2001:db8::1]:1", "STUN:[2001:DB8::1]", "stun:[2001:db8::2]"]), (0, 2));
        assert_eq!(differing(&["stun:192.0.2.1", "stun:[2001:db8::2]"]), (1, 1), "one of each family");
        assert_eq!(differing(&["stun:stun1.example.org", "stun:stun2.example.org"]), (1, 1));
        assert_eq!(differing(&["stun:stun.example.org", "stun:stun.example.net:19302"]), (2, 2));
        assert_eq!(differing(&["stun:stun.example.org", "stun:192.0.2.1"]), (1, 1), "they may be one");
        assert_eq!(differing(&["turn:192.0.2.1", "turn:192.0.2.2", "stun:", "", "http://192.0.2.3"]), (0, 0));
    }

    #[test]
    fn turn_counts_where_it_answers_over_udp() {
        let of = |urls: &[&str]| Servers::of(&urls.iter().map(|url| (*url).into()).collect::<Vec<String>>());
        let servers =
            of(&["turn:192.0.2.1?transport=udp", "turn:192.0.2.2?transport=tcp", "turns:192.0.2.3"]);
        assert_eq!(
            (servers.differing_over_udp(), servers.kinds().has_turn, servers.can_tell()),
            (1, true, true)
        );
        assert!(!of(&["stun:192.0.2.1"]).kinds().has_turn);
        assert!(!of(&[]).can_tell());
    }
}

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
    /// The hosts of the servers that answer over UDP, and whether each is a STUN server.
    hosts: Vec<(String, bool)>,
    has_turn: bool,
    can_tell: bool,
}

impl Servers {
    /// Reads the URLs, as `RTCIceServer.urls` has them. What is no such URL is left out: the browser refuses it.
    pub fn of(urls: &[String]) -> Self {
        let mut servers = Self::default();
        for url in urls {
            let (scheme, rest) = cut(url, b':');
            let (place, query) = cut(rest, b'?');
            let host = match place.strip_prefix('[') {
                Some(address) => cut(address, b']').0,
                None => cut(place, b':').0,
            };
            let is_stun = scheme.eq_ignore_ascii_case("stun");
            let is_turn = scheme.eq_ignore_ascii_case("turn");
            let relays = is_turn || scheme.eq_ignore_ascii_case("turns");
            if host.is_empty() || !(is_stun || relays) {
                continue;
            }
            servers.can_tell = true;
            servers.has_turn |= relays;
            if is_stun || (is_turn && !query.eq_ignore_ascii_case("transport=tcp")) {
                servers.hosts.push((host.into(), is_stun));
            }
        }
        servers
    }

    /// Which kinds there are.
    pub fn kinds(&self) -> IceServers {
        IceServers { has_stun: self.can_tell, has_turn: self.has_turn }
    }

    /// Whether gathering can tell anything of the network.
    pub fn can_tell(&self) -> bool {
        self.can_tell
    }

    /// How many STUN servers surely have different addresses of a family. Two names of one domain may be one address (those of a
    /// well-known provider are), a name may be an address that is also given as such.
    pub fn differing(&self, family: Family) -> usize {
        self.count(family, false)
    }

    /// The same for everything that answers over UDP.
    pub fn differing_over_udp(&self) -> usize {
        self.count(Family::V4, true)
    }

    fn count(&self, family: Family, with_turn: bool) -> usize {
        let (mut addresses, mut domains) = (0usize, 0usize);
        for (at, (host, is_stun)) in self.hosts.iter().enumerate() {
            let own = family_of(host);
            if !(*is_stun || with_turn) || own.is_some_and(|own| own != family) {
                continue;
            }
            let mut before = self.hosts.iter().take(at).filter(|(_, is_stun)| *is_stun || with_turn);
            if before.any(|(other, _)| domain(other).eq_ignore_ascii_case(domain(host))) {
                continue;
            }
            let counter = if own.is_some() { &mut addresses } else { &mut domains };
            *counter = counter.saturating_add(1);
        }
        addresses.max(domains)
    }
}

/// The text before the first such byte, which is ASCII, and the text behind it.
fn cut(text: &str, at: u8) -> (&str, &str) {
    let end = text.bytes().position(|byte| byte == at).unwrap_or(text.len());
    (text.get(..end).unwrap_or_default(), text.get(end.saturating_add(1)..).unwrap_or_default())
}

/// The family of an address; `None` for a name.
pub fn family_of(host: &str) -> Option<Family> {
    if host.bytes().any(|byte| byte == b':') {
        Some(Family::V6)
    } else if host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        Some(Family::V4)
    } else {
        None
    }
}

/// The last two labels of a name, or the whole address: what has another end belongs to somebody else.
fn domain(host: &str) -> &str {
    if family_of(host).is_some() {
        return host;
    }
    let mut dots = 0u8;
    let start = host.bytes().rposition(|byte| {
        dots = dots.saturating_add(u8::from(byte == b'.'));
        dots == 2
    });
    start.and_then(|dot| host.get(dot.saturating_add(1)..)).unwrap_or(host)
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

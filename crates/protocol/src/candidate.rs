//! The candidate attribute of RFC 8839 §5.1, read in place: no field is copied.
//!
//! The browser that gets a candidate judges it in the end. So a line that Chromium and Firefox take is taken here as well
//! where it goes beyond the grammar: a foundation of any characters, an IPv6 address with its zone (RFC 4007 §11), blanks at
//! the end, a last attribute without a value. Control characters never are: in a description one would begin a line.

use crate::limits;
use crate::pieces::Pieces;

/// The name of the attribute, which a browser writes before its value.
const NAME: &str = "candidate:";

/// The type of a candidate (RFC 8445 §5.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CandidateType {
    /// An address of the host itself.
    Host,
    /// The address that a STUN server saw.
    ServerReflexive,
    /// An address that a check of the other side saw.
    PeerReflexive,
    /// An address at a TURN server.
    Relayed,
}

/// One candidate line, borrowed from its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// Candidates of one base and server share it.
    pub foundation: &'a str,
    /// 1 for RTP, 2 for RTCP.
    pub component: u16,
    /// `udp` or `tcp`, in the case of the line.
    pub transport: &'a str,
    /// RFC 8445 §5.1.2.
    pub priority: u32,
    /// An IPv4 or IPv6 address, or a name (`….local` hides a host address, RFC draft mDNS).
    pub address: &'a str,
    /// The port.
    pub port: u16,
    /// The type.
    pub kind: CandidateType,
    /// `tcptype` (RFC 6544): `active`, `passive` or `so`.
    pub tcp_type: Option<&'a str>,
    /// The ICE generation, where the line names it.
    pub username_fragment: Option<&'a str>,
}

impl<'a> Candidate<'a> {
    /// Reads a line, with or without `candidate:` or `a=candidate:` before it; `None` when it is no candidate.
    pub fn parse(line: &'a str) -> Option<Self> {
        if line.len() > limits::CANDIDATE_BYTES
            || !line.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
        {
            return None;
        }
        let mut line = line.strip_prefix("a=").filter(|rest| rest.starts_with(NAME)).unwrap_or(line);
        while let Some(rest) = line.strip_suffix(" ") {
            line = rest;
        }
        let mut words = Pieces::new(line.strip_prefix(NAME).unwrap_or(line), b' ');
        let foundation = words.next().filter(|word| !word.is_empty())?;
        let component = number(words.next()?, 3)?.try_into().ok().filter(|n| *n >= 1 && *n <= 256)?;
        let transport = words.next().filter(|word| is_token(word))?;
        let priority = number(words.next()?, 10)?;
        let address = words.next().filter(|word| is_address(word))?;
        let port = number(words.next()?, 5)?.try_into().ok()?;
        if words.next()? != "typ" {
            return None;
        }
        let kind = match words.next()? {
            "host" => CandidateType::Host,
            "srflx" => CandidateType::ServerReflexive,
            "prflx" => CandidateType::PeerReflexive,
            "relay" => CandidateType::Relayed,
            _ => return None,
        };
        let mut candidate = Self {
            foundation,
            component,
            transport,
            priority,
            address,
            port,
            kind,
            tcp_type: None,
            username_fragment: None,
        };
        while let Some(name) = words.next() {
            let Some(value) = words.next() else { break };
            match name {
                "" => return None,
                "rport" => drop(u16::try_from(number(value, 5)?).ok()?),
                "tcptype" if !matches!(value, "active" | "passive" | "so") => return None,
                "tcptype" => candidate.tcp_type = Some(value),
                "ufrag" if value.is_empty() => return None,
                "ufrag" => candidate.username_fragment = Some(value),
                _ => {}
            }
        }
        Some(candidate)
    }

    /// Whether two lines would reach the same place the same way: the second tells nothing new.
    pub fn is_same_path(&self, other: &Self) -> bool {
        self.component == other.component
            && self.transport.eq_ignore_ascii_case(other.transport)
            && self.address == other.address
            && self.port == other.port
            && self.kind == other.kind
            && self.tcp_type == other.tcp_type
    }

    /// Whether the transport is TCP (RFC 6544).
    pub fn is_tcp(&self) -> bool {
        self.transport.eq_ignore_ascii_case("tcp")
    }

    /// Whether the address is a name, which has to be resolved.
    pub fn is_name(&self) -> bool {
        !is_ipv6(self.address) && ipv4(self.address).is_none()
    }

    /// The public IPv4 address of the network that the candidate shows: a server-reflexive one, whatever it is, or a public
    /// one of the host. A relay's address is that of a server.
    pub fn public_ipv4(&self) -> Option<[u8; 4]> {
        match self.kind {
            CandidateType::Relayed => None,
            CandidateType::Host if self.is_private() => None,
            _ => ipv4(self.address),
        }
    }

    /// Whether the address cannot be reached from another network: a private, link-local or unique local
    /// address, or a name (mDNS hides host addresses behind one).
    pub fn is_private(&self) -> bool {
        match ipv4(self.address) {
            // RFC 1918, RFC 3927, loopback, and the shared space of RFC 6598: nobody outside reaches them.
            Some(
                [10 | 127, ..] | [172, 16..=31, ..] | [192, 168, ..] | [169, 254, ..] | [100, 64..=127, ..],
            ) => true,
            Some(_) => false,
            None => !is_ipv6(self.address) || is_private_v6(self.address),
        }
    }
}

/// Loopback, unique local (RFC 4193) and link-local (RFC 4291) addresses.
fn is_private_v6(address: &str) -> bool {
    let first = Pieces::new(address, b':').next().unwrap_or_default();
    match number_in(16, first, 4) {
        Some(group) => group & 0xfe00 == 0xfc00 || group & 0xffc0 == 0xfe80,
        None => address == "::1",
    }
}

fn ipv4(word: &str) -> Option<[u8; 4]> {
    let mut parts = Pieces::new(word, b'.');
    let mut octets = [0; 4];
    for octet in &mut octets {
        *octet = number(parts.next()?, 3)?.try_into().ok()?;
    }
    parts.next().is_none().then_some(octets)
}

/// The alphabet and the separators of RFC 4291 §2.2, and a zone behind them; the browser that gets the line checks the rest.
fn is_ipv6(word: &str) -> bool {
    let mut parts = Pieces::new(word, b'%');
    let address = parts.next().unwrap_or_default();
    address.len() <= 45
        && address.bytes().filter(|byte| *byte == b':').count() >= 2
        && address.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':' || byte == b'.')
        && parts.next().is_none_or(is_name)
        && parts.next().is_none()
}

fn number(word: &str, digits: usize) -> Option<u32> {
    number_in(10, word, digits)
}

/// A number of at most so many digits of this base.
fn number_in(base: u32, word: &str, digits: usize) -> Option<u32> {
    if word.is_empty() || word.len() > digits {
        return None;
    }
    let mut sum = 0u32;
    for byte in word.bytes() {
        sum = sum.checked_mul(base)?.checked_add(char::from(byte).to_digit(base)?)?;
    }
    Some(sum)
}

/// `token` of RFC 4566.
fn is_token(word: &str) -> bool {
    !word.is_empty()
        && word.bytes().all(|b| {
            b.is_ascii_graphic() && !matches!(b, b'"' | b'(' | b')' | b',' | b'/' | b':'..=b'@' | b'['..=b']')
        })
}

fn is_address(word: &str) -> bool {
    is_ipv6(word) || is_name(word)
}

/// An IPv4 address looks like a name.
fn is_name(word: &str) -> bool {
    !word.is_empty()
        && word.len() <= 253
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}

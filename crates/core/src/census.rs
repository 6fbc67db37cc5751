//! How many candidates a pair had, for the failure that says why it found no path.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use signalpost_protocol::{Candidate, CandidateType, IceCandidateInit};

/// Most pairs of a code and a server that are remembered.
const MAX_ERRORS: usize = 16;

/// Candidates by type. A peer-reflexive candidate counts as a server-reflexive one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kinds {
    /// Addresses of the host itself.
    pub host: u16,
    /// Addresses that a STUN server saw.
    pub srflx: u16,
    /// Addresses at a TURN server.
    pub relay: u16,
}

impl Kinds {
    /// Counts one more of this type.
    pub fn add(&mut self, kind: CandidateType) {
        let place = match kind {
            CandidateType::Host => &mut self.host,
            CandidateType::ServerReflexive | CandidateType::PeerReflexive => &mut self.srflx,
            CandidateType::Relayed => &mut self.relay,
        };
        *place = place.saturating_add(1);
    }

    /// Counts a list.
    pub fn of(list: &[IceCandidateInit]) -> Self {
        let mut kinds = Self::default();
        for init in list {
            if let Some(candidate) = Candidate::parse(&init.candidate) {
                kinds.add(candidate.kind);
            }
        }
        kinds
    }

    /// These and those.
    pub fn plus(self, other: Self) -> Self {
        Self {
            host: self.host.saturating_add(other.host),
            srflx: self.srflx.saturating_add(other.srflx),
            relay: self.relay.saturating_add(other.relay),
        }
    }

    /// How many there are of all types.
    pub fn total(self) -> u16 {
        self.host.saturating_add(self.srflx).saturating_add(self.relay)
    }
}

/// The candidates of one end in its present ICE generation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Side {
    /// The own browser found them, or they arrived from the other end.
    pub found: Kinds,
    /// They were sent to the other end, or given to the own browser.
    pub used: Kinds,
    /// Candidates that were left out: of a dead generation or an unknown media section, or too many.
    pub dropped: u16,
}

/// The candidates of both ends, and what STUN and TURN servers refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// The own end.
    pub own: Side,
    /// The other end.
    pub remote: Side,
    /// What the own browser's requests to STUN and TURN servers failed with.
    pub errors: Vec<ErrorCount>,
}

/// How many servers gave one error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorCount {
    /// The code of RFC 8489 §14.8, or 701 where the server did not answer (W3C WebRTC §4.8.2).
    pub code: u16,
    /// How many servers.
    pub servers: u16,
}

/// What STUN and TURN servers refused, each server once for each code.
#[derive(Debug, Default)]
pub struct ServerErrors(Vec<(u16, String)>);

impl ServerErrors {
    /// A request to the server at this URL failed. A browser says it for each of its interfaces.
    pub fn note(&mut self, code: u16, url: &str) {
        let is_known = self.0.iter().any(|(known, server)| *known == code && server == url);
        if !is_known && self.0.len() < MAX_ERRORS {
            self.0.push((code, url.into()));
        }
    }

    /// How many servers gave which error.
    pub fn counts(&self) -> Vec<ErrorCount> {
        let mut counts = Vec::<ErrorCount>::new();
        for (code, _) in &self.0 {
            match counts.iter_mut().find(|count| count.code == *code) {
                Some(count) => count.servers = count.servers.saturating_add(1),
                None => counts.push(ErrorCount { code: *code, servers: 1 }),
            }
        }
        counts
    }
}

impl Census {
    /// The census in words: `own: 1 host, 0 srflx, 0 relay (701 from 1 server); other: 2 host, 1 srflx, 0 relay`.
    pub fn words(&self) -> String {
        let mut text = String::from("own: ");
        push_kinds(&mut text, self.own.found);
        for (at, ErrorCount { code, servers }) in self.errors.iter().enumerate() {
            text.push_str(if at == 0 { " (" } else { ", " });
            text.push_str(&code.to_string());
            text.push_str(" from ");
            text.push_str(&servers.to_string());
            text.push_str(if *servers == 1 { " server" } else { " servers" });
        }
        text.push_str(if self.errors.is_empty() { "; other: " } else { "); other: " });
        push_kinds(&mut text, self.remote.found);
        text
    }
}

fn push_kinds(text: &mut String, Kinds { host, srflx, relay }: Kinds) {
    for (count, name) in [(host, " host, "), (srflx, " srflx, "), (relay, " relay")] {
        text.push_str(&count.to_string());
        text.push_str(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_name_both_ends_and_each_error_with_its_servers() {
        let mut errors = ServerErrors::default();
        for (code, url) in [
            (701, "stun:a"),
            (701, "stun:a"),
            (701, "stun:b"),
            (401, "turn:c"),
            (701, "turn:c?transport=tcp"),
        ] {
            errors.note(code, url);
        }
        let own = Side { found: Kinds { host: 1, srflx: 0, relay: 2 }, ..Side::default() };
        let census = Census { own, errors: errors.counts(), ..Census::default() };
        assert_eq!(
            census.words(),
            "own: 1 host, 0 srflx, 2 relay (701 from 3 servers, 401 from 1 server); other: 0 host, 0 srflx, 0 relay"
        );
        let quiet = Census { errors: Vec::new(), ..census };
        assert_eq!(quiet.words(), "own: 1 host, 0 srflx, 2 relay; other: 0 host, 0 srflx, 0 relay");
    }

    #[test]
    fn what_is_remembered_of_errors_is_bounded() {
        let mut errors = ServerErrors::default();
        (0..1000).for_each(|at| errors.note(701, &format!("stun:{at}")));
        assert_eq!(errors.counts(), [ErrorCount { code: 701, servers: MAX_ERRORS as u16 }]);
    }
}

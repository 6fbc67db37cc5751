//! What the networks of two peers let expect of a connection between them.

use alloc::string::String;
use signalpost_protocol::{Mapping, Open};

/// What is known of the networks of both ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outlook {
    /// How the own network maps addresses; `None` before the first verdict.
    pub own: Option<Mapping>,
    /// How the other side's does, as a list or a signal of it told.
    pub remote: Option<Open<Mapping>>,
    /// Whether this side has a TURN server.
    pub has_turn: bool,
}

impl Outlook {
    /// The own verdict, as signals carry it.
    pub fn own_word(&self) -> Option<Open<Mapping>> {
        self.own.map(Open::from)
    }

    /// The chance in percent that a direct path is found: an estimate from the verdicts alone, that ranks pairs. A verdict that is
    /// not there, or that this version does not know, counts as [`Mapping::Unknown`].
    pub fn direct_percent(&self) -> u8 {
        use Mapping::{Dependent, EndpointIndependent, UdpBlocked, Unknown};
        match (self.own.unwrap_or(Unknown), self.remote()) {
            (UdpBlocked, _) | (_, UdpBlocked) => 2,
            (Dependent, Dependent) => 5,
            (EndpointIndependent, EndpointIndependent) => 95,
            // It depends on the filter of the other side, which no verdict tells (RFC 4787 §5).
            (EndpointIndependent, Dependent) | (Dependent, EndpointIndependent) => 50,
            (Dependent, _) | (_, Dependent) => 40,
            (EndpointIndependent, _) | (_, EndpointIndependent) => 85,
            (Unknown, Unknown) => 70,
        }
    }

    /// Whether relayed candidates go first, because hardly anything else can work: both mappings depend on the destination, or one
    /// side gets no UDP. Nothing else is held back for it.
    pub fn relay_leads(&self) -> bool {
        self.direct_percent() <= 5
    }

    /// The verdicts in words, and what helps, for a failure.
    pub fn explanation(&self, problem: &str) -> String {
        let mut text = String::from(problem);
        text.push_str("; own network: ");
        text.push_str(self.own.map_or("not known yet", Mapping::as_str));
        text.push_str(", the peer's: ");
        text.push_str(self.remote.as_ref().map_or("not known", Open::as_str));
        if !self.has_turn {
            text.push_str("; no TURN server is set");
        }
        text
    }

    fn remote(&self) -> Mapping {
        match self.remote {
            Some(Open::Known(mapping)) => mapping,
            _ => Mapping::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Mapping::*;

    fn outlook(own: Mapping, remote: Mapping) -> Outlook {
        Outlook { own: Some(own), remote: Some(remote.into()), has_turn: false }
    }

    #[test]
    fn relays_lead_only_where_hardly_anything_else_can_work() {
        let all = [EndpointIndependent, Dependent, Unknown, UdpBlocked];
        for (own, remote) in all.iter().flat_map(|own| all.iter().map(move |remote| (*own, *remote))) {
            let expected =
                (own, remote) == (Dependent, Dependent) || own == UdpBlocked || remote == UdpBlocked;
            assert_eq!(outlook(own, remote).relay_leads(), expected, "{own:?} {remote:?}");
            let (there, back) = (outlook(own, remote), outlook(remote, own));
            assert_eq!(there.direct_percent(), back.direct_percent(), "{own:?} {remote:?}");
        }
        assert!(
            !Outlook { own: Some(Dependent), ..Outlook::default() }.relay_leads(),
            "the other side may be open"
        );
        assert!(!Outlook::default().relay_leads());
    }

    #[test]
    fn a_better_verdict_never_makes_the_chance_worse() {
        let better = [UdpBlocked, Dependent, Unknown, EndpointIndependent];
        for remote in better {
            let chances = better.map(|own| outlook(own, remote).direct_percent());
            assert!(chances.is_sorted(), "{remote:?}: {chances:?}");
        }
    }

    #[test]
    fn a_word_of_a_newer_peer_counts_as_unknown_and_is_told_as_it_is() {
        let newer = Outlook { own: Some(Dependent), remote: Some("half-open".into()), has_turn: true };
        assert_eq!(newer.direct_percent(), outlook(Dependent, Unknown).direct_percent());
        assert_eq!(newer.explanation("no"), "no; own network: dependent, the peer's: half-open");
        assert!(outlook(Dependent, Dependent).explanation("no").ends_with("; no TURN server is set"));
    }
}

//! What the networks of both ends mean for the pair.

use super::Peer;
use crate::config::IceServers;
use crate::failure::Failure;
use crate::peer::effects::Effects;
use signalpost_protocol::{ErrorCode, Mapping, Open};

/// What is wrong where only a relay is likely to work, and this side has none.
const NO_RELAY: &str = "hardly any direct path can work";

impl Peer {
    /// Other servers are set.
    pub fn handle_servers(&mut self, servers: IceServers) {
        self.ends.outlook.has_turn = servers.has_turn;
        self.candidates.handle_servers(servers);
    }

    /// There is another verdict about the own network.
    pub fn handle_own_mapping(&mut self, mapping: Option<Mapping>, effects: &mut Effects<'_>) {
        self.ends.outlook.own = mapping;
        self.review_outlook(effects);
    }

    /// The other side's network is described.
    pub fn handle_remote_mapping(&mut self, mapping: Option<Open<Mapping>>, effects: &mut Effects<'_>) {
        self.ends.outlook.remote = mapping;
        self.review_outlook(effects);
    }

    /// A signal tells of its sender. What it leaves out stays as it was known.
    pub(super) fn note_sender(
        &mut self,
        session: Option<u32>,
        mapping: Option<Open<Mapping>>,
        effects: &mut Effects<'_>,
    ) {
        self.ends.remote_incarnation = session.or(self.ends.remote_incarnation);
        let mapping = mapping.or(self.ends.outlook.remote.take());
        self.handle_remote_mapping(mapping, effects);
    }

    /// Lets relayed candidates lead where hardly anything else can work, and warns once, as soon as both verdicts are there, where
    /// this side has no relay.
    pub(super) fn review_outlook(&mut self, effects: &mut Effects<'_>) {
        let outlook = &self.ends.outlook;
        let leads = outlook.relay_leads();
        let is_missing = leads && !outlook.has_turn && !self.ends.has_warned && self.pair_timer.is_on();
        let failure =
            is_missing.then(|| Failure::new(ErrorCode::TurnMissing, &outlook.explanation(NO_RELAY)));
        self.candidates.lead_with_relays(leads);
        if let Some(failure) = failure {
            self.ends.has_warned = true;
            self.report(failure, effects);
        }
    }
}

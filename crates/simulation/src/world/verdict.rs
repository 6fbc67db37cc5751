//! Whether everybody has what they asked for.

use super::{Unsettled, World};
use crate::model_peer_connection::agreement;
use signalpost_core::ClientState;
use signalpost_protocol::PeerId;

impl World {
    pub(super) fn connection_place(&self, page: usize, peer: &PeerId) -> Option<usize> {
        let id = self.pages[page].client.connection(peer)?;
        let incarnation = self.pages[page].incarnation;
        self.connections
            .iter()
            .position(|it| it.page == page && it.incarnation == incarnation && it.id == id && it.heard)
    }

    /// The live connection of a page to another.
    pub fn connection(&self, page: usize, peer: usize) -> Option<&super::BrowserConnection> {
        let place = self.connection_place(page, &self.pages[peer].id)?;
        self.connections.get(place)
    }

    /// The slowest way from a page over the server to another.
    pub fn slowest_way(&self) -> u64 {
        let most = |place: usize| {
            let each = self.pages.iter().map(|page| page.machine.links[place]);
            each.map(|link| link.delay + link.jitter + link.batch).max().unwrap_or_default()
        };
        most(0) + most(1)
    }

    /// How many candidates a page has sent for its connection to another.
    pub fn sent_candidates(&self, page: usize, peer: usize) -> usize {
        let incarnation = self.pages[page].incarnation;
        self.connection(page, peer).map_or(0, |it| self.checks.wire.sent((page, incarnation, it.id)))
    }

    /// Whether every page is registered.
    pub fn all_registered(&self) -> Result<(), Unsettled> {
        match self.pages.iter().find(|page| page.client.state() != ClientState::Connected) {
            Some(page) => Err(format!("{} is {:?}", page.id, page.client.state())),
            None => Ok(()),
        }
    }

    /// Whether two pages are connected: data flows both ways, both believe the same, every track is at the other
    /// side.
    pub fn pair_settled(&self, a: usize, b: usize) -> Result<(), Unsettled> {
        for (page, peer) in [(a, b), (b, a)] {
            let (name, other) = (&self.pages[page].id, &self.pages[peer].id);
            let connection = self.connection(page, peer).ok_or(format!("{name} has none to {other}"))?;
            if !connection.is_open() {
                let state = connection.model.connection_state();
                return Err(format!("no data from {name} to {other}, which is {state:?}"));
            }
            let mut sent: Vec<_> = connection.senders.iter().map(|(kind, _)| kind.name()).collect();
            let mut wanted: Vec<_> = self.pages[page].tracks(other).iter().map(|kind| kind.name()).collect();
            sent.sort_unstable();
            wanted.sort_unstable();
            if sent != wanted {
                return Err(format!("{name} sends {sent:?} to {other}, not {wanted:?}"));
            }
        }
        let (Some(ours), Some(theirs)) = (self.connection(a, b), self.connection(b, a)) else {
            return Ok(());
        };
        agreement(&ours.model, &theirs.model)
            .map_err(|why| format!("{} and {}: {why:?}", self.pages[a].id, self.pages[b].id))
    }

    /// Whether every page is connected to every other, and no promise waits or was broken.
    pub fn all_settled(&self) -> Result<(), Unsettled> {
        self.all_registered()?;
        for a in 0..self.pages.len() {
            for b in 0..a {
                self.pair_settled(b, a)?;
            }
        }
        self.promises_settled()
    }

    /// Whether no promise waits, and none was broken while peace is expected.
    pub fn promises_settled(&self) -> Result<(), Unsettled> {
        for page in self.pages.iter().filter(|page| !page.tab.is_gone) {
            for call in page.calls.values() {
                match &call.result {
                    None => return Err(format!("{}: {} is pending", page.id, call.what)),
                    Some(Err(failure)) if self.expects_peace => {
                        return Err(format!("{}: {} failed: {failure:?}", page.id, call.what));
                    }
                    Some(_) => {}
                }
            }
        }
        Ok(())
    }
}

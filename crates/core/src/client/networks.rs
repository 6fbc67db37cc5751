//! What is found out about the own network, and who is told.

use super::Client;
use crate::ids::ConnectionId;
use crate::input::ConnectionEvent;
use crate::topology::outlook::Outlook;
use alloc::string::String;
use signalpost_protocol::PeerId;

impl Client {
    /// What the networks of both ends let expect of the connection to a peer; `None` when there is none.
    pub fn outlook(&self, peer: &PeerId) -> Option<&Outlook> {
        self.peers.peer(peer).map(|peer| &peer.ends.outlook)
    }

    /// Connections get other STUN and TURN servers.
    pub(super) fn handle_servers(&mut self, urls: &[String]) {
        self.topology.handle_servers(urls, self.link.is_registered(), &mut self.context);
        self.peers.handle_servers(self.topology.servers(), &mut self.context);
    }

    /// The network is another one.
    pub(super) fn handle_other_network(&mut self) {
        self.topology.handle_other_network(self.link.is_registered(), &mut self.context);
    }

    pub(super) fn handle_connection(&mut self, connection: ConnectionId, event: ConnectionEvent) {
        if !self.topology.handle_event(connection, &event, &mut self.context)
            && self.peers.handle_event(connection, event, &mut self.context)
        {
            self.review_presence();
        }
    }

    /// Tells the own connections, and the server, what is known of the own network now.
    pub(super) fn tell_mapping(&mut self) {
        let mapping = self.topology.mapping();
        if self.peers.own_mapping() != mapping {
            self.peers.handle_own_mapping(mapping, &mut self.context);
            self.stream.describe(mapping);
        }
        if self.link.is_registered()
            && let Some(message) = self.stream.take_description()
        {
            self.link.send(message, &mut self.stream, &mut self.context);
        }
    }
}

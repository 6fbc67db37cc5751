//! The client of a page: the real core, or one that was written from the protocol's document.

use super::document_client::DocumentClient;
use signalpost_core::{Client, ClientState, ConnectionId, Input, Output, TimerName};
use signalpost_protocol::PeerId;

/// Either client, driven the same way.
pub enum PageClient {
    /// The real core.
    Core(Box<Client>),
    /// The other one.
    #[expect(private_interfaces, reason = "only the world makes one")]
    Document(Box<DocumentClient>),
}

impl PageClient {
    pub(super) fn handle_input(&mut self, now: u64, input: Input) {
        match self {
            Self::Core(client) => client.handle_input(now, input),
            Self::Document(client) => client.handle_input(now, input),
        }
    }

    /// The client opens no further socket without a cause.
    pub(super) fn trust_link(&mut self) {
        match self {
            Self::Core(_) => {}
            Self::Document(client) => client.trust_link(),
        }
    }

    pub(super) fn poll_output(&mut self) -> Option<Output> {
        match self {
            Self::Core(client) => client.poll_output(),
            Self::Document(client) => client.poll_output(),
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<(u64, TimerName)> {
        match self {
            Self::Core(client) => client.poll_timeout(),
            Self::Document(client) => client.poll_timeout(),
        }
    }

    /// The state of its link.
    pub fn state(&self) -> ClientState {
        match self {
            Self::Core(client) => client.state(),
            Self::Document(client) => client.state(),
        }
    }

    /// Messages of the application that wait, frames of all kinds, and their bytes.
    pub(super) fn outbox(&self) -> (usize, usize, usize) {
        match self {
            Self::Core(client) => client.outbox(),
            Self::Document(client) => client.outbox(),
        }
    }

    /// The connection to a peer, if there is one.
    pub(super) fn connection(&self, peer: &PeerId) -> Option<ConnectionId> {
        match self {
            Self::Core(client) => client.connection(peer),
            Self::Document(_) => None,
        }
    }
}

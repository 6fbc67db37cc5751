//! What a peer wants done.

use crate::collections::queue::Queue;
use crate::ids::CallId;
use crate::output::{Event, Failure, Output, Reply};
use signalpost_protocol::{ClientMessage, PeerId, Signal};

/// Collected while a peer handles one thing; the client carries it out.
#[derive(Default)]
pub struct Effects {
    pub outputs: Queue<Output>,
    pub messages: Queue<ClientMessage>,
    /// The connection is over: forget the peer.
    pub closed: bool,
    /// The peer sent a message.
    pub sent: bool,
}

impl Effects {
    pub fn settle(&mut self, call: CallId, result: Result<Reply, Failure>) {
        self.outputs.push_back(Output::Settle { call, result });
    }

    pub fn send(&mut self, to: &PeerId, signal: Signal) {
        self.sent = true;
        self.messages.push_back(ClientMessage::Relay { to: to.clone(), signal });
    }

    pub fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }
}

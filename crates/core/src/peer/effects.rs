//! What a remote peer wants done while it handles one thing.

use crate::context::Context;
use crate::failure::Failure;
use crate::ids::CallId;
use crate::output::{Event, Output, Reply};
use crate::time::Time;
use signalpost_protocol::{ClientMessage, PeerId, Signal};

/// Where a remote peer's wishes go. [`super::peers::Peers`] carries out what concerns the peer itself.
pub struct Effects<'a> {
    /// The time, and where outputs and messages go.
    pub context: &'a mut Context,
    /// Whether the connection is over, so that the peer is forgotten.
    pub closed: bool,
    /// Whether the peer sent a message.
    pub sent: bool,
}

impl<'a> Effects<'a> {
    /// Nothing is wanted yet.
    pub fn new(context: &'a mut Context) -> Self {
        Self { context, closed: false, sent: false }
    }

    /// When the input that is being handled happened.
    pub fn now(&self) -> Time {
        self.context.now
    }

    /// Settles a promise of the application.
    pub fn settle(&mut self, call: CallId, result: Result<Reply, Failure>) {
        self.context.settle(call, result);
    }

    /// Sends a signal to the peer.
    pub fn send(&mut self, to: &PeerId, signal: Signal) {
        self.sent = true;
        self.context.messages.push_back(ClientMessage::Relay { to: to.clone(), signal });
    }

    /// Reports an event to the application.
    pub fn event(&mut self, event: Event) {
        self.context.event(event);
    }

    /// Asks the driver for something.
    pub fn output(&mut self, output: Output) {
        self.context.out.push_back(output);
    }
}

//! What every part of the client is handed with an input: the time, randomness, and a place for what is to be done.

use crate::collections::queue::Queue;
use crate::failure::Failure;
use crate::ids::CallId;
use crate::output::{Event, Output, Reply};
use crate::rng::Rng;
use crate::time::Time;
use signalpost_protocol::{ClientMessage, ErrorCode, PeerId};

/// The time of the input that is being handled, the client's randomness, and what the input leads to.
pub struct Context {
    /// When the input that is being handled happened.
    pub now: Time,
    /// Draws jitter and connection ids.
    pub rng: Rng,
    /// What the driver has to do.
    pub out: Queue<Output>,
    /// Messages that are sent when the input has been handled.
    pub messages: Queue<ClientMessage>,
    /// When something was received on the link to the server; `None`: there is no link.
    pub link_heard: Option<Time>,
    /// Whether the link to the server is to be asked for a sign of life: the path to a peer is silent.
    pub doubts_link: bool,
}

impl Context {
    /// A context in which nothing has happened. The seed of `rng` decides jitter and connection ids.
    pub fn new(rng: Rng) -> Self {
        Self {
            now: Time(0),
            rng,
            out: Queue::default(),
            messages: Queue::default(),
            link_heard: None,
            doubts_link: false,
        }
    }

    /// Settles a promise of the application.
    pub fn settle(&mut self, call: CallId, result: Result<Reply, Failure>) {
        self.out.push_back(Output::Settle { call, result });
    }

    /// Rejects a promise of the application.
    pub fn reject(&mut self, call: CallId, code: ErrorCode) {
        self.settle(call, Err(code.into()));
    }

    /// Reports an event to the application.
    pub fn event(&mut self, event: Event) {
        self.out.push_back(Output::Event(event));
    }

    /// Reports an error that no promise waits for.
    pub fn report(&mut self, peer: Option<PeerId>, failure: Failure) {
        self.event(Event::Error { peer, failure });
    }
}

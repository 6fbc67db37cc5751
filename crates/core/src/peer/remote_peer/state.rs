//! The state of the connection, as the application is told it.

use super::Peer;
use crate::input::ConnectionState;
use crate::output::{Event, Failure, Reply};
use crate::peer::effects::Effects;
use crate::peer::timeline::mark;
use signalpost_protocol::ErrorCode;

/// Why a connection is disconnected: nothing arrives any more (RFC 7675), which may pass.
const PATH_LOST: &str = "path-lost";

fn is_on_the_way(state: ConnectionState) -> bool {
    matches!(state, ConnectionState::New | ConnectionState::Connecting)
}

impl Peer {
    /// Data can flow, so the connection is connected: browsers say the first up to 40 ms before the second, and a call that waited
    /// for the first looks at the state.
    pub(super) fn handle_flow(&mut self, now: u64, effects: &mut Effects) {
        self.is_ahead = is_on_the_way(self.state);
        if self.is_ahead {
            self.enter(now, ConnectionState::Connected, effects);
        }
    }

    /// What the browser tells of its own way to `connected` is old news once data can flow.
    pub(super) fn handle_state(&mut self, now: u64, state: ConnectionState, effects: &mut Effects) {
        self.is_ahead &= is_on_the_way(state);
        if !self.is_ahead {
            self.enter(now, state, effects);
        }
    }

    fn enter(&mut self, now: u64, state: ConnectionState, effects: &mut Effects) {
        if state == self.state {
            return;
        }
        self.state = state;
        let elapsed = self.timeline.elapsed(now);
        match state {
            ConnectionState::Connected => {
                self.was_connected = true;
                self.resend.handle_connected();
                self.batch.handle_connected();
                self.names.handle_connected();
                mark(&mut self.timeline.pair, elapsed);
                if self.timeline.open.is_some() {
                    self.calls.settle_all(&Ok(Reply::Done), &mut effects.outputs);
                }
            }
            ConnectionState::Failed if !self.was_connected => {
                let failure =
                    Failure::new(ErrorCode::ConnectionFailed, "the browser found no path to the peer");
                self.hang_up(failure, effects);
                return;
            }
            _ => {}
        }
        let reason = match state {
            ConnectionState::Disconnected => PATH_LOST,
            ConnectionState::Failed => ErrorCode::ConnectionFailed.as_str(),
            _ => "",
        };
        effects.event(Event::PeerState { peer: self.id.clone(), state, reason: reason.into() });
    }
}

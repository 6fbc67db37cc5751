//! The state of the connection, as the application knows it.

use super::Peer;
use super::progress::is_on_the_way;
use crate::input::ConnectionState;
use crate::output::{Event, Reply};
use crate::peer::effects::Effects;
use crate::peer::timeline::mark;
use signalpost_protocol::ErrorCode;

/// Why a connection is disconnected: nothing arrives any more (RFC 7675), which may pass.
const PATH_LOST: &str = "path-lost";

impl Peer {
    /// Data can flow, so the connection is connected: browsers say the first up to 40 ms before the second, and a call that waited
    /// for the first looks at the state.
    pub(super) fn handle_flow(&mut self, effects: &mut Effects<'_>) {
        self.progress.is_ahead = is_on_the_way(self.progress.state);
        if self.progress.is_ahead {
            // A busy browser may open the channel before it says that it connects; the application hears every step all the same.
            self.enter(ConnectionState::Connecting, effects);
            self.enter(ConnectionState::Connected, effects);
        }
    }

    /// The browser says that the state changed. Its own way to `connected` is old news once data can flow.
    pub(super) fn handle_state(&mut self, state: ConnectionState, effects: &mut Effects<'_>) {
        if self.was_open() {
            return self.handle_later_state(state, effects);
        }
        self.progress.is_ahead &= is_on_the_way(state);
        if !self.progress.is_ahead {
            self.enter(state, effects);
        }
    }

    /// The application hears of another state.
    pub(super) fn enter(&mut self, state: ConnectionState, effects: &mut Effects<'_>) {
        if state == self.progress.state {
            return;
        }
        self.progress.state = state;
        let elapsed_ms = self.timeline.elapsed_ms(effects.now());
        match state {
            ConnectionState::Connected => {
                self.progress.was_connected = true;
                self.resend.handle_connected();
                self.candidates.handle_connected();
                self.hidden_names.handle_connected();
                mark(&mut self.timeline.pair_ms, elapsed_ms);
                if self.timeline.open_ms.is_some() {
                    self.calls.settle_all(&Ok(Reply::Done), effects.context);
                }
            }
            ConnectionState::Failed if !self.progress.was_connected => {
                let failure = self.no_path("the browser found no path to the peer");
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
